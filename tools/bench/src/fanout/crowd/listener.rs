//! A thread that reads the sockets of many subscribers as they have something.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream as StdStream,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread::{self, JoinHandle},
};

use mio::{Events, Interest, Poll, Token, Waker, net::TcpStream};

use super::{
    acknowledgement,
    frames::{self, Message},
    read,
};
use crate::fanout::board::Board;
use testkit::Error;

/// The token of the waker. A socket has its place in the list.
const WAKE: Token = Token(usize::MAX);
/// The events that are looked at together.
const EVENTS: usize = 1_024;
/// The octets that are read at once, which is far more than most sockets ever have.
const BUFFER: usize = 64 * 1_024;

/// The thread, until it is dropped. Its sockets are closed then.
pub(super) struct Listener {
    new: Option<Sender<(usize, StdStream)>>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Starts the thread, which has no socket yet.
    pub(super) fn start(board: Arc<Board>) -> Result<Self, Error> {
        let poll = Poll::new().map_err(Error::system("wait for sockets"))?;
        let waker = Waker::new(poll.registry(), WAKE).map_err(Error::system("wait for sockets"))?;
        let (sender, new) = channel();
        let ears = Ears { poll, new, sockets: Vec::new(), board, acks: Vec::new() };
        let thread = thread::Builder::new()
            .name("listener".into())
            .spawn(move || ears.listen())
            .map_err(Error::system("start a listener"))?;
        Ok(Self { new: Some(sender), waker, thread: Some(thread) })
    }

    /// Hands a socket over, which belongs to this subscriber of the board.
    pub(super) fn add(&self, subscriber: usize, socket: StdStream) -> Result<(), Error> {
        let new = self.new.as_ref().expect("the listener has not ended");
        let ended = |_| Error::Usage("a thread that reads the sockets has ended".into());
        new.send((subscriber, socket)).map_err(ended)?;
        self.waker.wake().map_err(Error::system("wake a listener"))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.new = None;
        if self.waker.wake().is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A panic of the thread was printed by it.
            let _ = thread.join();
        }
    }
}

/// The state of the thread.
struct Ears {
    poll: Poll,
    new: Receiver<(usize, StdStream)>,
    /// All that were ever handed over; `None` for one that has ended.
    sockets: Vec<Option<Socket>>,
    board: Arc<Board>,
    /// ACKs that wait until everything has been read.
    acks: Vec<(usize, String)>,
}

/// A socket, and the beginning of a message that has not come whole.
struct Socket {
    /// Its place in the list.
    place: usize,
    /// Its number on the board.
    subscriber: usize,
    stream: TcpStream,
    begun: Vec<u8>,
}

impl Ears {
    fn listen(mut self) {
        let (mut events, mut buffer) = (Events::with_capacity(EVENTS), vec![0; BUFFER]);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return self.board.lost(format!("waiting for sockets failed: {error}")),
                Ok(()) => {}
            }
            for event in &events {
                if event.token() != WAKE {
                    self.hear(event.token().0, &mut buffer);
                } else if self.take_new().is_none() {
                    return;
                }
            }
            self.acknowledge();
        }
    }

    /// Takes the sockets that were handed over; `None` if no more will come, which is the end.
    fn take_new(&mut self) -> Option<()> {
        loop {
            let (subscriber, socket) = match self.new.try_recv() {
                Ok(new) => new,
                Err(TryRecvError::Empty) => return Some(()),
                Err(TryRecvError::Disconnected) => return None,
            };
            let (place, mut stream) = (self.sockets.len(), TcpStream::from_std(socket));
            match self.poll.registry().register(&mut stream, Token(place), Interest::READABLE) {
                Ok(()) => self.sockets.push(Some(Socket { place, subscriber, stream, begun: Vec::new() })),
                Err(error) => self.board.lost(format!("a socket cannot be waited for: {error}")),
            }
        }
    }

    /// Reads what a socket has.
    fn hear(&mut self, place: usize, buffer: &mut [u8]) {
        let Some(Some(socket)) = self.sockets.get_mut(place) else { return };
        if let Err(why) = socket.hear(buffer, &self.board, &mut self.acks) {
            self.sockets[place] = None;
            self.board.lost(why);
        }
    }

    /// Sends what waits. The devices are independent of each other, but many share a thread here. What has reached any of
    /// them is read before one acknowledges, since no device waits for the ACK of another.
    fn acknowledge(&mut self) {
        for (place, ack) in self.acks.drain(..) {
            let Some(Some(socket)) = self.sockets.get_mut(place) else { continue };
            if let Err(why) = socket.send(&frames::text(&ack)) {
                self.sockets[place] = None;
                self.board.lost(why);
            }
        }
    }
}

impl Socket {
    /// Reads until the system has nothing more. It reports the socket again when something comes after that.
    fn hear(
        &mut self,
        buffer: &mut [u8],
        board: &Board,
        acks: &mut Vec<(usize, String)>,
    ) -> Result<(), String> {
        loop {
            let length = match self.stream.read(buffer) {
                Ok(0) => return Err("the connection ended".into()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.to_string()),
            };
            let is_all = length < buffer.len();
            if self.begun.is_empty() {
                let mut octets = &buffer[..length];
                self.read_messages(&mut octets, board, acks)?;
                self.begun.extend(octets);
            } else {
                let mut begun = std::mem::take(&mut self.begun);
                begun.extend(&buffer[..length]);
                let mut octets = begun.as_slice();
                self.read_messages(&mut octets, board, acks)?;
                self.begun.extend(octets);
            }
            if is_all {
                return Ok(());
            }
        }
    }

    fn read_messages(
        &mut self,
        octets: &mut &[u8],
        board: &Board,
        acks: &mut Vec<(usize, String)>,
    ) -> Result<(), String> {
        while let Some(message) = frames::take(octets)? {
            match message {
                Message::Text(text) => {
                    let ack = read(text, board, self.subscriber)?;
                    acks.extend(ack.map(|ack| (self.place, acknowledgement(ack))));
                }
                Message::Ping(payload) => self.send(&frames::pong(payload))?,
                Message::Pong => {}
            }
        }
        Ok(())
    }

    /// Sends a frame, which is far smaller than what the system holds for a socket.
    fn send(&mut self, frame: &[u8]) -> Result<(), String> {
        match self.stream.write(frame) {
            Ok(written) if written == frame.len() => Ok(()),
            Ok(_) => Err("the system took only a part of a frame".into()),
            Err(error) => Err(error.to_string()),
        }
    }
}
