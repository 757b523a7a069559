//! Each socket gets the frame once, however many there are and whatever becomes of the others.

use std::{
    io,
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{helpers::TOGETHER, *};
use crate::calls::hub::{Outlet, QueueReceiver, members::tests::member, queue_before};

type Way = fn(&Arc<Delivery>) -> Outcome;

const WAYS: [Way; 2] = [deliver, helpers::deliver];

/// A socket whose writing panics.
struct Failing;

impl Outlet for Failing {
    fn message(&self, frame: &[u8]) -> Bytes {
        Bytes::copy_from_slice(frame)
    }

    fn write(&self, _: &[u8]) -> io::Result<usize> {
        panic!("the writing of this socket fails")
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

/// A delivery from house 1203 to that many members, of whom number 7 is of another house.
fn delivery(count: usize) -> (Delivery, Vec<QueueReceiver>) {
    let of = |number| member(number, if number == 7 { "1204" } else { "1203" }, 1);
    let (list, receivers): (Vec<Member>, Vec<QueueReceiver>) = (0..count as u64).map(of).unzip();
    let mut members = Members::default();
    members.extend(list);
    let delivery = Delivery {
        members,
        frames: vec![Some(SharedFrame::new("frame"))],
        sockets: count,
        only: None,
        listing: Vec::new(),
        speaker: House::new("1203").ok(),
        delivering: None,
    };
    (delivery, receivers)
}

/// Returns the numbers of the members that have the frame, each of which has it once.
fn reached(receivers: &mut [QueueReceiver]) -> Vec<usize> {
    let queued = receivers.iter_mut().map(|receiver| {
        let has_frame = receiver.queued().is_some();
        assert_eq!(receiver.queued(), None);
        has_frame
    });
    queued.enumerate().filter(|(_, has_frame)| *has_frame).map(|(number, _)| number).collect()
}

#[test]
fn every_socket_gets_the_frame_once_however_many_there_are() {
    for way in WAYS {
        for count in [0, 1, 8, TOGETHER, TOGETHER + 1, MANY, 100 * TOGETHER + 1] {
            let (delivery, mut receivers) = delivery(count);
            let outcome = way(&Arc::new(delivery));
            assert_eq!((outcome.pushed, outcome.is_delivered), (count as u64, count > 7));
            assert!(outcome.gone.is_empty());
            assert_eq!(reached(&mut receivers), (0..count).collect::<Vec<_>>());
        }
    }
}

#[test]
fn sockets_that_take_no_more_are_named() {
    const COUNT: usize = 20 * TOGETHER;
    for way in WAYS {
        let (delivery, mut receivers) = delivery(COUNT);
        let delivery = Arc::new(delivery);
        way(&delivery);
        let mut outcome = way(&delivery);
        assert_eq!((outcome.pushed, outcome.is_delivered), (0, false), "each holds one frame");
        outcome.gone.sort_unstable();
        assert_eq!(outcome.gone, (0..COUNT as u64).collect::<Vec<_>>());
        assert!(reached(&mut receivers).is_empty(), "nothing comes behind a frame that is missing");
    }
}

#[test]
fn those_who_are_not_meant_get_nothing() {
    const COUNT: usize = 2 * TOGETHER;
    for way in WAYS {
        let (mut delivery, mut receivers) = delivery(COUNT);
        delivery.listing = vec![1, 70];
        delivery.members.drop_queue(3);
        let mut another = delivery.members.remove(5).unwrap();
        another.kind = 1;
        delivery.members.insert(another);
        let delivery = Arc::new(delivery);
        assert_eq!(way(&delivery).pushed, COUNT as u64 - 4);
        let expected: Vec<_> = (0..COUNT).filter(|number| ![1, 3, 5, 70].contains(number)).collect();
        assert_eq!(reached(&mut receivers), expected);
    }
}

#[test]
fn a_drill_of_one_house_is_for_its_sockets_alone() {
    let (mut delivery, mut receivers) = delivery(2 * MANY);
    delivery.only = House::new("1204").ok();
    assert_eq!(deliver(&Arc::new(delivery)).pushed, 1);
    assert_eq!(reached(&mut receivers), [7]);
}

#[test]
fn a_socket_that_fails_keeps_the_frame_from_no_other_and_costs_no_thread() {
    for (way, count) in WAYS.into_iter().flat_map(|way| [(way, 2 * TOGETHER), (way, 2 * MANY)]) {
        let (mut delivery, mut receivers) = delivery(count);
        let failing = [0, 65, count - 1];
        let mut kept = Vec::new();
        for number in failing {
            let mut member = delivery.members.remove(number as u64).unwrap();
            let (queue, receiver) = queue_before(Box::new(Failing), 1);
            member.queue = Some(queue);
            kept.push(receiver);
            delivery.members.insert(member);
        }
        let delivery = Arc::new(delivery);
        let expected: Vec<_> = (0..count).filter(|number| !failing.contains(number)).collect();
        for _ in 0..2 {
            assert_eq!(way(&delivery).pushed, expected.len() as u64);
            assert_eq!(reached(&mut receivers), expected);
        }
        assert!(kept.iter().all(|receiver| receiver.end().is_none()), "they are not believed to be gone");
    }
}
