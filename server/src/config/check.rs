//! Checks every value. Each bad one gets one sentence with the fault and a value to write instead.

use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use backend::{
    database,
    push::{self, DEFAULT_HOSTS, Hosts},
    retention::Clocks,
    statistics::{Iana, schedule::Schedule},
};
use ipnet::IpNet;
use url::{Position, Url};

use super::{Config, KafkaConfig, Log, Roles, Settings, SitePlan, TileSource, given};

impl Config {
    /// The settings that follow from this, or every sentence about what is wrong.
    pub fn check(&self) -> Result<Settings, Vec<String>> {
        let mut wrong = Vec::new();
        let listen = gather(&mut wrong, address("IUTSAI_LISTEN", &self.listen));
        let metrics_listen = gather(
            &mut wrong,
            optional(&self.metrics_listen, |value| address("IUTSAI_METRICS_LISTEN", value)),
        );
        let roles = gather(&mut wrong, roles(&self.roles));
        let clocks = self.clocks(&mut wrong);
        let canary = gather(&mut wrong, pause("IUTSAI_CANARY_SECONDS", &self.canary_seconds));
        let press_asks_after = gather(&mut wrong, seconds("IUTSAI_PRESS_ASKS_AFTER", &self.press_asks_after));
        let zone = gather(&mut wrong, time_zone(&self.time_zone));
        let batch = zone.clone().and_then(|zone| gather(&mut wrong, schedule(&self.batch_cron, zone)));
        let public_origin =
            gather(&mut wrong, optional(&self.public_url, |value| origin("IUTSAI_PUBLIC_URL", value)));
        let push = public_origin.clone().and_then(|site| gather(&mut wrong, self.push(site)));
        let webhook = public_origin.clone().and_then(|site| gather(&mut wrong, self.webhook.check(site)));
        let oidc =
            public_origin.as_ref().and_then(|site| gather(&mut wrong, self.oidc.check(site.as_deref())));
        let traces = gather(&mut wrong, self.traces());
        let allowed_origins = gather(
            &mut wrong,
            list(&self.allowed_origins, |value| page_origin("IUTSAI_ALLOWED_ORIGINS", value)),
        );
        let trusted_proxies = gather(&mut wrong, list(&self.trusted_proxies, network));
        let site_dir = gather(&mut wrong, self.site_dir());
        let database_url = gather(&mut wrong, database_url(self.database_url.as_deref(), &self.data_dir));
        let log = gather(&mut wrong, log(&self.kafka));
        if let (Some(roles), Some(log)) = (&roles, &log) {
            gather(&mut wrong, roles_fit_log(*roles, log));
        }
        let shards = match (&roles, &log, &database_url) {
            (Some(roles), Some(log), Some(url)) => gather(&mut wrong, self.shards.check(*roles, log, url)),
            _ => None,
        };
        let tiles = gather(&mut wrong, self.tiles());
        let site_plan = gather(&mut wrong, self.site_plan());
        let settings = (|| {
            let (shards, shard) = shards?;
            Some(Settings {
                listen: listen?,
                metrics_listen: metrics_listen?,
                data_dir: self.data_dir.clone(),
                roles: roles?,
                clocks: clocks?,
                canary: canary?,
                press_asks_after: press_asks_after?,
                zone: zone?,
                batch: batch?,
                push: push?,
                webhook: webhook?,
                traces: traces?,
                demo: self.demo,
                demo_anywhere: self.demo_anywhere,
                requires_second_factor: self.require_second_factor,
                oidc: oidc?,
                public_origin: public_origin?,
                allowed_origins: allowed_origins?,
                trusted_proxies: trusted_proxies?,
                site_dir: site_dir?,
                database_url: database_url?,
                log: log?,
                shards,
                shard,
                tiles: tiles?,
                site_plan: site_plan?,
            })
        })();
        settings.filter(|_| wrong.is_empty()).ok_or(wrong)
    }

    fn clocks(&self, wrong: &mut Vec<String>) -> Option<Clocks> {
        let (uses, log) = (&self.keep_location_uses_days, &self.keep_access_log_days);
        let calls = gather(wrong, days("IUTSAI_KEEP_DAYS", &self.keep_days, CALLS));
        let location_uses = gather(wrong, days("IUTSAI_KEEP_LOCATION_USES_DAYS", uses, LOCATION_USES));
        let access_log = gather(wrong, days("IUTSAI_KEEP_ACCESS_LOG_DAYS", log, ACCESS_LOG));
        Some(Clocks { calls: calls?, location_uses: location_uses?, access_log: access_log? })
    }

