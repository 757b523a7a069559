//! The MESSAGE with the number of households that a call could alarm now, before anybody calls, and the SEND by which
//! a page reports that it would sound.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{json::Json, people::Line};

/// The word in the body's `type` field and the frame's `type` header.
pub const TYPE: &str = "reach";

/// Writes the MESSAGE's body. `houses` is how many of a line can be reached, without the listener's own; `None` while
/// the server does not know.
#[must_use]
pub fn write(line: &Line, houses: Option<u32>) -> Vec<u8> {
    json!({ "type": TYPE, "line": line, "houses": houses }).to_string().into_bytes()
}

/// Reads the number in a MESSAGE's body; `None` where the server does not know it, or where it is not a number.
#[must_use]
pub fn read(body: &[u8]) -> Option<u32> {
    Json::parse(str::from_utf8(body).ok()?)?.field("houses")
}

/// The body of a SEND to `/pub/armed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    /// The page would sound a call now.
    pub armed: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written_and_what_is_unknown_is_no_number() {
        let line: Line = "101-1".parse().expect("a valid line");
        for houses in [Some(0), Some(7), None] {
            assert_eq!(read(&write(&line, houses)), houses);
        }
        let text = String::from_utf8(write(&line, Some(7))).expect("JSON is text");
        assert_eq!(
            serde_json::from_str::<Value>(&text).ok(),
            Some(json!({ "type": "reach", "line": "101-1", "houses": 7 }))
        );
        for odd in ["", "7", r#"{"houses":"7"}"#, r#"{"houses":-1}"#, r#"{"houses":5000000000}"#] {
            assert_eq!(read(odd.as_bytes()), None, "{odd}");
        }
    }
}
