//! On Apache Kafka.

pub(super) mod brokers;
mod calls;
mod faults;
mod foreign;
mod interop;
mod lost;
mod moving;
mod security;
mod topics;
mod traces;

use std::time::{Duration, Instant};

use domain::api::State;
use testkit::{Error, client::Session};
use uuid::Uuid;

/// Makes a call and repeats it under one key until Kafka has acknowledged it and the answer is `published`.
pub(super) async fn published(caller: &Session, text: &str) -> Result<Uuid, Error> {
    let (call, key) = (caller.call(text)?, Uuid::now_v7());
    let deadline = Instant::now() + Duration::from_secs(30);
    while caller.press(&call, Some(key)).await?.ok()?.state == State::Stored {
        assert!(Instant::now() < deadline, "Kafka acknowledges nothing in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(key)
}
