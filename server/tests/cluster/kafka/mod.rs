//! On Apache Kafka.

pub mod brokers;
mod calls;
mod faults;
mod interop;
mod security;
mod topics;

use std::time::{Duration, Instant};

use bench::{Error, client::Session};
use uuid::Uuid;
use wire::api::State;

/// A call that Kafka has acknowledged before the answer. Presses until there is one: a cold connection or a busy machine
/// may miss the short while that an answer waits for it.
pub async fn published(caller: &Session, text: &str) -> Result<Uuid, Error> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let recorded = caller.press(&caller.call(text)?, None).await?.ok()?;
        if recorded.state == State::Published {
            return Ok(recorded.id);
        }
        assert!(Instant::now() < deadline, "Kafka acknowledges nothing in time");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
