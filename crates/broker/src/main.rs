//! `iutsai-broker`: the embedded Kafka-protocol broker, a program of its own.
//!
//! It is nisshi over one SQLite file, for a deployment that has no Kafka cluster. It lives in its own process because
//! libsql (here) and sqlx (in the server) bundle the same SQLite symbols and cannot be linked together, and because a
//! crash here must not be a crash of the server. Who starts it, restarts it and stops it is the server; the contract
//! between the two is this command line:
//!
//! - one line on stdout, `listening 127.0.0.1:PORT`, once it answers Kafka requests;
//! - it ends in order, with status 0, when its standard input closes or on SIGTERM;
//! - exit status [`DATA_DIR_IN_USE`] when another broker holds the data directory, 2 for a wrong command line, 1 for
//!   every other failure, each with one sentence on stderr.

mod data_dir;
mod forward;
mod listen;
mod long_poll;
mod stop;

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::data_dir::DataDir;

/// Exit status when another broker already holds the data directory. Trying again can help, unlike after a wrong
/// command line.
pub const DATA_DIR_IN_USE: u8 = 3;

/// The embedded Kafka-protocol broker of Iutsai. It ends when its standard input closes.
#[derive(Debug, Parser)]
#[command(name = "iutsai-broker", version)]
struct Arguments {
    /// Directory of the broker's file (broker.db) and lock (broker.lock); made when it is not there.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,

    /// IPv4 loopback address and port; port 0 takes a free one.
    #[arg(long, value_name = "127.0.0.1:PORT", default_value = "127.0.0.1:0", value_parser = loopback)]
    listen: SocketAddrV4,
}

/// Why the broker ends with another status than 0.
#[derive(Debug)]
enum Failure {
    /// Another process holds the data directory's lock.
    DataDirInUse(PathBuf),
    /// Anything else; the text is the whole sentence.
    Other(String),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();

    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::DataDirInUse(path)) => {
            eprintln!(
                "iutsai-broker: another broker is running on {}; stop it, or give this one a --data-dir of its own",
                path.display()
            );
            ExitCode::from(DATA_DIR_IN_USE)
        }
        Err(Failure::Other(sentence)) => {
            eprintln!("iutsai-broker: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until told to stop. The lock is taken before the file is opened and given back after it is closed.
fn run(arguments: &Arguments) -> Result<(), Failure> {
    let data_dir = DataDir::lock(&arguments.data_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("cannot start its threads: {error}")))?;

    let outcome = runtime.block_on(async {
        let mut stop = stop::Stop::install()
            .map_err(|error| Failure::Other(format!("cannot listen for signals: {error}")))?;
        tokio::select! {
            () = stop.requested() => Ok(()),
            outcome = listen::serve(arguments.listen, &data_dir) => outcome,
        }
    });
    // Connections and storage tasks end here, so that SQLite folds its write-ahead log into the file.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    drop(data_dir);
    outcome
}

/// Parses `--listen`. Only loopback: the broker speaks without passwords, and IPv4 because clients are told this very
/// address back.
fn loopback(text: &str) -> Result<SocketAddrV4, String> {
    let address: SocketAddrV4 = text
        .parse()
        .map_err(|_| "write an IPv4 loopback address and a port, such as 127.0.0.1:0".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!(
            "{} is not a loopback address; the embedded broker has no passwords and serves this machine only, so \
             listen on 127.0.0.1, or run a Kafka cluster and set KAFKA_BOOTSTRAP_SERVERS",
            address.ip()
        ))
    }
}
