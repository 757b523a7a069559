//! Everything that can go wrong between this client and a server, in words that name where to look.

use std::{path::PathBuf, process::ExitStatus, time::Duration};

use domain::{api::Problem, body::Unreadable};
use tokio_tungstenite::tungstenite;

use crate::end::End;

/// Why something could not be done, or did not come.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address that this client can reach.
    #[error("{address:?} is not the address of a server: {reason}. Write http://HOST:PORT.")]
    Address {
        /// As it was given.
        address: String,
        /// The fault.
        reason: String,
    },
    /// No answer to an HTTP request.
    #[error("{request} got no answer: {}", chain(source))]
    NoAnswer {
        /// Method and path.
        request: String,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer that breaks the contract.
    #[error("{request} was answered {status} with {body:?}, which breaks the contract: {reason}")]
    Answer {
        /// Method and path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The body as text.
        body: String,
        /// The fault.
        reason: String,
    },
    /// The server refused it, with this problem.
    #[error("{request} was refused with {} {}: {}", problem.status, problem.kind, problem.detail)]
    Refused {
        /// Method and path.
        request: String,
        /// The server's problem.
        problem: Box<Problem>,
    },
    /// The WebSocket handshake was answered with something else than 101.
    #[error("the WebSocket was refused with {status}: {body}")]
    UpgradeRefused {
        /// The HTTP status.
        status: u16,
        /// The body as text.
        body: String,
    },
    /// The WebSocket, or the TCP connection under it, failed.
    #[error("the WebSocket failed: {0}")]
    WebSocket(#[source] Box<tungstenite::Error>),
    /// The server's bytes are not STOMP.
    #[error("the server's bytes are not STOMP: {0}")]
    Stomp(#[from] stomp::Error),
    /// A MESSAGE whose body is none that `domain` knows.
    #[error("the body of {frame} cannot be read: {reason}")]
    Body {
        /// The frame.
        frame: String,
        /// The fault.
        reason: Unreadable,
    },
    /// The socket ended while something was awaited.
    #[error("the socket ended while waiting for {awaited}: {end}")]
    Ended {
        /// The awaited frame.
        awaited: String,
        /// The end.
        end: Box<End>,
    },
    /// It did not come in time.
    #[error("{awaited} did not come within {within:?}; {instead}")]
    Late {
        /// The awaited frame.
        awaited: String,
        /// The time.
        within: Duration,
        /// The frames in its place.
        instead: String,
    },
    /// Something came that must not.
    #[error("{0} must not come, and came")]
    Unwanted(String),
    /// The program ended unasked, or not in order.
    #[error("the server ended ({status}); the end of its log:\n{log}")]
    ServerEnded {
        /// Its exit status.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// The program did not come to where it was awaited.
    #[error("the server did not {what} within {within:?}; the end of its log:\n{log}")]
    ServerLate {
        /// The step that is missing.
        what: &'static str,
        /// The time.
        within: Duration,
        /// The last lines of its log.
        log: String,
    },
    /// A program that is needed for this is not running.
    #[error("{0} is not running")]
    NotRunning(String),
    /// The operating system refused.
    #[error("cannot {what}: {source}")]
    System {
        /// The attempt.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A file could not be used.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// The attempt.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database of the accounts refused.
    #[error("cannot {what}: {source}")]
    Database {
        /// The attempt.
        what: &'static str,
        /// Why not.
        source: Box<sqlx::Error>,
    },
    /// The request makes no sense; the text names one that would.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// Returns the server's problem, where it refused an HTTP request.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Returns how the socket ended, where it ended instead of giving what was awaited.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        match self {
            Self::Ended { end, .. } => Some(end),
            _ => None,
        }
    }

    /// Turns an error of the operating system into one that names what was tried.
    pub fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}

impl Error {
    /// Turns an error of the accounts' database into one that names what was tried.
    pub(crate) fn database(what: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { what, source: Box::new(source) }
    }
}

impl From<tungstenite::Error> for Error {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Http(response) => Self::UpgradeRefused {
                status: response.status().as_u16(),
                body: String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned(),
            },
            other => Self::WebSocket(Box::new(other)),
        }
    }
}

/// Returns an error with all its causes, because reqwest's own text leaves them out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
