//! The course of one call, from the neighbours that it reaches to its end.

use uuid::Uuid;

use super::{Complex, Random, Word};
use crate::{
    event::{
        Accept, Actor, Alert, AlertId, Event, EventId, Kind, LATE_AFTER, Millis, OPEN_FOR, Progress, Receipt,
        Status,
    },
    people::{Flats, House, Line, Neighbour},
};

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;

/// The end of a call.
#[derive(Clone, Copy)]
enum Fate {
    TakenBack,
    Nobody,
    Came,
    Drill,
}

/// A call that is being made.
struct Story<'a> {
    random: &'a mut Random,
    line: Line,
    caller: House,
    id: AlertId,
    begun: Millis,
    /// Neighbours take longer at night.
    slower: Millis,
    words: Vec<Word>,
}

/// Makes a call and returns its words in the order of their records.
pub(super) fn words(
    complex: &Complex,
    random: &mut Random,
    begun: Millis,
    is_drill: bool,
    is_night: bool,
) -> Vec<Word> {
    let line = complex.lines[random.below(complex.lines.len())].clone();
    let caller = random.below(complex.houses.len());
    let others = complex.houses.iter().enumerate().filter(|(index, _)| *index != caller);
    let others: Vec<House> = others.map(|(_, house)| house.clone()).collect();
    let fate = if is_drill { Fate::Drill } else { fate(random) };
    let id = AlertId(id(random));
    let (caller, slower) = (complex.houses[caller].clone(), if is_night { 2 } else { 1 });
    let mut story = Story { random, line, caller, id, begun, slower, words: Vec::new() };
    story.alert(is_drill);
    // Some calls reach no device at all, so nobody can come.
    let reached = if story.random.percent(2) { Vec::new() } else { story.reach(others, is_night) };
    match fate {
        Fate::TakenBack => story.is_withdrawn(&reached),
        Fate::Nobody => story.ends_alone(),
        Fate::Came | Fate::Drill if reached.is_empty() => story.ends_alone(),
        Fate::Came => story.is_helped(&reached),
        Fate::Drill => story.is_practised(&reached),
    }
    story.words.sort_by_key(|(at, _)| *at);
    story.words
}

fn fate(random: &mut Random) -> Fate {
    match random.below(100) {
        0..13 => Fate::TakenBack,
        13..17 => Fate::Nobody,
        _ => Fate::Came,
    }
}

fn id(random: &mut Random) -> Uuid {
    let (high, low) = (u128::from(random.bits()), u128::from(random.bits()));
    Uuid::new_v8(((high << 64) | low).to_be_bytes())
}

fn kind(random: &mut Random) -> Option<Kind> {
    match random.below(100) {
        0..7 => Some(Kind::Fire),
        7..50 => Some(Kind::Medical),
        50..58 => Some(Kind::Intruder),
        58..80 => Some(Kind::Other),
        _ => None,
    }
}

