//! The cost of WebSocket frames, for the heads that a server writes and the masked messages that it reads.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use websocket::{Reader, text_head};

/// The longest message that a reader accepts here.
const LIMIT: usize = 64 * 1_024;
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    writing(&mut criterion);
    reading(&mut criterion);
    criterion.final_summary();
}

fn writing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("websocket/write");
    group.bench_function("the head of a message", |bencher| {
        bencher.iter(|| text_head(black_box(600)).as_slice().len());
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("websocket/read");
    for (name, length) in [("an acknowledgement", 28), ("a long message", 16 * 1_024)] {
        let octets = masked(&vec![b'a'; length]);
        group.throughput(Throughput::Bytes(octets.len() as u64));
        group.bench_function(name, |bencher| {
            let mut reader = Reader::new(LIMIT);
            bencher.iter(|| {
                reader.push(black_box(&octets));
                reader.next()
            });
        });
    }
    let octets = masked(&[b'a'; 28]);
    group.throughput(Throughput::Bytes(octets.len() as u64));
    group.bench_function("an acknowledgement where it lies", |bencher| {
        let reader = Reader::new(LIMIT);
        let mut input = [0; 64];
        bencher.iter(|| {
            let input = &mut input[..octets.len()];
            input.copy_from_slice(black_box(&octets));
            reader.whole_text(input).map(<[u8]>::len)
        });
    });
    group.finish();
}

/// Returns a text message as a client sends it (RFC 6455, section 5.2).
fn masked(payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x81];
    match u16::try_from(payload.len()) {
        Ok(short) if short < 126 => octets.push(0x80 | payload.len().to_le_bytes()[0]),
        Ok(long) => {
            octets.push(0x80 | 126);
            octets.extend(long.to_be_bytes());
        }
        Err(_) => panic!("no message here is that long"),
    }
    octets.extend(MASK);
    octets.extend(payload.iter().zip(MASK.iter().cycle()).map(|(octet, mask)| octet ^ mask));
    octets
}
