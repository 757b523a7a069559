//! The written forms of the domain, for the log ([`record`], [`topic`]), STOMP bodies ([`body`]) and destinations
//! ([`destination`], [`reach`]), and HTTP ([`api`], [`push`]).

pub mod api;
pub mod body;
pub mod destination;
pub mod header;
pub mod message_id;
pub mod push;
pub mod reach;
pub mod record;
pub mod topic;