    fn push(&self, site: Option<String>) -> Result<push::Settings, String> {
        let hosts = given(Some(&self.push_hosts)).unwrap_or(DEFAULT_HOSTS);
        let hosts = Hosts::parse(hosts).map_err(|error| format!("IUTSAI_PUSH_HOSTS: {error}."))?;
        let private_key = given(self.push_private_key.as_deref()).map(str::to_owned);
        if let Some(key) = &private_key {
            push::check_key(key).map_err(|error| format!("IUTSAI_PUSH_PRIVATE_KEY: {error}."))?;
        }
        let contact = match given(self.push_contact.as_deref()) {
            Some(contact) => Some(contact_address(contact)?),
            None => site.clone().filter(|site| site.starts_with("https://")),
        };
        Ok(push::Settings { hosts, private_key, contact, site })
    }

    fn site_dir(&self) -> Result<PathBuf, String> {
        let directory = path_or_beside(self.site_dir.as_deref(), "site")?;
        if self.roles.contains("web") && !directory.is_dir() {
            return Err(format!(
                "IUTSAI_SITE_DIR: there is no directory {}; build the browser's files with script/build, or set \
                 the directory that has them.",
                directory.display()
            ));
        }
        Ok(directory)
    }

    fn site_plan(&self) -> Result<Option<SitePlan>, String> {
        match given(self.site_plan.as_deref()) {
            // Without pages there is no map, and the file may be on another machine.
            _ if !self.roles.contains("web") => Ok(None),
            Some(setting) => SitePlan::read(setting).map(Some),
            None if self.demo => SitePlan::of_demo().map(Some),
            None => Ok(None),
        }
    }

    fn tiles(&self) -> Result<Option<TileSource>, String> {
        let Some(template) = given(self.map_tile_url.as_deref()) else { return Ok(None) };
        let wrong = || {
            format!(
                "MAP_TILE_URL: {template:?} is not a tile URL; write https://HOST/{{z}}/{{x}}/{{y}}.png, or leave it unset \
                 for the site plan."
            )
        };
        if !["{z}", "{x}", "{y}"].iter().all(|part| template.contains(part)) {
            return Err(wrong());
        }
        // A policy's host may begin with `*.`, which a URL's may not.
        let url = Url::parse(&template.replace("{s}", "subdomain-of-tiles")).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        let origin = url[..Position::BeforePath].replace("subdomain-of-tiles", "*");
        let attribution = given(self.map_tile_attribution.as_deref()).unwrap_or_default().to_owned();
        Ok(Some(TileSource { url: template.to_owned(), attribution, origin }))
    }
}

/// Reads the name of a time zone.
///
/// # Errors
/// One sentence about what to write.
pub fn time_zone(name: &str) -> Result<Iana, String> {
    let name = given(Some(name)).unwrap_or("Asia/Seoul");
    Iana::named(name).map_err(|error| format!("IUTSAI_TIME_ZONE: {error}; write its IANA name."))
}

fn schedule(expression: &str, zone: Iana) -> Result<Option<Schedule>, String> {
    match given(Some(expression)).unwrap_or("10 4 * * *") {
        "off" => Ok(None),
        expression => {
            let schedule = Schedule::parse(expression, zone).map(Some);
            schedule.map_err(|error| format!("IUTSAI_BATCH_CRON: {error}, or off."))
        }
    }
}

/// Returns where records are kept, which is the named cluster, else the node's own outbox.
///
/// # Errors
/// One sentence about what to write.
pub fn log(kafka: &KafkaConfig) -> Result<Log, String> {
    let Some(bootstrap_servers) = given(kafka.bootstrap_servers.as_deref()) else { return Ok(Log::Local) };
    for server in bootstrap_servers.split(',') {
        let port = server.trim().rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        if !matches!(port, Some((host, Ok(1..))) if !host.is_empty()) {
            return Err(format!(
                "KAFKA_BOOTSTRAP_SERVERS: {server:?} is not HOST:PORT; write kafka-1:9092,kafka-2:9092, or leave it \
                 unset for a node that is its own log."
            ));
        }
    }
    Ok(Log::Cluster { bootstrap_servers: bootstrap_servers.into(), security: kafka.security()? })
}

