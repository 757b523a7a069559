//! The configuration as `NAME=value` lines, with the secrets hidden.

use backend::push::DEFAULT_HOSTS;
use domain::statistics::Zone as _;
use url::Url;

use super::{Config, Log, Settings, check::given};

const HIDDEN: &str = "(hidden)";

/// Every variable with its value in effect, in the order of the help text.
#[must_use]
pub fn table(config: &Config, settings: &Settings) -> String {
    let unset = |value: &Option<String>| given(value.as_deref()).unwrap_or("(unset)").to_owned();
    let secret = |value: &Option<String>| given(value.as_deref()).map_or("(unset)", |_| HIDDEN).to_owned();
    let kafka = &config.kafka;
    let bootstrap = match &settings.log {
        Log::Local => "(unset: this node is its own log)".to_owned(),
        Log::Cluster { bootstrap_servers, .. } => bootstrap_servers.clone(),
    };
    let site_plan = match given(config.site_plan.as_deref()) {
        None if settings.site_plan.is_some() => "(unset: the demo's own)".to_owned(),
        _ => unset(&config.site_plan),
    };
    let lines = [
        ("IUTSAI_LISTEN", settings.listen.to_string()),
        ("IUTSAI_DATA_DIR", settings.data_dir.display().to_string()),
        ("IUTSAI_ROLES", config.roles.clone()),
        ("IUTSAI_KEEP_DAYS", config.keep_days.trim().to_owned()),
        ("IUTSAI_KEEP_LOCATION_USES_DAYS", config.keep_location_uses_days.trim().to_owned()),
        ("IUTSAI_KEEP_ACCESS_LOG_DAYS", config.keep_access_log_days.trim().to_owned()),
        ("IUTSAI_PRESS_ASKS_AFTER", settings.press_asks_after.as_secs().to_string()),
        ("IUTSAI_TIME_ZONE", settings.zone.name().to_owned()),
        ("IUTSAI_BATCH_CRON", given(Some(&config.batch_cron)).unwrap_or("10 4 * * *").to_owned()),
        ("IUTSAI_PUSH_HOSTS", given(Some(&config.push_hosts)).unwrap_or(DEFAULT_HOSTS).to_owned()),
        ("IUTSAI_PUSH_PRIVATE_KEY", secret(&config.push_private_key)),
        ("IUTSAI_PUSH_CONTACT", settings.push.contact.clone().unwrap_or_else(|| "(unset)".into())),
        ("IUTSAI_DEMO", u8::from(settings.demo).to_string()),
        ("IUTSAI_DEMO_ANYWHERE", u8::from(settings.demo_anywhere).to_string()),
        ("IUTSAI_PUBLIC_URL", unset(&settings.public_origin)),
        ("IUTSAI_ALLOWED_ORIGINS", unset(&config.allowed_origins)),
        ("IUTSAI_TRUSTED_PROXIES", unset(&config.trusted_proxies)),
        ("IUTSAI_METRICS_LISTEN", unset(&config.metrics_listen)),
        ("IUTSAI_SITE_DIR", settings.site_dir.display().to_string()),
        ("IUTSAI_LOG_JSON", u8::from(config.log_json).to_string()),
        ("DATABASE_URL", without_password(&settings.database_url)),
        ("IUTSAI_SITE_PLAN", site_plan),
        ("MAP_TILE_URL", unset(&config.map_tile_url)),
        ("MAP_TILE_ATTRIBUTION", unset(&config.map_tile_attribution)),
        ("KAFKA_BOOTSTRAP_SERVERS", bootstrap),
        ("KAFKA_SECURITY_PROTOCOL", unset(&kafka.security_protocol)),
        ("KAFKA_SASL_MECHANISM", unset(&kafka.sasl_mechanism)),
        ("KAFKA_SASL_USERNAME", unset(&kafka.sasl_username)),
        ("KAFKA_SASL_PASSWORD", secret(&kafka.sasl_password)),
        ("KAFKA_SSL_CA_LOCATION", unset(&kafka.ssl_ca_location)),
        ("KAFKA_SSL_CERTIFICATE_LOCATION", unset(&kafka.ssl_certificate_location)),
        ("KAFKA_SSL_KEY_LOCATION", unset(&kafka.ssl_key_location)),
        ("KAFKA_SSL_KEY_PASSWORD", secret(&kafka.ssl_key_password)),
    ];
    lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

/// Returns the URL with its password, and every value in its query, hidden, because PostgreSQL accepts `?password=` as
/// well.
fn without_password(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return HIDDEN.into() };
    if parsed.scheme() == "sqlite" {
        return url.to_owned();
    }
    // A URL that cannot have a password has none to hide.
    let hidden = parsed.password().is_none() || parsed.set_password(Some("hidden")).is_ok();
    let names: Vec<_> = parsed.query_pairs().map(|(name, _)| format!("{name}=hidden")).collect();
    if !names.is_empty() {
        parsed.set_query(Some(&names.join("&")));
    }
    if hidden { parsed.into() } else { HIDDEN.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_database_url_is_hidden() {
        assert_eq!(
            without_password("postgres://iutsai:s3cret@db.example/iutsai"),
            "postgres://iutsai:hidden@db.example/iutsai"
        );
        assert!(!without_password("postgres://db.example/iutsai?user=a&password=s3cret").contains("s3cret"));
        assert_eq!(without_password("sqlite://data/iutsai.db"), "sqlite://data/iutsai.db");
    }
}
