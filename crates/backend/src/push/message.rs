//! The content of a message, in the JSON of declarative Web Push, which older workers read as well (W3C Push API,
//! "declarative push message"). It is encrypted for one device, so no push service reads it. It has neither the
//! location nor the caller's words, because a locked screen shows it to anybody.

mod words;

use std::{collections::BTreeSet, time::Duration};

use domain::{Alert, CallKey, Kind, Line, Millis, Progress, push::Language};
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
    /// The `Topic` at the push service and the `tag` on the device. A newer message takes the place of an older one.
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
}

/// Returns hours and minutes as a clock of the complex shows them.
pub(super) fn clock_of(zone: &Iana, at: Millis) -> String {
    // `2026-11-28T04:10:00`.
    zone.shown(at).chars().skip(11).take(5).collect()
}

#[cfg(test)]
mod tests;
