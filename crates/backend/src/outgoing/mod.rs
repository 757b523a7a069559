//! Requests to services outside, for push, for the webhook, for traces, and for signing in by the housing service.
//!
//! [`client`] is the way there, and [`reach`] bounds where it leads. [`answer`] reads what comes back, and [`pauses`]
//! spaces the attempts of one message. [`claims`] and [`turn`] decide which node sends.

pub(crate) mod answer;
pub(crate) mod claims;
pub(crate) mod client;
pub(crate) mod pauses;
pub(crate) mod reach;
pub(crate) mod turn;
