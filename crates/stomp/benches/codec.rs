//! The cost of frames as bytes, for the MESSAGE that everybody gets and the ACK that everybody sends back.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use stomp::{Acknowledgement, Command, Decoder, Frame, HeaderLine, Limits, Template, Version, encode};

const BODY: &str = r#"{"type":"alert","id":"0197f6a2-7c4e-7b1a-9f3e-2d5c8b7a6f10","line":"101-1","house":"1203",
"text":"Smoke comes out of the kitchen","kind":"fire","lat":37.5665,"lng":126.978,"accuracy":12,"at":1780000000000}"#;

/// A call as the hub sends it, without what differs between subscriptions.
fn alert() -> Frame {
    Frame::new(Command::Message)
        .header("destination", "/sub/line/101-1")
        .header("message-id", "an-alert-0-1234567")
        .header("content-type", "application/json")
        .header("type", "alert")
        .header("age", "12")
        .body(BODY)
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    encoding(&mut criterion);
    decoding(&mut criterion);
    acknowledging(&mut criterion);
    criterion.final_summary();
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stomp/encode");
    let frame = alert();
    group.throughput(Throughput::Bytes(encode(&frame, Version::V1_2).len() as u64));
    group.bench_function("a message", |bencher| {
        bencher.iter(|| encode(black_box(&frame), Version::V1_2));
    });
    let template = Template::new(&frame, Version::V1_2);
    let line = |name, value| HeaderLine::new(Command::Message, Version::V1_2, name, value);
    let (subscription, ack) = (line("subscription", "line"), line("ack", "an-alert-0-1234567"));
    group.bench_function("a message behind its own header lines", |bencher| {
        let mut out = Vec::with_capacity(1_024);
        bencher.iter(|| {
            out.clear();
            black_box(&template).write(&[&subscription, &ack], &mut out);
            out.len()
        });
    });
    group.finish();
}

fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stomp/decode");
    for (name, octets) in [
        ("a message", encode(&alert(), Version::V1_2)),
        ("an acknowledgement", encode(&acknowledgement(), Version::V1_2)),
    ] {
        group.throughput(Throughput::Bytes(octets.len() as u64));
        group.bench_function(name, |bencher| {
            let mut decoder = Decoder::new(Limits::default());
            bencher.iter(|| {
                decoder.push(black_box(&octets));
                decoder.next()
            });
        });
    }
    group.finish();
}

fn acknowledging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stomp/acknowledgement");
    let octets = encode(&acknowledgement(), Version::V1_2);
    group.throughput(Throughput::Bytes(octets.len() as u64));
    group.bench_function("read where it lies", |bencher| {
        bencher
            .iter(|| Acknowledgement::read(black_box(&octets)).and_then(|read| read.get("id").map(str::len)));
    });
    group.finish();
}

fn acknowledgement() -> Frame {
    Frame::new(Command::Ack).header("id", "an-alert-0-1234567")
}
