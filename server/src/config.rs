//! The configuration, as flags with their environment variables, read once. `check` turns it into [`Settings`] that the
//! rest trusts, and `print` shows it with the secrets hidden.

mod check;
mod oidc;
mod picture;
mod print;
mod shards;
mod site_plan;
mod traces;
mod webhook;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use backend::{
    push::{self, DEFAULT_HOSTS},
    retention::Clocks,
    statistics::{Iana, schedule::Schedule},
};
use clap::builder::FalseyValueParser;
use domain::{Shard, Shards};
use ipnet::IpNet;

pub use self::{
    check::{database_url, log, time_zone},
    oidc::{CALLBACK as OIDC_CALLBACK, Oidc, OidcConfig},
    print::{hashing, table},
    site_plan::{ADDRESS as SITE_PLAN_ADDRESS, SitePlan},
};

/// The settings of `iutsai serve` and `iutsai check-config`. An empty value counts as none.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "IUTSAI_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    pub listen: String,

    /// Directory of all kept data, which are the outbox (the log without Kafka), and SQLite without DATABASE_URL
    #[arg(long, env = "IUTSAI_DATA_DIR", value_name = "DIR", default_value = "./data")]
    #[serde(skip)]
    pub data_dir: PathBuf,

    /// Roles of this process, separated by commas, of web (pages), producer (records calls), fanout (sockets) and
    /// statistics (counts calls, and keeps records that cannot be read)
    #[arg(
        long,
        env = "IUTSAI_ROLES",
        value_name = "ROLES",
        default_value = "web,producer,fanout,statistics"
    )]
    pub roles: String,

    /// Days that the outbox keeps acknowledged entries, with one day at most for locations. With Kafka, entries that
    /// Kafka lacks are kept until it has them
    #[arg(long, env = "IUTSAI_KEEP_DAYS", value_name = "DAYS", default_value = "30")]
    pub keep_days: String,

    /// Days (180 to 3660) that the record of who was shown a caller's location is kept, apart from the location
    #[arg(long, env = "IUTSAI_KEEP_LOCATION_USES_DAYS", value_name = "DAYS", default_value = "200")]
    pub keep_location_uses_days: String,

    /// Days (365 to 3660) that the record of what administrators saw and did is kept
    #[arg(long, env = "IUTSAI_KEEP_ACCESS_LOG_DAYS", value_name = "DAYS", default_value = "400")]
    pub keep_access_log_days: String,

    /// Seconds between two silent calls of the service to itself, which show on /metrics and to administrators that calls
    /// are recorded and delivered; 0 for none
    #[arg(long, env = "IUTSAI_CANARY_SECONDS", value_name = "SECONDS", default_value = "60")]
    pub canary_seconds: String,

    /// Seconds for which a press that a device kept without a network is sent unasked; an older one asks the person
    /// first
    #[arg(long, env = "IUTSAI_PRESS_ASKS_AFTER", value_name = "SECONDS", default_value = "600")]
    pub press_asks_after: String,

    /// The complex's time zone by its IANA name, for the hours, days and months of the statistics
    #[arg(long, env = "IUTSAI_TIME_ZONE", value_name = "ZONE", default_value = "Asia/Seoul")]
    pub time_zone: String,

    /// Time at which all calls are counted again, as a cron expression by the complex's clocks (minute, hour, day of
    /// the month, month, day of the week). `off` leaves it to `iutsai batch`
    #[arg(long, env = "IUTSAI_BATCH_CRON", value_name = "CRON", default_value = "10 4 * * *")]
    pub batch_cron: String,

    /// The push services that devices may subscribe at, separated by commas: names, with `*.` in front for every name below.
    /// `loopback` allows one on this machine, for tests
    #[arg(long, env = "IUTSAI_PUSH_HOSTS", value_name = "HOSTS", default_value = DEFAULT_HOSTS)]
    pub push_hosts: String,

    /// The private key that pushes are signed with: 32 octets in URL-safe base64. By default one is made and kept in the data
    /// directory; nodes that share a database need the same
    #[arg(long, env = "IUTSAI_PUSH_PRIVATE_KEY", value_name = "KEY", hide_env_values = true)]
    pub push_private_key: Option<String>,

    /// Whom push services may write to about this server: mailto:ADDRESS or https://HOST; by default IUTSAI_PUBLIC_URL if
    /// that is https
    #[arg(long, env = "IUTSAI_PUSH_CONTACT", value_name = "ADDRESS")]
    pub push_contact: Option<String>,

    /// Makes a demo complex when the database is empty, and shows on the sign-in page who can sign in
    #[arg(long, env = "IUTSAI_DEMO", value_parser = FalseyValueParser::new())]
    pub demo: bool,

    /// Allows a server with demo accounts, whose password everybody knows, to listen on other than loopback addresses
    #[arg(long, env = "IUTSAI_DEMO_ANYWHERE", value_parser = FalseyValueParser::new())]
    pub demo_anywhere: bool,

    /// Requires a second factor of administrators. One without it can only set it up, and call from the own flat
    #[arg(long, env = "IUTSAI_REQUIRE_SECOND_FACTOR", value_parser = FalseyValueParser::new())]
    pub require_second_factor: bool,

    /// Where browsers reach the server, such as https://iutsai.example; https makes cookies Secure and sends HSTS
    #[arg(long, env = "IUTSAI_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Further origins whose pages may call this server, separated by commas, such as https://app.example or
    /// capacitor://localhost
    #[arg(long, env = "IUTSAI_ALLOWED_ORIGINS", value_name = "ORIGINS")]
    pub allowed_origins: Option<String>,

    /// Proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted, as addresses or networks, separated by commas
    #[arg(long, env = "IUTSAI_TRUSTED_PROXIES", value_name = "NETWORKS")]
    pub trusted_proxies: Option<String>,

    /// A second address that serves /metrics and nothing else, to anybody who reaches it
    #[arg(long, env = "IUTSAI_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<String>,

    /// The collector that traces of calls are sent to by OpenTelemetry's OTLP over HTTP, such as http://127.0.0.1:4318;
    /// without it nothing is traced
    #[arg(long, env = "IUTSAI_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// The part of the calls that are traced, from 0 to 1, where the browser's request does not decide it
    #[arg(long, env = "IUTSAI_TRACE_RATIO", value_name = "RATIO", default_value = "1")]
    pub trace_ratio: String,

    /// The browser's files (wasm, CSS, icons); by default the directory `site` beside the program
    #[arg(long, env = "IUTSAI_SITE_DIR", value_name = "DIR")]
    #[serde(skip)]
    pub site_dir: Option<PathBuf>,

    /// Accounts and sessions, as sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME; by default SQLite in the data
    /// directory
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// The plan under the map's markers, as an SVG or PNG with north at the top, and the places of two of its points.
    /// By default the demo has its own, and other maps are blank paper
    #[arg(long, env = "IUTSAI_SITE_PLAN", value_name = "FILE;X,Y=LAT,LNG;X,Y=LAT,LNG")]
    pub site_plan: Option<String>,

    /// URL template of map tiles, with {z}, {x} and {y}, shown in place of the site plan; without it nobody outside is
    /// asked
    #[arg(long, env = "MAP_TILE_URL", value_name = "URL")]
    pub map_tile_url: Option<String>,

    /// Attribution of the tiles on the map
    #[arg(long, env = "MAP_TILE_ATTRIBUTION", value_name = "TEXT")]
    pub map_tile_attribution: Option<String>,

    /// Writes the log as JSON, one object a line
    #[arg(long, env = "IUTSAI_LOG_JSON", value_parser = FalseyValueParser::new())]
    pub log_json: bool,

    /// The settings of signing in by the housing service.
    #[command(flatten)]
    #[serde(flatten)]
    pub oidc: OidcConfig,

    /// The webhook's settings.
    #[command(flatten)]
    #[serde(flatten)]
    pub webhook: WebhookConfig,

    /// The settings that divide the lines.
    #[command(flatten)]
    #[serde(flatten)]
    pub shards: ShardsConfig,

    /// Kafka's settings.
    #[command(flatten)]
    #[serde(flatten)]
    pub kafka: KafkaConfig,
}

