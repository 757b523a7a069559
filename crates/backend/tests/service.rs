//! The whole backend against the real broker: a press becomes durable, published, folded and told.
//!
//! The broker's program is named by `IUTSAI_BROKER_PROGRAM`; `script/test` sets it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use backend::{
    hub::{Subscription, queue},
    log::KafkaSettings,
    readiness::RoleState,
    service::{Backend, Settings},
};
use tokio::{runtime::Handle, time::timeout};
use wire::{
    House, Line, Resident, Role,
    api::{AcceptRequest, CallRequest, State},
    body::Body,
};

struct Broker {
    child: Child,
    address: String,
}

impl Broker {
    fn start(directory: &Path) -> Self {
        let program = std::env::var("IUTSAI_BROKER_PROGRAM")
            .expect("IUTSAI_BROKER_PROGRAM names the embedded broker's program: run script/test");
        let mut child = Command::new(program)
            .arg("--data-dir")
            .arg(directory)
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the broker starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the broker tells where it listens");
        let address = line.trim().strip_prefix("listening ").expect("the broker listens").to_owned();
        Self { child, address }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.child.kill().expect("the broker can be stopped");
        self.child.wait().expect("the broker ends");
    }
}

async fn backend(directory: &Path, broker: &Broker) -> Backend {
    let settings = Settings {
        data_dir: directory.to_owned(),
        database_url: format!("sqlite://{}?mode=rwc", directory.join("iutsai.db").display()),
        kafka: KafkaSettings {
            bootstrap_servers: broker.address.clone(),
            security: Vec::new(),
            partitions: 2,
            embedded: true,
        },
        producer: true,
        fanout: true,
        demo: true,
        calls_runtime: Handle::current(),
        sockets_runtime: Handle::current(),
    };
    let backend = Backend::start(settings).await.expect("the backend starts");
    timeout(Duration::from_secs(30), backend.readiness.wait()).await.expect("the roles start");
    assert_eq!(backend.readiness.producer(), RoleState::Ready);
    assert_eq!(backend.readiness.fanout(), RoleState::Ready);
    backend
}

fn line() -> Line {
    Line::new("101-1").expect("a valid line")
}

fn resident(house: &str) -> Resident {
    Resident {
        name: format!("resident-{house}"),
        line: Some(line()),
        house: House::new(house).ok(),
        role: Role::Resident,
    }
}

fn request(house: &str) -> CallRequest {
    let house = House::new(house).expect("a valid house");
    let text = Some("도와주세요".into());
    CallRequest { line: line(), house, text, lat: None, lng: None, accuracy: None, kind: None, drill: false }
}

fn bodies(frames: &[u8]) -> Body {
    let mut decoder = stomp::Decoder::new(stomp::Limits::default());
    decoder.push(frames);
    match decoder.next() {
        Ok(Some(stomp::Incoming::Frame(frame))) => Body::parse(&frame.body).expect("a body"),
        other => panic!("no frame but {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_is_published_told_and_still_known_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let broker = Broker::start(&directory.path().join("broker"));
    let node = backend(directory.path(), &broker).await;

    let subscription = Subscription {
        id: "calls".into(),
        version: stomp::Version::V1_2,
        acknowledges: true,
        replay_ended: false,
    };
    let (sender, mut receiver) = queue(16);
    let subscribed = node.hub.subscribe(&line(), subscription.clone(), sender);
    let snapshot: Vec<_> = subscribed.snapshot.map(|frame| bodies(&frame)).collect();
    assert_eq!(snapshot, [Body::SnapshotEnd { line: line(), truncated: false }]);

    let recorded = node.calls.press(&resident("1203"), request("1203"), None).await.expect("it is taken");
    assert_eq!(recorded.state, State::Published);
    let frame = timeout(Duration::from_secs(5), receiver.next()).await.expect("in time").expect("a frame");
    let Body::Event { event: wire::Event::Alert(alert), .. } = bodies(&frame) else { panic!("no alert") };
    assert_eq!(alert.id.0, recorded.id);

    let accept = AcceptRequest {
        line: line(),
        accept_house: House::new("1204").expect("a valid house"),
        target_house: House::new("1203").expect("a valid house"),
        alert: None,
    };
    node.calls.accept(&resident("1204"), accept, None).await.expect("it is taken");
    let frame = timeout(Duration::from_secs(5), receiver.next()).await.expect("in time").expect("a frame");
    let Body::Event { event: wire::Event::Accept(accept), first } = bodies(&frame) else {
        panic!("no accept")
    };
    assert_eq!((accept.alert, first), (Some(alert.id), Some(true)));
    drop(subscribed.handle);
    node.stop().await;
    drop(node);

    let node = backend(directory.path(), &broker).await;
    let incidents = node.hub.incidents(&line());
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].alert, alert);
    assert_eq!(incidents[0].first, Some(accept.id));
    node.stop().await;
}
