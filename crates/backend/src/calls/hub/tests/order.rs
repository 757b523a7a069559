//! The order in which an event comes to the sockets and to everybody else.

use std::{
    io, iter,
    task::{Context, Poll},
};

use bytes::Bytes;
use domain::{Change, Location};

use super::*;

/// A socket that records with each frame whether it is the first to have the event.
struct First {
    changes: Mutex<broadcast::Receiver<Changed>>,
    viewings: Arc<Mutex<mpsc::Receiver<Viewing>>>,
    is_first: Arc<Mutex<Vec<bool>>>,
}

impl Outlet for First {
    fn message(&self, frame: &[u8]) -> Bytes {
        Bytes::copy_from_slice(frame)
    }

    fn write(&self, octets: &[u8]) -> io::Result<usize> {
        let is_first = self.changes.lock().unwrap().is_empty() && self.viewings.lock().unwrap().is_empty();
        self.is_first.lock().unwrap().push(is_first);
        Ok(octets.len())
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn sockets_are_written_before_anybody_else_is_woken() {
    let hub = Hub::new();
    let (mut changes, viewings) = (hub.changes(), Arc::new(Mutex::new(hub.viewings())));
    let is_first = Arc::new(Mutex::new(Vec::new()));
    let outlet =
        First { changes: Mutex::new(hub.changes()), viewings: viewings.clone(), is_first: is_first.clone() };
    let (to_socket, _socket) = queue_before(Box::new(outlet), 1);
    let viewer = Some(Arc::new(display("wall")));
    let subscription = Subscription { viewer, ..subscription_of("1204") };
    let _listening = hub.subscribe(&line(), subscription, to_socket);
    apply(&hub, Event::Alert(Alert { location: Location::new(37.5, 127.0, None), ..call("1203", 0) }));
    assert_eq!(*is_first.lock().unwrap(), [true]);
    assert!(changes.try_recv().is_ok() && viewings.lock().unwrap().try_recv().is_ok(), "then the others are");
}

#[test]
fn changes_come_in_the_order_of_the_events() {
    let hub = Hub::new();
    let mut changes = hub.changes();
    let calls: Vec<Alert> = (0..3).map(|after| call("1203", after)).collect();
    for called in &calls {
        apply(&hub, Event::Alert(called.clone()));
        apply(&hub, ended(called));
    }
    let published = iter::from_fn(|| changes.try_recv().ok()).map(|changed| match changed.change {
        Change::Event { event, .. } => event.alert(),
        Change::First { alert, .. } => Some(alert),
    });
    let published: Vec<AlertId> = published.flatten().collect();
    let expected: Vec<AlertId> = calls.iter().flat_map(|called| [called.id, called.id]).collect();
    assert_eq!(published, expected);
}
