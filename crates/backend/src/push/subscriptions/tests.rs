//! Subscriptions are kept, copied and removed, and a call finds the devices of its line.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::push::{Keys, Subscribe};

use super::{keys::AUTH, *};
use crate::{people::accounts::Accounts, push::endpoint::Hosts};

/// The device's keys of RFC 8291, appendix A.
const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH_OF_RFC: &str = "BTBZMqHH6r4Tts7J_aSIgg";

async fn subscriptions(directory: &std::path::Path) -> Subscriptions {
    let database = Database::in_directory(directory).await;
    Accounts::new(database.clone()).furnish_demo().await.unwrap();
    Subscriptions::new(database, "our-key".into())
}

fn hosts() -> Hosts {
    Hosts::parse("push.example").unwrap()
}

fn resident(name: &str, house: &str) -> Resident {
    let (line, house) = (Line::new("101-1").ok(), House::new(house).ok());
    Resident { name: name.into(), line, house, role: Role::Resident }
}

fn wish(path: &str) -> Subscribe {
    Subscribe {
        endpoint: format!("https://push.example/{path}"),
        keys: Keys { p256dh: P256DH.into(), auth: AUTH_OF_RFC.into() },
        device: "a telephone".into(),
        language: "ko".into(),
        replaces: String::new(),
    }
}

async fn add(devices: &Subscriptions, by: &Resident, wish: Subscribe) -> Result<Device, PushError> {
    devices.add(by, &hosts(), wish, Language::Korean).await
}

/// The accounts whose devices a call of the flat alarms, in order.
fn alarmed_by(devices: &Subscriptions, line: &Line, house: &House) -> Vec<String> {
    let known = devices.devices();
    let alarmed = known.iter().filter(|one| one.is_alarmed_by(line, house));
    let mut names: Vec<_> = alarmed.map(|one| one.account.clone()).collect();
    names.sort();
    names
}

/// The wish of a service worker whose browser has replaced the subscription at the path `old`.
fn renewal(old: &str, new: &str) -> Subscribe {
    let mut wish = Subscribe { replaces: wish(old).endpoint, ..wish(new) };
    wish.keys.auth = URL_SAFE_NO_PAD.encode([7; AUTH]);
    (wish.device, wish.language) = (String::new(), String::new());
    wish
}

#[tokio::test]
async fn a_device_is_added_listed_brought_up_to_date_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let devices = subscriptions(directory.path()).await;
    let one = resident("resident-1204", "1204");
    let added = add(&devices, &one, wish("1")).await.unwrap();
    assert_eq!((added.device.as_str(), added.service.as_str()), ("a telephone", "push.example"));
    assert_eq!((added.accepted, added.worked, added.silent), (None, None, false));
    let renamed = Subscribe { device: " a tablet\n".into(), ..wish("1") };
    let again = add(&devices, &one, renamed).await.unwrap();
    assert_eq!((again.id, again.device.as_str()), (added.id, "a tablet"));
    devices.accepted(&[added.id]).await.unwrap();
    devices.worked(&one, added.id).await.unwrap();
    let listed = devices.list(&one).await.unwrap();
    assert!(listed[0].accepted.is_some() && listed[0].worked.is_some(), "{listed:?}");
    devices.remove(&one, added.id).await.unwrap();
    assert_eq!(devices.list(&one).await.unwrap(), []);
    assert!(matches!(devices.remove(&one, added.id).await, Err(PushError::Unknown)));
}

#[tokio::test]
async fn a_device_whose_browser_has_replaced_its_subscription_keeps_its_name_and_its_language() {
    let directory = tempfile::tempdir().unwrap();
    let devices = subscriptions(directory.path()).await;
    let (one, other) = (resident("resident-1204", "1204"), resident("resident-1301", "1301"));
    let known = add(&devices, &one, Subscribe { language: "en".into(), ..wish("1") }).await.unwrap();
    let before = devices.recipient(&one, known.id).await.unwrap();

    let renewed = add(&devices, &one, renewal("1", "2")).await.unwrap();
    assert_eq!((renewed.id, renewed.device.as_str()), (known.id, "a telephone"));
    let now = devices.recipient(&one, known.id).await.unwrap();
    assert_eq!((now.language, now.endpoint.as_str()), (Language::English, "https://push.example/2"));
    assert_ne!(now.auth, before.auth);
    let again = add(&devices, &one, renewal("1", "2")).await.unwrap();
    assert_eq!(devices.list(&one).await.unwrap(), [again], "it is one device, and stays as it is");
    assert_eq!(devices.recipient(&one, known.id).await.unwrap(), now);

    devices.gone(&before).await.unwrap();
    assert_eq!(devices.list(&one).await.unwrap().len(), 1, "only the old endpoint is gone");
    let theirs = add(&devices, &other, renewal("2", "3")).await.unwrap();
    assert_ne!(theirs.id, known.id, "nobody replaces somebody else's");
    assert_eq!(devices.recipient(&one, known.id).await.unwrap(), now);
    let flat = (Line::new("101-1").unwrap(), House::new("1204").unwrap());
    let in_copy = || devices.devices().iter().filter(|one| one.is_of_flat(&flat.0, &flat.1)).count();
    assert_eq!(in_copy(), 1);
    devices.gone(&now).await.unwrap();
    assert_eq!(devices.list(&one).await.unwrap(), []);
    assert_eq!(in_copy(), 0);
}

#[tokio::test]
async fn a_new_device_that_names_no_language_gets_that_of_its_request() {
    let directory = tempfile::tempdir().unwrap();
    let devices = subscriptions(directory.path()).await;
    let one = resident("resident-1204", "1204");
    for (path, language) in [("1", Language::English), ("2", Language::Korean)] {
        let added = devices.add(&one, &hosts(), renewal("unknown", path), language).await.unwrap();
        assert_eq!(devices.recipient(&one, added.id).await.unwrap().language, language);
    }
}

