//! A push service on loopback that takes everything and notes when each message came.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use testkit::Error;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

/// The time between two looks at how many have come. The times themselves are taken when a message comes.
const GLANCE: Duration = Duration::from_millis(5);

const TAKEN: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";

/// The service. Clones are the same.
#[derive(Clone)]
pub(super) struct Service {
    origin: String,
    arrivals: Arc<Mutex<Arrivals>>,
}

/// The messages of one press.
#[derive(Default)]
struct Arrivals {
    /// The time of each message by its urgency.
    at: HashMap<String, Vec<Instant>>,
    /// Why a connection broke off, which delays the messages on it.
    fault: Option<String>,
}

impl Service {
    /// Starts it on a free port, on a thread of `runtime`.
    ///
    /// # Errors
    /// [`Error::System`].
    pub(super) async fn start(runtime: &Runtime) -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Error::system("listen on loopback"))?;
        let address = listener.local_addr().map_err(Error::system("listen on loopback"))?;
        // It is registered again with the runtime that serves it.
        let listener = listener.into_std().map_err(Error::system("listen on loopback"))?;
        let service = Self { origin: format!("http://{address}"), arrivals: Arc::default() };
        let serving = service.clone();
        runtime.spawn(async move {
            if let Err(error) = serving.accept(listener).await {
                serving.lock().fault = Some(format!("no connection is accepted: {error}"));
            }
        });
        Ok(service)
    }

    /// Returns its address, to which a device adds a path of its own.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Forgets what has come.
    pub(super) fn begin(&self) {
        self.lock().at.clear();
    }

    /// Waits until so many messages of this urgency have come, and returns when each did.
    ///
    /// # Errors
    /// [`Error::Late`], and [`Error::Usage`] when a connection broke off or more messages came.
    pub(super) async fn wait(
        &self,
        urgency: &str,
        count: usize,
        within: Duration,
    ) -> Result<Vec<Instant>, Error> {
        let deadline = Instant::now() + within;
        loop {
            let came = self.count(urgency)?;
            if came > count {
                return Err(Error::Usage(format!("{came} messages came for {count} devices")));
            }
            if came == count {
                return Ok(self.lock().at.get(urgency).cloned().unwrap_or_default());
            }
            if Instant::now() >= deadline {
                let awaited = format!("a message to each of {count} devices");
                return Err(Error::Late { awaited, within, instead: format!("{came} came") });
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Returns how many messages of this urgency have come.
    fn count(&self, urgency: &str) -> Result<usize, Error> {
        let arrivals = self.lock();
        match &arrivals.fault {
            Some(fault) => Err(Error::Usage(format!("the push service failed: {fault}"))),
            None => Ok(arrivals.at.get(urgency).map_or(0, Vec::len)),
        }
    }

    async fn accept(&self, listener: std::net::TcpListener) -> std::io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = self.clone();
            tokio::spawn(async move {
                if let Err(error) = service.serve(stream).await {
                    service.lock().fault = Some(format!("a connection broke off: {error}"));
                }
            });
        }
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let (mut line, mut body) = (String::new(), Vec::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let (mut urgency, mut length) = (String::new(), 0);
            loop {
                line.clear();
                if stream.read_line(&mut line).await? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                let Some((name, value)) = line.trim_end().split_once(':') else { break };
                match name.to_ascii_lowercase().as_str() {
                    "urgency" => value.trim().clone_into(&mut urgency),
                    "content-length" => length = value.trim().parse().map_err(std::io::Error::other)?,
                    _ => {}
                }
            }
            body.resize(length, 0);
            stream.read_exact(&mut body).await?;
            self.lock().at.entry(urgency).or_default().push(Instant::now());
            stream.write_all(TAKEN).await?;
            stream.flush().await?;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
