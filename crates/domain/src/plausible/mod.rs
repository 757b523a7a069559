//! Plausible calls of a complex that does not exist, for the past of the demo and for the logs that tools and tests
//! write. A seed gives the same calls on every machine.
//!
//! This file has the residents and the times of the calls, and `story` the course of each call.

mod random;
mod story;

use std::{collections::BTreeMap, iter::Peekable, ops::Range, vec};

use crate::{
    event::{Event, Millis},
    people::{House, Line},
    statistics::Zone,
};
pub use random::Random;

/// Flats on each floor of a line.
const FLATS_OF_FLOOR: usize = 4;
/// Lines of each building.
const LINES_OF_BUILDING: usize = 2;
/// Exercises among a hundred calls.
const DRILLS: usize = 6;
/// The likelihood of a call at each hour of the local day. Calls are frequent in the evening and in the early morning,
/// and at night more frequent than many expect.
const CALLS_BY_HOUR: [usize; 24] = [5, 4, 3, 2, 2, 3, 5, 7, 5, 3, 3, 3, 4, 3, 3, 3, 4, 6, 8, 9, 9, 8, 7, 6];
/// The likelihood of an exercise at each hour, because the management office holds them on working hours.
const DRILLS_BY_HOUR: [usize; 24] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 6, 0, 0, 9, 6, 0, 0, 0, 0, 0, 0, 0, 0];
/// The greatest of both.
const LIKELIEST: usize = 9;
/// After so many instants at unlikely hours the next one counts, so that a period of an hour has calls, too.
const ATTEMPTS: usize = 1_000;

/// A word about a call, and the time of its record.
pub type Word = (Millis, Event);

/// A complex, with its lines and the flats of each of them.
#[derive(Clone, Debug)]
pub struct Complex {
    lines: Vec<Line>,
    houses: Vec<House>,
}

impl Complex {
    /// Returns a complex of so many lines, named 101-1, 101-2, 102-1 and so on, with so many flats each, four to a
    /// floor.
    ///
    /// # Panics
    /// If it has no line, or a line has no neighbours.
    #[must_use]
    pub fn new(lines: usize, flats: usize) -> Self {
        assert!(lines > 0 && flats > 1, "calls need a line with neighbours");
        let line = |index: usize| {
            let (building, stair) = (101 + index / LINES_OF_BUILDING, 1 + index % LINES_OF_BUILDING);
            Line::new(format!("{building}-{stair}")).expect("digits and a dash name a line")
        };
        let house = |index: usize| {
            let (floor, flat) = (1 + index / FLATS_OF_FLOOR, 1 + index % FLATS_OF_FLOOR);
            House::new(format!("{floor}{flat:02}")).expect("digits name a house")
        };
        Self { lines: (0..lines).map(line).collect(), houses: (0..flats).map(house).collect() }
    }

    /// Returns its lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns the houses of each line.
    #[must_use]
    pub fn houses(&self) -> &[House] {
        &self.houses
    }
}

/// Calls, the oldest first, each as its words in the order of their records. The first word of each is the alert.
pub struct Calls<'a> {
    complex: &'a Complex,
    zone: &'a dyn Zone,
    begin: vec::IntoIter<(Millis, bool)>,
    random: Random,
}

/// Makes so many calls that begin in a period. Every call is over within 24 hours.
#[must_use]
pub fn calls<'a>(
    complex: &'a Complex,
    zone: &'a dyn Zone,
    period: &Range<Millis>,
    count: usize,
    seed: u64,
) -> Calls<'a> {
    let mut random = Random::new(seed);
    let mut begin: Vec<(Millis, bool)> = std::iter::repeat_with(|| {
        let is_drill = random.percent(DRILLS);
        (begun(&mut random, zone, period, is_drill), is_drill)
    })
    .take(count)
    .collect();
    begin.sort_unstable();
    Calls { complex, zone, begin: begin.into_iter(), random }
}

/// Draws an instant of the period by how likely its hour is.
fn begun(random: &mut Random, zone: &dyn Zone, period: &Range<Millis>, is_drill: bool) -> Millis {
    let by_hour = if is_drill { &DRILLS_BY_HOUR } else { &CALLS_BY_HOUR };
    let last = period.end.saturating_sub(1);
    let mut at = random.between(period.start, last);
    for _ in 0..ATTEMPTS {
        if random.below(LIKELIEST) < by_hour[zone.local(at).hour] {
            break;
        }
        at = random.between(period.start, last);
    }
    at
}

impl<'a> Calls<'a> {
    /// Returns the words of all calls in the order of their records' times, as a log has them.
    pub fn words(self) -> Words<'a> {
        Words { calls: self.peekable(), waiting: BTreeMap::new(), number: 0 }
    }
}

impl Iterator for Calls<'_> {
    type Item = Vec<Word>;

    fn next(&mut self) -> Option<Vec<Word>> {
        let (begun, is_drill) = self.begin.next()?;
        let is_night = self.zone.local(begun).is_night();
        Some(story::words(self.complex, &mut self.random, begun, is_drill, is_night))
    }
}

