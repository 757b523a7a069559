//! Every limit to the octet, and long frames in small pieces.

mod support;

use stomp::{Command, Decoder, Error, Frame, Incoming, Limits, Version, encode};
use support::{WIDE, decode};

/// The outcome for a frame that arrives octet by octet, after it was seen to be that of the frame in one piece.
fn outcome(bytes: &[u8], limits: Limits) -> Result<usize, Error> {
    let whole = decode([bytes], Version::V1_2, limits);
    assert_eq!(whole, decode(bytes.chunks(1), Version::V1_2, limits));
    match whole {
        (found, None) => Ok(found.len()),
        (_, Some(error)) => Err(error),
    }
}

#[test]
fn a_header_line_may_be_as_long_as_the_limit_and_no_longer() {
    let limits = Limits { line: 5, ..WIDE };
    assert_eq!(outcome(b"SEND\na:bcd\n\n\0", limits), Ok(1));
    assert_eq!(outcome(b"SEND\na:bcde\n\n\0", limits), Err(Error::LineTooLong(5)));
}

#[test]
fn a_header_line_that_never_ends_is_refused_at_the_limit() {
    let limits = Limits { line: 5, ..WIDE };
    assert_eq!(outcome(b"SEND\na:bcd", limits), Ok(0));
    assert_eq!(outcome(b"SEND\na:bcde", limits), Err(Error::LineTooLong(5)));
}

#[test]
fn there_may_be_as_many_headers_as_the_limit_and_no_more() {
    let limits = Limits { headers: 2, ..WIDE };
    assert_eq!(outcome(b"SEND\na:\na:\n\n\0", limits), Ok(1));
    let content_length_counts = b"SEND\na:\na:\ncontent-length:0\n\n\0";
    assert_eq!(outcome(content_length_counts, limits), Err(Error::TooManyHeaders(2)));
}

#[test]
fn headers_may_together_be_as_long_as_the_limit_and_no_longer() {
    let limits = Limits { header_octets: 6, ..WIDE };
    assert_eq!(outcome(b"SEND\na:b\nc:d\n\n\0", limits), Ok(1));
    assert_eq!(outcome(b"SEND\na:b\nc:de\n\n\0", limits), Err(Error::HeadersTooLong(6)));
}

#[test]
fn headers_of_one_frame_do_not_count_for_the_next() {
    let limits = Limits { headers: 1, header_octets: 3, ..WIDE };
    assert_eq!(outcome(b"SEND\na:b\n\n\0SEND\na:b\n\n\0", limits), Ok(2));
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let limits = Limits { body: 3, ..WIDE };
    assert_eq!(outcome(b"SEND\n\nabc\0", limits), Ok(1));
    assert_eq!(outcome(b"SEND\ncontent-length:3\n\nabc\0", limits), Ok(1));
    assert_eq!(outcome(b"SEND\n\nabcd\0", limits), Err(Error::BodyTooLong(3)));
    assert_eq!(outcome(b"SEND\n\nabcd", limits), Err(Error::BodyTooLong(3)));
}

#[test]
fn a_body_announced_as_too_long_is_refused_before_it_comes() {
    for length in ["4", "4294967296", "18446744073709551615", "99999999999999999999999"] {
        let head = format!("SEND\ncontent-length:{length}\n\n");
        let limits = Limits { body: 3, ..WIDE };
        assert_eq!(outcome(head.as_bytes(), limits), Err(Error::BodyTooLong(3)));
    }
    let limits = Limits { body: usize::MAX, ..WIDE };
    let head = b"SEND\ncontent-length:99999999999999999999999\n\n";
    assert_eq!(outcome(head, limits), Err(Error::BodyTooLong(usize::MAX)));
}

/// With a codec that searches or moves what it holds again at every octet, this one would not come to an end.
#[test]
fn a_long_frame_may_come_octet_by_octet() {
    let long = vec![b'x'; 1 << 20];
    let known_length = Frame::new(Command::Send).header("a", "x".repeat(1 << 19)).body(long.clone());
    let unknown_length = [b"SEND\n\n", long.as_slice(), b"\0"].concat();
    let bytes = [encode(&known_length, Version::V1_2), unknown_length].concat();
    let (found, error) = decode(bytes.chunks(1), Version::V1_2, WIDE);
    let expected = [known_length, Frame::new(Command::Send).body(long)].map(Incoming::Frame);
    // Not assert_eq!, which would print megabytes.
    assert!(error.is_none() && found == expected);
}

/// As above, for much that comes in one piece.
#[test]
fn millions_of_heart_beats_may_come_in_one_piece() {
    const SENT: usize = 1 << 22;
    let mut decoder = Decoder::new(WIDE);
    decoder.push(&vec![b'\n'; SENT]);
    let mut found = 0;
    while let Some(incoming) = decoder.next().expect("line ends are heart-beats") {
        assert_eq!(incoming, Incoming::Heartbeat);
        found += 1;
    }
    assert_eq!(found, SENT);
}
