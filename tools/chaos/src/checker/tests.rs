//! Each thing that must not be is found, and a run without it passes.

mod example;

use std::time::Duration;

use domain::{
    AlertId, Event, EventId, Line, Status,
    api::State,
    body::Body,
    escalation::{Ring, Step},
};
use uuid::Uuid;

use self::example::{Run, accept, alert, command, house, line, received, run, second};
use super::*;

#[test]
fn a_run_in_which_everybody_received_everything_passes() {
    let Run { call, history, .. } = run();
    let Verdict { violations, figures } = check(&history);
    assert_eq!(violations, []);
    assert_eq!((figures.presses, figures.acknowledged, figures.delivered), (1, 2, 4));
    assert_eq!((figures.stored, figures.stored_then_published, figures.handed_over), (2, 2, 1));
    assert_eq!(figures.longest_to_first, Some((second(2), call)));
    assert_eq!(figures.longest_to_last, Some((second(2), call)));
}

#[test]
fn an_acknowledged_call_that_misses_one_listener_is_lost() {
    let Run { call, answer, mut history } = run();
    history.listeners[1].subscriptions[0].received.truncate(2);
    let violations = check(&history).violations;
    let lost = Violation::Lost { id: answer, alert: AlertId(call), listener: "two".into() };
    assert!(violations.contains(&lost), "{violations:?}");
}

#[test]
fn a_call_that_was_not_acknowledged_is_not_lost() {
    let Run { call, mut history, .. } = run();
    history.commands.push(Command {
        outcome: Outcome::Refused("no".into()),
        ..command(Uuid::now_v7(), CommandKind::Accept, call)
    });
    assert_eq!(check(&history).violations, []);
}

#[test]
fn a_snapshot_counts_as_delivery_like_a_live_message() {
    let Run { history: mut other, .. } = run();
    let snapshot = other.rebuilt[0].subscriptions[0].clone();
    other.listeners[1].subscriptions = vec![Subscription::default(), snapshot];
    assert_eq!(check(&other).violations, []);
}

#[test]
fn the_same_event_twice_within_one_subscription_is_a_double_and_in_two_it_is_none() {
    let Run { call, mut history, .. } = run();
    let again = received(7, "an-alert-0-0", alert(call));
    history.listeners[0].subscriptions[0].received.push(again.clone());
    let double = |subscription| Violation::Duplicated {
        kind: "alert",
        id: call,
        listener: "one".into(),
        subscription,
    };
    assert_eq!(check(&history).violations, [double(0)]);
    history.listeners[0].subscriptions[0].received.pop();
    history.listeners[0]
        .subscriptions
        .push(Subscription { received: vec![again], ..Subscription::default() });
    assert_eq!(check(&history).violations, []);
}

/// The frame of the first step of a call's escalation, at this time of the call.
fn step(call: Uuid, at: i64) -> Body {
    let Body::Event { event: Event::Alert(alert), .. } = alert(call) else { panic!("an alert") };
    let step = Step { ring: Ring::Neighbours, round: call, lines: [Line::new("101-2").unwrap()].into() };
    Body::Event { event: step.event(&alert, at), first: None }
}

#[test]
fn a_step_that_nodes_wrote_at_different_times_is_one_and_may_be_gone_after_a_restart() {
    let Run { call, mut history, .. } = run();
    for (listener, at) in history.listeners.iter_mut().zip([31_000, 31_400]) {
        listener.subscriptions[0].received.push(received(6, "an-status-direct-1", step(call, at)));
    }
    assert_eq!(check(&history).violations, []);
}

#[test]
fn a_step_that_comes_twice_or_by_two_ids_is_found() {
    let Run { call, mut history, .. } = run();
    let taken = step(call, 31_000);
    let Body::Event { event: Event::Status(status), .. } = &taken else { panic!("a status") };
    let (id, other) = (status.id.0, EventId::generate());
    let forged = Body::Event { event: Event::Status(Status { id: other, ..status.clone() }), first: None };
    let double = |kind, id| Violation::Duplicated { kind, id, listener: "one".into(), subscription: 0 };
    for (again, found) in [(taken.clone(), double("status", id)), (forged, double("step", other.0))] {
        let frames = &mut history.listeners[0].subscriptions[0].received;
        frames.truncate(4);
        frames.push(received(6, "an-status-direct-1", taken.clone()));
        frames.push(received(7, "an-status-direct-2", again));
        assert_eq!(check(&history).violations, [found]);
    }
}

