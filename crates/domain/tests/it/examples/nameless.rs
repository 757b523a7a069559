//! Accepts of the original service name no call. They are about the newest one that is not newer than they are.

use domain::{Accept, Change, Event, LineIncidents, Millis, Position, Source, record, topic};

use super::{accept_of, alert_of};
use crate::history::{MORNING, event_id, line};

fn original(topic: &str, value: &str, timestamp: Millis, offset: i64) -> (Event, Source) {
    let position = Position { timestamp: MORNING + timestamp, partition: 0, offset };
    (record::read(topic, value.as_bytes(), position).expect("the original's record"), Source::Log(position))
}

const CALL: &str = r#"{"line":"101-1","house":"1203","text":"도와주세요","lat":"37.5","lng":"127"}"#;
const COMES: &str = r#"{"line":"101-1","accept":"1204","target":"1203"}"#;

#[test]
fn an_accept_that_names_no_call_is_about_the_newest_one_not_newer_than_itself() {
    let calls = [10, 20, 30].map(|time| original(topic::ALERT, CALL, time, time));
    for (accepted, about) in [(9, None), (10, Some(0)), (19, Some(0)), (20, Some(1)), (99, Some(2))] {
        let mut fold = LineIncidents::new(line(), 1);
        let (accept, seen) = original(topic::ACCEPT, COMES, accepted, 1);
        assert_eq!(fold.apply(accept, seen), []);
        for (call, seen) in calls.clone() {
            fold.apply(call, seen);
        }
        let answered: Vec<_> = fold.incidents().iter().map(|incident| incident.responses.len()).collect();
        let expected: Vec<_> = (0..3).map(|number| usize::from(about == Some(number))).collect();
        assert_eq!(answered, expected, "accepted at {accepted}");
    }
}

#[test]
fn the_earliest_place_of_an_accept_that_names_no_call_counts() {
    let mut fold = LineIncidents::new(line(), 1);
    for (call, seen) in [10, 20].map(|time| original(topic::ALERT, CALL, time, time)) {
        fold.apply(call, seen);
    }
    let answered =
        |fold: &LineIncidents| fold.incidents().iter().map(|i| i.responses.len()).collect::<Vec<_>>();
    let accept = Event::Accept(Accept { alert: None, ..accept_of(1, "1204", 25) });
    let at =
        |timestamp| Source::Log(Position { timestamp: MORNING + timestamp, partition: 0, offset: timestamp });
    let second = Event::Accept(Accept { alert: None, ..accept_of(2, "1301", 26) });
    fold.apply(accept.clone(), at(22));
    fold.apply(second, at(26));
    assert_eq!(answered(&fold), [0, 2]);
    let changes = fold.apply(accept.clone(), at(15));
    assert_eq!(answered(&fold), [1, 1]);
    // The call it leaves has another first now.
    assert!(
        changes
            .iter()
            .any(|change| matches!(change, Change::First { accept, .. } if accept.id == event_id(2)))
    );
    fold.apply(accept, at(28));
    assert_eq!(answered(&fold), [1, 1]);
}

#[test]
fn an_accept_is_announced_for_a_newer_call_that_arrives_late() {
    let mut fold = LineIncidents::new(line(), 1);
    let (old, new) = (original(topic::ALERT, CALL, 10, 1), original(topic::ALERT, CALL, 20, 2));
    let (accept, seen) = original(topic::ACCEPT, COMES, 25, 1);
    fold.apply(old.0, old.1);
    fold.apply(accept, seen);
    let id = new.0.alert();
    let changes = fold.apply(new.0, new.1);
    assert!(matches!(&changes[0], Change::Event { event: Event::Alert(alert), .. } if Some(alert.id) == id));
    assert!(matches!(&changes[1],
        Change::Event { event: Event::Accept(accept), first: Some(true) } if accept.alert == id));
    assert_eq!(changes.len(), 2);
    let answered: Vec<_> = fold.incidents().iter().map(|incident| incident.responses.len()).collect();
    assert_eq!(answered, [0, 1]);
}

#[test]
fn an_accept_of_the_original_service_never_means_a_drill_or_what_the_log_does_not_have() {
    let mut fold = LineIncidents::new(line(), 1);
    let (call, seen) = original(topic::ALERT, CALL, 10, 1);
    fold.apply(call.clone(), seen);
    let drill = original(topic::DRILL, CALL, 15, 1);
    fold.apply(drill.0, drill.1);
    fold.apply(Event::Alert(alert_of("1203", 20)), Source::Direct);
    let (accept, seen) = original(topic::ACCEPT, COMES, 25, 1);
    fold.apply(accept, seen);
    let answered: Vec<_> = fold.incidents().into_iter().filter(|i| !i.responses.is_empty()).collect();
    assert_eq!(answered.iter().map(|i| Some(i.alert.id)).collect::<Vec<_>>(), [call.alert()]);
}