/// A node that is its own log has nobody to share the work with.
fn roles_fit_log(roles: Roles, log: &Log) -> Result<(), String> {
    if matches!(log, Log::Cluster { .. }) || (roles.producer && roles.fanout) {
        return Ok(());
    }
    Err("IUTSAI_ROLES: without KAFKA_BOOTSTRAP_SERVERS there is one process, which takes calls and keeps sockets; write \
         at least producer,fanout, or name a Kafka cluster for several processes to share."
        .into())
}

impl KafkaConfig {
    /// librdkafka's names with the values that were given.
    fn security(&self) -> Result<Vec<(String, String)>, String> {
        let one_of = |variable: &str, value: &Option<String>, known: &[&str]| match given(value.as_deref()) {
            Some(value) if !known.iter().any(|word| word.eq_ignore_ascii_case(value)) => {
                Err(format!("{variable}: {value:?} is not known; write one of {}.", known.join(", ")))
            }
            _ => Ok(()),
        };
        let protocols = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
        one_of("KAFKA_SECURITY_PROTOCOL", &self.security_protocol, &protocols)?;
        let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
        one_of("KAFKA_SASL_MECHANISM", &self.sasl_mechanism, &mechanisms)?;
        let all = [
            ("security.protocol", &self.security_protocol),
            ("sasl.mechanism", &self.sasl_mechanism),
            ("sasl.username", &self.sasl_username),
            ("sasl.password", &self.sasl_password),
            ("ssl.ca.location", &self.ssl_ca_location),
            ("ssl.certificate.location", &self.ssl_certificate_location),
            ("ssl.key.location", &self.ssl_key_location),
            ("ssl.key.password", &self.ssl_key_password),
        ];
        let set = |(name, value): (&str, &Option<String>)| {
            given(value.as_deref()).map(|value| (name.to_owned(), value.to_owned()))
        };
        Ok(all.into_iter().filter_map(set).collect())
    }
}

/// Returns the database's URL, which is the one given, or SQLite in the data directory.
///
/// # Errors
/// One sentence about what to write; it does not repeat the URL, which may hold a password.
pub fn database_url(url: Option<&str>, data_dir: &Path) -> Result<String, String> {
    let Some(url) = given(url) else {
        return Ok(format!("sqlite://{}?mode=rwc", data_dir.join(database::FILE).display()));
    };
    let is_postgres = || {
        let parsed = Url::parse(url);
        parsed.is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql") && url.has_host())
    };
    if url.starts_with("sqlite:") || is_postgres() {
        return Ok(url.to_owned());
    }
    Err("DATABASE_URL must be sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME.".into())
}

fn gather<T>(wrong: &mut Vec<String>, result: Result<T, String>) -> Option<T> {
    result.map_err(|sentence| wrong.push(sentence)).ok()
}

fn optional<T>(
    value: &Option<String>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    given(value.as_deref()).map(read).transpose()
}

fn list<T>(value: &Option<String>, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let items = value.as_deref().unwrap_or_default().split(',');
    items.filter_map(|item| given(Some(item))).map(read).collect()
}

fn address(variable: &str, value: &str) -> Result<SocketAddr, String> {
    value.trim().parse().map_err(|_| {
        format!("{variable}: {value:?} is not an IP address and a port; write 127.0.0.1:3000 or [::1]:3000.")
    })
}

fn roles(value: &str) -> Result<Roles, String> {
    const NONE: Roles = Roles { web: false, producer: false, fanout: false, statistics: false };
    let mut roles = NONE;
    for name in value.split(',').filter_map(|name| given(Some(name))) {
        match name {
            "web" => roles.web = true,
            "producer" => roles.producer = true,
            "fanout" => roles.fanout = true,
            "statistics" => roles.statistics = true,
            _ => {
                return Err(format!(
                    "IUTSAI_ROLES: {name:?} is no role; choose from web, producer, fanout and statistics, separated by \
                     commas."
                ));
            }
        }
    }
    if roles == NONE {
        return Err("IUTSAI_ROLES names no role; choose from web, producer, fanout and statistics.".into());
    }
    Ok(roles)
}

