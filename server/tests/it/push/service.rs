//! A push service of the test's own, on loopback. It keeps what it is sent and answers as the test wants.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::timeout,
};

/// The time that a test waits for a message, with a second attempt and a busy machine included.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// With this status.
    Status(u16),
    /// 429, to come again after so many seconds.
    Later(u64),
    /// There is no answer, and the connection stays open.
    Silence,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub path: String,
    /// The names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Pushed {
    /// A header; empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// The service. Clones are the same.
#[derive(Clone)]
pub(crate) struct Service {
    origin: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    pushed: Mutex<Vec<Pushed>>,
    /// The next answers at a path; 201 where none is left.
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    arrived: Notify,
}

impl Service {
    /// Starts it on a free port; it ends with the test's runtime.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let accepting = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = accepting.clone();
                tokio::spawn(async move {
                    // A client that closes its connection ends it.
                    let _ = shared.serve(stream).await;
                });
            }
        });
        Self { origin, shared }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Answers the next requests at this path so, one after another.
    pub(crate) fn answer(&self, path: &str, answers: &[Answer]) {
        self.shared.answers.lock().unwrap().insert(path.to_owned(), answers.iter().copied().collect());
    }

    /// The requests to a path so far.
    pub(crate) fn at(&self, path: &str) -> Vec<Pushed> {
        self.shared.pushed.lock().unwrap().iter().filter(|pushed| pushed.path == path).cloned().collect()
    }

    /// Waits until so many requests have come to a path.
    pub(crate) async fn wait_for(&self, path: &str, count: usize) -> Vec<Pushed> {
        let waiting = async {
            loop {
                let arrived = self.shared.arrived.notified();
                tokio::pin!(arrived);
                arrived.as_mut().enable();
                let pushed = self.at(path);
                if pushed.len() >= count {
                    return pushed;
                }
                arrived.await;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| {
            panic!("{} of {count} requests have come to {path}", self.at(path).len());
        })
    }
}

impl Shared {
    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        while let Some(pushed) = read(&mut stream).await? {
            let answer = {
                let mut answers = self.answers.lock().unwrap();
                answers.get_mut(&pushed.path).and_then(VecDeque::pop_front).unwrap_or(Answer::Status(201))
            };
            self.pushed.lock().unwrap().push(pushed);
            self.arrived.notify_waiters();
            let head = match answer {
                Answer::Status(status) => format!("HTTP/1.1 {status} As wanted\r\n"),
                Answer::Later(seconds) => format!("HTTP/1.1 429 Too Many\r\nretry-after: {seconds}\r\n"),
                Answer::Silence => std::future::pending().await,
            };
            stream.write_all(format!("{head}content-length: 0\r\n\r\n").as_bytes()).await?;
            stream.flush().await?;
        }
        Ok(())
    }
}

/// Reads a request; `None` at the end of the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Pushed>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Pushed { path, headers, body, at: Instant::now() }))
}
