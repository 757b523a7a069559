//! The canary. Now and then the service calls itself, on a line that nobody lives on, by the way that every call goes.
//! That call is recorded, committed, applied by the hub and pushed to a subscriber. So the office learns that calls do
//! not arrive before a neighbour needs one.
//!
//! Each process that takes calls proves its own way. Kafka is not part of it, because no alarm of this node waits for
//! Kafka; the readiness shows that.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use domain::{Alert, AlertId, Event, House, Line, Millis, statistics::Percentiles};
use stomp::Version;
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};

use crate::{
    calls::{
        Calls,
        hub::{self, Hub, Subscribed, Subscription},
    },
    clock,
};

/// A silent call that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time for which the durations of silent calls are kept.
const SHOWN_FOR: Duration = Duration::from_secs(60 * 60);
/// The age, in milliseconds, from which the hub forgets silent calls.
const KEPT_FOR: Millis = 60_000;
/// The frames that the canary's subscription holds. One call has one.
const FRAMES: usize = 16;
/// The house of silent calls.
const HOUSE: &str = "canary";

/// The step at which a silent call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It was not recorded, or not within five seconds.
    NotRecorded,
    /// It was recorded, and no subscriber got it within five seconds.
    NotDelivered,
}

/// Silent calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The time of the first that failed.
    pub since: Millis,
    /// The step at which the last one failed.
    pub fault: Fault,
}

/// The silent calls of the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// The time from press to subscriber, in microseconds, of those that arrived.
    pub micros: Percentiles,
    /// Set while they fail.
    pub failure: Option<Failure>,
}

/// Makes silent calls, and knows how they went. Clones are the same.
#[derive(Clone)]
pub struct Canary(Arc<Inner>);

struct Inner {
    /// The time between two silent calls; `None` if there are none.
    every: Option<Duration>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// When each call of the last hour arrived, and how long it took.
    arrived: VecDeque<(Instant, Duration)>,
    failure: Option<Failure>,
}

impl Canary {
    /// A canary that calls every so often, or never.
    #[must_use]
    pub fn new(every: Option<Duration>) -> Self {
        Self(Arc::new(Inner { every, known: Mutex::default() }))
    }

    /// Returns how the silent calls of the last hour went; `None` if this process makes none.
    #[must_use]
    pub fn pulse(&self) -> Option<Pulse> {
        self.0.every?;
        Some(self.known().pulse(Instant::now()))
    }

    /// Calls until it is dropped. Calls are taken on `runtime`, as those of people are.
    pub(crate) async fn run(self, calls: Calls, hub: Hub, runtime: Handle) {
        let Some(every) = self.0.every else { return };
        metrics::gauge!("iutsai_canary_failing").set(0.0);
        loop {
            tokio::time::sleep(every).await;
            let outcome = call(&calls, &hub, &runtime).await;
            self.record(outcome);
        }
    }

