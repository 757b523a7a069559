//! Every node knows the choice of the office, and takes each step when it is due by the monotonic clock.

use std::path::Path;

use domain::{Alert, AlertId, Event, House, Incident, Millis};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, timeout},
};

use super::*;
use crate::{
    calls::{fanout, hub::Arrival},
    clock,
    delivery::{Delivery, handover::Handover, log::Log, open_outbox, outbox::Purpose},
    people::location_use::LocationUses,
    push::{self, Hosts, Push},
    readiness::{RoleState, StateSender},
    statistics::Iana,
};

/// The time for a step on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const FIVE_MINUTES: Millis = 5 * 60 * 1000;

/// Two nodes with one database.
async fn nodes(directory: &Path) -> (Database, [Escalation; 2]) {
    let database = Database::in_directory(directory).await;
    let (private_key, contact, site) = (None, None, None);
    let hosts = Hosts::parse("push.example").unwrap();
    let settings = push::Settings { hosts, private_key, contact, site };
    let push = Push::open(settings, directory, database.clone(), Iana::named("Asia/Seoul").unwrap());
    let node = || {
        let reach = Reach::new(database.clone(), push.clone());
        Escalation::new(database.clone(), Accounts::new(database.clone()), reach)
    };
    let nodes = [node(), node()];
    (database, nodes)
}

fn line(name: &str) -> Line {
    Line::new(name).unwrap()
}

#[tokio::test]
async fn the_choice_of_the_office_is_kept_and_read_by_every_node_and_without_one_the_defaults_count() {
    let directory = tempfile::tempdir().unwrap();
    let (database, [one, other]) = nodes(directory.path()).await;
    assert_eq!(one.settings().await.unwrap(), Settings::default());
    other.read().await;
    assert_eq!(other.rules().settings, Settings::default());
    let chosen = Settings {
        complex: true,
        neighbours: Some(0),
        building: None,
        administrators: Some(3_600),
        arrival: None,
    };
    one.set(&chosen, &By::service()).await.unwrap();
    assert_eq!(one.rules().settings, chosen, "the node that took it goes by it at once");
    other.read().await;
    assert_eq!(other.rules().settings, chosen);
    let again = Settings { complex: false, arrival: Some(1), ..chosen };
    other.set(&again, &By::service()).await.unwrap();
    assert_eq!(one.settings().await.unwrap(), again, "there is one row");
    database.close().await;
    one.read().await;
    assert!(one.rules().settings.complex, "without the database the last reading stands");
    assert!(one.set(&again, &By::service()).await.is_err());
}

#[tokio::test]
async fn lines_come_with_their_buildings_and_neighbours_however_they_became_known() {
    let directory = tempfile::tempdir().unwrap();
    let (database, [node, _]) = nodes(directory.path()).await;
    let accounts = Accounts::new(database.clone());
    let house = House::new("101").unwrap();
    for (building, name) in [("가", "101-1"), ("가", "102-1"), ("", "103-1")] {
        accounts.add_house(building, &line(name), &house).await.unwrap();
    }
    accounts.set_neighbours(&line("101-1"), &[line("103-1")]).await.unwrap();
    let add = sqlx::query(
        "INSERT INTO residents (name, password_hash, line, house, role, demo, created_at)
         VALUES ('one', 'none', '103-2', '101', 'resident', 0, 0)",
    );
    add.execute(database.pool()).await.unwrap();
    node.read().await;
    let lines = node.rules().lines;
    let place = |name: &str| {
        let place = lines.get(&line(name)).cloned().unwrap();
        let neighbours: Vec<String> = place.neighbours.iter().map(ToString::to_string).collect();
        (place.building, neighbours.join(" "))
    };
    let expected = |building: &str, neighbours: &str| (building.to_owned(), neighbours.to_owned());
    assert_eq!(lines.len(), 4);
    assert_eq!(place("101-1"), expected("가", "103-1"));
    assert_eq!(place("102-1"), expected("가", ""));
    assert_eq!(place("103-1"), expected("103", "101-1"), "without one the name decides");
    assert_eq!(place("103-2"), expected("103", ""), "a line that only an account names");
}

