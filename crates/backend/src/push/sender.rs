//! Sends one message to many devices, encrypted for each (RFC 8291), several at a time, and again where the push
//! service asks for patience.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep},
};
use uuid::Uuid;

use super::{
    endpoint::Hosts,
    message::{KEPT_FOR, Message},
    subscriptions::{Recipient, Subscriptions},
    vapid::Vapid,
};
use crate::{
    clock,
    outgoing::{answer, client::HttpClient, pauses::Pauses},
};

/// Requests under way at once, and so connections.
pub(super) const AT_ONCE: usize = 64;

/// The result of a message to one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The push service has it, which is not yet a word of the device.
    Accepted,
    /// The push service knows the device no longer.
    Gone,
    /// The push service refuses the message, and would again.
    Refused(u16),
    /// It is worth another attempt, after this pause if the push service names one.
    Again(Option<Duration>),
    /// There was no time for another attempt, or the call was over.
    GivenUp,
}

impl Outcome {
    /// Reads an answer (RFC 8030, section 5; RFC 9110, section 15).
    fn of(status: StatusCode, retry_after: Option<Duration>) -> Self {
        match status.as_u16() {
            200..300 => Self::Accepted,
            404 | 410 => Self::Gone,
            _ if answer::is_temporary(status) => Self::Again(retry_after),
            other => Self::Refused(other),
        }
    }

    /// Returns the outcome's word in metrics.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Gone => "gone",
            Self::Refused(_) => "refused",
            Self::Again(_) => "again",
            Self::GivenUp => "given-up",
        }
    }
}

/// Sends messages. Clones share the bounds.
#[derive(Clone)]
pub(super) struct Sender(Arc<Inner>);

struct Inner {
    client: HttpClient,
    hosts: Hosts,
    vapid: Arc<Vapid>,
    subscriptions: Subscriptions,
    sending: Semaphore,
    /// To encrypt takes most of the processor's time, so it must not have all cores.
    encrypting: Semaphore,
}

