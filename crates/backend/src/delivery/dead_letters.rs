//! Records that cannot be read. The statistics role reports each once, and keeps it once in a topic of its own.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{dead_letter::Letter, topic};

use crate::delivery::log::{Log, Outgoing, Record};

/// The octets of a value that are kept. The letter must fit into a record itself.
const VALUE_LIMIT: usize = 64 * 1024;

/// The unreadable records that are known. Clones share them.
#[derive(Clone)]
pub(crate) struct DeadLetters {
    known: Arc<Mutex<Known>>,
    /// Where letters go, if it is this process that writes them.
    log: Option<Log>,
}

#[derive(Default)]
struct Known {
    /// Records that were reported.
    reported: HashSet<Identity>,
    /// Records whose letters are in the topic.
    written: HashSet<Identity>,
    /// Letters that wait until all of the topic has been read.
    waiting: Vec<Letter>,
    caught_up: bool,
}

/// A record's place and timestamp. In a topic that was made anew, places come again.
type Identity = (String, i64);

impl DeadLetters {
    /// Appends letters to `log`, or only counts.
    pub(crate) fn new(log: Option<Log>) -> Self {
        Self { known: Arc::default(), log }
    }

    /// A record cannot be read, for this reason.
    pub(crate) fn unreadable(&self, record: &Record, label: &'static str, reason: &str) {
        let letter = letter_of(record, reason);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.reported.insert(identity(&letter)) {
            return;
        }
        metrics::counter!("iutsai_records_unreadable_total", "reason" => label).increment(1);
        tracing::warn!(place = letter.place, reason, "a record cannot be read, skipping it");
        let Some(log) = &self.log else { return };
        if known.caught_up {
            drop(known);
            tokio::spawn(write(log.clone(), letter));
        } else {
            known.waiting.push(letter);
        }
    }

    /// A letter stands in the topic, so it is not written again.
    pub(crate) fn written(&self, letter: &Record) {
        let identity = letter.value.as_deref().and_then(|value| {
            let value: serde_json::Value = serde_json::from_slice(value).ok()?;
            Some((value["place"].as_str()?.to_owned(), value["timestamp"].as_i64()?))
        });
        self.known.lock().unwrap_or_else(PoisonError::into_inner).written.extend(identity);
    }

    /// All of the topic has been read, so each record without a letter gets one.
    pub(crate) fn caught_up(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.caught_up = true;
        let waiting = std::mem::take(&mut known.waiting);
        let Some(log) = &self.log else { return };
        for letter in waiting {
            if !known.written.contains(&identity(&letter)) {
                tokio::spawn(write(log.clone(), letter));
            }
        }
    }
}

fn identity(letter: &Letter) -> Identity {
    (letter.place.clone(), letter.timestamp)
}

fn letter_of(record: &Record, reason: &str) -> Letter {
    let (position, value) = (record.position, record.value.as_deref());
    let kept =
        value.map(|value| String::from_utf8_lossy(&value[..value.len().min(VALUE_LIMIT)]).into_owned());
    Letter {
        place: format!("{}-{}-{}", record.topic, position.partition, position.offset),
        topic: record.topic.clone(),
        partition: position.partition,
        offset: position.offset,
        timestamp: position.timestamp,
        reason: reason.to_owned(),
        value: kept,
        truncated: value.is_some_and(|value| value.len() > VALUE_LIMIT),
    }
}

/// A letter that is not written is written after the next start.
async fn write(log: Log, letter: Letter) {
    let value = serde_json::to_vec(&letter).expect("texts and numbers are always JSON");
    let outgoing = Outgoing::new(topic::DEAD_LETTER, &letter.place, &value);
    match log.append(outgoing).await {
        Ok(_) => metrics::counter!("iutsai_dead_letters_total").increment(1),
        Err(error) => tracing::warn!(%error, place = letter.place, "a dead letter waits for the next start"),
    }
}
