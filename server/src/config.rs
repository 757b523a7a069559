//! The configuration, as flags with their environment variables, read once. `check` turns it into [`Settings`] that the
//! rest trusts, and `print` shows it with the secrets hidden.

mod check;
mod kafka;
mod oidc;
mod picture;
mod print;
mod settings;
mod shards;
mod site_plan;
mod traces;
mod webhook;

use std::path::PathBuf;

use backend::push::DEFAULT_HOSTS;
use clap::builder::FalseyValueParser;

pub(crate) use self::{
    check::{database_url, time_zone},
    kafka::{KafkaConfig, log},
    oidc::{CALLBACK as OIDC_CALLBACK, Oidc, OidcConfig},
    print::{hashing, table},
    settings::{Log, Roles, Settings, TileSource},
    shards::ShardsConfig,
    site_plan::{ADDRESS as SITE_PLAN_ADDRESS, SitePlan},
    webhook::WebhookConfig,
};

/// The settings of `iutsai serve` and `iutsai check-config`. An empty value counts as none.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
pub(crate) struct Config {
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

    /// Seconds between two silent calls of the service to itself, which show on /metrics and to administrators that
    /// calls are recorded and delivered; 0 for none
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

    /// The push services that devices may subscribe at, separated by commas: names, with `*.` in front for every name
    /// below. `loopback` allows one on this machine, for tests
    #[arg(long, env = "IUTSAI_PUSH_HOSTS", value_name = "HOSTS", default_value = DEFAULT_HOSTS)]
    pub push_hosts: String,

    /// The private key that pushes are signed with: 32 octets in URL-safe base64. By default one is made and kept in
    /// the data directory; nodes that share a database need the same
    #[arg(long, env = "IUTSAI_PUSH_PRIVATE_KEY", value_name = "KEY", hide_env_values = true)]
    pub push_private_key: Option<String>,

    /// Whom push services may write to about this server: mailto:ADDRESS or https://HOST; by default
    /// IUTSAI_PUBLIC_URL if that is https
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

    /// Keys that seal the secrets of second factors in the database, separated by commas: 32 octets in URL-safe
    /// base64 each. The first seals, and the others open what was sealed before. By default they are kept as they
    /// are; nodes that share a database need the same
    #[arg(long, env = "IUTSAI_SECOND_FACTOR_KEYS", value_name = "KEYS", hide_env_values = true)]
    pub second_factor_keys: Option<String>,

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

/// Returns the value, if it is more than nothing. An empty variable counts as none.
fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}
