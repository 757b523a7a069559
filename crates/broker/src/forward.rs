//! What lies between the clients and nisshi: every request and answer passes as it is, but for Fetches, which wait here
//! ([`LongPoll`]) until there may be something to fetch.

use std::{
    collections::HashSet,
    io,
    net::SocketAddrV4,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufRead, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, BufWriter},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};

use crate::long_poll::{Fetch, LongPoll};

/// Keys of requests (<https://kafka.apache.org/protocol#protocol_api_keys>).
const FETCH: i16 = 1;
/// Those that change nothing: Fetch, ListOffsets, Metadata, ApiVersions.
const READING: [i16; 4] = [FETCH, 2, 3, 18];

/// The longest Fetch that is looked into. One of a thousand partitions is a twentieth of it.
const LONGEST_FETCH: usize = 1024 * 1024;

/// How many writes of a connection may be unanswered before it is forgotten which: those that want no answer get none.
const UNANSWERED: usize = 4096;

/// Between two tries to take a connection, while the system refuses them.
const PAUSE: Duration = Duration::from_millis(50);

/// Lets the clients of `listener` speak with nisshi at `nisshi`, for ever.
pub(crate) async fn serve(listener: TcpListener, nisshi: SocketAddrV4) -> std::convert::Infallible {
    let writes = watch::Sender::new(0);
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let writes = writes.clone();
                // That a connection ends is for its client to know.
                tokio::spawn(async move { connection(client, nisshi, &writes).await });
            }
            Err(error) => {
                eprintln!("iutsai-broker: cannot take a connection: {error}; trying on");
                sleep(PAUSE).await;
            }
        }
    }
}

/// What the way back knows of the way there, and the other way round.
#[derive(Default)]
struct Exchange {
    /// The numbers of the requests whose answers will tell that the log may have changed.
    writes: Mutex<HashSet<i32>>,
    /// The size of the last answer.
    answered: AtomicUsize,
}

impl Exchange {
    fn begin_to_write(&self, number: i32) {
        let mut numbers = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        if numbers.len() == UNANSWERED {
            numbers.clear();
        }
        numbers.insert(number);
    }

    /// Whether the request with this number was a write.
    fn answered(&self, number: i32, octets: usize) -> bool {
        self.answered.store(octets, Relaxed);
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }
}

async fn connection(client: TcpStream, nisshi: SocketAddrV4, writes: &watch::Sender<u64>) -> io::Result<()> {
    let nisshi = TcpStream::connect(nisshi).await?;
    client.set_nodelay(true)?;
    nisshi.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_nisshi, to_nisshi) = nisshi.into_split();
    let exchange = Exchange::default();
    let requests = requests(
        BufReader::new(from_client),
        BufWriter::new(to_nisshi),
        LongPoll::new(writes.subscribe()),
        &exchange,
    );
    let answers = answers(BufReader::new(from_nisshi), BufWriter::new(to_client), writes, &exchange);
    // Whichever side hangs up, both connections end.
    tokio::select! {
        ended = requests => ended,
        ended = answers => ended,
    }
}

/// Forwards requests, in their order, until the client hangs up.
async fn requests(
    mut from: impl AsyncBufRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut long_poll: LongPoll,
    exchange: &Exchange,
) -> io::Result<()> {
    loop {
        // The length, the key, its version, the request's number.
        let mut head = [0; 12];
        from.read_exact(&mut head).await?;
        let (length, number) = (number(&head[..4]), number(&head[8..]));
        let key = i16::from_be_bytes([head[4], head[5]]);
        let rest = rest(length, head.len())?;
        if !READING.contains(&key) {
            exchange.begin_to_write(number);
        }
        if key != FETCH || rest > LONGEST_FETCH {
            to.write_all(&head).await?;
            forward(&mut from, &mut to, rest).await?;
            continue;
        }
        let mut request = head.to_vec();
        request.resize(head.len() + rest, 0);
        from.read_exact(&mut request[head.len()..]).await?;
        if let Some(fetch) = Fetch::read(&request) {
            let wait = long_poll.wait(&fetch, exchange.answered.load(Relaxed)).await;
            request = fetch.waiting(wait).unwrap_or(request);
        }
        to.write_all(&request).await?;
        to.flush().await?;
    }
}

/// Forwards answers until nisshi hangs up, and counts those to requests that may have changed the log.
async fn answers(
    mut from: impl AsyncBufRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    writes: &watch::Sender<u64>,
    exchange: &Exchange,
) -> io::Result<()> {
    loop {
        // The length, the request's number.
        let mut head = [0; 8];
        from.read_exact(&mut head).await?;
        let rest = rest(number(&head[..4]), head.len())?;
        if exchange.answered(number(&head[4..]), rest) {
            writes.send_modify(|count| *count += 1);
        }
        to.write_all(&head).await?;
        forward(&mut from, &mut to, rest).await?;
    }
}