/// The words of calls in the order of their records' times.
pub struct Words<'a> {
    calls: Peekable<Calls<'a>>,
    /// Words of calls that have begun, by their times and how many came before.
    waiting: BTreeMap<(Millis, u64), Event>,
    number: u64,
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        loop {
            let begins = self.calls.peek().and_then(|words| words.first()).map(|(begun, _)| *begun);
            let due = self.waiting.first_key_value().map(|((at, _), _)| *at);
            match (due, begins) {
                (Some(due), Some(begins)) if due >= begins => {}
                (Some(_), _) => {
                    return self.waiting.pop_first().map(|((at, _), event)| (at, event));
                }
                (None, None) => return None,
                (None, Some(_)) => {}
            }
            for (at, event) in self.calls.next().into_iter().flatten() {
                self.number += 1;
                self.waiting.insert((at, self.number), event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        event::{Kind, OPEN_FOR},
        position::Position,
        statistics::{Held, Outcome, Row, Utc, rows},
    };

    const DAY: Millis = OPEN_FOR;
    const PERIOD: Range<Millis> = 1_780_000_000_000..1_780_000_000_000 + 90 * DAY;

    fn made(count: usize, seed: u64) -> Vec<Vec<Word>> {
        calls(&Complex::new(8, 60), &Utc, &PERIOD, count, seed).collect()
    }

    fn row(words: &[Word]) -> Row {
        let line = words[0].1.line().clone();
        let held = words.iter().zip(1..).filter_map(|((at, event), offset)| {
            Held::new(event.clone(), Position { timestamp: *at, partition: 0, offset })
        });
        let rows = rows(&line, held);
        assert_eq!(rows.len(), 1, "{words:?}");
        rows.into_iter().next().unwrap()
    }

    #[test]
    fn a_seed_gives_the_same_calls_and_another_seed_others() {
        assert_eq!(made(50, 7), made(50, 7));
        assert_ne!(made(50, 7), made(50, 8));
    }

    #[test]
    fn each_call_is_one_call_to_the_fold_and_over_within_a_day() {
        for words in made(2_000, 1) {
            let begun = words[0].0;
            assert!(PERIOD.contains(&begun) && matches!(words[0].1, Event::Alert(_)), "{words:?}");
            assert!(words.is_sorted_by_key(|(at, _)| *at), "{words:?}");
            let row = row(&words);
            let ended = row.ended.unwrap().at;
            assert!(begun < ended && ended <= begun + OPEN_FOR, "{row:?}");
            assert_eq!(row.begun, begun);
            // The fold has used every word, so none was about another call or by somebody without the right to it.
            let is_answer = |event: &Event| matches!(event, Event::Accept(_) | Event::Status(_));
            let answers = words.iter().filter(|(_, event)| is_answer(event)).count();
            assert_eq!(row.words as usize, answers, "{row:?} of {words:?}");
        }
    }

    #[test]
    fn there_is_some_of_everything() {
        let rows: Vec<Row> = made(2_000, 1).iter().map(|words| row(words)).collect();
        let now = PERIOD.end + 2 * DAY;
        let share =
            |is_so: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is_so(row)).count() * 100 / rows.len();
        for (name, share, plausible) in [
            ("drills", share(&|row| row.drill), 3..10),
            ("false alarms", share(&Row::is_false_alarm), 5..20),
            ("nobody came", share(&|row| row.outcome(now) == Outcome::Nobody), 2..12),
            ("somebody came", share(&|row| row.outcome(now) == Outcome::Came), 70..92),
            ("reached", share(&|row| !row.reached.is_empty()), 90..100),
            ("at night", share(&|row| Utc.local(row.begun).is_night()), 20..50),
            ("evening", share(&|row| (18..22).contains(&Utc.local(row.begun).hour)), 20..45),
        ] {
            assert!(plausible.contains(&share), "{name}: {share} %");
        }
        let kinds: BTreeSet<_> = rows.iter().map(|row| row.kind).collect();
        assert_eq!(kinds.len(), Kind::ALL.len() + 1, "every kind, and none");
        let lines: BTreeSet<_> = rows.iter().map(|row| row.line.as_str()).collect();
        let all = ["101-1", "101-2", "102-1", "102-2", "103-1", "103-2", "104-1", "104-2"];
        assert_eq!(lines, BTreeSet::from(all));
    }

    #[test]
    fn words_come_in_the_order_of_their_records_and_none_is_lost() {
        let complex = Complex::new(3, 8);
        let calls = || calls(&complex, &Utc, &PERIOD, 300, 5);
        let words: Vec<Word> = calls().words().collect();
        assert!(words.is_sorted_by_key(|(at, _)| *at));
        let mut expected: Vec<Word> = calls().flatten().collect();
        expected.sort_by_key(|(at, _)| *at);
        assert_eq!(words.len(), expected.len());
        let counted = |words: &[Word]| -> BTreeSet<String> {
            words.iter().map(|(at, event)| format!("{at} {event:?}")).collect()
        };
        assert_eq!(counted(&words), counted(&expected));
    }

    #[test]
    fn a_period_without_a_likely_hour_has_exercises_too() {
        let hour = 1_780_012_800_000..1_780_012_800_000 + 60 * 60 * 1000;
        assert_eq!(calls(&Complex::new(1, 4), &Utc, &hour, 40, 1).count(), 40);
    }
}
