//! The table.

use super::{Settings, board::Board, peer::Name, presser::Press};
use crate::callers::SOCKETS_OF_FLAT;
use testkit::measure::{
    disk::Floor,
    machine,
    spread::{Spread, milliseconds},
};

/// The results for one number of subscribers.
#[derive(Debug, Default)]
pub(super) struct Row {
    subscribers: usize,
    answered: Spread,
    first: Spread,
    each: Spread,
    last: Spread,
    missing: usize,
    published: usize,
    asked_to_wait: u32,
    twice: usize,
    ended: Vec<String>,
}

impl Row {
    pub(super) fn new(subscribers: usize) -> Self {
        Self { subscribers, ..Self::default() }
    }

    /// Adds a press. A press that missed somebody has no last one.
    pub(super) fn add(&mut self, press: &Press) {
        self.answered.add(press.answered);
        self.each.extend(press.seen.iter().copied());
        self.first.extend(press.seen.iter().min().copied());
        if press.missing == 0 {
            self.last.extend(press.seen.iter().max().copied());
        }
        self.missing += press.missing;
        self.published += usize::from(press.published);
        self.asked_to_wait += press.asked_to_wait;
    }

    /// Adds what the subscribers noted.
    pub(super) fn record(&mut self, board: &Board) {
        self.twice = board.twice();
        self.ended = board.ended();
    }

    /// Describes every missed or doubled alarm, one sentence each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |count: usize, what: &str| {
            if count > 0 {
                faults.push(format!("with {} subscribers: {count} {what}", self.subscribers));
            }
        };
        fault(self.missing, "times a subscriber did not get a call in time");
        fault(self.twice, "times a subscriber got a call again");
        let why = self.ended.first().map_or("", String::as_str);
        fault(self.ended.len(), &format!("sockets ended, the first because: {why}"));
        faults
    }
}

/// The machine, the settings, the disk and the head of the table.
pub(super) fn print_preface(settings: &Settings, callers: usize, address: &str, floor: &Floor) {
    let acknowledged = if settings.no_ack { "without ACK" } else { "each frame acknowledged" };
    println!("machine   {}; load {} before the first press", machine::facts(), machine::load());
    println!("server    {address}");
    println!(
        "settings  {} presses after {} to warm up, {} ms apart; {acknowledged}; subscribers on {} thread(s)",
        settings.presses, settings.warm_up, settings.interval_ms, settings.threads
    );
    println!("flats     {callers} press in turn; {SOCKETS_OF_FLAT} sockets to a flat that listens");
    println!("disk      {floor}");
    println!();
    println!(
        "{:>11}  {:^17}  {:^17}  {:^26}  {:^17}",
        "", "press to first", "press to each", "press to last", "POST /alert"
    );
    println!(
        "{:>11}  {:>8} {:>8}  {:>8} {:>8}  {:>8} {:>8} {:>8}  {:>8} {:>8}  {:>9}  {:>6}",
        "subscribers", "p50", "p99", "p50", "p99", "p50", "p99", "max", "p50", "p99", "published", "missed"
    );
}

/// One line of the table.
pub(super) fn print_row(row: &Row) {
    print_line(&row.subscribers.to_string(), row);
}

/// The line of another program, and how much longer or shorter ours took.
pub(super) fn print_peer(name: &str, ours: &Row, peer: &Row) {
    print_line(name, peer);
    println!(
        "{:>11}  press to last, ours divided by {name}'s: {} at p50, {} at p99",
        "",
        quotient(&ours.last, &peer.last, 50),
        quotient(&ours.last, &peer.last, 99),
    );
}

/// Returns how many times as long one took as the other, or a dash where one was not measured.
fn quotient(ours: &Spread, other: &Spread, percent: usize) -> String {
    match (ours.percentile(percent), other.percentile(percent)) {
        (Some(ours), Some(other)) if !other.is_zero() => {
            format!("{:.2}", ours.as_secs_f64() / other.as_secs_f64())
        }
        _ => "-".into(),
    }
}

fn print_line(what: &str, row: &Row) {
    let p = |spread: &Spread, percent| milliseconds(spread.percentile(percent));
    println!(
        "{what:>11}  {:>8} {:>8}  {:>8} {:>8}  {:>8} {:>8} {:>8}  {:>8} {:>8}  {:>9}  {:>6}",
        p(&row.first, 50),
        p(&row.first, 99),
        p(&row.each, 50),
        p(&row.each, 99),
        p(&row.last, 50),
        p(&row.last, 99),
        p(&row.last, 100),
        p(&row.answered, 50),
        p(&row.answered, 99),
        format!("{}/{}", row.published, row.answered.count()),
        row.missing,
    );
    if row.asked_to_wait > 0 {
        println!("{:>11}  the server answered {} times 429, and the presser waited", "", row.asked_to_wait);
    }
}

/// Prints the meaning of the columns.
pub(super) fn print_legend(peer: Option<Name>) {
    println!();
    println!(
        "Milliseconds by one monotonic clock, from before the request is built until a subscriber has read the frame, \
         or the caller the answer. Presser, subscribers and server share the machine."
    );
    if let Some(peer) = peer {
        println!(
            "{} gets a message as long as ours. It keeps no log, waits for no disk, knows no accounts, and is sent no \
             acknowledgements; its POST is that of the message. The other program is idle meanwhile.",
            peer.as_str()
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn press(seen: &[u64], missing: usize) -> Press {
        let seen = seen.iter().copied().map(Duration::from_millis).collect();
        Press { answered: Duration::from_millis(9), seen, missing, published: true, asked_to_wait: 0 }
    }

    #[test]
    fn programs_are_compared_by_their_last_subscribers() {
        let (mut ours, mut other) = (Row::new(2), Row::new(2));
        assert_eq!(quotient(&ours.last, &other.last, 50), "-");
        ours.add(&press(&[3, 1], 0));
        other.add(&press(&[2, 2], 0));
        assert_eq!(quotient(&ours.last, &other.last, 50), "1.50");
    }

    #[test]
    fn a_press_that_missed_somebody_is_a_fault_and_has_no_last() {
        let mut row = Row::new(2);
        row.add(&press(&[3, 2], 0));
        assert_eq!(row.faults(), Vec::<String>::new());
        row.add(&press(&[1], 1));
        assert_eq!((row.first.count(), row.each.count(), row.last.count()), (2, 3, 1));
        assert_eq!(row.faults(), ["with 2 subscribers: 1 times a subscriber did not get a call in time"]);
    }
}
