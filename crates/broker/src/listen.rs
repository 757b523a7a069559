//! Running nisshi on a loopback port, and saying so once it answers.

use std::io::Write;
use std::net::SocketAddrV4;
use std::time::Duration;

use nisshi_broker::broker::Broker;
use nisshi_broker::coordinator::group::administrator::Controller;
use nisshi_storage::ArcDynStorage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use url::Url;
use uuid::Uuid;

use crate::Failure;
use crate::data_dir::DataDir;

type Nisshi = Broker<Controller<ArcDynStorage>, ArcDynStorage>;

/// How often another free port is tried when someone took the last one between our look and nisshi's bind.
const FREE_PORT_ATTEMPTS: u32 = 10;

/// How long the first answer may take; opening the file and its schema takes milliseconds.
const FIRST_ANSWER: Duration = Duration::from_secs(30);

/// The Kafka `ApiVersions` request, version 0, with its length before it: api key 18, version 0, correlation id 1, no
/// client id (<https://kafka.apache.org/protocol#The_Messages_ApiVersions>).
const API_VERSIONS_REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];

/// Serves on `wanted` until it fails; prints `listening ADDRESS` on stdout once it answers there.
///
/// # Errors
///
/// [`Failure::Other`] when the port is taken, the file cannot be opened, or nisshi stops by itself.
pub(crate) async fn serve(wanted: SocketAddrV4, data_dir: &DataDir) -> Result<(), Failure> {
    for _ in 0..FREE_PORT_ATTEMPTS {
        let address = with_port(wanted)?;
        let mut broker = open(address, data_dir).await?;
        let announced = async {
            first_answer(address).await?;
            announce(address)?;
            std::future::pending::<Result<(), Failure>>().await
        };
        let ended = tokio::select! {
            biased;
            ended = broker.serve(Instant::now()) => ended,
            failure = announced => return failure,
        };
        match ended {
            Err(nisshi_broker::Error::ListenerInUse { .. }) if wanted.port() == 0 => {}
            Err(nisshi_broker::Error::ListenerInUse { addr }) => {
                return Err(Failure::Other(format!(
                    "{addr} is already in use; choose another port with --listen, or 0 for a free one"
                )));
            }
            Err(error) => return Err(Failure::Other(format!("stopped serving: {error}"))),
            Ok(()) => return Err(Failure::Other("stopped serving without a reason".into())),
        }
    }
    Err(Failure::Other(format!(
        "found no free port on {} in {FREE_PORT_ATTEMPTS} attempts; name one with --listen",
        wanted.ip()
    )))
}

/// Fills in a free port for port 0. nisshi has to be told the port before it binds, since it advertises it to clients.
fn with_port(wanted: SocketAddrV4) -> Result<SocketAddrV4, Failure> {
    if wanted.port() != 0 {
        return Ok(wanted);
    }
    let free = std::net::TcpListener::bind(wanted)
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Failure::Other(format!("cannot listen on {wanted}: {error}")))?;
    Ok(SocketAddrV4::new(*wanted.ip(), free.port()))
}

/// Opens the SQLite file and makes the broker that will listen, and be advertised, on `address`.
async fn open(address: SocketAddrV4, data_dir: &DataDir) -> Result<Nisshi, Failure> {
    let listener =
        Url::parse(&format!("tcp://{address}")).expect("an IPv4 address and a port make a valid URL");
    let storage = Url::parse(data_dir.storage_url()).expect("a constant and valid URL");
    Nisshi::builder()
        .node_id(nisshi_broker::NODE_ID)
        .cluster_id("iutsai")
        .incarnation_id(Uuid::now_v7())
        .advertised_listener(listener.clone())
        .storage(storage)
        .listener(listener)
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn port_0_becomes_a_free_port_and_a_named_port_stays() {
        let free = with_port(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        assert_ne!(free.port(), 0);
        let named = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9092);
        assert_eq!(with_port(named).expect("unchanged"), named);
    }
}