#[test]
fn a_listener_who_takes_another_for_the_first_disagrees() {
    let Run { call, mut history, .. } = run();
    let other = Uuid::now_v7();
    let announced = accept(other, call, "1301", Some(true));
    for listener in &mut history.listeners {
        listener.subscriptions[0].received.push(received(
            6,
            "an-accept-0-1",
            accept(other, call, "1301", Some(false)),
        ));
    }
    history.rebuilt[0].subscriptions[0].received.insert(2, received(9, "an-accept-0-1", announced));
    let violations = check(&history).violations;
    assert!(
        matches!(&violations[..], [Violation::FirstDiffers { alert, .. }] if alert.0 == call),
        "{violations:?}"
    );
}

#[test]
fn an_accepted_call_without_a_first_accept_is_found() {
    let Run { answer, call, mut history } = run();
    for listener in history.listeners.iter_mut().chain(&mut history.rebuilt) {
        let received = &mut listener.subscriptions[0].received;
        received.retain(|received| !matches!(received.body, Body::First { .. }));
        for received in received.iter_mut().filter(|received| received.event() == Some(("accept", answer))) {
            received.body = accept(answer, call, "1204", None);
        }
    }
    let violations = check(&history).violations;
    assert!(matches!(&violations[..], [Violation::FirstDiffers { .. }]), "{violations:?}");
}

#[test]
fn a_rebuilt_server_that_sends_another_text_is_found() {
    let Run { call, mut history, .. } = run();
    let Body::Event { event: Event::Alert(alert), .. } =
        &mut history.rebuilt[0].subscriptions[0].received[0].body
    else {
        panic!("the alert comes first")
    };
    alert.text = "something else".into();
    let violations = check(&history).violations;
    let differs =
        |violation: &Violation| matches!(violation, Violation::StateDiffers { alert, .. } if alert.0 == call);
    assert!(violations.len() == 2 && violations.iter().all(differs), "{violations:?}");
}

#[test]
fn a_call_missing_from_the_log_is_found_and_so_is_a_press_without_an_answer() {
    let Run { call, answer, mut history } = run();
    history.rebuilt[0].subscriptions[0].received[1].message_id = "an-accept-direct-1".into();
    history.commands[0].outcome = Outcome::Open;
    let violations = check(&history).violations;
    assert_eq!(violations, [Violation::Unpublished { id: answer }, Violation::Unanswered { id: call }]);
}

#[test]
fn another_time_of_the_same_command_is_no_disagreement_where_it_was_sent_again_and_else_it_is() {
    for moved in [-1, 1] {
        let Run { mut history, .. } = run();
        let Body::Event { event: Event::Alert(alert), .. } =
            &mut history.rebuilt[0].subscriptions[0].received[0].body
        else {
            panic!("the alert comes first")
        };
        alert.at += moved;
        assert_eq!(check(&history).violations.len(), 2);
        history.commands[0].tries = 2;
        assert_eq!(check(&history).violations, []);
    }
}

#[test]
fn the_story_of_a_call_has_the_times_of_its_answer_and_of_each_delivery() {
    let Run { call, mut history, .. } = run();
    let announced = history.listeners[1].subscriptions.remove(0);
    let gone = Subscription { began: Duration::ZERO, ended: Some(second(2)), received: Vec::new() };
    let later = Subscription { began: second(3), ended: None, received: announced.received[1..].to_vec() };
    history.listeners[1].subscriptions = vec![gone, later];
    let story = story(&history, call);
    let expected = [
        format!(
            "call {call} on 101-1: first tried at 1.000 s; acknowledged as Stored at 2.000 s, after 1 tries"
        ),
        "  one".into(),
        "    began 0.000 s, listed 0.000 s, 4 messages, not ended; received 3.000 s".into(),
        "  two".into(),
        "    began 0.000 s, never listed, 0 messages, ended 2.000 s".into(),
        "    began 3.000 s, never listed, 3 messages, not ended; received 3.000 s".into(),
    ];
    assert_eq!(story, expected);
}

