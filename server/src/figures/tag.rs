//! The tag of figures, by which a client knows those that it has.

use std::hash::{DefaultHasher, Hash, Hasher};

use app::pages::statistics::State as Condition;
use domain::statistics::Figures;
use serde_json::Value;

/// Returns a tag of everything that a page of these figures shows, but not of when they were read. A page sends it back
/// to get new figures only.
pub(super) fn tag(figures: &Figures, condition: Option<Condition>) -> String {
    let mut fields = serde_json::to_value(figures).expect("names, numbers and lists of them are always JSON");
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("as_of");
        fields.remove("positions");
        if let Some(previous) = fields.get_mut("previous").and_then(Value::as_object_mut) {
            // The part of the other period grows with the time that has passed.
            previous.remove("to");
        }
    }
    let mut hasher = DefaultHasher::new();
    fields.to_string().hash(&mut hasher);
    let seen = condition
        .map(|condition| (condition.has_demo, condition.verified.map(|run| (run.at, run.different))));
    seen.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
