//! The stored form of a press, which `public/outbox.js` and the service worker know, too.

use domain::json::{Json, Object, Read};

use super::{Outcome, Pending, Request};

impl Request {
    pub(super) fn to_json(&self) -> String {
        let object = Object::default()
            .text("line", self.line.as_str())
            .text("house", self.house.as_str())
            .text_if_any("text", self.text.as_deref())
            .text_if_any("kind", self.kind.map(|kind| kind.as_str()));
        match self.location {
            Some(location) => object.location(location),
            None => object,
        }
        .finish()
    }
}

impl Read for Request {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            line: json.field("line")?,
            house: json.field("house")?,
            text: json.field("text"),
            kind: json.field("kind"),
            location: json.location(),
        })
    }
}

impl Pending {
    /// Returns the press as JSON.
    pub(in crate::press) fn to_json(&self) -> String {
        let object = Object::default()
            .text("key", &self.key.to_string())
            .text("by", &self.by)
            .text("body", &self.body)
            .truth("fixed", self.fixed)
            .integer("pressedAt", self.pressed_at)
            .integer("wantedAt", self.wanted_at)
            .integer("asksAfter", self.asks_after)
            .truth("heard", self.heard);
        match &self.outcome {
            Some(outcome) => object.json("outcome", &outcome.to_json()),
            None => object,
        }
        .finish()
    }
}

impl Read for Pending {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            key: json.field("key")?,
            by: json.field("by")?,
            body: json.field("body")?,
            fixed: json.field("fixed")?,
            pressed_at: json.field("pressedAt")?,
            wanted_at: json.field("wantedAt")?,
            asks_after: json.field("asksAfter")?,
            heard: json.field::<Option<_>>("heard")?.unwrap_or_default(),
            outcome: json.field("outcome")?,
        })
    }
}

impl Outcome {
    /// Returns the outcome as JSON.
    pub(in crate::press) fn to_json(&self) -> String {
        let outcome = Object::default();
        match self {
            Self::Recorded { id, state, at } => {
                let recorded = Object::default()
                    .text("id", &id.to_string())
                    .text("state", state.as_str())
                    .integer("at", *at)
                    .finish();
                outcome.json("recorded", &recorded)
            }
            Self::Refused(problem) => outcome.json("refused", &problem.to_json()),
        }
        .finish()
    }
}

impl Read for Outcome {
    fn read(json: &Json) -> Option<Self> {
        let recorded = json.get("recorded");
        if recorded.is_null() {
            return json.field("refused").map(Self::Refused);
        }
        Some(Self::Recorded {
            id: recorded.field("id")?,
            state: recorded.field("state")?,
            at: recorded.field("at")?,
        })
    }
}