    fn record(&self, outcome: Result<Duration, Fault>) {
        let (now, at) = (Instant::now(), clock::now());
        let mut known = self.known();
        let before = known.failure;
        known.add(outcome, now, at);
        let pulse = known.pulse(now);
        drop(known);
        report(before, pulse);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn add(&mut self, outcome: Result<Duration, Fault>, now: Instant, at: Millis) {
        match outcome {
            Ok(took) => {
                self.failure = None;
                self.arrived.push_back((now, took));
            }
            Err(fault) => {
                let since = self.failure.map_or(at, |failure| failure.since);
                self.failure = Some(Failure { since, fault });
            }
        }
        while self.arrived.front().is_some_and(|(arrived, _)| now - *arrived > SHOWN_FOR) {
            self.arrived.pop_front();
        }
    }

    fn pulse(&self, now: Instant) -> Pulse {
        let recent = self.arrived.iter().filter(|(arrived, _)| now - *arrived <= SHOWN_FOR);
        let micros = recent.map(|(_, took)| i64::try_from(took.as_micros()).unwrap_or(i64::MAX));
        Pulse { micros: Percentiles::of(micros.collect()), failure: self.failure }
    }
}

/// Writes the metrics, and a line of the log where silent calls begin or cease to fail.
fn report(before: Option<Failure>, pulse: Pulse) {
    let seconds = |micros: Option<i64>| micros.map_or(f64::NAN, |micros| micros as f64 / 1e6);
    metrics::counter!("iutsai_canary_calls_total").increment(1);
    metrics::gauge!("iutsai_canary_p50_seconds").set(seconds(pulse.micros.p50));
    metrics::gauge!("iutsai_canary_p99_seconds").set(seconds(pulse.micros.p99));
    metrics::gauge!("iutsai_canary_failing").set(if pulse.failure.is_some() { 1.0 } else { 0.0 });
    if pulse.failure.is_some() {
        metrics::counter!("iutsai_canary_failures_total").increment(1);
    }
    match (before, pulse.failure) {
        (None, Some(Failure { fault: Fault::NotRecorded, .. })) => {
            tracing::error!("a silent call of the service was not recorded, calls of people may be lost");
        }
        (None, Some(Failure { fault: Fault::NotDelivered, .. })) => {
            tracing::error!(
                "a silent call of the service did not arrive, calls of people may not alarm anybody"
            );
        }
        (Some(_), None) => tracing::info!("silent calls of the service arrive again"),
        _ => {}
    }
}

/// Makes one silent call, and returns how long it took until its frame was at a subscriber.
async fn call(calls: &Calls, hub: &Hub, runtime: &Handle) -> Result<Duration, Fault> {
    hub.forget_canaries(clock::now() - KEPT_FOR);
    let (queue, mut frames) = hub::queue(FRAMES);
    let Subscribed { handle, .. } = hub.subscribe(&Line::canary(), subscription(), queue);
    let alert = silent();
    let name = alert.id.to_string();
    let (pressed, calls) = (Instant::now(), calls.clone());
    let recording = runtime.spawn(async move { calls.by_service(Event::Alert(alert)).await });
    let delivering = async {
        while let Some(frame) = frames.next().await {
            if is_about(&frame, &name) {
                return Some(pressed.elapsed());
            }
        }
        None
    };
    let (recorded, delivered) = tokio::join!(timeout(PATIENCE, recording), timeout(PATIENCE, delivering));
    drop(handle);
    match (recorded, delivered) {
        (Ok(Ok(Ok(()))), Ok(Some(took))) => Ok(took),
        (Ok(Ok(Ok(()))), _) => Err(Fault::NotDelivered),
        (Ok(Ok(Err(refusal))), _) => {
            tracing::debug!(%refusal, "a silent call is refused");
            Err(Fault::NotRecorded)
        }
        (Ok(Err(_)) | Err(_), _) => Err(Fault::NotRecorded),
    }
}

fn silent() -> Alert {
    Alert {
        drill: true,
        ..Alert::new(
            AlertId::generate(),
            Line::canary(),
            House::new(HOUSE).expect("the name of a house"),
            clock::now(),
        )
    }
}

fn subscription() -> Subscription {
    Subscription {
        id: HOUSE.into(),
        version: Version::V1_2,
        acknowledges: false,
        replay_ended: false,
        house: None,
        viewer: None,
    }
}

/// Returns whether a frame names a call. Only an alert of the canary's own line comes to its subscription.
fn is_about(frame: &Bytes, name: &str) -> bool {
    frame.windows(name.len()).any(|part| part == name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_lasts_until_a_call_arrives_and_an_hour_is_shown() {
        let (start, mut known) = (Instant::now(), Known::default());
        let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
        known.add(Ok(Duration::from_millis(4)), start, 0);
        known.add(Err(Fault::NotRecorded), minutes(1), 60_000);
        known.add(Err(Fault::NotDelivered), minutes(2), 120_000);
        let failure = Failure { since: 60_000, fault: Fault::NotDelivered };
        assert_eq!(known.pulse(minutes(2)).failure, Some(failure));
        known.add(Ok(Duration::from_millis(8)), minutes(3), 180_000);
        let pulse = known.pulse(minutes(60));
        assert_eq!((pulse.failure, pulse.micros.count), (None, 2));
        assert_eq!((pulse.micros.p50, pulse.micros.p99), (Some(4_000), Some(8_000)));
        assert_eq!(known.pulse(minutes(62)).micros.count, 1, "the first is more than an hour old");
        known.add(Ok(Duration::from_millis(1)), minutes(90), 0);
        assert_eq!(known.arrived.len(), 1, "what is not shown is not kept");
    }

    #[test]
    fn a_frame_is_known_by_the_id_in_it() {
        let frame = Bytes::from_static(b"MESSAGE\n\n{\"id\":\"0190f8a0\"}\0");
        assert!(is_about(&frame, "0190f8a0") && !is_about(&frame, "0190f8a1"));
    }
}
