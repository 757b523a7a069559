//! The cost of the one fold, which turns the events of a line into incidents.

use std::{hint::black_box, ops::Range};

use criterion::{BatchSize, Criterion, Throughput};
use domain::{
    Change, Event, LineIncidents, Millis, Position, Source,
    plausible::{Complex, calls},
    statistics::Utc,
};

/// A day, so that all calls are known at one time.
const PERIOD: Range<Millis> = 1_780_000_000_000..1_780_000_000_000 + 24 * 60 * 60 * 1_000;
const FLATS: usize = 50;
const SEED: u64 = 7;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    applying(&mut criterion);
    deriving(&mut criterion);
    criterion.final_summary();
}

/// Returns everything about so many calls of one line, in the order of the log.
fn words(count: usize) -> Vec<(Position, Event)> {
    let complex = Complex::new(1, FLATS);
    let words = calls(&complex, &Utc, &PERIOD, count, SEED).words().zip(0..);
    words.map(|((timestamp, event), offset)| (Position { timestamp, partition: 0, offset }, event)).collect()
}

fn empty(words: &[(Position, Event)]) -> LineIncidents {
    let line = words.first().expect("there are calls").1.line().clone();
    LineIncidents::new(line, 1)
}

fn apply(line: &mut LineIncidents, words: Vec<(Position, Event)>) -> usize {
    let changes = words
        .into_iter()
        .map(|(position, event)| -> Vec<Change> { line.apply(event, Source::Log(position)) });
    changes.map(|changes| changes.len()).sum()
}

fn applying(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold/apply");
    for count in [10, 100, 1_000] {
        let words = words(count);
        group.throughput(Throughput::Elements(words.len() as u64));
        group.bench_function(format!("the events of {count} calls"), |bencher| {
            bencher.iter_batched(
                || (empty(&words), words.clone()),
                |(mut line, words)| (apply(&mut line, words), line),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(format!("those of {count} calls that are known"), |bencher| {
            let mut line = empty(&words);
            apply(&mut line, words.clone());
            bencher.iter_batched(|| words.clone(), |words| apply(&mut line, words), BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn deriving(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold/derive");
    for count in [10, 100] {
        let words = words(count);
        let mut line = empty(&words);
        apply(&mut line, words);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("the incidents of {count} calls"), |bencher| {
            bencher.iter(|| black_box(&line).incidents());
        });
    }
    group.finish();
}
