//! How the domain is written: records of the log ([`record`], [`topic`]), STOMP bodies ([`body`]) and
//! destinations ([`destination`]), and what HTTP carries ([`api`], [`push`]).

pub mod api;
pub mod body;
pub mod destination;
pub mod header;
pub mod message_id;
pub mod push;
pub mod record;
pub mod topic;