/// A message that could not be made.
#[derive(Debug, thiserror::Error)]
enum Unsendable {
    #[error("the message cannot be encrypted: {0}")]
    Encryption(#[from] ece::Error),
    #[error("the message cannot be signed: {0}")]
    Signature(#[from] openssl::error::ErrorStack),
    #[error("the endpoint is not allowed any more: {0}")]
    Endpoint(#[from] super::endpoint::InvalidEndpoint),
    #[error("the request cannot be made: {0}")]
    Request(#[from] http::Error),
    #[error("the thread of the encryption ended: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

impl Sender {
    pub(super) fn new(
        client: HttpClient,
        hosts: Hosts,
        vapid: Arc<Vapid>,
        subscriptions: Subscriptions,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Inner {
            client,
            hosts,
            vapid,
            subscriptions,
            sending: Semaphore::new(AT_ONCE),
            encrypting: Semaphore::new((cores / 2).max(1)),
        }))
    }

    /// Sends a message to every recipient, until each push service has it or refuses it, `until` at the latest.
    /// Attempts after the first are made only while the message `is_wanted`. Each recipient whose push service has it
    /// is reported to `has_accepted` at once.
    pub(super) async fn send_all(
        &self,
        message: Message,
        recipients: Vec<Recipient>,
        until: Instant,
        is_wanted: impl Fn() -> bool + Clone + Send + 'static,
        has_accepted: impl Fn(&Recipient) + Send,
    ) {
        let (began, class) = (Instant::now(), message.class.as_str());
        let message = Arc::new(message);
        let mut sending = JoinSet::new();
        for recipient in recipients {
            let (sender, message, is_wanted) = (self.clone(), message.clone(), is_wanted.clone());
            sending.spawn(async move {
                let outcome = sender.send_patiently(&message, &recipient, until, is_wanted).await;
                (recipient, outcome)
            });
        }
        let mut accepted = Vec::new();
        while let Some(sent) = sending.join_next().await {
            match sent {
                Ok((recipient, Outcome::Accepted)) => {
                    has_accepted(&recipient);
                    accepted.push(recipient.id);
                }
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "the sending of a push ended"),
            }
        }
        metrics::histogram!("iutsai_push_seconds", "class" => class).record(began.elapsed());
        self.note_accepted(&accepted).await;
    }

    async fn note_accepted(&self, accepted: &[Uuid]) {
        if let Err(error) = self.0.subscriptions.accepted(accepted).await {
            tracing::warn!(%error, "which push services took a message is not kept");
        }
    }

    /// Sends a message to one device at once.
    pub(super) async fn send_once(&self, message: &Message, to: &Recipient) -> Outcome {
        let outcome = match self.encrypted(message, to).await {
            Ok(body) => self.attempt(message, to, body).await,
            Err(error) => {
                tracing::warn!(%error, "a push cannot be sent");
                Outcome::Refused(0)
            }
        };
        self.conclude(message, to, outcome).await;
        if outcome == Outcome::Accepted {
            self.note_accepted(&[to.id]).await;
        }
        outcome
    }

    async fn send_patiently(
        &self,
        message: &Message,
        to: &Recipient,
        until: Instant,
        is_wanted: impl Fn() -> bool,
    ) -> Outcome {
        let body = match self.encrypted(message, to).await {
            Ok(body) => body,
            Err(error) => {
                tracing::warn!(%error, "a push cannot be sent");
                self.conclude(message, to, Outcome::Refused(0)).await;
                return Outcome::Refused(0);
            }
        };
        let mut pauses = Pauses::default();
        loop {
            let outcome = self.attempt(message, to, body.clone()).await;
            let Outcome::Again(named) = outcome else {
                self.conclude(message, to, outcome).await;
                return outcome;
            };
            count(message, outcome);
            let wait = pauses.before_next(named);
            if Instant::now() + wait >= until {
                count(message, Outcome::GivenUp);
                return Outcome::GivenUp;
            }
            sleep(wait).await;
            if !is_wanted() {
                count(message, Outcome::GivenUp);
                return Outcome::GivenUp;
            }
        }
    }

    async fn conclude(&self, message: &Message, to: &Recipient, outcome: Outcome) {
        count(message, outcome);
        match outcome {
            Outcome::Gone => {
                tracing::info!(account = to.account, "a push service does not know a device any more");
                if let Err(error) = self.0.subscriptions.gone(to).await {
                    tracing::warn!(%error, "a device that is gone stays in the database for now");
                }
            }
            Outcome::Refused(status) => {
                // The endpoint's path is the device's secret address; its host is enough to look for the cause.
                let host = self.0.hosts.check(&to.endpoint).map(|endpoint| endpoint.host).unwrap_or_default();
                tracing::warn!(status, host, "a push service refuses a message");
            }
            _ => {}
        }
    }

    async fn encrypted(&self, message: &Message, to: &Recipient) -> Result<Bytes, Unsendable> {
        let (payload, public, auth) = (message.payload(to), to.p256dh.clone(), to.auth.clone());
        // It is never closed.
        let _turn = self.0.encrypting.acquire().await.ok();
        let work = tokio::task::spawn_blocking(move || ece::encrypt(&public, &auth, &payload));
        Ok(work.await??.into())
    }

    async fn attempt(&self, message: &Message, to: &Recipient, body: Bytes) -> Outcome {
        let _turn = self.0.sending.acquire().await.ok();
        let request = match self.request(message, to, body) {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(%error, "a push cannot be sent");
                return Outcome::Refused(0);
            }
        };
        match self.0.client.send(request).await {
            Ok(answer) => Outcome::of(answer.status(), answer::retry_after(answer.headers())),
            Err(error) => {
                tracing::debug!(%error, "a push service did not answer");
                Outcome::Again(None)
            }
        }
    }

    fn request(
        &self,
        message: &Message,
        to: &Recipient,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, Unsendable> {
        let endpoint = self.0.hosts.check(&to.endpoint)?;
        let authorization = self.0.vapid.authorization(&endpoint.origin, clock::now())?;
        let request = Request::post(endpoint.uri)
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_ENCODING, "aes128gcm")
            .header("ttl", KEPT_FOR.as_secs())
            .header("urgency", message.class.urgency())
            .header("topic", &message.topic)
            .body(Full::new(body))?;
        Ok(request)
    }
}

fn count(message: &Message, outcome: Outcome) {
    let (class, outcome) = (message.class.as_str(), outcome.as_str());
    metrics::counter!("iutsai_push_total", "class" => class, "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests;