#[tokio::test]
async fn somebody_elses_device_is_out_of_reach() {
    let directory = tempfile::tempdir().unwrap();
    let devices = subscriptions(directory.path()).await;
    let (one, other) = (resident("resident-1204", "1204"), resident("resident-1301", "1301"));
    let of_one = add(&devices, &one, wish("1")).await.unwrap().id;
    assert!(matches!(devices.remove(&other, of_one).await, Err(PushError::NotYours)));
    assert!(matches!(devices.recipient(&other, of_one).await, Err(PushError::NotYours)));
    assert!(matches!(devices.worked(&other, of_one).await, Err(PushError::NotYours)));
    let mut stolen = wish("1");
    stolen.keys.auth = URL_SAFE_NO_PAD.encode([7; AUTH]);
    assert!(matches!(add(&devices, &other, stolen).await, Err(PushError::NotYours)));
    // The browser is the same one, with the other person signed in now.
    assert_eq!(add(&devices, &other, wish("1")).await.unwrap().id, of_one);
    assert_eq!(devices.list(&one).await.unwrap(), []);
}

#[tokio::test]
async fn wrong_keys_and_endpoints_are_refused_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let devices = subscriptions(directory.path()).await;
    let one = resident("resident-1204", "1204");
    let not_on_the_curve = URL_SAFE_NO_PAD.encode([vec![4], vec![1; 64]].concat());
    for p256dh in ["", "AAAA", &not_on_the_curve] {
        let mut wish = wish("1");
        wish.keys.p256dh = p256dh.into();
        let refused = add(&devices, &one, wish).await.unwrap_err();
        assert!(refused.to_string().contains("p256dh"), "{refused}");
    }
    let mut short = wish("1");
    short.keys.auth = "AAAA".into();
    assert!(add(&devices, &one, short).await.unwrap_err().to_string().contains("auth"));
    let elsewhere = Subscribe { endpoint: "https://other.example/1".into(), ..wish("1") };
    let refused = add(&devices, &one, elsewhere).await.unwrap_err();
    assert!(refused.to_string().contains("other.example"), "{refused}");
}

#[tokio::test]
async fn an_account_has_twenty_devices_at_most_and_the_newest_stays() {
    let directory = tempfile::tempdir().unwrap();
    let devices = subscriptions(directory.path()).await;
    let one = resident("resident-1204", "1204");
    let mut newest = None;
    for number in 0..22 {
        newest = Some(add(&devices, &one, wish(&number.to_string())).await.unwrap().id);
    }
    let listed = devices.list(&one).await.unwrap();
    assert_eq!(listed.len(), 20);
    assert!(listed.iter().any(|device| Some(device.id) == newest));
}

#[tokio::test]
async fn the_copy_has_the_neighbours_and_the_office_and_never_the_house_that_calls() {
    let directory = tempfile::tempdir().unwrap();
    let devices = subscriptions(directory.path()).await;
    for (path, name) in
        [("1", "resident-1203"), ("2", "resident-1204"), ("3", "resident-0501"), ("4", "admin")]
    {
        add(&devices, &resident(name, "1"), wish(path)).await.unwrap();
    }
    let (line, house) = (Line::new("101-1").unwrap(), House::new("1203").unwrap());
    let of_another_node = Subscriptions::new(devices.database.clone(), "our-key".into());
    assert_eq!(alarmed_by(&of_another_node, &line, &house), [""; 0]);
    let seen = devices.sync(None).await.unwrap();
    of_another_node.sync(None).await.unwrap();
    assert_eq!(alarmed_by(&of_another_node, &line, &house).len(), 2);
    let alarmed = || alarmed_by(&devices, &line, &house);
    assert_eq!(alarmed(), ["admin", "resident-1204"]);
    assert_eq!(devices.sync(Some(seen)).await.unwrap(), seen);
    let unnamed = Subscribe { device: String::new(), ..wish("2") };
    let kept = add(&devices, &resident("resident-1204", "1"), unnamed).await.unwrap();
    assert_eq!(kept.device, "a telephone", "a page that brings its subscription again renames nothing");
    assert_eq!(devices.sync(Some(seen)).await.unwrap(), seen, "and no node reads everything again for it");
    add(&devices, &resident("resident-1301", "1301"), wish("5")).await.unwrap();
    devices.sync(Some(seen)).await.unwrap();
    assert_eq!(alarmed(), ["admin", "resident-1204", "resident-1301"]);
    let of_another_key = Subscriptions::new(devices.database.clone(), "another-key".into());
    of_another_key.sync(None).await.unwrap();
    assert_eq!(alarmed_by(&of_another_key, &line, &house), [""; 0], "their push services would refuse it");
}

#[tokio::test]
async fn the_devices_of_a_locked_account_are_not_alarmed_until_it_is_unlocked() {
    let directory = tempfile::tempdir().unwrap();
    let devices = subscriptions(directory.path()).await;
    let one = resident("resident-1204", "1204");
    let device = add(&devices, &one, wish("1")).await.unwrap().id;
    let (line, house) = (Line::new("101-1").unwrap(), House::new("1203").unwrap());
    for (locked, alarmed) in [(0_i64, 1), (1, 0), (0, 1)] {
        let lock = sqlx::query("UPDATE residents SET locked = $1 WHERE name = $2").bind(locked);
        lock.bind("resident-1204").execute(devices.database.pool()).await.unwrap();
        devices.sync(None).await.unwrap();
        assert_eq!(alarmed_by(&devices, &line, &house).len(), alarmed);
        assert_eq!(devices.recipient(&one, device).await.is_ok(), alarmed == 1);
    }
}