#[test]
fn a_call_delivered_but_refused_in_the_end_need_not_survive_a_restart() {
    let Run { answer, mut history, .. } = run();
    history.rebuilt[0].subscriptions[0].received.remove(1);
    assert!(check(&history).figures.disagreements > 0);
    let command = history.commands.iter_mut().find(|command| command.id == answer).unwrap();
    command.outcome = Outcome::Refused("409".into());
    let Verdict { violations, figures } = check(&history);
    assert_eq!((violations, figures.unpromised), (vec![], 1));
    // An event that is sent after the restart, and was not sent to everybody before, is a disagreement all the same.
    let Run { mut history, .. } = run();
    history.commands[1].outcome = Outcome::Refused("409".into());
    history.listeners[1].subscriptions[0].received.truncate(2);
    assert!(check(&history).figures.disagreements > 0);
}

#[test]
fn a_heard_only_answer_is_checked_against_the_connected_listeners() {
    let Run { call, mut history, .. } = run();
    let answered = |id, sent| HeardOnly { id, line: line(), sent: second(sent), at: second(sent + 1) };
    history.heard_only = vec![answered(call, 1)];
    assert_eq!(check(&history).violations, []);
    let undelivered = Uuid::now_v7();
    history.heard_only.push(answered(undelivered, 3));
    // A listener that left meanwhile need not have it.
    history.listeners[1].subscriptions[0].ended = Some(second(4));
    let Verdict { violations, figures } = check(&history);
    assert_eq!(violations, [Violation::Undelivered { id: undelivered, listener: "one".into() }]);
    assert_eq!((figures.heard_only, figures.undelivered), (2, 1));
}

#[test]
fn calls_lost_with_a_restored_backup_are_not_judged_and_all_others_are() {
    let Run { mut history, .. } = run();
    let (lost, kept) = (Uuid::now_v7(), Uuid::now_v7());
    let mut taken_back = command(lost, CommandKind::Press, lost);
    taken_back.outcome = Outcome::Acknowledged { at: second(11), state: State::Published };
    history.commands.push(taken_back);
    history.taken_back = vec![(second(10), second(12))];
    assert_eq!(check(&history).violations, []);
    history.commands.push(command(kept, CommandKind::Press, kept));
    assert!(check(&history).violations.contains(&Violation::Lost {
        id: kept,
        alert: AlertId(kept),
        listener: "one".into()
    }));
}

#[test]
fn a_press_answered_with_a_standing_call_is_not_lost_and_its_call_was_received() {
    let Run { call, mut history, .. } = run();
    let pressed = Uuid::now_v7();
    let stands = |at| Command {
        outcome: Outcome::CallStands { at: second(at) },
        ..command(pressed, CommandKind::Press, pressed)
    };
    history.commands.push(stands(3));
    let Verdict { violations, figures } = check(&history);
    assert_eq!((violations, figures.calls_stand, figures.refused), (vec![], 1, 0));
    assert_eq!((figures.presses, figures.acknowledged_presses), (2, 1));
    assert!(story(&history, pressed)[0].contains("answered at 3.000 s that a call of the house stands"));
    let missing = Violation::NoCallStands { id: pressed };
    // The other call came later, or is another house's.
    history.commands[2] = stands(1);
    assert_eq!(check(&history).violations, std::slice::from_ref(&missing));
    history.commands[2] = Command { house: house("1301"), ..stands(3) };
    assert_eq!(check(&history).violations, std::slice::from_ref(&missing));
    // A call does not stand for itself.
    history.commands[2] = Command { id: call, alert: AlertId(call), ..stands(3) };
    assert_eq!(check(&history).violations, [Violation::NoCallStands { id: call }]);
}
