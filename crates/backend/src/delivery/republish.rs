//! Refills a log that was lost. Every entry of the outbox is published again, quietly.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::delivery::{
    log::{Kafka, KafkaSettings, LogError, Outgoing, kafka::Unpublished},
    outbox::{Entry, Outbox, OutboxError, Sequence},
};

/// The most records under way at once.
const WIDTH: usize = 64;
/// The longest time for Kafka's first answer.
const ANSWER: Duration = Duration::from_secs(30);
const FLUSH: Duration = Duration::from_secs(30);

/// The outcome for the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Republished {
    /// Kafka acknowledged them.
    pub published: u64,
    /// Kafka refuses them for good.
    pub refused: u64,
}

/// Why not everything was published again.
#[derive(Debug, thiserror::Error)]
pub enum RepublishError {
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// Kafka failed. Entries that were published before stay so, and doing it again does no harm.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Publishes every entry of `outbox` again, with the header `republished`, so that it is shown and sounds nowhere.
/// `progress` is called now and then with how many there were so far.
///
/// # Errors
/// [`RepublishError`] if the outbox cannot be read, or Kafka does not take an entry.
pub async fn republish(
    outbox: &Outbox,
    kafka: KafkaSettings,
    progress: impl Fn(Republished),
) -> Result<Republished, RepublishError> {
    if let Some(error) = outbox.trouble().borrow().clone() {
        return Err(error.into());
    }
    let kafka = Kafka::new(kafka)?;
    let connected = tokio::spawn(kafka.clone().keep_connected());
    let outcome = republish_all(outbox, &kafka, progress).await;
    connected.abort();
    kafka.close().await;
    outcome
}

async fn republish_all(
    outbox: &Outbox,
    kafka: &Kafka,
    progress: impl Fn(Republished),
) -> Result<Republished, RepublishError> {
    let answered = timeout(ANSWER, kafka.cluster()).await;
    let cluster = answered.map_err(|_| LogError(format!("Kafka did not answer within {ANSWER:?}")))?;
    let (mut done, mut after) = (Republished::default(), Sequence(0));
    loop {
        let page = outbox.pages()?.behind(after).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        let mut outcomes = stream::iter(page)
            .map(|(sequence, entry)| publish(kafka, &cluster, outbox, sequence, entry))
            .buffered(WIDTH);
        while let Some(outcome) = outcomes.next().await {
            if outcome? {
                done.published += 1;
            } else {
                done.refused += 1;
            }
        }
        progress(done);
    }
    kafka.flush(FLUSH).await?;
    Ok(done)
}

/// Returns whether Kafka took it.
async fn publish(
    kafka: &Kafka,
    cluster: &str,
    outbox: &Outbox,
    sequence: Sequence,
    entry: Entry,
) -> Result<bool, RepublishError> {
    let outgoing = Outgoing { republished: true, ..Outgoing::from(&entry) };
    // Closing the outbox writes what is noted, so nobody waits for the mark here.
    match kafka.publish(outgoing).await {
        Ok(position) => {
            drop(outbox.mark(sequence, position, cluster).await);
            Ok(true)
        }
        Err(Unpublished::Refused(error)) => {
            drop(outbox.refuse(sequence, error.to_string()).await);
            Ok(false)
        }
        Err(Unpublished::Unknown(error)) => Err(error.into()),
    }
}