/// The address of a Kafka cluster, and the credentials. The names after `KAFKA_` are librdkafka's (its
/// CONFIGURATION.md), with underscores.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
#[command(next_help_heading = "Kafka")]
pub struct KafkaConfig {
    /// HOST:PORT of one or more brokers, separated by commas; without it the node is its own log
    #[arg(long = "kafka-bootstrap-servers", env = "KAFKA_BOOTSTRAP_SERVERS", value_name = "HOSTS")]
    pub bootstrap_servers: Option<String>,

    /// plaintext, ssl, sasl_plaintext or sasl_ssl
    #[arg(long = "kafka-security-protocol", env = "KAFKA_SECURITY_PROTOCOL", value_name = "PROTOCOL")]
    pub security_protocol: Option<String>,

    /// PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
    #[arg(long = "kafka-sasl-mechanism", env = "KAFKA_SASL_MECHANISM", value_name = "MECHANISM")]
    pub sasl_mechanism: Option<String>,

    /// The name to sign in to Kafka with
    #[arg(long = "kafka-sasl-username", env = "KAFKA_SASL_USERNAME", value_name = "NAME")]
    pub sasl_username: Option<String>,

    /// Its password; better given by the variable, since a command line can be seen by others
    #[arg(long = "kafka-sasl-password", env = "KAFKA_SASL_PASSWORD", value_name = "PASSWORD")]
    #[arg(hide_env_values = true)]
    pub sasl_password: Option<String>,

