//! Shared parts of the tests, such as a decoder run to its end over bytes cut in given pieces.

// Each test program uses some of it.
#![allow(dead_code)]

use stomp::{Decoder, Error, Frame, Incoming, Limits, Version};

/// Everything that the decoder returned, with the error that stopped it.
pub(crate) type Outcome = (Vec<Incoming>, Option<Error>);

/// Limits far beyond every test that is not about limits.
pub(crate) const WIDE: Limits =
    Limits { headers: 1_000, line: 1 << 20, header_octets: 1 << 21, body: 1 << 21 };

/// Pushes the pieces one by one and asks for all there is after each.
pub(crate) fn decode<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    version: Version,
    limits: Limits,
) -> Outcome {
    let mut decoder = Decoder::new(limits);
    decoder.set_version(version);
    let mut found = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next() {
                Ok(Some(incoming)) => found.push(incoming),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

/// The outcome for bytes that arrive at once.
pub(crate) fn decode_whole(bytes: &[u8], version: Version) -> Outcome {
    decode([bytes], version, WIDE)
}

/// The one frame the bytes hold.
pub(crate) fn only_frame(bytes: &[u8], version: Version) -> Frame {
    match decode_whole(bytes, version) {
        (mut found, None) if found.len() == 1 => match found.remove(0) {
            Incoming::Frame(frame) => frame,
            Incoming::Heartbeat => panic!("a heart-beat, not a frame"),
        },
        other => panic!("not one frame: {other:?}"),
    }
}

/// The error the bytes end in, with nothing found before it.
pub(crate) fn only_error(bytes: &[u8], version: Version) -> Error {
    match decode_whole(bytes, version) {
        (found, Some(error)) if found.is_empty() => error,
        other => panic!("not an error alone: {other:?}"),
    }
}

/// The bytes cut at the given places, in any order, modulo the length.
pub(crate) fn cut(bytes: &[u8], places: &[usize]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| bytes[ends[0]..ends[1]].to_vec()).collect()
}
