//! Refilling a log that was lost: everything the outbox keeps is published again, quietly.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::{
    delivery::log::{
        KafkaSettings, LogError,
        producer::{Outgoing, Producer, Unpublished},
        topics,
    },
    delivery::outbox::{Entry, Outbox, OutboxError, Sequence},
};

/// So many records are under way at once.
const WIDTH: usize = 64;
const PAGE: u32 = 1024;
const FLUSH: Duration = Duration::from_secs(30);

/// What became of the entries.
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
    /// Kafka. What was published before stays so, and doing it again does no harm.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Publishes every entry of `outbox` again, with the header `republished`: it is shown, and sounds
/// nowhere. `tell` learns now and then how many there were so far.
///
/// # Errors
/// [`RepublishError`] if the outbox cannot be read, or Kafka does not take an entry.
pub async fn republish(
    outbox: &Outbox,
    kafka: KafkaSettings,
    tell: impl Fn(Republished),
) -> Result<Republished, RepublishError> {
    if let Some(error) = outbox.trouble().borrow().clone() {
        return Err(error.into());
    }
    topics::create_missing(&kafka).await?;
    let producer = Producer::new(kafka)?;
    producer.warm().await?;
    let (mut done, mut after) = (Republished::default(), Sequence(0));
    loop {
        let page = outbox.all(after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        let mut outcomes = stream::iter(page)
            .map(|(sequence, entry)| publish(&producer, outbox, sequence, entry))
            .buffered(WIDTH);
        while let Some(outcome) = outcomes.next().await {
            if outcome? {
                done.published += 1;
            } else {
                done.refused += 1;
            }
        }
        tell(done);
    }
    producer.flush(FLUSH).await?;
    producer.close().await;
    Ok(done)
}

/// Whether Kafka took it.
async fn publish(
    producer: &Producer,
    outbox: &Outbox,
    sequence: Sequence,
    entry: Entry,
) -> Result<bool, RepublishError> {
    let outgoing = Outgoing { republished: true, ..Outgoing::from(&entry) };
    // That the mark is written is not waited for: closing the outbox writes what is noted.
    match producer.publish(outgoing).await {
        Ok(position) => {
            drop(outbox.mark(sequence, position).await);
            Ok(true)
        }
        Err(Unpublished::Refused(error)) => {
            drop(outbox.refuse(sequence, error.to_string()).await);
            Ok(false)
        }
        Err(Unpublished::Unknown(error)) => Err(error.into()),
    }
}
