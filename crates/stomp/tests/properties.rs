//! Properties of every frame and of all bytes.

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use stomp::{Command, Frame, HeaderLine, Incoming, Limits, Template, Version, encode};
use support::{WIDE, cut, decode, decode_whole};

fn any_version() -> impl Strategy<Value = Version> {
    select(Version::SUPPORTED.as_slice())
}

/// Text with many of the characters that matter to the codec.
fn any_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => select(vec!['\\', ':', '\r', '\n', 'r', 'n', 'c', '\0', ' ']),
        1 => any::<char>(),
    ];
    vec(character, 0..12).prop_map(String::from_iter)
}

/// Bodies with many of the octets that matter to the codec.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![select(vec![0, b'\n', b'\r', b':']), any::<u8>()];
    vec(octet, 0..40)
}

/// Headers that the command can carry. Without escapes they have no line ends, and no colon in a name.
fn headers_for(command: Command) -> impl Strategy<Value = Vec<(String, String)>> {
    let header = (any_text(), any_text()).prop_map(move |(mut name, mut value)| {
        if !command.escapes_headers() {
            name.retain(|character| !"\r\n:".contains(character));
            value.retain(|character| !"\r\n".contains(character));
        }
        (format!("x{name}"), value)
    });
    vec(header, 0..6)
}

fn any_frame() -> impl Strategy<Value = Frame> {
    select(Command::ALL.as_slice()).prop_flat_map(|command| {
        let body = if command.may_have_body() { any_body().boxed() } else { Just(Vec::new()).boxed() };
        (headers_for(command), body).prop_map(move |(headers, body)| Frame { command, headers, body })
    })
}

fn any_incoming() -> impl Strategy<Value = Incoming> {
    prop_oneof![
        3 => any_frame().prop_map(Incoming::Frame),
        1 => Just(Incoming::Heartbeat),
    ]
}

fn any_places() -> impl Strategy<Value = Vec<usize>> {
    vec(any::<usize>(), 0..20)
}

fn write_all(stream: &[Incoming], version: Version) -> Vec<u8> {
    let written = stream.iter().map(|incoming| match incoming {
        Incoming::Frame(frame) => encode(frame, version),
        Incoming::Heartbeat => vec![b'\n'],
    });
    written.flatten().collect()
}

/// Bytes that get far into the decoder before they go wrong, if they do.
fn nearly_stomp() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&'static [u8]> = vec![
        b"SEND\n",
        b"MESSAGE\r\n",
        b"CONNECT\n",
        b"ACK\n",
        b"foo:bar\n",
        b"a:\\c\\n\\r\\\\\r\n",
        b"content-length:3\n",
        b"content-length:0\n",
        b"content-length:9999999999999999999999\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\\",
        b"\n\n\0",
        b"SEND\n\nbody\0",
        b"a long piece of a line or a body",
    ];
    let piece = prop_oneof![
        6 => select(known).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..6),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn narrow_limits() -> impl Strategy<Value = Limits> {
    (0..6usize, 0..24usize, 0..40usize, 0..40usize).prop_map(|(headers, line, header_octets, body)| Limits {
        headers,
        line,
        header_octets,
        body,
    })
}

