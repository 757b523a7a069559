//! The content of a message, in the JSON of declarative Web Push, which older workers read as well (W3C Push API,
//! "declarative push message"). It is encrypted for one device, so no push service reads it. It has neither the
//! location nor the caller's words, because a locked screen shows it to anybody.

use std::{collections::BTreeSet, time::Duration};

use domain::{Alert, CallKey, House, Kind, Line, Millis, Progress};
use serde_json::{Value, json};

use super::subscriptions::Recipient;
use crate::statistics::Iana;

/// The value by which a browser recognises a declarative message.
const DECLARATIVE: u16 = 8030;

/// Why a message is sent. Each class of a call has a claim of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// A neighbour calls.
    Alert,
    /// The device's own house comes.
    Coming,
    /// The call is over.
    Over,
    /// A resident tries a device.
    Test,
}

impl Class {
    /// Returns the word of claims, payloads and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Coming => "coming",
            Self::Over => "over",
            Self::Test => "test",
        }
    }

    /// The urgency of the message (RFC 8030, section 5.3). Only `high` wakes a phone that sleeps.
    pub(super) const fn urgency(self) -> &'static str {
        match self {
            Self::Alert | Self::Test => "high",
            Self::Coming | Self::Over => "normal",
        }
    }
}

/// A message about a call, or to try a device.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) class: Class,
    /// The `Topic` at the push service and the `tag` on the device: a newer message takes the place of an older one.
    pub(super) topic: String,
    pub(super) subject: Option<Subject>,
    /// The other lines that were alarmed.
    pub(super) lines: BTreeSet<Line>,
    /// The time on a wall clock of the complex, such as `14:03`.
    pub(super) since: String,
    /// Where browsers reach the pages; without it an address of the site itself.
    pub(super) site: Option<String>,
}

/// The call that a message is about.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) call: CallKey,
    pub(super) kind: Option<Kind>,
    pub(super) drill: bool,
    pub(super) at: Millis,
    /// The end of the call, if it has ended.
    pub(super) end: Option<Progress>,
}

impl Subject {
    pub(super) fn new(alert: &Alert, end: Option<Progress>) -> Self {
        Self { call: alert.key(), kind: alert.kind, drill: alert.drill, at: alert.at, end }
    }
}

/// The languages of notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Korean,
    English,
}

impl Language {
    /// Reads a language's code; Korean is that of the complex.
    pub(super) fn of(code: &str) -> Self {
        if code.trim().to_ascii_lowercase().starts_with("en") { Self::English } else { Self::Korean }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }
}

/// The time for which a push service keeps a message for a device that is away.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(600);

impl Message {
    /// Returns the payload for one device.
    pub(super) fn payload(&self, to: &Recipient) -> Vec<u8> {
        let language = to.language;
        let home = format!("{}/", self.site.as_deref().unwrap_or_default());
        let (title, body) = self.words(to);
        let is_alert = self.class == Class::Alert;
        let mut notification = json!({
            "title": title,
            "body": body,
            "navigate": home,
            "lang": language.code(),
            "tag": self.topic,
            "icon": "/icon-192.png",
            "badge": "/icon-192.png",
            "renotify": is_alert,
            "requireInteraction": is_alert,
            "silent": matches!(self.class, Class::Coming | Class::Over),
            "data": self.data(to),
        });
        if is_alert {
            notification["vibrate"] = json!([700, 300, 700, 300, 700]);
        }
        if let Some(Subject { at, .. }) = &self.subject {
            notification["timestamp"] = (*at).into();
        }
        // A resident without a flat on one of the lines cannot come.
        if is_alert && self.may_accept(to) {
            let title = match language {
                Language::Korean => "제가 갈게요",
                Language::English => "I am coming",
            };
            notification["actions"] = json!([{ "action": "accept", "title": title, "navigate": home }]);
        }
        let payload = json!({ "web_push": DECLARATIVE, "mutable": true, "notification": notification });
        payload.to_string().into_bytes()
    }

    /// The data that the worker needs beside the words.
    fn data(&self, to: &Recipient) -> Value {
        let mut data = json!({ "class": self.class.as_str(), "device": to.id });
        if let Some(Subject { call, .. }) = &self.subject {
            data["line"] = call.line.as_str().into();
            data["house"] = call.house.as_str().into();
            data["alert"] = call.id.to_string().into();
        }
        data
    }

    fn may_accept(&self, to: &Recipient) -> bool {
        let Some((subject, line)) = self.subject.as_ref().zip(to.line.as_ref()) else { return false };
        to.house.is_some() && (*line == subject.call.line || self.lines.contains(line))
    }