async fn forward(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    octets: usize,
) -> io::Result<()> {
    let copied = tokio::io::copy(&mut from.take(octets as u64), to).await?;
    if copied < octets as u64 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    to.flush().await
}

fn number(octets: &[u8]) -> i32 {
    octets.iter().fold(0, |number, octet| (number << 8) | i32::from(*octet))
}

/// How many octets of a frame follow its head: the length does not count its own four.
fn rest(length: i32, head: usize) -> io::Result<usize> {
    let whole = usize::try_from(length).ok().map(|length| length + 4);
    whole.and_then(|whole| whole.checked_sub(head)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::time::timeout;

    use super::*;
    use crate::long_poll::tests::request;

    const QUIET: Duration = Duration::from_millis(200);
    const PATIENCE: Duration = Duration::from_secs(20);
    /// ApiVersions and Produce, as far as is looked into them, each with a number of its own.
    const API_VERSIONS: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
    const PRODUCE: [u8; 14] = [0, 0, 0, 10, 0, 0, 0, 9, 0, 0, 0, 2, 0xff, 0xff];

    /// The test is at both ends: a client, and what stands where nisshi does.
    struct Ends {
        client: TcpStream,
        nisshi: TcpStream,
    }

    impl Ends {
        async fn send(&mut self, request: &[u8]) {
            self.client.write_all(request).await.expect("is taken");
        }

        /// Whether exactly this comes out next.
        async fn forwards(&mut self, request: &[u8]) {
            let mut came = vec![0; request.len()];
            timeout(PATIENCE, self.nisshi.read_exact(&mut came)).await.expect("comes").expect("is read");
            assert_eq!(came, request);
        }

        async fn forwards_nothing(&mut self) {
            assert!(timeout(QUIET, self.nisshi.read_u8()).await.is_err());
        }

        /// nisshi's answer to the request with this number, which passes as it is.
        async fn answer(&mut self, number: u8) {
            let answer = [0, 0, 0, 6, 0, 0, 0, number, 1, 2];
            self.nisshi.write_all(&answer).await.expect("is taken");
            let mut came = [0; 10];
            timeout(PATIENCE, self.client.read_exact(&mut came)).await.expect("comes").expect("is read");
            assert_eq!(came, answer);
        }
    }

    /// Two connections.
    async fn start() -> (Ends, Ends) {
        let listener = || TcpListener::bind("127.0.0.1:0");
        let (outer, inner) = (listener().await.expect("a port"), listener().await.expect("a port"));
        let address = |listener: &TcpListener| listener.local_addr().expect("has one");
        let outer_address = address(&outer);
        let SocketAddr::V4(inner_address) = address(&inner) else { panic!("it is IPv4") };
        tokio::spawn(serve(outer, inner_address));
        let ends = async || {
            let client = TcpStream::connect(outer_address).await.expect("connects");
            Ends { client, nisshi: inner.accept().await.expect("connects").0 }
        };
        (ends().await, ends().await)
    }

    async fn assert_hung_up(stream: &mut TcpStream) {
        let read = timeout(PATIENCE, stream.read(&mut [0])).await.expect("is told");
        assert_eq!(read.expect("in order"), 0);
    }

    #[tokio::test]
    async fn what_is_no_fetch_passes_as_it_is_and_so_do_answers() {
        let (mut one, _other) = start().await;
        one.send(&[&API_VERSIONS[..], &PRODUCE[..]].concat()).await;
        one.forwards(&API_VERSIONS).await;
        one.forwards(&PRODUCE).await;
        one.answer(1).await;
        one.answer(2).await;
    }

    #[tokio::test]
    async fn a_fetch_that_found_nothing_is_sent_again_when_something_was_written() {
        let (mut reader, mut writer) = start().await;
        let (asked, at_once) = (request(11, 60_000, &[(0, 3)]), request(11, 10, &[(0, 3)]));
        reader.send(&asked).await;
        reader.forwards(&at_once).await;
        reader.answer(7).await;
        reader.send(&asked).await;
        reader.forwards_nothing().await;
        // Being asked something changes nothing, and neither does a record that is not confirmed yet.
        writer.send(&[&API_VERSIONS[..], &PRODUCE[..]].concat()).await;
        writer.answer(1).await;
        reader.forwards_nothing().await;
        writer.answer(2).await;
        reader.forwards(&at_once).await;
    }

    #[tokio::test]
    async fn when_one_end_hangs_up_so_does_the_other() {
        let (mut one, mut other) = start().await;
        drop(one.client);
        assert_hung_up(&mut one.nisshi).await;
        drop(other.nisshi);
        assert_hung_up(&mut other.client).await;
    }

    #[tokio::test]
    async fn a_length_that_cannot_be_ends_the_connection() {
        let (mut one, _other) = start().await;
        one.send(&[0xff; 12]).await;
        assert_hung_up(&mut one.client).await;
    }
}
