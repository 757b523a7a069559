//! Buckets alone, and the commands of a house beyond them.

use domain::{Accept, Actor, EventId, Location, Moved, Progress, Role, Status};

use super::*;
use crate::{
    calls::hub::{Arrival, QueueReceiver, Subscribed, Subscription, queue},
    clock,
};

fn line() -> Line {
    Line::new("101-1").unwrap()
}

fn house(name: &str) -> House {
    House::new(name).unwrap()
}

fn resident(of: &str) -> Resident {
    let (line, house) = (Some(line()), Some(house(of)));
    Resident { name: format!("resident-{of}"), line, house, role: Role::Resident }
}

fn alert(of: &str) -> Alert {
    Alert::new(AlertId::generate(), line(), house(of), clock::now())
}

fn accept(call: &Alert, by: &str) -> Event {
    Event::Accept(Accept {
        id: EventId::generate(),
        line: line(),
        accept: house(by),
        accept_line: None,
        target: call.house.clone(),
        alert: Some(call.id),
        at: clock::now(),
    })
}

fn status(call: &Alert, status: Progress, by: &str) -> Event {
    let (id, by) = (EventId::generate(), Actor::House(house(by)));
    Event::Status(Status {
        id,
        line: line(),
        alert: call.id,
        target: Some(call.house.clone()),
        status,
        by,
        by_line: None,
        note: None,
        escalation: None,
        at: clock::now(),
    })
}

fn apply(hub: &Hub, event: &Event) {
    hub.apply(Arrival::direct(event.clone()));
}

/// Budgets of which a resident has spent one, at a moment that stays.
struct Spent {
    budgets: Budgets,
    by: Resident,
    hub: Hub,
    now: Instant,
}

impl Spent {
    /// Spends the budget of this event.
    fn new(by: &str, event: &Event, hub: &Hub) -> Self {
        let (budgets, by, now) = (Budgets::default(), resident(by), Instant::now());
        let budget = Budget::of(event).unwrap();
        for _ in 0..budget.size().burst {
            budgets.take((Payer::of(&by), budget), now).unwrap();
        }
        Self { budgets, by, hub: hub.clone(), now }
    }

    async fn admit(&self, event: &Event) -> Result<(), Refusal> {
        self.budgets.admit_at(&self.by, event, &self.hub, self.now).await
    }
}

/// A hub at which a neighbour listens.
fn hub_with_neighbour() -> (Hub, Subscribed, QueueReceiver) {
    let hub = Hub::new();
    let subscription = Subscription {
        id: "calls".into(),
        version: stomp::Version::V1_2,
        acknowledges: true,
        replay_ended: false,
        house: Some(house("1204")),
        viewer: None,
    };
    let (sender, receiver) = queue(16);
    let subscribed = hub.subscribe(&line(), subscription, sender);
    (hub, subscribed, receiver)
}

#[test]
fn a_bucket_gives_its_burst_at_once_and_then_one_token_in_its_time() {
    let (mut buckets, start) = (Buckets::default(), Instant::now());
    let whose = || (Payer::of(&resident("1203")), Budget::Answers);
    for _ in 0..ANSWERS.burst {
        assert_eq!(buckets.take(whose(), start), Ok(()));
    }
    assert_eq!(buckets.take(whose(), start), Err(ANSWERS.every));
    let half = start + ANSWERS.every / 2;
    assert_eq!(buckets.take(whose(), half), Err(ANSWERS.every / 2), "a refusal costs nothing");
    let later = start + ANSWERS.every;
    assert_eq!(buckets.take(whose(), later), Ok(()));
    assert_eq!(buckets.take(whose(), later), Err(ANSWERS.every));
    let much_later = start + Duration::from_secs(24 * 60 * 60);
    for _ in 0..ANSWERS.burst {
        assert_eq!(buckets.take(whose(), much_later), Ok(()), "it is full, and no more than that");
    }
    assert!(buckets.take(whose(), much_later).is_err());
}

#[test]
fn each_house_has_buckets_of_its_own_for_all_its_people() {
    let (mut buckets, start) = (Buckets::default(), Instant::now());
    let another = Resident { name: "her-husband".into(), ..resident("1203") };
    for by in [resident("1203"), another].iter().cycle().take(10) {
        assert_eq!(buckets.take((Payer::of(by), Budget::Alerts), start), Ok(()));
    }
    assert!(buckets.take((Payer::of(&resident("1203")), Budget::Alerts), start).is_err());
    assert_eq!(buckets.take((Payer::of(&resident("1203")), Budget::Locations), start), Ok(()));
    assert_eq!(buckets.take((Payer::of(&resident("1204")), Budget::Alerts), start), Ok(()));
    let elsewhere = Resident { line: Line::new("101-2").ok(), ..resident("1203") };
    assert_eq!(buckets.take((Payer::of(&elsewhere), Budget::Alerts), start), Ok(()));
    let office = Resident { name: "admin".into(), line: None, house: None, role: Role::Administrator };
    assert_eq!(Payer::of(&office), Payer::Account("admin".into()));
}

