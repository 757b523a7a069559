//! The words for each class of message, and who is asked to come.

use domain::{AlertId, House, Location, Role};
use uuid::Uuid;

use super::*;

fn recipient(line: &str, house: Option<&str>, language: Language) -> Recipient {
    Recipient {
        id: Uuid::now_v7(),
        account: "one".into(),
        line: Line::new(line).ok(),
        house: house.and_then(|house| House::new(house).ok()),
        role: Role::Resident,
        endpoint: "https://push.example/1".into(),
        p256dh: Vec::new(),
        auth: Vec::new(),
        language,
    }
}

fn alert() -> Alert {
    Alert {
        text: "a secret".into(),
        location: Some(Location { lat: 37.566_535, lng: 126.977_969, accuracy: Some(5.0) }),
        kind: Some(Kind::Medical),
        ..Alert::new(
            AlertId::generate(),
            Line::new("101-1").unwrap(),
            House::new("1203").unwrap(),
            1_795_900_000_000,
        )
    }
}

fn message(class: Class, alert: &Alert, end: Option<Progress>) -> Message {
    Message {
        class,
        topic: "a-topic".into(),
        subject: Some(Subject::new(alert, end)),
        lines: BTreeSet::new(),
        since: "14:03".into(),
        site: Some("https://iutsai.example".into()),
    }
}

fn shown(message: &Message, to: &Recipient) -> Value {
    serde_json::from_slice(&message.payload(to)).unwrap()
}

#[test]
fn a_message_names_the_caller_the_line_and_the_time() {
    let alert = alert();
    let message = message(Class::Alert, &alert, None);
    let payload = shown(&message, &recipient("101-1", Some("1204"), Language::Korean));
    assert_eq!((&payload["web_push"], &payload["mutable"]), (&json!(8030), &json!(true)));
    let notification = &payload["notification"];
    assert_eq!(notification["title"], "1203호에서 도움을 요청했어요");
    assert_eq!(notification["body"], "응급 환자 · 101-1 라인 · 14:03부터");
    assert_eq!(notification["navigate"], "https://iutsai.example/");
    assert_eq!((&notification["tag"], &notification["renotify"]), (&json!("a-topic"), &json!(true)));
    assert_eq!(notification["actions"][0]["title"], "제가 갈게요");
    assert_eq!(notification["data"]["alert"], alert.id.to_string());
    let english = shown(&message, &recipient("101-1", Some("1204"), Language::English));
    assert_eq!(english["notification"]["title"], "Flat 1203 calls for help");
    assert_eq!(english["notification"]["body"], "Medical · line 101-1 · since 14:03");
    let drill = Alert { drill: true, ..alert };
    let drill =
        shown(&self::message(Class::Alert, &drill, None), &recipient("101-1", None, Language::Korean));
    assert_eq!(drill["notification"]["title"], "[훈련] 1203호에서 도움을 요청했어요");
}

#[test]
fn neither_the_location_nor_the_words_leave_the_server() {
    let payload = message(Class::Alert, &alert(), None).payload(&recipient("101-1", None, Language::Korean));
    let text = String::from_utf8(payload).unwrap();
    for secret in ["a secret", "37.56", "126.97", "lat"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn only_a_flat_of_the_line_is_asked_to_come() {
    let message = message(Class::Alert, &alert(), None);
    let is_asked = |line, house| {
        shown(&message, &recipient(line, house, Language::Korean))["notification"]["actions"].is_array()
    };
    assert!(is_asked("101-1", Some("1204")));
    assert!(!is_asked("101-2", Some("501")));
    assert!(!is_asked("101-1", None));
}

#[test]
fn a_flat_of_a_line_that_was_alarmed_too_is_asked_to_come_and_reads_which_line_calls() {
    let lines = [Line::new("101-2").unwrap()].into();
    let message = Message { lines, ..message(Class::Alert, &alert(), None) };
    let shown = |line, language| shown(&message, &recipient(line, Some("1203"), language));
    let korean = shown("101-2", Language::Korean)["notification"].take();
    assert_eq!(korean["title"], "101-1 라인 1203호에서 도움을 요청했어요");
    assert!(korean["actions"].is_array());
    let english = shown("101-2", Language::English)["notification"].take();
    assert_eq!(english["title"], "Flat 1203 of line 101-1 calls for help");
    assert!(!shown("101-3", Language::Korean)["notification"]["actions"].is_array());
}

#[test]
fn a_house_that_comes_is_not_alarmed_any_more() {
    let coming = message(Class::Coming, &alert(), None);
    let notification =
        shown(&coming, &recipient("101-1", Some("1204"), Language::Korean))["notification"].take();
    assert_eq!(notification["title"], "1203호에 간다고 알렸어요");
    assert_eq!((&notification["silent"], &notification["renotify"]), (&json!(true), &json!(false)));
    assert!(notification.get("actions").is_none());
}

#[test]
fn the_end_replaces_the_alarm_without_a_sound() {
    let alert = alert();
    for (end, title) in
        [(Progress::Resolved, "1203호 요청이 끝났어요"), (Progress::Cancelled, "1203호 요청이 취소됐어요")]
    {
        let over = message(Class::Over, &alert, Some(end));
        let notification =
            shown(&over, &recipient("101-1", Some("1204"), Language::Korean))["notification"].take();
        assert_eq!((&notification["title"], &notification["tag"]), (&json!(title), &json!("a-topic")));
        assert_eq!((&notification["silent"], &notification["renotify"]), (&json!(true), &json!(false)));
        assert!(notification.get("vibrate").is_none(), "a silent notification may not vibrate");
        assert!(notification.get("actions").is_none());
    }
}

#[test]
fn the_time_is_that_of_the_complex() {
    let zone = Iana::named("Asia/Seoul").unwrap();
    // 2026-11-29T05:03:20Z.
    assert_eq!(clock_of(&zone, 1_795_928_600_000), "14:03");
}
