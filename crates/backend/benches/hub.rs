//! The cost of a call in the hub, from its event until its frames are at every member of the line. The members' sockets
//! take all octets at once and keep none.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use backend::{
    calls::hub::{Hub, Outlet, QueueReceiver, Subscription, SubscriptionHandle, queue_before},
    clock,
};
use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput};
use domain::{Actor, Alert, AlertId, Event, EventId, House, Line, Progress, Status};
use stomp::Version;

const MEMBERS: [usize; 3] = [100, 1_000, 10_000];
const QUEUE: usize = 64;

/// A socket that counts the frames that it is given.
struct Sink(Arc<AtomicUsize>);

impl Outlet for Sink {
    fn message(&self, frame: &[u8]) -> Bytes {
        Bytes::copy_from_slice(frame)
    }

    fn write(&self, octets: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(1, Relaxed);
        Ok(octets.len())
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The members of a line.
struct Crowd {
    hub: Hub,
    frames: Arc<AtomicUsize>,
    _members: Vec<(SubscriptionHandle, QueueReceiver)>,
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("hub/fan-out");
    for members in MEMBERS {
        let crowd = gather(members);
        group.throughput(Throughput::Elements(2 * members as u64));
        group.bench_function(format!("a call and its end to {members} members"), |bencher| {
            bencher.iter_batched(
                call_and_end,
                |(call, end)| deliver_both(&crowd, call, end),
                BatchSize::SmallInput,
            );
        });
        assert!(crowd.frames.load(Relaxed).is_multiple_of(2 * members), "every member gets every frame");
    }
    group.finish();
    criterion.final_summary();
}

fn deliver_both(crowd: &Crowd, call: Event, end: Event) -> bool {
    crowd.hub.deliver(call) && crowd.hub.deliver(end)
}

fn gather(members: usize) -> Crowd {
    let (hub, frames) = (Hub::new(), Arc::new(AtomicUsize::new(0)));
    let join = |number: usize| {
        let (queue, receiver) = queue_before(Box::new(Sink(frames.clone())), QUEUE);
        let subscription = Subscription {
            id: "line".into(),
            version: Version::V1_2,
            acknowledges: true,
            replay_ended: false,
            house: Some(house(number + 1)),
            viewer: None,
        };
        let subscribed = hub.subscribe(&line(), subscription, queue);
        // A socket sends its snapshot before it gets live frames.
        assert_eq!(subscribed.snapshot.count(), 1, "no call is known yet");
        (subscribed.handle, receiver)
    };
    let members = (0..members).map(join).collect();
    Crowd { hub, frames, _members: members }
}

/// Makes a call of house 0, where no member lives, and what ends it.
fn call_and_end() -> (Event, Event) {
    let call = Alert::new(AlertId::generate(), line(), house(0), clock::now());
    let end = Status {
        id: EventId::generate(),
        line: line(),
        alert: call.id,
        target: Some(call.house.clone()),
        status: Progress::Cancelled,
        by: Actor::House(call.house.clone()),
        by_line: None,
        note: None,
        escalation: None,
        at: clock::now(),
    };
    (Event::Alert(call), Event::Status(end))
}

fn line() -> Line {
    Line::new("101-1").expect("a line's name")
}

fn house(number: usize) -> House {
    House::new(number.to_string()).expect("digits name a house")
}
