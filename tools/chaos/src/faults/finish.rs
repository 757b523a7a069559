//! The end of a run. It waits until everybody has received every call, restarts the servers, subscribes anew, and
//! compares the statistics with the log.

use std::time::Duration;

use super::{
    ear,
    journal::Journal,
    recorder::Recorder,
    town::{self, Town},
    world::World,
};
use crate::checker::{Listener, Outcome, Received, Subscription, Verdict, Violation, check, taken_back};
use testkit::{Error, client::Client};

/// The time within which everybody receives every call. A listener without one then never gets it.
const DELIVERY: Duration = Duration::from_secs(40);
/// The time after the last restart within which stored entries are in the log.
const PUBLISHING: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(500);

/// Waits until nobody who listens lacks anything or disagrees, or the time for it is over.
pub(super) async fn wait_for_listeners(recorder: &Recorder, journal: &Journal) {
    let deadline = recorder.now() + DELIVERY;
    loop {
        let missing = check(&recorder.history()).figures;
        if missing.lost + missing.disagreements == 0 {
            journal.log("every listener has received every call");
            return;
        }
        if recorder.now() >= deadline {
            journal.log(format_args!(
                "after {DELIVERY:?} somebody still lacks something: {} lost, {} disagreements",
                missing.lost, missing.disagreements
            ));
            return;
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// Restarts every server in order, and records the frames of new subscribers.
///
/// # Errors
/// The error that kept a server from ending or starting.
pub(super) async fn rebuild(
    world: &mut World,
    town: &Town,
    recorder: &Recorder,
    journal: &Journal,
) -> Result<(), Error> {
    journal.log("restarting every server");
    world.injector.restart_nodes().await?;
    let deadline = recorder.now() + PUBLISHING;
    for (number, fanout) in world.each_fanout.iter().enumerate() {
        for line in 0..town::LINES {
            let name = format!("a new subscriber on {} (fan-out {number})", town::line(line));
            let listener = new_subscriber(name, deadline, fanout, line, town, recorder).await?;
            recorder.history().rebuilt.push(listener);
        }
    }
    Ok(())
}

/// Adds to the verdict the servers whose statistics are not what their log has. A comparison that fails counts as one,
/// because what else was found must not be lost with it.
pub(super) async fn verify_statistics(world: &World, verdict: &mut Verdict, journal: &Journal) {
    for (server, node) in world.injector.nodes.iter().enumerate() {
        let words = match node.verify_statistics().await {
            Ok(None) => continue,
            Ok(Some(comparison)) => {
                journal.log(format_args!("statistics of server {server}: {}", comparison.sentence));
                if comparison.is_as_promised(&verdict.figures) {
                    continue;
                }
                comparison.sentence
            }
            Err(error) => error.to_string(),
        };
        verdict.violations.push(Violation::StatisticsDiffer { server, words });
    }
}

/// Subscribes again and again until the snapshot has everything that was acknowledged, from the log, or the time for
/// it is over; gives the last one.
async fn new_subscriber(
    name: String,
    deadline: Duration,
    fanout: &Client,
    line: usize,
    town: &Town,
    recorder: &Recorder,
) -> Result<Listener, Error> {
    loop {
        let began = recorder.now();
        let received = snapshot(fanout, line, town, recorder).await;
        let is_late = recorder.now() >= deadline;
        match received {
            Ok(received) if is_late || is_whole(&received, line, recorder) => {
                let ended = Some(recorder.now());
                let subscriptions = vec![Subscription { began, ended, received }];
                return Ok(Listener { name, line: town::line(line), subscriptions });
            }
            Err(error) if is_late => return Err(error),
            Ok(_) | Err(_) => tokio::time::sleep(GLANCE).await,
        }
    }
}

async fn snapshot(
    fanout: &Client,
    line: usize,
    town: &Town,
    recorder: &Recorder,
) -> Result<Vec<Received>, Error> {
    let office = town.session(&town::name(line, None)).await?;
    let subscribe = ear::subscription(&town::line(line));
    let mut socket = match office.at(fanout).connect().await {
        Ok(socket) => socket,
        Err(error) => {
            town.forget(&town::name(line, None), &office).await;
            return Err(error);
        }
    };
    socket.subscribe(&subscribe).await?;
    let mut received = Vec::new();
    while !received.last().is_some_and(Received::ends_snapshot) {
        received.push(recorder.stamp(&socket.next_message().await?));
    }
    socket.disconnect().await?;
    Ok(received)
}

/// Returns whether everything that was acknowledged on the line is there, and bears its place in the log.
fn is_whole(received: &[Received], line: usize, recorder: &Recorder) -> bool {
    let in_log = received.iter().filter(|received| !received.is_direct()).filter_map(Received::event);
    let in_log: std::collections::HashSet<_> = in_log.map(|(_, id)| id).collect();
    let line = town::line(line);
    let history = recorder.history();
    let taken_back = taken_back(&history);
    let promised = history.commands.iter().filter(|command| command.line == line);
    let promised = promised.filter(|command| !taken_back.contains(&command.alert));
    let mut promised = promised.filter(|command| matches!(command.outcome, Outcome::Acknowledged { .. }));
    promised.all(|command| in_log.contains(&command.id))
}
