//! The settings of a run.

use std::path::PathBuf;

use super::fault::Kind;

/// The settings of `iutsai-chaos faults`.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Repeats the faults and the calls of an earlier run; by default a new number
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// Number of faults, one every second or two
    #[arg(long, value_name = "NUMBER", default_value_t = 40)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=2000))]
    pub faults: u16,

    /// Where the log is
    #[arg(long, value_enum, default_value_t = Log::Local)]
    pub kafka: Log,

    /// One server with every role, or several with roles apart (with a cluster and PostgreSQL)
    #[arg(long, value_enum, default_value_t = Roles::One)]
    pub roles: Roles,

    /// Only these kinds of faults
    #[arg(long, value_enum, value_name = "KINDS", value_delimiter = ',')]
    pub only: Vec<Kind>,

    /// All but these kinds of faults
    #[arg(long, value_enum, value_name = "KINDS", value_delimiter = ',')]
    pub without: Vec<Kind>,

    /// The program to start
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// The library of tools/chaos/power_cut, compiled
    #[arg(long, env = "IUTSAI_POWER_CUT", value_name = "FILE")]
    pub power_cut: PathBuf,

    /// Where script/kafka and script/postgres are
    #[arg(long, value_name = "DIR", default_value = "script")]
    pub scripts: PathBuf,

    /// The program nginx, which runs before servers that are proxied
    #[arg(long, env = "IUTSAI_NGINX", value_name = "FILE", default_value = "nginx")]
    pub nginx: PathBuf,

    /// The configuration of nginx, in which only addresses and the certificate are changed
    #[arg(long, value_name = "FILE", default_value = "docs/operations/nginx/iutsai.conf")]
    pub nginx_conf: PathBuf,

    /// Data and logs are kept here, also when all is well; by default in a temporary directory that stays after a failure
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Where the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Log {
    /// In the outbox of each server, without Kafka.
    Local,
    /// In a cluster of three.
    Cluster,
}

/// Which processes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Roles {
    /// One, with every role.
    One,
    /// One that takes calls and two that keep sockets.
    Apart,
    /// Three that take calls and three that keep sockets, all behind nginx. In the end all are restarted in turn.
    Proxied,
}
