//! Sends a message to the webhook, signed for each attempt, and again where the receiver asks for patience.

use std::{
    error::Error as _,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::Full;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{keys::Keys, message::Message, target::Target};
use crate::{
    clock,
    outgoing::{answer, claims::Claims, client::HttpClient, pauses::Pauses, reach::Reach, turn::Turn},
};

/// Requests under way at once, and so connections.
const AT_ONCE: usize = 16;

/// The result of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver has it.
    Delivered,
    /// The receiver refuses the message, and would again.
    Refused(u16),
    /// The receiver wants no more messages.
    Gone,
    /// The call ended before the receiver had it.
    Over,
    /// There was no time for another attempt.
    GivenUp,
    /// It is not sent, because another message found the receiver gone.
    Stopped,
}

impl Outcome {
    /// Returns the outcome's word in metrics.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused(_) => "refused",
            Self::Gone => "gone",
            Self::Over => "over",
            Self::GivenUp => "given-up",
            Self::Stopped => "stopped",
        }
    }
}

/// The result of one attempt.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    Last(Outcome),
    /// Another one is worth it, after this pause if the receiver names one.
    Again {
        pause: Option<Duration>,
        why: String,
    },
}

impl Attempt {
    /// Reads an answer (RFC 9110, section 15). Redirects are not followed, because the address is the operator's.
    fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        match status.as_u16() {
            200..300 => Self::Last(Outcome::Delivered),
            410 => Self::Last(Outcome::Gone),
            _ if answer::is_temporary(status) => {
                Self::Again { pause: answer::retry_after(headers), why: format!("status {status}") }
            }
            other => Self::Last(Outcome::Refused(other)),
        }
    }
}

