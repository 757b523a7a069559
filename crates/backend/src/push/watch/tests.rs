//! The devices that a message is for, and the claims that are written for it.

use domain::{AlertId, House, Line, Role, push::Language};
use sqlx::Row as _;

use super::*;
use crate::{
    clock,
    database::Database,
    push::{Hosts, Settings},
    statistics::Iana,
};

fn line(name: &str) -> Line {
    Line::new(name).unwrap()
}

fn house(name: &str) -> House {
    House::new(name).unwrap()
}

fn alert() -> Alert {
    Alert::new(AlertId::generate(), line("101-1"), house("1203"), clock::now())
}

fn device(account: &str, flat: Option<(&str, &str)>) -> Recipient {
    Recipient {
        id: Uuid::now_v7(),
        account: account.into(),
        line: flat.map(|(name, _)| line(name)),
        house: flat.map(|(_, name)| house(name)),
        role: if flat.is_some() { Role::Resident } else { Role::Administrator },
        endpoint: format!("https://push.example/{account}"),
        p256dh: Vec::new(),
        auth: Vec::new(),
        language: Language::Korean,
    }
}

#[test]
fn a_message_is_for_the_devices_of_its_audience_alone() {
    let devices = [
        device("caller", Some(("101-1", "1203"))),
        device("neighbour", Some(("101-1", "1204"))),
        device("next", Some(("101-2", "1204"))),
        device("office", None),
    ];
    let next = || BTreeSet::from([line("101-2")]);
    for (audience, expected) in [
        (Audience::Neighbours(BTreeSet::new()), vec!["neighbour", "office"]),
        (Audience::Neighbours(next()), vec!["neighbour", "next", "office"]),
        (Audience::Lines(next()), vec!["next"]),
        (Audience::Administrators, vec!["office"]),
        (Audience::Flat(line("101-1"), house("1204")), vec!["neighbour"]),
    ] {
        let subject = Subject::new(&alert(), None);
        let (class, round, until) = (Class::Alert, Uuid::now_v7(), Instant::now() + WORTH);
        let job = Job { class, subject, round, step: None, audience, taken_here: true, until };
        let meant = devices.iter().filter(|device| job.is_for(device));
        assert_eq!(meant.map(|device| device.account.as_str()).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_message_for_no_device_is_not_claimed() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::in_directory(directory.path()).await;
    let hosts = Hosts::parse("push.example").unwrap();
    let settings = Settings { hosts, private_key: None, contact: None, site: None };
    let zone = Iana::named("Asia/Seoul").unwrap();
    let parts = Arc::new(Parts::open(settings, directory.path(), database.clone(), zone).unwrap());
    let mut watch = Watch::new(parts, Hub::new(), Receipts::default());
    watch.apply(News { event: Event::Alert(alert()), taken_here: true });
    watch.sending.join_next().await.expect("the message is looked at").unwrap();
    let claims = sqlx::query("SELECT COUNT(*) FROM push_claims").fetch_one(database.pool()).await.unwrap();
    assert_eq!(claims.try_get::<i64, _>(0).unwrap(), 0);
}