    fn words(&self, to: &Recipient) -> (String, String) {
        let language = to.language;
        let Some(subject) = &self.subject else { return words_of_test(language) };
        let (house, line) = (house(language, &subject.call.house), line(language, &subject.call.line));
        // Houses of two lines may have one name.
        let is_elsewhere = to.line.as_ref().is_some_and(|own| *own != subject.call.line);
        let house = match (language, is_elsewhere) {
            (_, false) => house,
            (Language::Korean, true) => format!("{line} {house}"),
            (Language::English, true) => format!("{house} of {line}"),
        };
        let since = &self.since;
        let title = match (language, self.class, subject.end) {
            (Language::Korean, Class::Over, Some(Progress::Cancelled)) => {
                format!("{house} 요청이 취소됐어요")
            }
            (Language::Korean, Class::Over, _) => format!("{house} 요청이 끝났어요"),
            (Language::Korean, Class::Coming, _) => format!("{house}에 간다고 알렸어요"),
            (Language::Korean, ..) => format!("{house}에서 도움을 요청했어요"),
            (Language::English, Class::Over, Some(Progress::Cancelled)) => {
                format!("{house} took the call back")
            }
            (Language::English, Class::Over, _) => format!("The call of {house} is over"),
            (Language::English, Class::Coming, _) => format!("{house} knows that you are coming"),
            (Language::English, ..) => format!("{house} calls for help"),
        };
        let title = match (language, subject.drill) {
            (_, false) => title,
            (Language::Korean, true) => format!("[훈련] {title}"),
            (Language::English, true) => format!("[Drill] {title}"),
        };
        let kind = subject.kind.map(|kind| format!("{} · ", kind_word(language, kind))).unwrap_or_default();
        let body = match language {
            Language::Korean => format!("{kind}{line} · {since}부터"),
            Language::English => format!("{kind}{line} · since {since}"),
        };
        (title, body)
    }
}

fn words_of_test(language: Language) -> (String, String) {
    match language {
        Language::Korean => ("알림 시험".into(), "이 기기는 화면이 닫혀 있어도 알림을 받아요.".into()),
        Language::English => {
            ("Notification test".into(), "This device is notified even when the page is closed.".into())
        }
    }
}

/// As the pages write a flat: `1203호`.
fn house(language: Language, house: &House) -> String {
    let name = house.as_str();
    let is_number = name.chars().all(|c| c.is_ascii_digit() || c == '-');
    match (language, is_number) {
        (_, false) => name.to_owned(),
        (Language::Korean, true) => format!("{name}호"),
        (Language::English, true) => format!("Flat {name}"),
    }
}

/// As the pages write a line: `101-1 라인`.
fn line(language: Language, line: &Line) -> String {
    let name = line.as_str();
    if name.contains("라인") || name.to_lowercase().contains("line") {
        return name.to_owned();
    }
    match language {
        Language::Korean => format!("{name} 라인"),
        Language::English => format!("line {name}"),
    }
}

const fn kind_word(language: Language, kind: Kind) -> &'static str {
    match (language, kind) {
        (Language::Korean, Kind::Fire) => "화재",
        (Language::Korean, Kind::Medical) => "응급 환자",
        (Language::Korean, Kind::Intruder) => "침입",
        (Language::Korean, Kind::Other) => "기타",
        (Language::English, Kind::Fire) => "Fire",
        (Language::English, Kind::Medical) => "Medical",
        (Language::English, Kind::Intruder) => "Intruder",
        (Language::English, Kind::Other) => "Other",
    }
}

/// Returns hours and minutes as a clock of the complex shows them.
pub(super) fn clock_of(zone: &Iana, at: Millis) -> String {
    // `2026-11-28T04:10:00`.
    zone.shown(at).chars().skip(11).take(5).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use domain::{AlertId, Location, Role};
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
            id: AlertId::generate(),
            line: Line::new("101-1").unwrap(),
            house: House::new("1203").unwrap(),
            text: "a secret".into(),
            location: Some(Location { lat: 37.566_535, lng: 126.977_969, accuracy: Some(5.0) }),
            kind: Some(Kind::Medical),
            drill: false,
            alone: false,
            at: 1_795_900_000_000,
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
        let payload =
            message(Class::Alert, &alert(), None).payload(&recipient("101-1", None, Language::Korean));
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
        for (end, title) in [
            (Progress::Resolved, "1203호 요청이 끝났어요"),
            (Progress::Cancelled, "1203호 요청이 취소됐어요"),
        ] {
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
}
