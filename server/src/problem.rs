//! Errors as HTTP clients get them, which are `application/problem+json` (RFC 9457) with a stable `type`.
//!
//! A client that can do something about an error learns what happened and what to do. From any other error (a database
//! that fails, a panic) it learns only that it was not its fault, and the log gets the cause.

mod kind;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use backend::{
    calls::Refusal,
    people::{PeopleError, accounts::AccountError, invitations::JoinError, office::Refused},
};
use domain::AlertId;
use http::{HeaderValue, header};

pub(crate) use self::kind::Kind;

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub kind: Kind,
    /// A sentence on what happened, and what to do.
    pub detail: String,
    /// When to try again, in seconds.
    pub retry_after: Option<u64>,
    /// The call whose page shows more.
    pub call: Option<AlertId>,
}

impl Problem {
    /// Adds when to try again, in seconds; at least one.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn not_signed_in() -> Self {
        Kind::NOT_SIGNED_IN.because("Sign in at /sign-in or by POST /api/session, then try again.")
    }

    /// A part of the server does not answer; the cause goes into the log.
    #[must_use]
    pub fn unavailable(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request could not be answered");
        Kind::UNAVAILABLE
            .because("The server cannot look this up right now; try again in a moment.")
            .retry_after(1)
    }

    fn body(&self) -> String {
        let problem = domain::api::Problem {
            kind: format!("/problems/{}", self.kind.slug()),
            title: self.kind.title().into(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
        };
        serde_json::to_string(&problem).expect("texts and a number are always JSON")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.kind.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        match self.kind {
            Kind::NOT_SIGNED_IN | Kind::SIGN_IN_REFUSED | Kind::CODE_NEEDED | Kind::CODE_REFUSED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Kind::UPGRADE_REQUIRED => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            }
            _ => {}
        }
        response.extensions_mut().insert(self.kind);
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NotYours(_) => Kind::NOT_YOURS.because(detail),
            Refusal::Unknown(_) => Kind::UNKNOWN_CALL.because(detail),
            Refusal::NoOpenCall(_) => Kind::NO_OPEN_CALL.because(detail),
            Refusal::SeveralCalls => Kind::SEVERAL_CALLS.because(detail),
            Refusal::Starting => Kind::UNAVAILABLE.because(detail).retry_after(1),
            Refusal::KeyReused => Kind::KEY_REUSED.because(detail),
            Refusal::IdTaken => Kind::ID_TAKEN.because(detail),
            Refusal::CallStands(call) => Self { call: Some(call), ..Kind::CALL_STANDS.because(detail) },
            Refusal::TooFast { seconds } => Kind::TOO_MANY.because(detail).retry_after(seconds),
            Refusal::Invalid(_) => Kind::INVALID.because(detail),
            Refusal::HeardOnly(cause) => {
                tracing::error!(%cause, "neighbours received a command that could not be made durable");
                Kind::HEARD_ONLY.because(detail).retry_after(1)
            }
            Refusal::NotDurable(cause) => {
                tracing::error!(%cause, "a command could not be made durable");
                Kind::NOT_DURABLE.because(detail).retry_after(1)
            }
        }
    }
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Locked => Kind::ACCOUNT_LOCKED.because(
                "The management office has locked this account; ask there, and in an emergency call 119.",
            ),
            error => Self::unavailable(&error),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = sentence(&refused);
        match refused {
            Refused::NoSuchPerson(_)
            | Refused::NoSuchLine(_)
            | Refused::NoSuchHouse(..)
            | Refused::NoSuchDisplay(_) => Kind::NOT_KNOWN.because(detail),
            Refused::Occupied { .. } => Kind::OCCUPIED.because(detail),
            Refused::LastAdministrator(_) => Kind::LAST_ADMINISTRATOR.because(detail),
            Refused::Locked(_) => Kind::ACCOUNT_LOCKED.because(detail),
            Refused::NoFlat(_) | Refused::Invalid(_) => Kind::INVALID.because(detail),
            Refused::Unavailable(error) => error.into(),
        }
    }
}

impl From<JoinError> for Problem {
    fn from(error: JoinError) -> Self {
        let detail = sentence(&error);
        match error {
            JoinError::Unknown | JoinError::Used | JoinError::Expired => {
                Kind::INVITATION_GONE.because(detail)
            }
            JoinError::Consent | JoinError::Account(AccountError::Invalid(_)) => {
                Kind::INVALID.because(detail)
            }
            JoinError::Account(AccountError::Taken(_)) => Kind::NAME_TAKEN.because(detail),
            JoinError::Account(AccountError::Unavailable(error)) => error.into(),
        }
    }
}

/// Returns an error as a sentence of its own.
fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// Answers that another process has the role for this.
pub(crate) fn role_absent(what: &str, role: &str) -> Response {
    let detail = format!("This process does not {what}; ask one that has {role} among its IUTSAI_ROLES.");
    Kind::ROLE_ABSENT.because(detail).into_response()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn a_retry_is_never_immediate() {
        let response = Kind::TOO_MANY.because("Wait.").retry_after(0).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    }
}
