//! How the domain is written: records of the log ([`record`], [`topic`]), STOMP bodies ([`body`]) and
//! destinations ([`destination`]), and what HTTP carries ([`api`]).

pub mod api;
pub mod body;
pub mod destination;
pub mod header;
pub mod message_id;
pub mod record;
pub mod topic;
