//! The written forms of the domain, for the log ([`record`], [`topic`]), STOMP bodies ([`body`]) and destinations
//! ([`destination`], [`reach`], [`seen`]), and HTTP ([`api`], [`push`]). [`dead_letter`] keeps unreadable records.

pub mod api;
pub mod body;
pub mod dead_letter;
pub mod destination;
pub mod header;
pub mod message_id;
pub mod push;
pub mod reach;
pub mod record;
pub mod seen;
pub mod topic;
