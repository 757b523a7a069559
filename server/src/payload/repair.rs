//! The repair of JSON that careless programs write. It is about a byte order mark, another encoding than UTF-8, half of
//! a surrogate pair, a line break inside a text, and `NaN`. Each of them would make a whole call unreadable.

const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
/// The words for numbers that JSON does not have.
const NO_NUMBERS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// Returns whether a body begins like a JSON object.
pub(super) fn is_object(body: &[u8]) -> bool {
    let bare = body.strip_prefix(UTF8_MARK).unwrap_or(body).trim_ascii_start();
    bare.starts_with(b"{") || is_utf16(body)
}

/// Returns the text that was meant. It is JSON if nothing else is wrong with it.
pub(super) fn repaired(body: &[u8]) -> String {
    let text = decoded(body);
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut repaired = String::with_capacity(rest.len());
    while let Some(quote) = rest.find('"') {
        let (outside, inside) = rest.split_at(quote);
        repaired.push_str(&without_no_numbers(outside));
        rest = copy_text(inside, &mut repaired);
    }
    repaired.push_str(&without_no_numbers(rest));
    repaired
}

/// Windows programs write UTF-16 with a mark in front.
fn is_utf16(body: &[u8]) -> bool {
    body.starts_with(&[0xff, 0xfe]) || body.starts_with(&[0xfe, 0xff])
}

/// Octets that are not a character, such as those of a Korean code page, become U+FFFD. The call goes out, though its
/// words may not.
fn decoded(body: &[u8]) -> String {
    if !is_utf16(body) {
        return String::from_utf8_lossy(body).into_owned();
    }
    let read = if body[0] == 0xff { u16::from_le_bytes } else { u16::from_be_bytes };
    let (pairs, _) = body.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
    String::from_utf16_lossy(&units)
}

fn without_no_numbers(outside: &str) -> String {
    NO_NUMBERS.iter().fold(outside.to_owned(), |text, word| text.replace(*word, "null"))
}

/// Copies the text at the beginning of `from`, its quotes included, and returns what follows it.
fn copy_text<'a>(from: &'a str, to: &mut String) -> &'a str {
    to.push('"');
    let mut rest = &from[1..];
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '"' => {
                to.push('"');
                return &rest[1..];
            }
            '\\' => copy_escape(rest, to),
            c if c < ' ' => {
                to.push_str(&format!("\\u{:04x}", u32::from(c)));
                1
            }
            c => {
                to.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    rest
}

/// Copies an escape and returns its length. Half of a surrogate pair becomes U+FFFD, as browsers write it.
fn copy_escape(from: &str, to: &mut String) -> usize {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let paired = |high: u16| {
        let low = from.get(6..).and_then(unit);
        matches!(high, 0xd800..=0xdbff) && low.is_some_and(|low| matches!(low, 0xdc00..=0xdfff))
    };
    let length = match unit(from) {
        Some(high) if paired(high) => 12,
        Some(0xd800..=0xdfff) => {
            to.push_str("\\ufffd");
            return 6;
        }
        Some(_) => 6,
        None => 1 + from[1..].chars().next().map_or(0, char::len_utf8),
    };
    to.push_str(&from[..length]);
    length
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: &[u8]) -> Value {
        assert!(is_object(body), "{body:?}");
        serde_json::from_str(&repaired(body)).unwrap()
    }

    #[test]
    fn half_of_a_surrogate_pair_becomes_the_replacement_character() {
        for (written, meant) in [
            (r"\ud83d", "\u{fffd}"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\ude00", "😀"),
            (r"\ud83d\ud83d\ude00!", "\u{fffd}😀!"),
            (r"\ud83dx\\ud83d", "\u{fffd}x\\ud83d"),
            (r#"\"\ud83d\""#, "\"\u{fffd}\""),
        ] {
            assert_eq!(
                read(format!(r#"{{"text":"{written}"}}"#).as_bytes()),
                json!({ "text": meant }),
                "{written}"
            );
        }
    }

    #[test]
    fn marks_and_other_encodings_are_read() {
        let meant = json!({ "text": "불" });
        assert_eq!(read("\u{feff}{\"text\":\"불\"}".as_bytes()), meant);
        let units = || "\u{feff}{\"text\":\"불\"}".encode_utf16();
        assert_eq!(read(&units().flat_map(u16::to_le_bytes).collect::<Vec<_>>()), meant);
        assert_eq!(read(&units().flat_map(u16::to_be_bytes).collect::<Vec<_>>()), meant);
        assert_eq!(read(b"{\"house\":\"1203\",\"text\":\"\xba\xd2\"}")["house"], "1203");
    }

    #[test]
    fn line_breaks_in_texts_and_numbers_that_are_none_are_read() {
        assert_eq!(read(b"{\"text\":\"a\n\tb\"}"), json!({ "text": "a\n\tb" }));
        assert_eq!(
            read(br#"{"lat":NaN,"lng":-Infinity,"text":"NaN"}"#),
            json!({ "lat": null, "lng": null, "text": "NaN" })
        );
    }

    #[test]
    fn a_body_that_breaks_off_stays_broken() {
        for body in [&br#"{"text":"a"#[..], br#"{"text":"\u12"#, br#"{"text":"\"#, b"{"] {
            assert!(serde_json::from_str::<Value>(&repaired(body)).is_err());
        }
    }
}
