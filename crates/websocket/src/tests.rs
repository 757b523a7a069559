//! Tables of what RFC 6455 asks of a server, as octets.

use crate::*;

const LIMIT: usize = 64 * 1024;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame, whose first octet has the bits and the opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xFFFF => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(octet, mask)| octet ^ mask));
    frame
}

/// Returns the messages that a reader finds in these pieces, and the fault that ends it.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Incoming>, Option<Fault>) {
    let (mut reader, mut read) = (Reader::new(LIMIT), Vec::new());
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next() {
                Ok(Some(incoming)) => read.push(incoming),
                Ok(None) => break,
                Err(fault) => return (read, Some(fault)),
            }
        }
    }
    (read, None)
}

fn message(text: &str) -> Incoming {
    Incoming::Message(text.into())
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    // Section 5.7.
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(read([&hello[..]]), (vec![message("Hello")], None));
    assert_eq!(frame(0x81, b"Hello"), hello);
    let ping = Incoming::Ping(b"Hello".to_vec());
    assert_eq!(read([&frame(0x89, b"Hello")[..]]), (vec![ping], None));
}

#[test]
fn messages_of_every_length_are_read_however_they_are_cut() {
    for length in [0, 1, 3, 125, 126, 127, 1_000, 0xFFFF, LIMIT] {
        let payload = "x".repeat(length);
        let mut octets = frame(0x81, payload.as_bytes());
        octets.extend(frame(0x82, b"next"));
        let expected = (vec![message(&payload), message("next")], None);
        for piece in [1, 2, 7, 4_096, octets.len()] {
            assert_eq!(read(octets.chunks(piece)), expected, "{length} in pieces of {piece}");
        }
    }
}

#[test]
fn fragments_are_joined_and_control_frames_may_stand_between_them() {
    let octets = [
        frame(0x01, b"one "),
        frame(0x89, b"ping"),
        frame(0x00, b""),
        frame(0x8A, b""),
        frame(0x00, b"two "),
        frame(0x80, b"three"),
        frame(0x81, b"four"),
    ]
    .concat();
    let expected =
        vec![Incoming::Ping(b"ping".to_vec()), Incoming::Pong, message("one two three"), message("four")];
    assert_eq!(read([&octets[..]]), (expected, None));
}

#[test]
fn a_character_may_be_cut_by_fragments_and_not_by_messages() {
    let euro = "€".as_bytes();
    let cut = [frame(0x01, &euro[..1]), frame(0x00, &euro[1..2]), frame(0x80, &euro[2..])].concat();
    assert_eq!(read([&cut[..]]), (vec![message("€")], None));
    assert_eq!(read([&frame(0x81, &euro[..2])[..]]), (vec![], Some(Fault::NotUtf8)));
    let binary = frame(0x82, &euro[..2]);
    assert_eq!(read([&binary[..]]), (vec![Incoming::Message(euro[..2].to_vec())], None));
}

