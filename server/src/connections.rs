//! The connections of clients that are not sockets. Before descriptors run out, the network with the most loses the one
//! silent the longest.
//!
//! Sockets have room of their own and are refused beyond it. Anybody can open any other connection. Without a bound,
//! idle ones could hold every descriptor, and no call would be accepted any more. None is refused, because it may bring
//! a call. Instead, a connection of the network with the most makes room for it.

mod listener;
mod request;
mod stream;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::net::TcpStream;

use self::stream::Shared;
use crate::budgets::Network;

pub(crate) use self::{
    listener::BoundedListener,
    request::mark_request,
    stream::{ClientStream, Counted},
};

/// The descriptors of a connection, which are itself, and a file that it is sent.
const DESCRIPTORS_EACH: usize = 2;
/// Where there are descriptors for more, looking for the one silent the longest would take too long.
const MOST: usize = 5_000;

/// The open connections. Clones share them.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    /// Descriptors for everything that clients hold.
    room: usize,
    began: Instant,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    accepted: u64,
    /// By the order in which they were accepted.
    plain: BTreeMap<u64, Arc<Shared>>,
    /// The number of these that each network has.
    of_networks: HashMap<Network, usize>,
    /// Upgraded connections. Each holds one descriptor, and is never closed from here.
    sockets: HashSet<u64>,
}

/// The other end of a connection, as handlers find it in `ConnectInfo`.
#[derive(Clone)]
pub(crate) struct Peer {
    address: SocketAddr,
    connection: Arc<Shared>,
}

impl Connections {
    /// Room for so many descriptors, those of sockets among them.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self(Arc::new(Inner { room, began: Instant::now(), open: Mutex::default() }))
    }

    /// Returns how many are open that are no sockets.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lock().plain.len()
    }

    /// A connection that was accepted. Others are closed for it where there is no room.
    fn enter(&self, stream: TcpStream) -> ClientStream {
        let network = network(&stream);
        let (shared, shed) = {
            let mut open = self.lock();
            let mut shed = Vec::new();
            while open.is_full(self.0.room)
                && let Some(connection) = open.take_one()
            {
                shed.push(connection);
            }
            let number = open.accepted;
            open.accepted += 1;
            let shared = Arc::new(Shared::new(self.clone(), number, network, stream));
            open.plain.insert(number, shared.clone());
            *open.of_networks.entry(network).or_default() += 1;
            (shared, shed)
        };
        for connection in &shed {
            close(connection);
        }
        ClientStream::new(shared)
    }

    /// Closes one; whether there was one.
    fn shed_one(&self) -> bool {
        // The lock is not held while it is closed, because that wakes its task.
        let connection = self.lock().take_one();
        connection.is_some_and(|connection| {
            close(&connection);
            true
        })
    }

    /// The connection has become a socket.
    fn upgrade(&self, number: u64) {
        let mut open = self.lock();
        // One that was closed meanwhile becomes none.
        if open.take(number).is_some() {
            open.sockets.insert(number);
        }
    }

    /// The connection is closed.
    fn leave(&self, number: u64) {
        let mut open = self.lock();
        if open.take(number).is_none() {
            open.sockets.remove(&number);
        }
    }

    /// Microseconds since these connections began to be counted.
    fn now(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Returns whether one more is too many.
    fn is_full(&self, room: usize) -> bool {
        let plain = self.plain.len() + 1;
        plain > MOST || plain * DESCRIPTORS_EACH + self.sockets.len() > room
    }

    /// Takes the one silent the longest of the network with the most; one whose request is under way only where there
    /// is no other. Everybody behind one proxy is one network here.
    fn take_one(&mut self) -> Option<Arc<Shared>> {
        let rank = |shared: &Shared| {
            let of_network = self.of_networks.get(&shared.network()).copied().unwrap_or_default();
            // The busy flag is read first, because a request that ends in between counts as activity.
            (shared.is_busy(), Reverse(of_network), shared.spoke())
        };
        let number = *self.plain.iter().min_by_key(|(_, shared)| rank(shared))?.0;
        self.take(number)
    }

    fn take(&mut self, number: u64) -> Option<Arc<Shared>> {
        let shared = self.plain.remove(&number)?;
        if let Some(count) = self.of_networks.get_mut(&shared.network()) {
            *count -= 1;
            if *count == 0 {
                self.of_networks.remove(&shared.network());
            }
        }
        Some(shared)
    }
}

/// A connection that has ended already counts as one of nowhere.
fn network(stream: &TcpStream) -> Network {
    stream.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip()).into()
}

impl Peer {
    /// Where it is.
    #[must_use]
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the connection is a socket, which has been given room of its own.
    pub(crate) fn becomes_socket(&self) {
        self.connection.becomes_socket();
    }
}

fn close(connection: &Shared) {
    metrics::counter!("iutsai_connections_shed_total").increment(1);
    connection.close();
}

#[cfg(test)]
mod tests;
