//! The STOMP destinations that a client subscribes and sends to.

use crate::people::Line;

/// SEND `{"alert": id}` here to report that a person looked at the call.
pub const SEEN: &str = "/pub/seen";

/// SEND [`Armed`](super::reach::Armed) here to report whether this page would sound a call now.
pub const ARMED: &str = "/pub/armed";

/// The calls of every line on one subscription, for administrators. The `destination` of each MESSAGE is its line's own.
pub const LINES: &str = "/sub/lines";

const LINE: &str = "/sub/line/";
const REACH: &str = "/reach";

/// Every destination with the command that names it. The name of a line stands in braces.
pub const ALL: [(&str, &str); 5] = [
    ("SUBSCRIBE", "/sub/line/{line}"),
    ("SUBSCRIBE", "/sub/line/{line}/reach"),
    ("SUBSCRIBE", LINES),
    ("SEND", SEEN),
    ("SEND", ARMED),
];

/// Where the calls of `line` are heard.
#[must_use]
pub fn of_line(line: &Line) -> String {
    format!("{LINE}{line}")
}

/// The line whose calls are heard at `destination`; `None` if it is no such destination.
#[must_use]
pub fn line_of(destination: &str) -> Option<Line> {
    destination.strip_prefix(LINE)?.parse().ok()
}

/// Where it is shown how many households of `line` a call could alarm now.
#[must_use]
pub fn of_reach(line: &Line) -> String {
    format!("{LINE}{line}{REACH}")
}

/// The line whose reach is shown at `destination`; `None` if it is no such destination.
#[must_use]
pub fn reach_of(destination: &str) -> Option<Line> {
    destination.strip_suffix(REACH).and_then(line_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_its_destination_name_each_other() {
        let line: Line = "101동 1라인".parse().expect("a valid line");
        assert_eq!(line_of(&of_line(&line)), Some(line.clone()));
        assert_eq!(reach_of(&of_reach(&line)), Some(line.clone()));
        assert_eq!((line_of(&of_reach(&line)), reach_of(&of_line(&line))), (None, None));
    }

    #[test]
    fn a_destination_without_a_line_is_refused() {
        for destination in ["/sub/line/", "/sub/line/a/b", LINES, "/sub/lines/101-1", "/pub/seen", ""] {
            assert_eq!(line_of(destination), None, "{destination}");
        }
    }
}