/// A node that takes steps, without anything else; returns its hub.
async fn running(directory: &Path, database: Database, escalation: Escalation) -> Hub {
    let (outbox, queue, queued) = open_outbox(directory, Purpose::Log).await.unwrap();
    let (hub, log) = (Hub::new(), Log::Local(outbox.clone()));
    tokio::spawn(fanout::drain(hub.clone(), queued, log.clone(), Share::default()));
    let handover = Handover::new(queue.clone(), Handle::current(), None);
    let delivery = Delivery::new(outbox, log, None, handover, queue);
    let ready = || StateSender::new(RoleState::Ready);
    let promised = watch::Sender::new(true);
    let readiness = Readiness { producer: ready(), fanout: ready(), statistics: ready(), promised };
    let choices = LocationUses::open(database, directory).await;
    let calls = Calls::new(hub.clone(), delivery, readiness.clone(), choices);
    let others = Others { share: Share::default(), are_there: false };
    tokio::spawn(escalation.run(calls, hub.clone(), readiness, others));
    hub
}

/// A call of this house on line 101-1, by a clock that is so many milliseconds ahead of ours.
fn call(name: &str, ahead: Millis) -> Alert {
    Alert::new(AlertId::generate(), line("101-1"), House::new(name).unwrap(), clock::now() + ahead)
}

/// Waits until a step of a call was taken.
async fn escalated(hub: &Hub, call: &Alert) -> Incident {
    let taken = async {
        loop {
            let known = hub.call_of(&call.line, &call.house, call.id).unwrap();
            if !known.steps.is_empty() {
                return known;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, taken).await.expect("a step is taken")
}

/// Only the administrators, so that nothing depends on who can be alarmed.
async fn with_administrators_after(escalation: &Escalation, seconds: u32) {
    let (neighbours, building, administrators) = (None, None, Some(seconds));
    let settings = Settings { complex: false, neighbours, building, administrators, arrival: None };
    escalation.set(&settings, &By::service()).await.unwrap();
}

#[tokio::test]
async fn a_step_is_due_by_what_has_passed_whatever_the_clocks_of_two_machines_show() {
    let directory = tempfile::tempdir().unwrap();
    let (database, [node, _]) = nodes(directory.path()).await;
    with_administrators_after(&node, 2).await;
    let hub = running(directory.path(), database, node).await;
    let began = Instant::now();
    let calls =
        [("1203", FIVE_MINUTES), ("1204", -FIVE_MINUTES), ("1301", 0)].map(|(name, ahead)| call(name, ahead));
    for call in &calls {
        hub.apply(Arrival::direct(Event::Alert(call.clone())));
    }
    for call in &calls {
        let known = escalated(&hub, call).await;
        assert!(began.elapsed() >= Duration::from_secs(2), "{}: too early", call.house);
        let passed = known.steps[0].at - call.at;
        let most = Millis::try_from(PATIENCE.as_millis()).unwrap();
        assert!(
            (2_000..most).contains(&passed),
            "{}: the step has the call's own time: {passed}",
            call.house
        );
    }
}

#[tokio::test]
async fn the_age_of_a_call_counts_and_one_that_has_waited_for_hours_alarms_nobody_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let (database, [node, _]) = nodes(directory.path()).await;
    with_administrators_after(&node, 600).await;
    let hub = running(directory.path(), database, node).await;
    let (forgotten, waiting, fresh) = (call("1203", 0), call("1204", 0), call("1301", 0));
    for (call, minutes) in [(&forgotten, 180), (&fresh, 1), (&waiting, 11)] {
        let arrival = Arrival::direct(Event::Alert(call.clone()));
        hub.apply(arrival.aged(Duration::from_secs(60 * minutes)));
    }
    assert_eq!(escalated(&hub, &waiting).await.steps.len(), 1);
    for call in [&forgotten, &fresh] {
        let known = hub.call_of(&call.line, &call.house, call.id).unwrap();
        assert_eq!(known.steps, [], "{}", call.house);
    }
}
