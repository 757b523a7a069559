//! The order of a socket's octets, whether the hub or the task writes them, and however little the system takes.

use std::{
    sync::mpsc,
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;

use super::{receiver::BURST, *};

/// A system that takes no frame before it is released.
pub(crate) struct Slow(Mutex<mpsc::Receiver<()>>);

impl Slow {
    /// The end of the channel releases it, too.
    pub(crate) fn until(released: mpsc::Receiver<()>) -> Box<Self> {
        Box::new(Self(Mutex::new(released)))
    }
}

impl Outlet for Slow {
    fn message(&self, frame: &[u8]) -> Bytes {
        Bytes::copy_from_slice(frame)
    }

    fn write(&self, octets: &[u8]) -> io::Result<usize> {
        let _ = self.0.lock().recv();
        Ok(octets.len())
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A system that takes so many octets. The head of a message is `<`.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    octets: Vec<u8>,
    room: usize,
    is_broken: bool,
}

impl Pipe {
    fn with_room(room: usize) -> Self {
        let pipe = Self::default();
        pipe.0.lock().room = room;
        pipe
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().octets.clone()).unwrap()
    }
}

impl Outlet for Pipe {
    fn message(&self, frame: &[u8]) -> Bytes {
        [&b"<"[..], frame].concat().into()
    }

    fn write(&self, octets: &[u8]) -> io::Result<usize> {
        let mut taken = self.0.lock();
        if taken.is_broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let written = octets.len().min(taken.room);
        if written == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        taken.room -= written;
        taken.octets.extend_from_slice(&octets[..written]);
        Ok(written)
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.lock().room > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Task(Mutex<usize>);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        *self.0.lock() += 1;
    }
}

fn frame(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn shared(text: &'static str) -> SharedFrame {
    SharedFrame::new(frame(text))
}

fn begin(room: usize, capacity: usize) -> (Pipe, Queue, QueueReceiver) {
    let pipe = Pipe::with_room(room);
    let (queue, receiver) = queue_before(Box::new(pipe.clone()), capacity);
    (pipe, queue, receiver)
}

fn poll_write(receiver: &QueueReceiver) -> Poll<Written> {
    poll(receiver).written.map(Result::unwrap)
}

fn poll(receiver: &QueueReceiver) -> Polled {
    receiver.poll(&mut Context::from_waker(Waker::noop()), 0)
}

/// Lets a task wait for what the queue writes.
fn wait(receiver: &QueueReceiver, task: &Arc<Task>) -> Polled {
    receiver.poll(&mut Context::from_waker(&task.clone().into()), 0)
}

#[tokio::test]
async fn a_queue_that_overflows_reports_it_and_yields_nothing_more() {
    let (queue, mut receiver) = queue(2);
    assert!(queue.push(&shared("frame")) && queue.push(&shared("frame")));
    assert_eq!(receiver.end(), None);
    assert!(!queue.push(&shared("frame")));
    assert_eq!(receiver.end(), Some(End::Overflowed));
    assert_eq!(receiver.next().await, None);
}

#[tokio::test]
async fn the_octets_that_wait_are_counted() {
    let (queue, mut receiver) = queue(2);
    assert!(queue.push(&shared("12345")) && queue.push(&shared("123")));
    assert_eq!((receiver.octets(0), receiver.octets(10)), (8, 28));
    assert_eq!(receiver.queued(), Some(frame("12345")));
    assert_eq!(receiver.octets(0), 3);
    assert_eq!(receiver.next().await, Some(frame("123")));
    assert_eq!((receiver.octets(0), receiver.queued()), (0, None));
}

#[tokio::test]
async fn a_reader_wakes_for_a_frame_and_for_an_overflow() {
    let (queue, mut receiver) = queue(1);
    let reading = tokio::spawn(async move { (receiver.next().await, receiver) });
    tokio::task::yield_now().await;
    assert!(queue.push(&shared("1")));
    let (read, mut receiver) = reading.await.unwrap();
    assert_eq!(read, Some(frame("1")));
    assert!(queue.push(&shared("2")) && !queue.push(&shared("3")));
    assert_eq!(receiver.next().await, None);
    drop(receiver);
    assert!(!queue.push(&shared("4")), "nobody reads any more");
}

#[test]
fn a_frame_goes_out_at_once_and_wakes_nobody_while_nothing_waits() {
    let (pipe, queue, receiver) = begin(100, 2);
    let task = Arc::new(Task::default());
    assert!(!wait(&receiver, &task).is_queued);
    for text in ["one", "two", "three"] {
        assert!(queue.push(&shared(text)));
    }
    assert_eq!(pipe.text(), "<one<two<three");
    assert_eq!((*task.0.lock(), receiver.octets(0), receiver.take_sent()), (0, 0, 3));
}

#[test]
fn the_rest_of_a_frame_goes_before_the_next_and_the_task_wakes_for_it() {
    let (pipe, queue, receiver) = begin(3, 100);
    let task = Arc::new(Task::default());
    assert!(!wait(&receiver, &task).is_queued);
    assert!(queue.push(&shared("one")) && queue.push(&shared("two")));
    assert_eq!((pipe.text().as_str(), *task.0.lock()), ("<on", 1));
    assert_eq!(receiver.octets(0), 1 + 3, "the rest of the first and the second");
    assert_eq!(poll_write(&receiver), Poll::Pending);
    receiver.put(frame("!"));
    while pipe.text() != "<one!<two" {
        pipe.0.lock().room = 1;
        assert!(queue.push(&shared("late")));
        let _ = poll_write(&receiver);
        assert!("<one!<two<late".starts_with(&pipe.text()), "{}", pipe.text());
    }
}

#[test]
fn frames_of_the_hub_wait_while_they_are_held_and_go_out_in_order_after_that() {
    let (pipe, queue, mut receiver) = begin(100, 4);
    receiver.hold(true);
    for text in ["one", "two", "three"] {
        assert!(queue.push(&shared(text)));
    }
    receiver.put(frame("own"));
    assert_eq!((pipe.text().as_str(), poll_write(&receiver)), ("own", Poll::Ready(Written::Nothing)));
    assert!(poll(&receiver).is_queued);
    assert_eq!(receiver.queued(), Some(frame("one")));
    receiver.hold(false);
    assert!(queue.push(&shared("four")), "it waits for those before it");
    assert_eq!(poll_write(&receiver), Poll::Ready(Written::Some));
    assert_eq!(pipe.text(), "own<two<three<four");
    assert!(receiver.is_idle() && receiver.octets(0) == 0 && receiver.take_moved());
}

#[test]
fn a_socket_that_takes_nothing_overflows_and_one_that_is_broken_gets_nothing() {
    let (pipe, queue, receiver) = begin(0, 2);
    let task = Arc::new(Task::default());
    assert!(queue.push(&shared("one")) && queue.push(&shared("two")));
    assert!(wait(&receiver, &task).written.is_pending());
    assert!(!queue.push(&shared("three")));
    assert_eq!((receiver.end(), receiver.octets(0), *task.0.lock()), (Some(End::Overflowed), 0, 1));
    receiver.put(frame("why"));
    pipe.0.lock().room = 100;
    assert_eq!(poll_write(&receiver), Poll::Ready(Written::Some));
    assert_eq!(pipe.text(), "why", "what was missing is not hidden by what came after");

    let (pipe, queue, receiver) = begin(100, 2);
    pipe.0.lock().is_broken = true;
    assert!(!queue.push(&shared("one")));
    assert_eq!(receiver.end(), Some(End::Broken));
    assert!(matches!(
        poll(&receiver).written,
        Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe
    ));
}

#[test]
fn a_poll_reports_how_the_queue_is_after_the_writing() {
    let (pipe, queue, receiver) = begin(3, 2);
    let task = Arc::new(Task::default());
    assert!(queue.push(&shared("one")) && queue.push(&shared("two")));
    let polled = receiver.poll(&mut Context::from_waker(&task.clone().into()), 10);
    assert!(polled.written.is_pending() && !polled.is_queued, "the rest of the first goes before the second");
    assert_eq!((polled.octets, polled.end), (1 + 3 + 2 * 10, None));
    pipe.0.lock().room = 1;
    receiver.hold(true);
    let polled = wait(&receiver, &task);
    assert!(matches!(polled.written, Poll::Ready(Ok(Written::Some))), "{polled:?}");
    assert_eq!((polled.octets, polled.is_queued), (3, true));
    assert!(queue.push(&shared("three")) && !queue.push(&shared("four")));
    assert_eq!(*task.0.lock(), 1, "one change wakes the task, which has not been back since");
    let polled = wait(&receiver, &task);
    assert_eq!((polled.octets, polled.end, polled.is_queued), (0, Some(End::Overflowed), false));
}

#[test]
fn one_socket_is_not_written_without_end() {
    let (pipe, queue, receiver) = begin(0, 100);
    for _ in 0..100 {
        assert!(queue.push(&shared("x")));
    }
    pipe.0.lock().room = 1_000;
    assert_eq!(poll_write(&receiver), Poll::Ready(Written::Some));
    assert_eq!(pipe.text().len(), 2 * BURST);
    while poll_write(&receiver) == Poll::Ready(Written::Some) {}
    assert_eq!((pipe.text().len(), receiver.octets(0)), (200, 0));
}