    /// File of the authorities that sign the brokers' certificates; by default the system's
    #[arg(long = "kafka-ssl-ca-location", env = "KAFKA_SSL_CA_LOCATION", value_name = "FILE")]
    pub ssl_ca_location: Option<String>,

    /// File of this client's certificate, where the brokers ask for one
    #[arg(
        long = "kafka-ssl-certificate-location",
        env = "KAFKA_SSL_CERTIFICATE_LOCATION",
        value_name = "FILE"
    )]
    pub ssl_certificate_location: Option<String>,

    /// File of its private key
    #[arg(long = "kafka-ssl-key-location", env = "KAFKA_SSL_KEY_LOCATION", value_name = "FILE")]
    pub ssl_key_location: Option<String>,

    /// The private key's password
    #[arg(long = "kafka-ssl-key-password", env = "KAFKA_SSL_KEY_PASSWORD", value_name = "PASSWORD")]
    #[arg(hide_env_values = true)]
    pub ssl_key_password: Option<String>,
}

/// An address of the operator's that calls are sent to, such as a gateway for text messages.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
#[command(next_help_heading = "Webhook")]
pub struct WebhookConfig {
    /// The https address that calls are sent to; without it there is no webhook. http is for loopback addresses only
    #[arg(long = "webhook-url", env = "IUTSAI_WEBHOOK_URL", value_name = "URL", hide_env_values = true)]
    pub webhook_url: Option<String>,

    /// The secret that signs what is sent, as whsec_ and 24 to 64 octets in base64; two, separated by a comma, while it
    /// is exchanged
    #[arg(long = "webhook-secret", env = "IUTSAI_WEBHOOK_SECRET", value_name = "SECRET")]
    #[arg(hide_env_values = true)]
    pub webhook_secret: Option<String>,

    /// The events that are sent, separated by commas, of call (a call begins) and end (it is over)
    #[arg(long = "webhook-events", env = "IUTSAI_WEBHOOK_EVENTS", value_name = "EVENTS")]
    #[arg(default_value = "call,end")]
    pub webhook_events: String,

    /// Sends drills as well
    #[arg(long = "webhook-drills", env = "IUTSAI_WEBHOOK_DRILLS", value_parser = FalseyValueParser::new())]
    pub webhook_drills: bool,

