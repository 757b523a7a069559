//! Checks every value. Each bad one gets one sentence with the fault and a value to write instead.

mod addresses;
#[cfg(test)]
mod tests;
mod times;

use std::path::{Path, PathBuf};

use backend::{
    database,
    people::seal::Seal,
    push::{self, DEFAULT_HOSTS, Hosts},
    retention::Clocks,
    statistics::{Iana, schedule::Schedule},
};
use url::{Position, Url};

use self::{
    addresses::{address, contact_address, network, origin, page_origin},
    times::{ACCESS_LOG, CALLS, LOCATION_USES, days, pause, seconds},
};
use super::{Config, Log, Roles, Settings, SitePlan, TileSource, given, log};

impl Config {
    /// The settings that follow from this, or every sentence about what is wrong.
    pub(crate) fn check(&self) -> Result<Settings, Vec<String>> {
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
        let seal = gather(&mut wrong, self.seal());
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
                seal: seal?,
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

    fn seal(&self) -> Result<Seal, String> {
        let Some(keys) = given(self.second_factor_keys.as_deref()) else { return Ok(Seal::default()) };
        Seal::parse(keys).map_err(|error| format!("IUTSAI_SECOND_FACTOR_KEYS: {error}."))
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
pub(crate) fn time_zone(name: &str) -> Result<Iana, String> {
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

/// A node that is its own log has nobody to share the work with.
fn roles_fit_log(roles: Roles, log: &Log) -> Result<(), String> {
    if matches!(log, Log::Cluster { .. }) || (roles.producer && roles.fanout) {
        return Ok(());
    }
    Err("IUTSAI_ROLES: without KAFKA_BOOTSTRAP_SERVERS there is one process, which takes calls and keeps sockets; write \
         at least producer,fanout, or name a Kafka cluster for several processes to share."
        .into())
}

/// Returns the database's URL, which is the one given, or SQLite in the data directory.
///
/// # Errors
/// One sentence about what to write; it does not repeat the URL, which may hold a password.
pub(crate) fn database_url(url: Option<&str>, data_dir: &Path) -> Result<String, String> {
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

fn path_or_beside(path: Option<&Path>, name: &str) -> Result<PathBuf, String> {
    if let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) {
        return Ok(path.to_owned());
    }
    let program =
        std::env::current_exe().map_err(|error| format!("cannot find where this program is: {error}"))?;
    Ok(program.with_file_name(name))
}