/// A message that could not be made.
#[derive(Debug, thiserror::Error)]
enum Unsendable {
    #[error("it cannot be signed: {0}")]
    Signature(#[from] openssl::error::ErrorStack),
    #[error("the request cannot be made: {0}")]
    Request(#[from] http::Error),
}

/// Sends messages, a few at a time.
pub(super) struct Sender {
    client: HttpClient,
    target: Target,
    keys: Keys,
    sending: Semaphore,
    /// The receiver wants no more messages from this start of the server.
    is_gone: AtomicBool,
}

impl Sender {
    /// Makes a sender to this address.
    ///
    /// # Errors
    /// OpenSSL's.
    pub(super) fn new(target: Target, keys: Keys) -> Result<Self, openssl::error::ErrorStack> {
        let client = HttpClient::new(Reach::Everywhere, AT_ONCE)?;
        let (sending, is_gone) = (Semaphore::new(AT_ONCE), AtomicBool::new(false));
        Ok(Self { client, target, keys, sending, is_gone })
    }

    /// Returns whether the receiver wants no more messages.
    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }

    /// Sends a message whose turn it is until the receiver has it or refuses it, as long as it is worth sending and
    /// `is_wanted`.
    pub(super) async fn deliver(
        &self,
        message: &Message,
        turn: &Turn<'_>,
        claims: &Claims,
        is_wanted: impl Fn() -> bool + Send,
    ) -> Outcome {
        let outcome = self.deliver_patiently(message, turn, claims, is_wanted).await;
        count(message, outcome.as_str());
        self.report(message, outcome);
        outcome
    }

    async fn deliver_patiently(
        &self,
        message: &Message,
        turn: &Turn<'_>,
        claims: &Claims,
        is_wanted: impl Fn() -> bool + Send,
    ) -> Outcome {
        let (mut pauses, mut is_first) = (Pauses::default(), true);
        loop {
            let Ok(place) = timeout_at(turn.until, self.sending.acquire()).await else {
                return Outcome::GivenUp;
            };
            if self.is_gone() {
                return Outcome::Stopped;
            }
            if !is_wanted() {
                return Outcome::Over;
            }
            let attempt = turn.hold(claims, self.attempt(message)).await;
            drop(place);
            let (pause, why) = match attempt {
                Attempt::Last(outcome) => return outcome,
                Attempt::Again { pause, why } => (pause, why),
            };
            count(message, "again");
            let wait = pauses.before_next(pause);
            if Instant::now() + wait >= turn.until {
                return Outcome::GivenUp;
            }
            self.report_retry(message, &why, wait, is_first);
            is_first = false;
            turn.pause(claims, wait).await;
        }
    }

    async fn attempt(&self, message: &Message) -> Attempt {
        let request = match self.request(message) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(%error, "a message to the webhook is not sent");
                return Attempt::Last(Outcome::Refused(0));
            }
        };
        match self.client.send(request).await {
            Ok(answer) => Attempt::of(answer.status(), answer.headers()),
            Err(error) => {
                let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
                Attempt::Again { pause: None, why: format!("{error}{source}") }
            }
        }
    }

    /// The signature has the time of this attempt, so that the receiver can refuse old requests.
    fn request(&self, message: &Message) -> Result<Request<Full<Bytes>>, Unsendable> {
        let timestamp = clock::now() / 1000;
        let signature = self.keys.sign(message.id, timestamp, &message.body)?;
        let request = Request::post(self.target.uri().clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "iutsai")
            .header("webhook-id", message.id.to_string())
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .header("webhook-key-id", self.keys.ids())
            .body(Full::new(message.body.clone()))?;
        Ok(request)
    }

    /// Warns at the first failure of a message. A receiver that is away would fill the log otherwise.
    fn report_retry(&self, message: &Message, why: &str, wait: Duration, is_first: bool) {
        let (event, host, seconds) = (message.class.as_str(), self.target.host(), wait.as_secs());
        if is_first {
            tracing::warn!(
                event,
                host,
                why,
                seconds,
                "the webhook does not take a message, retrying for ten minutes"
            );
        } else {
            tracing::debug!(event, host, why, seconds, "the webhook still does not take a message, retrying");
        }
    }

    fn report(&self, message: &Message, outcome: Outcome) {
        let (event, host) = (message.class.as_str(), self.target.host());
        match outcome {
            Outcome::Delivered => tracing::info!(event, "a message was sent to the webhook"),
            Outcome::Refused(status) => tracing::error!(
                event,
                host,
                status,
                "the webhook refuses a message, which is not sent again: check its address and its secret"
            ),
            Outcome::Gone => {
                self.is_gone.store(true, Ordering::Relaxed);
                tracing::error!(
                    host,
                    "the webhook answers 410, nothing more is sent to it until the next start"
                );
            }
            Outcome::GivenUp => tracing::error!(
                event,
                host,
                "the webhook did not take a message for ten minutes, which is given up"
            ),
            Outcome::Over => tracing::info!(event, "the call ended before the webhook took its message"),
            Outcome::Stopped => tracing::debug!(event, "a message is not sent to a webhook that is gone"),
        }
    }
}

fn count(message: &Message, outcome: &'static str) {
    let event = message.class.as_str();
    metrics::counter!("iutsai_webhook_total", "event" => event, "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_shows_whether_another_attempt_is_worth_it() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "7".parse().unwrap());
        for (status, outcome) in [
            (200, Some(Outcome::Delivered)),
            (202, Some(Outcome::Delivered)),
            (204, Some(Outcome::Delivered)),
            (301, Some(Outcome::Refused(301))),
            (400, Some(Outcome::Refused(400))),
            (401, Some(Outcome::Refused(401))),
            (404, Some(Outcome::Refused(404))),
            (408, None),
            (410, Some(Outcome::Gone)),
            (429, None),
            (500, None),
            (503, None),
        ] {
            match (Attempt::of(StatusCode::from_u16(status).unwrap(), &headers), outcome) {
                (Attempt::Last(read), Some(outcome)) => assert_eq!(read, outcome, "{status}"),
                (Attempt::Again { pause, .. }, None) => {
                    assert_eq!(pause, Some(Duration::from_secs(7)), "{status}");
                }
                (read, wanted) => panic!("{status}: {read:?} in place of {wanted:?}"),
            }
        }
    }
}
