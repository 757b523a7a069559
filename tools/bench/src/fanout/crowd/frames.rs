//! The few WebSocket frames that a subscriber needs, read in place and without a copy (RFC 6455, section 5.2). Everything
//! else is an error, so that a server which sends it is not measured as if it had sent something right.

/// A whole message of a server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    Text(&'a str),
    Ping(&'a [u8]),
    Pong,
}

/// The key of all masked frames. A server must unmask by any key.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// The longest payload of a frame that has its length in the second octet.
const SHORT: usize = 125;

/// Takes the first message off `octets`, or returns `None` if it has not come whole. The error names what a subscriber
/// cannot read.
pub(super) fn take<'a>(octets: &mut &'a [u8]) -> Result<Option<Message<'a>>, String> {
    let [first, second, rest @ ..] = *octets else { return Ok(None) };
    if second & 0x80 != 0 {
        return Err("the server sent a masked frame".into());
    }
    let (length, rest) = match (second & 0x7f, rest) {
        (126, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        (126, _) => return Ok(None),
        (127, _) => return Err("the server sent a message of more than 64 KiB".into()),
        (length, rest) => (usize::from(length), rest),
    };
    let Some((payload, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    let message = match first {
        0x81 => Message::Text(std::str::from_utf8(payload).map_err(|error| error.to_string())?),
        0x89 => Message::Ping(payload),
        0x8a => Message::Pong,
        0x88 => {
            return Err(format!(
                "the server closed the socket: {}",
                String::from_utf8_lossy(payload.get(2..).unwrap_or_default())
            ));
        }
        other => return Err(format!("the server sent a frame that begins with {other:#04x}")),
    };
    *octets = rest;
    Ok(Some(message))
}

/// Returns a client's text frame of this payload.
pub(super) fn text(payload: &str) -> Vec<u8> {
    masked(0x81, payload.as_bytes())
}

/// Returns the answer to a ping.
pub(super) fn pong(payload: &[u8]) -> Vec<u8> {
    masked(0x8a, payload)
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length) if payload.len() <= SHORT => frame.push(0x80 | length),
        _ => {
            let length = u16::try_from(payload.len()).expect("a subscriber sends no more than an ACK");
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(octet, mask)| octet ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use websocket::text_head;

    use super::*;

    #[test]
    fn messages_are_taken_whole_and_in_order() {
        let long = "길".repeat(100);
        let mut sent = [text_head(2).as_slice(), b"hi"].concat();
        sent.extend([text_head(long.len()).as_slice(), long.as_bytes()].concat());
        sent.extend([0x89, 1, b'p', 0x8a, 0]);
        for end in 0..sent.len() {
            let (mut octets, mut count) = (&sent[..end], 0);
            while take(&mut octets).expect("a part of it is no error").is_some() {
                count += 1;
            }
            let ends = [4, 4 + 4 + long.len(), sent.len() - 2];
            assert_eq!(count, ends.iter().filter(|whole| end >= **whole).count(), "{end} octets");
        }
        let mut octets = sent.as_slice();
        let mut next = || take(&mut octets).expect("readable").expect("whole");
        assert_eq!((next(), next()), (Message::Text("hi"), Message::Text(&long)));
        assert_eq!((next(), next()), (Message::Ping(b"p"), Message::Pong));
        assert!(octets.is_empty());
    }

    #[test]
    fn a_frame_that_no_subscriber_should_get_is_an_error() {
        let frames: [&[u8]; 6] =
            [&[0x81, 0x80], &[0x81, 127], &[0x01, 0], &[0x82, 0], &[0x88, 2, 3, 232], &[0x81, 1, 0xff]];
        for frame in frames {
            assert!(take(&mut &*frame).is_err(), "{frame:?}");
        }
    }

    #[test]
    fn a_clients_frame_is_masked_and_has_its_length() {
        for length in [0, 1, 125, 126, 3_000] {
            let payload = "x".repeat(length);
            let frame = text(&payload);
            let head = if length < 126 { 2 } else { 4 };
            assert_eq!(frame.len(), head + MASK.len() + length);
            assert_eq!(frame[1] & 0x80, 0x80);
            let unmasked = frame[head + MASK.len()..].iter().zip(MASK.iter().cycle()).map(|(a, b)| a ^ b);
            assert_eq!(unmasked.collect::<Vec<_>>(), payload.as_bytes());
        }
        assert_eq!(pong(b"p")[..2], [0x8a, 0x81]);
    }
}
