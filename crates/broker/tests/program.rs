//! Runs the real `iutsai-broker` and holds it to what the server relies on: its one line, its lock, its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

/// A broker that was started; killed when the test ends in any other way.
struct Broker {
    child: Child,
    address: String,
}

impl Broker {
    /// Starts a broker and waits for its line.
    fn start(data_dir: &Path) -> Self {
        let mut child = spawn(data_dir, &[]);
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped"))
            .read_line(&mut line)
            .expect("read its line");
        let Some(address) = line.trim_end().strip_prefix("listening ") else {
            let _ = child.kill();
            panic!("printed {line:?}, and on stderr: {}", text_of(child.stderr.take()));
        };
        let address = address.to_owned();
        Self { child, address }
    }

    /// Sends one Kafka request (api key, version 0, body) and returns the answer after its correlation id.
    fn ask(&self, api_key: u8, body: &[u8]) -> Vec<u8> {
        let mut request = vec![0, api_key, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
        request.extend_from_slice(body);
        let mut stream = TcpStream::connect(&self.address).expect("connect to the printed address");
        let length = u32::try_from(request.len()).expect("a small request");
        stream.write_all(&length.to_be_bytes()).expect("send");
        stream.write_all(&request).expect("send");
        let mut length = [0; 4];
        stream.read_exact(&mut length).expect("answer's length");
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut answer).expect("answer");
        assert_eq!(answer[..4], [0, 0, 0, 7], "correlation id");
        answer.split_off(4)
    }

    /// Kafka `Metadata` version 0 for one topic, which makes the topic when it is unknown.
    fn metadata(&self, topic: &str) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 1, 0, u8::try_from(topic.len()).expect("a short name")];
        body.extend_from_slice(topic.as_bytes());
        self.ask(3, &body)
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name])
            .arg(self.child.id().to_string())
            .status()
            .expect("run sh");
        assert!(sent.success(), "kill -s {name}");
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    fn close_stdin_and_wait(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().expect("its end")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Fails only when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(data_dir: &Path, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_iutsai-broker"))
        .arg("--data-dir")
        .arg(data_dir)
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start iutsai-broker")
}

/// Runs one that is expected to end by itself; its exit status and stderr. Its standard input stays open meanwhile: a
/// closed one would be a reason of its own to end.
fn run(data_dir: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut child = spawn(data_dir, more);
    let stdin = child.stdin.take();
    let output = child.wait_with_output().expect("its end");
    drop(stdin);
    assert_eq!(output.stdout, b"", "nothing on stdout");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code(), stderr)
}

fn text_of(stderr: Option<ChildStderr>) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = stderr {
        stderr.read_to_string(&mut text).expect("its stderr");
    }
    text
}

/// An empty directory for one test.
fn fresh(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if directory.exists() {
        std::fs::remove_dir_all(&directory).expect("remove an older run's directory");
    }
    directory
}

fn contains(answer: &[u8], part: &[u8]) -> bool {
    answer.windows(part.len()).any(|window| window == part)
}

#[test]
fn it_answers_at_the_address_it_prints_and_advertises_that_address() {
    let broker = Broker::start(&fresh("answers"));
    let (host, port) = broker.address.rsplit_once(':').expect("host:port");
    assert_eq!(host, "127.0.0.1");
    let port: u32 = port.parse().expect("a number");
    assert_ne!(port, 0);

    let mut advertised = vec![0, u8::try_from(host.len()).expect("short")];
    advertised.extend_from_slice(host.as_bytes());
    advertised.extend_from_slice(&port.to_be_bytes());
    assert!(contains(&broker.metadata("an-alert"), &advertised));
}

#[test]
fn a_second_broker_on_the_same_directory_is_refused() {
    let directory = fresh("second");
    let mut first = Broker::start(&directory);
    let (status, stderr) = run(&directory, &[]);
    assert_eq!(status, Some(3), "{stderr}");
    assert!(stderr.contains("another broker is running on"), "{stderr}");
    assert!(stderr.contains("--data-dir"), "{stderr}");
    assert!(first.is_running());
}

#[test]
fn it_ends_in_order_when_its_standard_input_closes() {
    let directory = fresh("stdin");
    let mut broker = Broker::start(&directory);
    broker.metadata("an-alert");
    let stdin = broker.child.stdin.as_mut().expect("stdin is piped");
    stdin.write_all(b"what is written is ignored\n").expect("write");
    assert!(broker.is_running());
    assert_eq!(broker.close_stdin_and_wait().code(), Some(0));
    assert!(directory.join("broker.db").exists());
    assert!(!directory.join("broker.db-wal").exists(), "the write-ahead log is folded into the file");
}

#[test]
fn it_ends_in_order_on_sigterm_even_with_a_client_connected() {
    let mut broker = Broker::start(&fresh("sigterm"));
    let _client = TcpStream::connect(&broker.address).expect("connect");
    broker.signal("TERM");
    assert_eq!(broker.child.wait().expect("its end").code(), Some(0));
}

#[test]
fn ctrl_c_in_the_terminal_of_its_supervisor_does_not_end_it() {
    let mut broker = Broker::start(&fresh("sigint"));
    broker.signal("INT");
    broker.signal("HUP");
    broker.metadata("an-alert");
    assert!(broker.is_running());
    assert_eq!(broker.close_stdin_and_wait().code(), Some(0));
}

#[test]
fn what_it_confirmed_is_there_after_a_sigkill_and_so_is_the_directory() {
    let directory = fresh("sigkill");
    let mut broker = Broker::start(&directory);
    let made = broker.metadata("an-alert");
    assert!(contains(&made, b"an-alert"));
    broker.child.kill().expect("SIGKILL");
    broker.child.wait().expect("its end");

    let again = Broker::start(&directory);
    let every_topic = again.ask(3, &[0, 0, 0, 0]);
    assert!(contains(&every_topic, b"an-alert"));
}

#[test]
fn an_address_that_is_not_loopback_is_refused() {
    let directory = fresh("loopback");
    for (address, sentence) in [
        ("0.0.0.0:0", "is not a loopback address"),
        ("[::1]:0", "write an IPv4 loopback address"),
        ("localhost", "write an IPv4 loopback address"),
    ] {
        let (status, stderr) = run(&directory, &["--listen", address]);
        assert_eq!(status, Some(2), "{address}: {stderr}");
        assert!(stderr.contains(sentence), "{address}: {stderr}");
    }
    assert!(!directory.exists(), "nothing is made for a wrong command line");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let (status, stderr) = run(&fresh("taken"), &["--listen", &address]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(stderr.contains(&format!("{address} is already in use")), "{stderr}");
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let directory = fresh("file-in-the-way");
    std::fs::create_dir_all(&directory).expect("make it");
    let file = directory.join("file");
    std::fs::write(&file, b"").expect("make the file");
    let (status, stderr) = run(&file.join("data"), &[]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(stderr.contains("cannot use the data directory"), "{stderr}");
}