fn within(frame: &Frame, limits: &Limits) -> bool {
    // Unescaped, a header is never longer than it was on the wire.
    let lines = frame.headers.iter().map(|(n, v)| n.len() + v.len() + 1);
    frame.headers.len() <= limits.headers
        && lines.clone().all(|line| line <= limits.line)
        && lines.sum::<usize>() <= limits.header_octets
        && frame.body.len() <= limits.body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_frame_written_and_read_is_the_same_frame(frame in any_frame(), version in any_version()) {
        let read = decode_whole(&encode(&frame, version), version);
        prop_assert_eq!(read, (vec![Incoming::Frame(frame)], None));
    }

    #[test]
    fn headers_put_into_a_template_are_the_frames_first(
        frame in any_frame(),
        version in any_version(),
        name in any_text(),
        value in any_text(),
    ) {
        let (name, template) = (format!("x{name}"), Template::new(&frame, version));
        let first = HeaderLine::new(frame.command, version, &name, &value);
        let second = HeaderLine::new(frame.command, version, "x", "y");
        let (mut whole, lines) = (frame, [&first, &second]);
        whole.headers.splice(0..0, [(name, value), ("x".to_owned(), "y".to_owned())]);
        let mut written = b"before".to_vec();
        template.write(&lines, &mut written);
        prop_assert_eq!(written.len(), b"before".len() + template.length(&lines));
        prop_assert_eq!(&written[b"before".len()..], encode(&whole, version));
    }

    #[test]
    fn any_split_of_a_stream_gives_the_same_frames_and_heart_beats(
        stream in vec(any_incoming(), 0..6),
        version in any_version(),
        places in any_places(),
    ) {
        let pieces = cut(&write_all(&stream, version), &places);
        let read = decode(pieces.iter().map(Vec::as_slice), version, WIDE);
        prop_assert_eq!(read, (stream, None));
    }

    #[test]
    fn any_split_of_any_bytes_gives_the_same_outcome_under_any_limits(
        bytes in nearly_stomp(),
        version in any_version(),
        limits in prop_oneof![Just(WIDE), narrow_limits()],
        places in any_places(),
    ) {
        let whole = decode([bytes.as_slice()], version, limits);
        let pieces = cut(&bytes, &places);
        let in_pieces = decode(pieces.iter().map(Vec::as_slice), version, limits);
        let by_octet = decode(bytes.chunks(1), version, limits);
        prop_assert_eq!(&whole, &in_pieces);
        prop_assert_eq!(&whole, &by_octet);
    }

    #[test]
    fn no_frame_beyond_the_limits_is_given_out(
        stream in vec(any_frame(), 1..4),
        version in any_version(),
        limits in narrow_limits(),
        places in any_places(),
    ) {
        let bytes: Vec<u8> = stream.iter().flat_map(|frame| encode(frame, version)).collect();
        let pieces = cut(&bytes, &places);
        let (found, error) = decode(pieces.iter().map(Vec::as_slice), version, limits);
        for incoming in &found {
            if let Incoming::Frame(frame) = incoming {
                prop_assert!(within(frame, &limits), "{frame:?} is beyond {limits:?}");
            }
        }
        let all_within = stream.iter().all(|frame| within(frame, &limits));
        prop_assert!(all_within || error.is_some(), "{stream:?} passed {limits:?}");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..400), version in any_version()) {
        let (found, error) = decode_whole(&bytes, version);
        prop_assert!(found.len() <= bytes.len());
        if let Some(error) = error {
            prop_assert!(!error.to_string().contains(|c: char| c.is_control()), "{error}");
        }
    }

    #[test]
    fn lines_may_end_with_cr_lf_in_1_2(frame in any_frame()) {
        let bytes = encode(&frame, Version::V1_2);
        let head = bytes.windows(2).position(|pair| pair == b"\n\n").expect("a blank line") + 2;
        let mut with_cr = Vec::new();
        for octet in &bytes[..head] {
            with_cr.extend((*octet == b'\n').then_some(b'\r'));
            with_cr.push(*octet);
        }
        with_cr.extend(&bytes[head..]);
        let read = decode_whole(&with_cr, Version::V1_2);
        prop_assert_eq!(read, (vec![Incoming::Frame(frame)], None));
    }

    #[test]
    fn a_body_without_content_length_ends_at_the_first_nul(
        mut body in any_body(),
        version in any_version(),
    ) {
        body.retain(|octet| *octet != 0);
        let bytes = [b"SEND\n\n".as_slice(), body.as_slice(), b"\0"].concat();
        let frame = Frame::new(Command::Send).body(body);
        prop_assert_eq!(decode_whole(&bytes, version), (vec![Incoming::Frame(frame)], None));
    }

    #[test]
    fn any_headers_are_written_as_one_frame_with_as_many_headers(
        command in select(Command::ALL.as_slice()),
        headers in vec((any_text(), any_text()), 0..4),
        version in any_version(),
    ) {
        let headers: Vec<_> = headers.into_iter().map(|(n, v)| (format!("x{n}"), v)).collect();
        let count = headers.len();
        let bytes = encode(&Frame { command, headers, body: Vec::new() }, version);
        let (found, error) = decode_whole(&bytes, version);
        prop_assert_eq!(error, None);
        prop_assert_eq!(found.len(), 1);
        prop_assert!(matches!(&found[0], Incoming::Frame(frame) if frame.headers.len() == count));
    }

    #[test]
    fn a_truncated_stream_is_no_error_and_loses_nothing_when_it_goes_on(
        stream in vec(any_incoming(), 1..5),
        version in any_version(),
        place in any::<Index>(),
    ) {
        let bytes = write_all(&stream, version);
        let (before, error) = decode_whole(&bytes[..place.index(bytes.len())], version);
        prop_assert_eq!(error, None);
        prop_assert_eq!(&before[..], &stream[..before.len()]);
        prop_assert!(before.len() < stream.len());
    }
}
