//! Listening on a loopback port, running nisshi behind it, and saying so once it answers.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use nisshi_broker::broker::Broker;
use nisshi_broker::coordinator::group::administrator::Controller;
use nisshi_storage::ArcDynStorage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use url::Url;
use uuid::Uuid;

use crate::Failure;
use crate::data_dir::DataDir;
use crate::forward;

type Nisshi = Broker<Controller<ArcDynStorage>, ArcDynStorage>;

/// How often another free port is tried for nisshi when someone took the last one between our look and its bind.
const FREE_PORT_ATTEMPTS: u32 = 10;

/// How long the first answer may take; opening the file and its schema takes milliseconds.
const FIRST_ANSWER: Duration = Duration::from_secs(30);

/// The Kafka `ApiVersions` request, version 0, with its length before it: api key 18, version 0, correlation id 1, no
/// client id (<https://kafka.apache.org/protocol#The_Messages_ApiVersions>).
const API_VERSIONS_REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];

/// Serves on `wanted` until it fails; prints `listening ADDRESS` on stdout once it answers there. Clients speak to
/// [`forward`], which speaks to nisshi on a port of its own.
///
/// # Errors
///
/// [`Failure::Other`] when the port is taken, the file cannot be opened, or nisshi stops by itself.
pub(crate) async fn serve(wanted: SocketAddrV4, data_dir: &DataDir) -> Result<(), Failure> {
    let (listener, address) = listen(wanted).await?;
    let mut clients = Some(listener);
    for _ in 0..FREE_PORT_ATTEMPTS {
        let inner = free_address()?;
        let mut broker = open(address, inner, data_dir).await?;
        let ended = tokio::select! {
            biased;
            ended = broker.serve(Instant::now()) => ended,
            failure = answer(&mut clients, address, inner) => return failure,
        };
        match ended {
            Err(nisshi_broker::Error::ListenerInUse { .. }) if clients.is_some() => {}
            Err(error) => return Err(Failure::Other(format!("stopped serving: {error}"))),
            Ok(()) => return Err(Failure::Other("stopped serving without a reason".into())),
        }
    }
    Err(Failure::Other(format!("found no free port in {FREE_PORT_ATTEMPTS} attempts")))
}

async fn listen(wanted: SocketAddrV4) -> Result<(TcpListener, SocketAddrV4), Failure> {
    let listener = TcpListener::bind(wanted).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::Other(format!(
            "{wanted} is already in use; choose another port with --listen, or 0 for a free one"
        )),
        _ => Failure::Other(format!("cannot listen on {wanted}: {error}")),
    })?;
    let port = listener.local_addr().map_err(|error| Failure::Other(error.to_string()))?.port();
    Ok((listener, SocketAddrV4::new(*wanted.ip(), port)))
}

/// Lets the clients in as soon as nisshi answers, and says so. `clients` is empty from then on.
async fn answer(
    clients: &mut Option<TcpListener>,
    address: SocketAddrV4,
    inner: SocketAddrV4,
) -> Result<(), Failure> {
    first_answer(inner).await?;
    let Some(listener) = clients.take() else { return std::future::pending().await };
    let serving = forward::serve(listener, inner);
    announce(address)?;
    match serving.await {}
}

/// nisshi has to be told the port before it binds.
fn free_address() -> Result<SocketAddrV4, Failure> {
    let wanted = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
    let free = std::net::TcpListener::bind(wanted)
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Failure::Other(format!("found no free port: {error}")))?;
    Ok(SocketAddrV4::new(*wanted.ip(), free.port()))
}

/// Opens the SQLite file and makes the broker that will listen on `inner`; clients are told `address`.
async fn open(address: SocketAddrV4, inner: SocketAddrV4, data_dir: &DataDir) -> Result<Nisshi, Failure> {
    let url = |at| Url::parse(&format!("tcp://{at}")).expect("an IPv4 address and a port make a valid URL");
    let storage = Url::parse(data_dir.storage_url()).expect("a constant and valid URL");
    Nisshi::builder()
        .node_id(nisshi_broker::NODE_ID)
        .cluster_id("iutsai")
        .incarnation_id(Uuid::now_v7())
        .advertised_listener(url(address))
        .storage(storage)
        .listener(url(inner))
        .silent(true)
        .build()
        .await
        .map_err(|error| {
            Failure::Other(format!(
                "cannot open {}: {error}; if the file is damaged, move it away and the log begins empty",
                data_dir.file().display()
            ))
        })
}

/// Waits until the broker at `address` answers a Kafka request.
async fn first_answer(address: SocketAddrV4) -> Result<(), Failure> {
    let answered = async {
        while ask_api_versions(address).await.is_err() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(FIRST_ANSWER, answered).await.map_err(|_| {
        Failure::Other(format!(
            "{address} did not answer within {FIRST_ANSWER:?}; is another program listening there?"
        ))
    })
}

/// Sends one `ApiVersions` request and reads as far as the answer's error code.
async fn ask_api_versions(address: SocketAddrV4) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&API_VERSIONS_REQUEST).await?;
    let _length = stream.read_u32().await?;
    let correlation_id = stream.read_i32().await?;
    let error_code = stream.read_i16().await?;
    if correlation_id == 1 && error_code == 0 { Ok(()) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}

/// Tells whoever started this process where to connect.
fn announce(address: SocketAddrV4) -> Result<(), Failure> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening {address}")
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::Other(format!("cannot print its address on stdout: {error}")))
}