/// A year is more than anybody needs; less than two days would not outlast a rebuild.
const CALLS: RangeInclusive<u64> = 2..=366;
/// The record of the uses of a location is kept for six months at least (docs/operations/privacy.md).
const LOCATION_USES: RangeInclusive<u64> = 180..=3660;
/// The record of the office's accesses is kept for a year at least.
const ACCESS_LOG: RangeInclusive<u64> = 365..=3660;

fn days(variable: &str, value: &str, range: RangeInclusive<u64>) -> Result<Duration, String> {
    let days = value.trim().parse::<u64>().ok().filter(|days| range.contains(days));
    let (first, last) = range.into_inner();
    let wrong = || format!("{variable}: {value:?} is not a number of days; write {first} to {last}.");
    Ok(Duration::from_secs(days.ok_or_else(wrong)? * 24 * 60 * 60))
}

/// Reads the time between two silent calls, at most an hour because the office sees those of the last hour; 0 is none.
fn pause(variable: &str, value: &str) -> Result<Option<Duration>, String> {
    let seconds = value.trim().parse::<u64>().ok().filter(|seconds| *seconds <= 60 * 60);
    let seconds = seconds.ok_or_else(|| {
        format!("{variable}: {value:?} is not a number of seconds; write 1 to 3600 (an hour), or 0 for none.")
    })?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

/// After a day nobody can know whether a call is still wanted; with 0 every press would be asked about.
fn seconds(variable: &str, value: &str) -> Result<Duration, String> {
    let seconds = value.trim().parse::<u64>().ok().filter(|seconds| (1..=24 * 60 * 60).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        format!("{variable}: {value:?} is not a number of seconds; write 1 to 86400 (24 hours).")
    })?;
    Ok(Duration::from_secs(seconds))
}

/// Reads an origin as browsers write it (RFC 6454, section 6.1), in lower case, without the default port and without a
/// path.
fn origin(variable: &str, value: &str) -> Result<String, String> {
    let wrong = || {
        format!("{variable}: {value:?} is not an address of a site; write https://HOST or http://HOST:PORT.")
    };
    let url = bare_url(value).filter(|url| matches!(url.scheme(), "http" | "https"));
    Ok(url.ok_or_else(wrong)?.origin().ascii_serialization())
}

/// Reads the origin of a page, which is that of a site, or of an application that shows pages by a scheme of its own.
fn page_origin(variable: &str, value: &str) -> Result<String, String> {
    let url = bare_url(value)
        .filter(|url| !matches!(url.scheme(), "http" | "https" | "ftp" | "file" | "ws" | "wss"));
    let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
        return origin(variable, value).map_err(|sentence| {
            format!("{sentence} An application's pages have an origin such as capacitor://HOST.")
        });
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{}://{}{port}", url.scheme(), host.to_ascii_lowercase()))
}

/// Reads whom a push service may write to (RFC 8292, section 2.1). Apple's refuses everything else.
fn contact_address(value: &str) -> Result<String, String> {
    let is_mail = value.strip_prefix("mailto:").is_some_and(|address| {
        let parts = address.split_once('@');
        parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !address.contains(' '))
    });
    let is_site = Url::parse(value).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if is_mail || is_site {
        return Ok(value.to_owned());
    }
    Err(format!(
        "IUTSAI_PUSH_CONTACT: {value:?} is no contact; write mailto:office@iutsai.example or https://HOST."
    ))
}

/// Returns a URL that has nothing behind the host and the port.
fn bare_url(value: &str) -> Option<Url> {
    let url = Url::parse(value.trim()).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let bare =
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none() && !has_user;
    Some(url).filter(|url| bare && url.has_host())
}

fn network(value: &str) -> Result<IpNet, String> {
    let single = || value.parse().map(|address: std::net::IpAddr| IpNet::from(address)).ok();
    value.parse().ok().or_else(single).ok_or_else(|| {
        format!(
            "IUTSAI_TRUSTED_PROXIES: {value:?} is not an address or network; write 10.0.0.2 or 10.0.0.0/8."
        )
    })
}

fn path_or_beside(path: Option<&Path>, name: &str) -> Result<PathBuf, String> {
    if let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) {
        return Ok(path.to_owned());
    }
    let program =
        std::env::current_exe().map_err(|error| format!("cannot find where this program is: {error}"))?;
    Ok(program.with_file_name(name))
}

#[cfg(test)]
mod tests;