#[test]
fn each_fault_is_found_and_has_its_close_code() {
    let not_masked = {
        let mut frame = frame(0x81, b"");
        frame[1] &= 0x7F;
        frame
    };
    let two = |first: Vec<u8>, second: Vec<u8>| [first, second].concat();
    for (octets, fault, code) in [
        (frame(0xC1, b"x"), Fault::ReservedBit, 1002),
        (frame(0xA1, b"x"), Fault::ReservedBit, 1002),
        (frame(0x99, b"x"), Fault::ReservedBit, 1002),
        (frame(0x83, b"x"), Fault::UnknownOpcode, 1002),
        (frame(0x87, b""), Fault::UnknownOpcode, 1002),
        (frame(0x8B, b""), Fault::UnknownOpcode, 1002),
        (frame(0x8F, b""), Fault::UnknownOpcode, 1002),
        (not_masked, Fault::NotMasked, 1002),
        (frame(0x89, &[0; 126]), Fault::LongControl, 1002),
        (frame(0x88, &[0; 200]), Fault::LongControl, 1002),
        (frame(0x09, b"x"), Fault::FragmentedControl, 1002),
        (frame(0x08, b""), Fault::FragmentedControl, 1002),
        (frame(0x80, b"x"), Fault::NothingToContinue, 1002),
        (frame(0x00, b"x"), Fault::NothingToContinue, 1002),
        (two(frame(0x01, b"x"), frame(0x81, b"y")), Fault::Interleaved, 1002),
        (two(frame(0x02, b"x"), frame(0x02, b"y")), Fault::Interleaved, 1002),
        (frame(0x88, &[3]), Fault::BadClose, 1002),
        (frame(0x88, &999_u16.to_be_bytes()), Fault::BadClose, 1002),
        (frame(0x88, &1005_u16.to_be_bytes()), Fault::BadClose, 1002),
        (frame(0x88, &1006_u16.to_be_bytes()), Fault::BadClose, 1002),
        (frame(0x88, &1015_u16.to_be_bytes()), Fault::BadClose, 1002),
        (frame(0x88, &2999_u16.to_be_bytes()), Fault::BadClose, 1002),
        (frame(0x88, &5000_u16.to_be_bytes()), Fault::BadClose, 1002),
        (frame(0x88, &[0x03, 0xE8, 0xFF]), Fault::NotUtf8, 1007),
        (frame(0x81, &[0xC0, 0xAF]), Fault::NotUtf8, 1007),
        (frame(0x81, &[0xED, 0xA0, 0x80]), Fault::NotUtf8, 1007),
        (two(frame(0x01, b"x"), frame(0x80, &[0xFF])), Fault::NotUtf8, 1007),
        (frame(0x82, &[0; LIMIT + 1]), Fault::TooLong, 1009),
        (two(frame(0x02, &[0; LIMIT]), frame(0x80, b"x")), Fault::TooLong, 1009),
    ] {
        let first: Vec<u8> = octets.iter().copied().take(12).collect();
        assert_eq!(read([&octets[..]]), (vec![], Some(fault)), "{first:x?}");
        assert_eq!(read(octets.chunks(1)), (vec![], Some(fault)), "{first:x?} one by one");
        assert_eq!(fault.code(), code, "{fault}");
    }
}

/// Returns the payload that a reader finds in these octets where they lie. If there is none, the octets are unchanged.
fn whole_text(reader: &Reader, octets: &[u8]) -> Option<Vec<u8>> {
    let mut read = octets.to_vec();
    let payload = reader.whole_text(&mut read).map(<[u8]>::to_vec);
    assert!(payload.is_some() || read == octets, "{octets:x?} became {read:x?}");
    payload
}

#[test]
fn one_short_text_and_nothing_else_is_read_where_it_lies() {
    let reader = Reader::new(LIMIT);
    for length in [0, 1, 7, 8, 28, 125] {
        let payload = "x".repeat(length).into_bytes();
        assert_eq!(whole_text(&reader, &frame(0x81, &payload)), Some(payload), "{length}");
    }
    assert_eq!(whole_text(&reader, &frame(0x81, "가".as_bytes())), Some("가".into()));
    let text = frame(0x81, b"text");
    for other in [
        vec![],
        text[..1].to_vec(),
        text[..4].to_vec(),
        text[..text.len() - 1].to_vec(),
        [text.clone(), frame(0x81, b"next")].concat(),
        [text.clone(), frame(0x89, b"ping")].concat(),
        [frame(0x8A, b""), text.clone()].concat(),
        [&text[..], &text[..1]].concat(),
        frame(0x81, &[b'x'; 126]),
        frame(0x82, b"binary"),
        frame(0x01, b"fragment"),
        frame(0x80, b"continuation"),
        frame(0x89, b"ping"),
        frame(0xC1, b"reserved"),
        frame(0x81, &[0xFF]),
        vec![0x81, 0x01, b'x'],
    ] {
        assert_eq!(whole_text(&reader, &other), None, "{other:x?}");
    }
    assert_eq!(whole_text(&Reader::new(3), &text), None, "it is longer than the limit");
}