    /// Sends the caller's location as well, which is personal data
    #[arg(long = "webhook-location", env = "IUTSAI_WEBHOOK_LOCATION", value_parser = FalseyValueParser::new())]
    pub webhook_location: bool,
}

/// The division of the lines among fan-outs.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
#[command(next_help_heading = "Shards")]
pub struct ShardsConfig {
    /// The number of shards among which the lines of a large complex are divided, the same on every process; needs
    /// Kafka and PostgreSQL if it is not 1
    #[arg(long = "shards", env = "IUTSAI_SHARDS", value_name = "NUMBER", default_value = "1")]
    pub shards: String,

    /// The shard (1 to IUTSAI_SHARDS) whose lines this fan-out keeps; without it, every line. It needs
    /// IUTSAI_ROLES=fanout
    #[arg(long = "shard", env = "IUTSAI_SHARD", value_name = "NUMBER")]
    pub shard: Option<String>,
}

/// The roles of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Serves the pages.
    pub web: bool,
    /// Takes calls and what follows them.
    pub producer: bool,
    /// Keeps the sockets and pushes.
    pub fanout: bool,
    /// Counts calls, and keeps the letters of records that cannot be read.
    pub statistics: bool,
}

/// The map's tiles.
#[derive(Clone, Debug)]
pub struct TileSource {
    /// The URL template.
    pub url: String,
    /// Their attribution on the map; may be empty.
    pub attribution: String,
    /// The origin, for the Content-Security-Policy. A `{s}` in the host becomes `*`.
    pub origin: String,
}

/// Where records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// The node's own outbox.
    Local,
    /// A Kafka cluster.
    Cluster {
        /// HOST:PORT, separated by commas.
        bootstrap_servers: String,
        /// librdkafka's names and values.
        security: Vec<(String, String)>,
    },
}

/// The configuration after it was checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to serve /metrics freely.
    pub metrics_listen: Option<SocketAddr>,
    /// The directory of everything that is kept.
    pub data_dir: PathBuf,
    /// The roles of this process.
    pub roles: Roles,
    /// The times for which things are kept.
    pub clocks: Clocks,
    /// The time between two silent calls of the service to itself; `None` for none.
    pub canary: Option<Duration>,
    /// The greatest age of a press kept by a device that is still sent unasked.
    pub press_asks_after: Duration,
    /// The complex's time zone.
    pub zone: Iana,
    /// When the batch runs; `None` if it is run from outside.
    pub batch: Option<Schedule>,
    /// The settings by which people without an open page are reached.
    pub push: push::Settings,
    /// The address that calls are sent to, if there is one.
    pub webhook: Option<backend::webhook::Settings>,
    /// The receiver of traces, if there is one.
    pub traces: Option<backend::traces::Settings>,
    /// Make and show the demo complex.
    pub demo: bool,
    /// Demo accounts may be reached from other machines.
    pub demo_anywhere: bool,
    /// Administrators without a second factor can only set it up.
    pub requires_second_factor: bool,
    /// The housing service by which people sign in, if there is one.
    pub oidc: Option<Oidc>,
    /// The address at which browsers reach the server, as an origin of scheme, host and port.
    pub public_origin: Option<String>,
    /// Other origins that may call.
    pub allowed_origins: Vec<String>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The browser's files.
    pub site_dir: PathBuf,
    /// Accounts and sessions.
    pub database_url: String,
    /// Where records are kept.
    pub log: Log,
    /// The shards into which the lines are divided.
    pub shards: Shards,
    /// The shard that this process keeps; `None` for every line.
    pub shard: Option<Shard>,
    /// The map's tiles.
    pub tiles: Option<TileSource>,
    /// The plan under the map's markers where there are no tiles.
    pub site_plan: Option<SitePlan>,
}

/// Returns the value, if it is more than nothing. An empty variable counts as none.
fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

impl Settings {
    /// Returns whether browsers are known to come by https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_origin.as_deref().is_some_and(|origin| origin.starts_with("https://"))
    }
}