#[test]
fn buckets_that_are_full_again_are_forgotten() {
    let (mut buckets, start) = (Buckets::default(), Instant::now());
    for number in 0..100 * KEPT {
        let whose = (Payer::of(&resident(&number.to_string())), Budget::Locations);
        let now = start + LOCATIONS.every * u32::try_from(number).unwrap();
        assert_eq!(buckets.take(whose, now), Ok(()));
    }
    assert!(buckets.full_at.len() <= KEPT, "{} are kept", buckets.full_at.len());
}

#[tokio::test]
async fn an_alert_that_reached_nobody_is_sent_regardless_of_its_number() {
    let hub = Hub::new();
    let spent = Spent::new("1203", &Event::Alert(alert("1203")), &hub);
    for _ in 0..50 {
        let event = Event::Alert(alert("1203"));
        spent.admit(&event).await.unwrap();
        apply(&hub, &event);
    }
}

#[tokio::test]
async fn an_alert_beyond_the_bucket_is_refused_while_a_call_stands_and_goes_out_when_it_is_over() {
    let (hub, _subscribed, _receiver) = hub_with_neighbour();
    let standing = alert("1203");
    let spent = Spent::new("1203", &Event::Alert(alert("1203")), &hub);
    apply(&hub, &Event::Alert(standing.clone()));
    let refused = spent.admit(&Event::Alert(alert("1203"))).await;
    assert!(matches!(refused, Err(Refusal::CallStands(call)) if call == standing.id), "{refused:?}");
    let fire = Alert { kind: Some(domain::Kind::Fire), ..alert("1203") };
    spent.admit(&Event::Alert(fire)).await.unwrap();
    apply(&hub, &status(&standing, Progress::Cancelled, "1203"));
    spent.admit(&Event::Alert(alert("1203"))).await.unwrap();
}

#[tokio::test]
async fn an_alert_waits_for_an_end_that_is_on_its_way() {
    let (hub, _subscribed, _receiver) = hub_with_neighbour();
    let standing = alert("1203");
    let spent = Spent::new("1203", &Event::Alert(alert("1203")), &hub);
    apply(&hub, &Event::Alert(standing.clone()));
    let end = async {
        tokio::task::yield_now().await;
        apply(&hub, &status(&standing, Progress::Cancelled, "1203"));
    };
    let next = Event::Alert(alert("1203"));
    let (admitted, ()) = tokio::join!(spent.admit(&next), end);
    admitted.unwrap();
}

#[tokio::test]
async fn the_end_of_a_call_that_is_on_its_way_to_the_hub_is_not_refused() {
    let (hub, call) = (Hub::new(), alert("1203"));
    let end = status(&call, Progress::Cancelled, "1203");
    let spent = Spent::new("1203", &end, &hub);
    let arriving = async {
        tokio::task::yield_now().await;
        apply(&hub, &Event::Alert(call.clone()));
    };
    let (admitted, ()) = tokio::join!(spent.admit(&end), arriving);
    admitted.unwrap();
}

#[tokio::test]
async fn a_first_accept_and_an_end_never_wait_and_other_answers_do() {
    let (hub, call) = (Hub::new(), alert("1203"));
    apply(&hub, &Event::Alert(call.clone()));
    let unknown = accept(&alert("1301"), "1204");
    let spent = Spent::new("1204", &unknown, &hub);
    let is_refused =
        async |event: &Event| matches!(spent.admit(event).await, Err(Refusal::TooFast { seconds: 2 }));
    assert!(is_refused(&unknown).await);
    let first = accept(&call, "1204");
    spent.admit(&first).await.unwrap();
    apply(&hub, &first);
    assert!(is_refused(&accept(&call, "1204")).await);
    assert!(is_refused(&status(&call, Progress::Withdrawn, "1204")).await);
    let end = status(&call, Progress::Cancelled, "1203");
    spent.admit(&end).await.unwrap();
    apply(&hub, &end);
    assert!(is_refused(&status(&call, Progress::Cancelled, "1203")).await, "it is over already");
}

#[tokio::test]
async fn a_location_beyond_the_bucket_waits() {
    let (hub, call) = (Hub::new(), alert("1203"));
    let location = Location::new(37.5, 127.0, None);
    let moved = Event::Moved(Moved {
        line: line(),
        alert: call.id,
        target: Some(call.house.clone()),
        house: None,
        house_line: None,
        location,
        at: clock::now(),
    });
    let refused = Spent::new("1203", &moved, &hub).admit(&moved).await;
    assert!(matches!(refused, Err(Refusal::TooFast { seconds: 1 })), "{refused:?}");
}