#[test]
fn no_text_is_read_where_it_lies_before_what_came_earlier_is_complete() {
    let text = frame(0x81, b"text");
    let mut reader = Reader::new(LIMIT);
    reader.push(&text[..3]);
    assert_eq!(whole_text(&reader, &text), None, "another frame is half read");
    reader.push(&text[3..]);
    assert_eq!(whole_text(&reader, &text), None, "another message waits");
    assert_eq!(reader.next(), Ok(Some(message("text"))));
    assert_eq!(whole_text(&reader, &text), Some(b"text".to_vec()));
    reader.push(&frame(0x01, b"one "));
    assert_eq!(reader.next(), Ok(None));
    assert_eq!(whole_text(&reader, &text), None, "it would stand between fragments");
    reader.push(&frame(0x89, b"ping"));
    assert_eq!(reader.next(), Ok(Some(Incoming::Ping(b"ping".to_vec()))));
    assert_eq!(whole_text(&reader, &text), None, "a control frame ends no message");
    reader.push(&frame(0x80, b"two"));
    assert_eq!(reader.next(), Ok(Some(message("one two"))));
    assert_eq!(whole_text(&reader, &text), Some(b"text".to_vec()));
    reader.push(&frame(0x83, b""));
    assert_eq!(reader.next(), Err(Fault::UnknownOpcode));
    assert_eq!(whole_text(&reader, &text), None, "nothing is read after a fault");
}

#[test]
fn a_head_is_judged_before_its_payload_has_come() {
    let mut announced = vec![0x82, 0x80 | 127];
    announced.extend(u64::MAX.to_be_bytes());
    assert_eq!(read([&announced[..]]), (vec![], Some(Fault::TooLong)));
    assert_eq!(read([&frame(0x09, b"x")[..2]]), (vec![], Some(Fault::FragmentedControl)));
}

#[test]
fn nothing_is_read_after_a_fault() {
    let mut reader = Reader::new(LIMIT);
    reader.push(&frame(0x83, b""));
    assert_eq!(reader.next(), Err(Fault::UnknownOpcode));
    reader.push(&frame(0x81, b"after"));
    assert_eq!(reader.next(), Err(Fault::UnknownOpcode));
}

#[test]
fn a_close_gives_its_code_or_none() {
    for (payload, code) in [
        (vec![], None),
        (1000_u16.to_be_bytes().to_vec(), Some(1000)),
        ([&1001_u16.to_be_bytes()[..], "가".as_bytes()].concat(), Some(1001)),
        (1013_u16.to_be_bytes().to_vec(), Some(1013)),
        (3000_u16.to_be_bytes().to_vec(), Some(3000)),
        (4999_u16.to_be_bytes().to_vec(), Some(4999)),
    ] {
        assert_eq!(read([&frame(0x88, &payload)[..]]), (vec![Incoming::Close(code)], None));
    }
}

#[test]
fn what_a_server_writes_is_one_frame_without_a_mask() {
    // Section 5.7.
    assert_eq!(crate::message(b"Hello"), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(crate::message(&[0xFF]), [0x82, 0x01, 0xFF]);
    assert_eq!(pong(b"Hello"), [0x8A, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(PING, [0x89, 0x00]);
    assert_eq!(close(Some(1000), "x"), [0x88, 0x03, 0x03, 0xE8, b'x']);
    assert_eq!(close(None, "never sent"), [0x88, 0x00]);
    assert_eq!(close(Some(1000), &"가".repeat(100)).len(), 2 + 2 + 123);
    for (length, head) in [
        (125, vec![0x81, 125]),
        (126, vec![0x81, 126, 0, 126]),
        (0xFFFF, vec![0x81, 126, 0xFF, 0xFF]),
        (0x1_0000, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        assert_eq!(text_head(length).as_slice(), head);
        let message = crate::message(&vec![b'x'; length]);
        assert!(message.starts_with(&head) && message.len() == head.len() + length);
    }
}
