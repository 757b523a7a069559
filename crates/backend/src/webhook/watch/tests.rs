//! Calls that the webhook is to send, with a receiver that never answers.

use domain::{Actor, Alert, AlertId, EventId, House, Line, Progress, Status};

use super::*;
use crate::{
    calls::hub::Arrival,
    database::Database,
    statistics::Iana,
    webhook::{Events, Keys, Settings, Target},
};

fn alert(house: &str) -> Alert {
    Alert::new(AlertId::generate(), Line::new("101-1").unwrap(), House::new(house).unwrap(), clock::now())
}

/// A webhook whose receiver accepts connections and never answers.
async fn watch(directory: &std::path::Path, most: usize) -> (Watch, std::net::TcpListener) {
    let receiver = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Settings {
        target: Target::parse(&format!("http://{}", receiver.local_addr().unwrap())).unwrap(),
        keys: Keys::parse(&"A".repeat(32)).unwrap(),
        events: Events { call: true, end: true },
        drills: false,
        location: false,
        site: None,
    };
    let database = Database::in_directory(directory).await;
    let parts = Parts::new(settings, database, Iana::named("Asia/Seoul").unwrap()).unwrap();
    (Watch::new(Arc::new(parts), Hub::new(), most), receiver)
}

fn id_of(watch: &Watch, alert: &Alert) -> Uuid {
    watch.parts.form.call(alert).id
}

fn waits(watch: &Watch, alert: &Alert) -> bool {
    matches!(watch.waiting.enter(id_of(watch, alert), Instant::now()), Place::Known)
}

#[tokio::test]
async fn a_call_for_which_there_is_no_place_is_found_again_when_there_is() {
    let directory = tempfile::tempdir().unwrap();
    let (mut watch, _receiver) = watch(directory.path(), 2).await;
    let calls = ["1203", "1204", "1205"].map(alert);
    let mut changes = watch.hub.changes();
    for call in &calls {
        watch.hub.apply(Arrival::direct(Event::Alert(call.clone())).taken_here());
        watch.apply(News::of(changes.recv().await.unwrap()).unwrap());
    }
    assert!(watch.is_behind && !waits(&watch, &calls[2]));
    watch.catch_up();
    assert!(!waits(&watch, &calls[2]), "there is still no place");
    for call in &calls[..2] {
        let id = id_of(&watch, call);
        watch.concluded.insert(id, Instant::now() + WORTH);
    }
    watch.sending.shutdown().await;
    watch.catch_up();
    assert!(!watch.is_behind && waits(&watch, &calls[2]), "what is done is not sent again, and the third is");
}

#[tokio::test]
async fn a_look_finds_young_calls_and_recent_ends_and_leaves_drills_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (mut watch, _receiver) = watch(directory.path(), 10).await;
    let (open, ended, drill) = (alert("1203"), alert("1204"), Alert { drill: true, ..alert("1205") });
    for call in [&open, &ended, &drill] {
        watch.hub.apply(Arrival::replayed(Event::Alert(call.clone()), None));
    }
    let end = Status {
        id: EventId::generate(),
        line: ended.line.clone(),
        alert: ended.id,
        target: Some(ended.house.clone()),
        status: Progress::Resolved,
        by: Actor::House(ended.house.clone()),
        by_line: None,
        note: None,
        escalation: None,
        at: clock::now(),
    };
    watch.hub.apply(Arrival::replayed(Event::Status(end), None));
    watch.look_at_calls();
    assert!(waits(&watch, &open) && !waits(&watch, &ended) && !waits(&watch, &drill));
    assert_eq!(watch.waiting.state(Instant::now(), WORTH).0, 2, "the open call, and the end of the other");
}
