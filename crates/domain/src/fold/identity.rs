//! An event's identity as text, for tables that keep each event once.

use super::statement::{About, Key, Statement, StatementKind};
use crate::event::Event;

impl Event {
    /// Returns the text that all records of one event share, and no other event has. Records with the same text replace
    /// each other in the fold. The smallest record of a word counts, the latest of a location, and receipts are merged.
    /// The text is stored, so it must not change between versions.
    #[must_use]
    pub fn fold_key(&self) -> String {
        let parts = match self {
            Self::Alert(alert) => {
                vec![Some("alert".to_owned()), Some(alert.id.to_string()), Some(alert.house.to_string())]
            }
            Self::Accept(accept) => parts(&Statement::Accept(accept.clone()).key(&accept.line)),
            Self::Status(status) => parts(&Statement::Status(status.clone()).key(&status.line)),
            Self::Moved(moved) => {
                let caller = moved.target.as_ref().or(moved.house.as_ref());
                let line = moved.house_line.as_ref().filter(|line| **line != moved.line);
                let helper = moved.house.as_ref().filter(|house| line.is_some() || Some(*house) != caller);
                vec![
                    Some("location".to_owned()),
                    Some(moved.alert.to_string()),
                    caller.map(ToString::to_string),
                    line.map(ToString::to_string),
                    helper.map(ToString::to_string),
                ]
            }
            Self::Receipt(receipt) => {
                let house = receipt.target.as_ref().map(ToString::to_string);
                vec![Some("receipt".to_owned()), Some(receipt.alert.to_string()), house]
            }
        };
        serde_json::to_string(&(self.line().as_str(), parts)).expect("lists of texts are always JSON")
    }
}

fn parts(key: &Key) -> Vec<Option<String>> {
    let About { by, line, kind, alert, target } = &**key;
    let kind = match kind {
        StatementKind::Accept => "accept",
        StatementKind::Status(progress) => progress.as_str(),
    };
    vec![
        Some(kind.to_owned()),
        Some(key.id.to_string()),
        Some(String::from(by.clone())),
        line.as_ref().map(ToString::to_string),
        alert.map(|alert| alert.to_string()),
        target.as_ref().map(ToString::to_string),
    ]
}
