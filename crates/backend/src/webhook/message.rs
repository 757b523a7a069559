//! The content of a message, which is the flat that calls, the kind and the time, and a link. It never has the caller's
//! words, and the location only where a setting allows it, because both are personal data in the hands of somebody
//! else.

use bytes::Bytes;
use domain::{Alert, CallKey, End, EventId, Kind, Millis};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::statistics::Iana;

/// The reason for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A neighbour calls.
    Call,
    /// The call is over.
    End,
}

impl Class {
    /// Returns the word of bodies, settings and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::End => "end",
        }
    }
}

/// A message about a call.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The id, which every node and attempt gives alike, so that the receiver can drop doubles.
    pub(super) id: Uuid,
    pub(super) class: Class,
    pub(super) call: CallKey,
    pub(super) body: Bytes,
}

/// The form of the messages of one complex.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) zone: Iana,
    /// Where browsers reach the pages.
    pub(super) site: Option<String>,
    /// The receiver may have the caller's location.
    pub(super) has_location: bool,
}

impl Form {
    /// Makes the message about a call that begins.
    pub(super) fn call(&self, alert: &Alert) -> Message {
        let mut data = self.data(alert);
        if let Some(location) = alert.location.filter(|_| self.has_location) {
            data["location"] =
                json!({ "lat": location.lat, "lng": location.lng, "accuracy": location.accuracy });
        }
        message(Class::Call, alert, alert.at, &data)
    }

    /// Makes the message about a call that is over.
    pub(super) fn end(&self, alert: &Alert, end: &End) -> Message {
        let mut data = self.data(alert);
        data["end"] = end.how.as_str().into();
        message(Class::End, alert, end.at, &data)
    }

    fn data(&self, alert: &Alert) -> Value {
        json!({
            "call": alert.id.to_string(),
            "line": alert.line.as_str(),
            "house": alert.house.as_str(),
            "kind": alert.kind.map(Kind::as_str),
            "drill": alert.drill,
            "since": instant(alert.at),
            "local": self.zone.shown(alert.at),
            "page": self.site.as_ref().map(|site| format!("{site}/call/{}", alert.id)),
        })
    }
}

fn message(class: Class, alert: &Alert, at: Millis, data: &Value) -> Message {
    let what = format!("webhook {}", class.as_str());
    let body = json!({ "type": class.as_str(), "timestamp": instant(at), "data": data });
    Message {
        id: EventId::of_service(&alert.line, &alert.house, alert.id, &what).0,
        class,
        call: alert.key(),
        body: body.to_string().into(),
    }
}

/// Returns an instant as RFC 3339 writes it in UTC, such as `2026-11-29T05:03:20Z`.
fn instant(at: Millis) -> String {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use domain::{Actor, AlertId, House, Line, Location, Progress};

    use super::*;

    fn alert(house: &str) -> Alert {
        Alert {
            text: "a secret".into(),
            location: Location::new(37.5, 127.0, Some(5.0)),
            kind: Some(Kind::Medical),
            ..Alert::new(
                "0190f8a0-0000-7000-8000-000000000001".parse::<AlertId>().unwrap(),
                Line::new("101-1").unwrap(),
                House::new(house).unwrap(),
                1_795_928_600_000,
            )
        }
    }

    fn form(has_location: bool) -> Form {
        let zone = Iana::named("Asia/Seoul").unwrap();
        Form { zone, site: Some("https://iutsai.example".into()), has_location }
    }

    fn end() -> End {
        let by = Actor::House(House::new("1203").unwrap());
        End { how: Progress::Resolved, by, at: 1_795_928_660_000, note: None }
    }

    fn read(message: &Message) -> Value {
        serde_json::from_slice(&message.body).unwrap()
    }

    #[test]
    fn a_message_has_the_flat_the_kind_the_time_and_a_link() {
        let data = json!({
            "call": "0190f8a0-0000-7000-8000-000000000001",
            "line": "101-1",
            "house": "1203",
            "kind": "medical",
            "drill": false,
            "since": "2026-11-29T05:03:20Z",
            "local": "2026-11-29T14:03:20",
            "page": "https://iutsai.example/call/0190f8a0-0000-7000-8000-000000000001",
        });
        let wanted = json!({ "type": "call", "timestamp": "2026-11-29T05:03:20Z", "data": data });
        assert_eq!(read(&form(false).call(&alert("1203"))), wanted);
        let mut over = data;
        over["end"] = "resolved".into();
        let wanted = json!({ "type": "end", "timestamp": "2026-11-29T05:04:20Z", "data": over });
        assert_eq!(read(&form(true).end(&alert("1203"), &end())), wanted);
    }

    #[test]
    fn a_location_leaves_only_where_a_setting_allows_it_and_words_never() {
        let location = json!({ "lat": 37.5, "lng": 127.0, "accuracy": 5.0 });
        assert_eq!(read(&form(true).call(&alert("1203")))["data"]["location"], location);
        for form in [form(false), form(true)] {
            let messages = [form.call(&alert("1203")), form.end(&alert("1203"), &end())];
            let text: String =
                messages.iter().map(|message| String::from_utf8_lossy(&message.body).into_owned()).collect();
            assert!(!text.contains("a secret"), "{text}");
            assert_eq!(text.contains("37.5"), form.has_location, "{text}");
        }
    }

    #[test]
    fn the_id_names_the_call_of_a_flat_and_the_class() {
        let form = form(false);
        let (one, other) = (form.call(&alert("1203")), form.call(&alert("1204")));
        let name = "b84f843f-42fd-8f94-8dba-de2f5e48957f";
        assert_eq!(one.id.to_string(), name, "it is the same on every node and in every version");
        assert_ne!(one.id, other.id, "two flats may have used one id");
        assert_ne!(one.id, form.end(&alert("1203"), &end()).id);
    }
}
