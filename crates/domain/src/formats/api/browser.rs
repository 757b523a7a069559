//! Requests as the browser writes them, and answers as it reads them. The other side has serde for the same types,
//! and a test compares the two.

use super::{AcceptRequest, Problem, ProgressRequest, Recorded, State};
use crate::{
    event::Location,
    json::{Json, Object, Read},
};

impl AcceptRequest {
    /// Returns the request as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        Object::default()
            .text("line", self.line.as_str())
            .text("acceptHouse", self.accept_house.as_str())
            .text("targetHouse", self.target_house.as_str())
            .text_if_any("alert", self.alert.map(|alert| alert.to_string()).as_deref())
            .finish()
    }
}

impl ProgressRequest {
    /// Returns the request as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        Object::default().text_if_any("note", self.note.as_deref()).finish()
    }
}

/// Returns a [`LocationRequest`](super::LocationRequest) as JSON; without a location it is the one that stops showing
/// it.
#[must_use]
pub fn location_request(location: Option<Location>) -> String {
    match location {
        Some(location) => Object::default().location(location),
        None => Object::default().json("lat", "null").json("lng", "null"),
    }
    .finish()
}

impl Object {
    /// Adds the fields of a location.
    #[must_use]
    pub fn location(self, Location { lat, lng, accuracy }: Location) -> Self {
        let located = self.number("lat", lat).number("lng", lng);
        match accuracy {
            Some(metres) => located.number("accuracy", metres),
            None => located,
        }
    }
}

impl Read for State {
    fn read(json: &Json) -> Option<Self> {
        let word = json.text()?;
        [Self::Published, Self::Stored].into_iter().find(|state| state.as_str() == word)
    }
}

impl Read for Recorded {
    fn read(json: &Json) -> Option<Self> {
        Some(Self { id: json.field("id")?, state: json.field("state")?, warning: json.field("warning")? })
    }
}

impl Read for Problem {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            kind: json.field("type")?,
            title: json.field("title")?,
            status: json.field("status")?,
            detail: json.field("detail")?,
        })
    }
}

impl Problem {
    /// Returns the problem as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        Object::default()
            .text("type", &self.kind)
            .text("title", &self.title)
            .integer("status", self.status.into())
            .text("detail", &self.detail)
            .finish()
    }
}
