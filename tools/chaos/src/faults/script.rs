//! The script of presses, accepts and reconnects, all from the seed.
//!
//! A line has so many houses that each presses a few times in a run and answers now and then. No flat uses up what the
//! service grants it ([`testkit::budgets`]), whatever the length of the run.

use std::time::Duration;

use super::{
    random::Random,
    town::{HOUSES, LINES},
};
use testkit::client::Step;

/// A snapshot holds 200 calls. A returning listener must receive every call of the run, so a line has fewer.
const CALLS_OF_A_LINE: u32 = 180;
/// Calls of a line come no faster than this on average.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(700);

/// The most neighbours of the caller that come to a call.
const NEIGHBOURS: usize = 2;

/// A call and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// When it is pressed, since the beginning.
    pub(super) at: Duration,
    /// On which line.
    pub(super) line: usize,
    /// By which house of the line.
    pub(super) house: usize,
    /// The neighbours who come.
    pub(super) answers: Vec<Answer>,
    /// The caller's end of the call, this long after it was acknowledged.
    pub(super) end: Option<(Duration, Step)>,
}

/// A neighbour's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Which house of the line accepts.
    pub(super) house: usize,
    /// The time after the call was acknowledged.
    pub(super) after: Duration,
    /// The house's next command, this long after its accept was acknowledged.
    pub(super) then: Option<(Duration, Step)>,
}

/// Somebody who listens to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    /// Which line.
    pub(super) line: usize,
    /// Which of the line's houses; `None` is the management office.
    pub(super) house: Option<usize>,
    /// When the connection is given up and made anew though nothing is wrong with it. Others stay as long as they can.
    pub(super) leaves: Vec<Duration>,
}

/// The calls of a run of this length, in the order of their times.
pub(super) fn calls(random: &mut Random, length: Duration) -> Vec<Call> {
    let mean = (length / CALLS_OF_A_LINE).max(SHORTEST_INTERVAL);
    let mean = u64::try_from(mean.as_millis()).expect("hours at most");
    let mut calls = Vec::new();
    for line in 0..LINES {
        let (mut at, mut turns) = (Duration::ZERO, Turns::default());
        for _ in 0..CALLS_OF_A_LINE {
            // Half of them come in pairs, which share a commit or do not.
            at += if random.percent(25) {
                Duration::from_millis(3)
            } else {
                random.milliseconds(mean / 2, 2 * mean)
            };
            if at > length {
                break;
            }
            calls.push(call(random, at, line, &mut turns));
        }
    }
    calls.sort_by_key(|call| call.at);
    calls
}

/// The order in which the houses of a line press and answer.
#[derive(Default)]
struct Turns {
    callers: Deck,
    neighbours: Deck,
}

/// The houses of a line in a drawn order. Nobody comes twice before everybody came once.
#[derive(Default)]
struct Deck(Vec<usize>);

impl Deck {
    /// Draws a house other than `except`.
    fn draw(&mut self, random: &mut Random, except: Option<usize>) -> usize {
        if !self.0.iter().any(|house| Some(*house) != except) {
            // One that could not be drawn stays and is drawn twice in the next round.
            self.0.extend(0..HOUSES);
        }
        loop {
            let index = random.below(self.0.len());
            if Some(self.0[index]) != except {
                return self.0.swap_remove(index);
            }
        }
    }
}

fn call(random: &mut Random, at: Duration, line: usize, turns: &mut Turns) -> Call {
    let house = turns.callers.draw(random, None);
    // A race for the first accept, where often both come at the same moment.
    let race = random.milliseconds(0, 1500);
    let mut answers = Vec::<Answer>::new();
    for _ in 0..NEIGHBOURS {
        let neighbour = turns.neighbours.draw(random, Some(house));
        let is_new = answers.iter().all(|answer| answer.house != neighbour);
        if is_new && random.percent(75) {
            let after = if random.percent(60) { race } else { random.milliseconds(0, 2500) };
            let step = *random.pick(&[Step::Arrived, Step::Withdraw]);
            let then = random.percent(35).then(|| (random.milliseconds(50, 2000), step));
            answers.push(Answer { house: neighbour, after, then });
        }
    }
    let how = *random.pick(&[Step::Cancel, Step::Resolve]);
    let end = random.percent(60).then(|| (random.milliseconds(500, 8000), how));
    Call { at, line, house, answers, end }
}

/// Returns the listeners. On each line one house stays, and one comes and goes, and the management office listens.
pub(super) fn listeners(random: &mut Random, length: Duration) -> Vec<Listening> {
    let mut all = Vec::new();
    for line in 0..LINES {
        all.push(Listening { line, house: Some(0), leaves: Vec::new() });
        let (mut leaves, mut at) = (Vec::new(), Duration::ZERO);
        loop {
            at += random.milliseconds(1500, 9000);
            if at > length {
                break;
            }
            leaves.push(at);
        }
        all.push(Listening { line, house: Some(1), leaves });
        all.push(Listening { line, house: None, leaves: Vec::new() });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(300);

    #[test]
    fn a_seed_draws_the_same_calls_and_listeners_again() {
        let drawn = |seed| (calls(&mut Random::new(seed), LONG), listeners(&mut Random::new(seed), LONG));
        assert_eq!(drawn(3), drawn(3));
        assert_ne!(drawn(3), drawn(4));
    }

    #[test]
    fn no_flat_presses_more_often_than_it_may_at_once_and_every_flat_answers_about_as_often() {
        for seed in 0..20 {
            let calls = calls(&mut Random::new(seed), 10 * LONG);
            for (line, house) in (0..LINES).flat_map(|line| (0..HOUSES).map(move |house| (line, house))) {
                let of_line = || calls.iter().filter(move |call| call.line == line);
                let presses = of_line().filter(|call| call.house == house).count();
                assert!(presses <= testkit::budgets::ALERTS_AT_ONCE as usize, "{presses} presses");
                let answers = of_line().flat_map(|call| &call.answers);
                let answers = answers.filter(|answer| answer.house == house).count();
                assert!(answers <= 2 * 180 * NEIGHBOURS / HOUSES, "{answers} answers");
                assert!(of_line().all(|call| call.answers.iter().all(|answer| answer.house != call.house)));
            }
        }
    }

    #[test]
    fn a_line_never_has_more_calls_than_a_snapshot_holds() {
        for length in [LONG, 10 * LONG] {
            let calls = calls(&mut Random::new(1), length);
            for line in 0..LINES {
                let of_it = calls.iter().filter(|call| call.line == line).count();
                assert!((100..200).contains(&of_it), "{of_it} calls on line {line}");
            }
        }
    }
}