impl Story<'_> {
    fn alert(&mut self, drill: bool) {
        let alert = Alert {
            kind: kind(self.random),
            drill,
            ..Alert::new(self.id, self.line.clone(), self.caller.clone(), self.begun)
        };
        self.words.push((self.begun, Event::Alert(alert)));
    }

    /// The devices of some flats take the call, most of them at once. Returns the flats.
    fn reach(&mut self, mut others: Vec<House>, is_night: bool) -> Vec<House> {
        let (least, most) = if is_night { (55, 85) } else { (40, 75) };
        let percent = self.random.between(least, most).unsigned_abs();
        let count = usize::try_from(others.len() as u64 * percent / 100).unwrap_or_default().max(1);
        for place in 0..count {
            let drawn = place + self.random.below(others.len() - place);
            others.swap(place, drawn);
        }
        others.truncate(count);
        let (at_once, later) = others.split_at(count.div_ceil(2));
        let at = self.begun + self.random.between(200, 1_500);
        self.receipt(at, at_once, &[]);
        let at = self.begun + self.random.between(2 * SECOND, 20 * SECOND);
        self.receipt(at, later, &others[..count.div_ceil(3)]);
        others
    }

    fn receipt(&mut self, at: Millis, reached: &[House], seen: &[House]) {
        let flats = |houses: &[House]| houses.iter().cloned().map(Neighbour::from).collect::<Flats>();
        let receipt = Receipt {
            line: self.line.clone(),
            alert: self.id,
            target: Some(self.caller.clone()),
            pushed: Flats::new(),
            reached: flats(reached),
            sounded: flats(reached),
            seen: flats(seen),
            after: None,
        };
        self.words.push((at, Event::Receipt(receipt)));
    }

    /// The caller cancels at once, sometimes after a neighbour has accepted.
    fn is_withdrawn(&mut self, reached: &[House]) {
        let cancelled = self.begun + self.random.soon(5 * SECOND, 150 * SECOND);
        if let Some(neighbour) = reached.first()
            && self.random.percent(25)
        {
            let at = self.random.between(self.begun + SECOND, cancelled - SECOND);
            self.accept(at, neighbour);
        }
        self.status(cancelled, Progress::Cancelled, Actor::House(self.caller.clone()));
    }

    /// Nobody accepts.
    fn ends_alone(&mut self) {
        match self.random.below(10) {
            0..4 => {
                let at = self.begun + LATE_AFTER + self.random.soon(MINUTE, 50 * MINUTE);
                self.status(at, Progress::Cancelled, Actor::House(self.caller.clone()));
            }
            4..8 => {
                let at = self.begun + self.random.between(60 * MINUTE, 240 * MINUTE);
                self.status(at, Progress::Resolved, Actor::Administrator);
            }
            _ => self.expires(),
        }
    }

    /// Neighbours come, and most of them arrive.
    fn is_helped(&mut self, reached: &[House]) {
        let count = (1 + self.random.below(3)).min(reached.len());
        let mut at = self.begun;
        let mut last = at;
        for (index, neighbour) in reached[..count].iter().enumerate() {
            at += self.random.soon(8 * SECOND, 200 * SECOND) * self.slower;
            self.accept(at, neighbour);
            last = last.max(at);
            let by = Actor::House(neighbour.clone());
            if index > 0 && self.random.percent(15) {
                let withdrawn = at + self.random.between(20 * SECOND, 120 * SECOND);
                self.status(withdrawn, Progress::Withdrawn, by);
            } else if self.random.percent(85) {
                let arrived = at + self.random.soon(40 * SECOND, 6 * MINUTE) * self.slower;
                self.status(arrived, Progress::Arrived, by);
                last = last.max(arrived);
            }
        }
        let ended = last + self.random.soon(3 * MINUTE, 90 * MINUTE);
        match self.random.below(100) {
            0..82 => self.status(ended, Progress::Resolved, Actor::House(self.caller.clone())),
            82..96 => self.status(ended, Progress::Resolved, Actor::Administrator),
            _ => self.expires(),
        }
    }

    /// Neighbours accept an exercise, and the office ends it.
    fn is_practised(&mut self, reached: &[House]) {
        let count = (1 + self.random.below(5)).min(reached.len());
        for neighbour in &reached[..count] {
            let at = self.begun + self.random.soon(5 * SECOND, 120 * SECOND);
            self.accept(at, neighbour);
        }
        let ended = self.begun + self.random.between(5 * MINUTE, 15 * MINUTE);
        self.status(ended, Progress::Resolved, Actor::Administrator);
    }

    fn expires(&mut self) {
        let id = EventId::of_service(&self.line, &self.caller, self.id, Progress::Expired.as_str());
        self.status_with(id, self.begun + OPEN_FOR, Progress::Expired, Actor::Service);
    }

    fn accept(&mut self, at: Millis, neighbour: &House) {
        let accept = Accept {
            id: EventId(id(self.random)),
            line: self.line.clone(),
            accept: neighbour.clone(),
            accept_line: None,
            target: self.caller.clone(),
            alert: Some(self.id),
            at,
        };
        self.words.push((at, Event::Accept(accept)));
    }

    fn status(&mut self, at: Millis, status: Progress, by: Actor) {
        let id = EventId(id(self.random));
        self.status_with(id, at, status, by);
    }

    fn status_with(&mut self, id: EventId, at: Millis, status: Progress, by: Actor) {
        let status = Status {
            id,
            line: self.line.clone(),
            alert: self.id,
            target: Some(self.caller.clone()),
            status,
            by,
            by_line: None,
            note: None,
            escalation: None,
            at,
        };
        self.words.push((at, Event::Status(status)));
    }
}
