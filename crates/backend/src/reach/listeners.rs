//! The pages that follow how many households of their line can be reached.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use domain::{House, Line, destination, header, message_id, reach};
use stomp::{Command, Frame, Version};
use tokio::time::Instant;
use uuid::Uuid;

use super::known::Known;
use crate::calls::hub::{Push as _, Queue, SharedFrame};

/// The shortest time between two changes of the number that the pages of a line get.
pub(super) const CHANGE_EVERY: Duration = Duration::from_secs(10);

/// The pages of every line.
#[derive(Default)]
pub(super) struct Listeners {
    by_line: BTreeMap<Line, OfLine>,
    numbers: u64,
}

/// The pages of one line.
#[derive(Default)]
struct OfLine {
    pages: BTreeMap<u64, Page>,
    /// When they last got a change.
    changed: Option<Instant>,
}

/// A page that follows the number.
pub(super) struct Page {
    /// The house of the person, if it is one of the line.
    pub(super) house: Option<House>,
    /// The client's own name for its subscription.
    pub(super) id: Arc<str>,
    pub(super) version: Version,
    pub(super) queue: Queue,
    /// The number that it has.
    pub(super) shown: Option<u32>,
}

impl Listeners {
    /// Adds a page, which gets the number at once; returns what it is removed by.
    pub(super) fn add(&mut self, line: &Line, mut page: Page, known: &Known, now: Instant) -> u64 {
        page.shown = known.neighbours(line, page.house.as_ref(), now);
        page.queue.push(&frame(line, &page.id, page.version, page.shown));
        self.numbers += 1;
        self.by_line.entry(line.clone()).or_default().pages.insert(self.numbers, page);
        self.numbers
    }

    pub(super) fn remove(&mut self, line: &Line, number: u64) {
        if let Some(of_line) = self.by_line.get_mut(line) {
            of_line.pages.remove(&number);
            if of_line.pages.is_empty() {
                self.by_line.remove(line);
            }
        }
    }

    /// Hands the pages of each line their number where it has changed. Returns when the next line may get a change
    /// that it has to wait for.
    pub(super) fn publish(&mut self, known: &Known, now: Instant) -> Option<Instant> {
        let due = self.by_line.iter_mut().filter_map(|(line, of_line)| of_line.publish(line, known, now));
        due.min()
    }
}

impl OfLine {
    fn publish(&mut self, line: &Line, known: &Known, now: Instant) -> Option<Instant> {
        let due = self.changed.map(|changed| changed + CHANGE_EVERY).filter(|due| *due > now);
        let mut frames: HashMap<(Arc<str>, Version, Option<u32>), SharedFrame> = HashMap::new();
        for page in self.pages.values_mut() {
            let number = known.neighbours(line, page.house.as_ref(), now);
            if number == page.shown {
                continue;
            }
            if due.is_some() {
                return due;
            }
            page.shown = number;
            let kind = (page.id.clone(), page.version, number);
            let frame = frames.entry(kind).or_insert_with(|| frame(line, &page.id, page.version, number));
            // A queue that has run over closes its socket, which takes the page with it.
            page.queue.push(frame);
            self.changed = Some(now);
        }
        None
    }
}

/// Encodes the number for all pages that call their subscription so.
fn frame(line: &Line, id: &str, version: Version, number: Option<u32>) -> SharedFrame {
    let frame = Frame::new(Command::Message)
        .header("destination", destination::of_reach(line))
        .header("message-id", message_id::direct(reach::TYPE, Uuid::now_v7()))
        .header("content-type", "application/json")
        .header(header::TYPE, reach::TYPE)
        .header("subscription", id)
        .body(reach::write(line, number));
    SharedFrame::new(stomp::encode(&frame, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::hub::{QueueReceiver, queue};

    fn line() -> Line {
        Line::new("101-1").unwrap()
    }

    fn house(name: &str) -> House {
        House::new(name).unwrap()
    }

    fn known(houses: &[&str], at: Instant) -> Known {
        let mut known = Known::default();
        known.replace([(line(), houses.iter().map(|name| house(name)).collect())].into(), at);
        known
    }

    fn page(own: &str) -> (Page, QueueReceiver) {
        let (queue, frames) = queue(8);
        let id = "reach".into();
        (Page { house: Some(house(own)), id, version: Version::V1_2, queue, shown: None }, frames)
    }

    /// Returns the numbers that a page got.
    fn numbers(frames: &mut QueueReceiver) -> Vec<Option<u32>> {
        std::iter::from_fn(|| frames.queued())
            .map(|frame| {
                let text = String::from_utf8(frame.to_vec()).unwrap();
                assert!(text.contains("destination:/sub/line/101-1/reach\n"), "{text}");
                let (_, body) = text.split_once("\n\n").unwrap();
                reach::read(body.trim_end_matches('\0').as_bytes())
            })
            .collect()
    }

    #[test]
    fn each_house_gets_the_number_without_itself_and_only_where_it_changes() {
        let (mut listeners, start) = (Listeners::default(), Instant::now());
        let ((caller, mut callers), (neighbour, mut neighbours)) = (page("1203"), page("1204"));
        let nobody = known(&[], start);
        listeners.add(&line(), caller, &nobody, start);
        let number = listeners.add(&line(), neighbour, &nobody, start);
        assert_eq!((numbers(&mut callers), numbers(&mut neighbours)), (vec![Some(0)], vec![Some(0)]));
        listeners.publish(&known(&["1204"], start), start);
        assert_eq!((numbers(&mut callers), numbers(&mut neighbours)), (vec![Some(1)], vec![]));
        listeners.remove(&line(), number);
        let later = start + CHANGE_EVERY;
        listeners.publish(&known(&["1203", "1204", "1301"], later), later);
        assert_eq!((numbers(&mut callers), numbers(&mut neighbours)), (vec![Some(2)], vec![]));
        listeners.publish(&known(&[], later), later + CHANGE_EVERY + super::super::known::HOLDS);
        assert_eq!(numbers(&mut callers), [None], "what is not known any more is no number");
    }

    #[test]
    fn a_number_that_flickers_goes_out_every_ten_seconds_and_the_last_one_is_not_forgotten() {
        let (mut listeners, start) = (Listeners::default(), Instant::now());
        let (page, mut frames) = page("1203");
        listeners.add(&line(), page, &known(&[], start), start);
        assert_eq!(listeners.publish(&known(&["1204"], start), start), None);
        let soon = start + Duration::from_secs(1);
        assert_eq!(listeners.publish(&known(&[], soon), soon), Some(start + CHANGE_EVERY));
        assert_eq!(numbers(&mut frames), [Some(0), Some(1)]);
        assert_eq!(listeners.publish(&known(&["1204"], soon), soon), None, "it is as it was");
        let due = start + CHANGE_EVERY;
        assert_eq!(listeners.publish(&known(&[], due), due), None);
        assert_eq!(numbers(&mut frames), [Some(0)]);
    }
}
