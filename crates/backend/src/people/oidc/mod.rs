//! Signing in by the housing service with OpenID Connect, by an authorization code with PKCE.
//!
//! [`settings`] names the service, and [`provider`] asks it. Between the two requests of a sign-in the browser keeps an
//! [`attempt`]; the server keeps nothing. [`token`] reads the person from the ID token, [`account`] finds that person's
//! account, and [`http`] is the way to the service.

mod account;
mod attempt;
mod http;
mod provider;
mod settings;
mod token;

pub use self::{
    account::{NoAccount, unlink},
    attempt::Attempt,
    provider::{Failed, Provider},
    settings::{InvalidIssuer, Settings},
    token::Person,
};
