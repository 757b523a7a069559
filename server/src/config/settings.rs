//! The settings after they were checked, as the rest of the program has them.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use app::context::{Ground, Tiles};
use backend::{
    people::seal::Seal,
    push,
    retention::Clocks,
    statistics::{Iana, schedule::Schedule},
};
use domain::{Shard, Shards};
use ipnet::IpNet;

use super::{Oidc, SitePlan};

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
    /// Seals the secrets of second factors in the database.
    pub seal: Seal,
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

impl Settings {
    /// Returns whether browsers are known to come by https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_origin.as_deref().is_some_and(|origin| origin.starts_with("https://"))
    }

    /// Returns the ground under the map's markers. Tiles go before a plan.
    #[must_use]
    pub fn ground(&self) -> Ground {
        match (&self.tiles, &self.site_plan) {
            (Some(TileSource { url, attribution, .. }), _) => {
                Ground::Tiles(Tiles { url: url.clone(), attribution: attribution.clone() })
            }
            (None, Some(site_plan)) => Ground::Plan(site_plan.plan.clone()),
            (None, None) => Ground::Paper,
        }
    }
}
