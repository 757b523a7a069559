//! The configuration as `NAME=value` lines, with the secrets hidden. The variables are clap's, so a new setting is printed
//! as soon as there is one.

use std::time::Duration;

use backend::people::cost::HashingCost;
use clap::{Arg, Args as _, Command};
use domain::statistics::Zone as _;
use serde_json::Value;
use url::Url;

use super::{Config, Log, Settings, given};

const HIDDEN: &str = "(hidden)";
const UNSET: &str = "(unset)";

/// Returns every variable with its value in effect, in the order of the help text.
#[must_use]
pub(crate) fn table(config: &Config, settings: &Settings) -> String {
    let configured = serde_json::to_value(config).expect("texts and flags are always JSON");
    let command = Config::augment_args(Command::new("iutsai"));
    let lines = command.get_arguments().filter_map(|argument| {
        let name = argument.get_env()?.to_str()?;
        let value = in_effect(name, config, settings).unwrap_or_else(|| as_configured(argument, &configured));
        Some(format!("{name}={value}\n"))
    });
    lines.collect()
}

/// Returns the value of a variable that follows from others, or that is printed in another form than it was given.
fn in_effect(name: &str, config: &Config, settings: &Settings) -> Option<String> {
    let or_unset = |value: Option<&str>| value.unwrap_or(UNSET).to_owned();
    let is_plan_of_demo = given(config.site_plan.as_deref()).is_none() && settings.site_plan.is_some();
    Some(match name {
        "IUTSAI_LISTEN" => settings.listen.to_string(),
        "IUTSAI_DATA_DIR" => settings.data_dir.display().to_string(),
        "IUTSAI_PRESS_ASKS_AFTER" => settings.press_asks_after.as_secs().to_string(),
        "IUTSAI_TIME_ZONE" => settings.zone.name().to_owned(),
        "IUTSAI_PUSH_CONTACT" => or_unset(settings.push.contact.as_deref()),
        "IUTSAI_PUBLIC_URL" => or_unset(settings.public_origin.as_deref()),
        "IUTSAI_WEBHOOK_URL" => {
            let target = settings.webhook.as_ref().map(|webhook| webhook.target.to_string());
            or_unset(target.as_deref())
        }
        "IUTSAI_SITE_DIR" => settings.site_dir.display().to_string(),
        "DATABASE_URL" => without_password(&settings.database_url),
        "IUTSAI_SITE_PLAN" if is_plan_of_demo => "(unset: the demo's own)".to_owned(),
        "KAFKA_BOOTSTRAP_SERVERS" if settings.log == Log::Local => {
            "(unset: this node is its own log)".to_owned()
        }
        _ => return None,
    })
}

/// Returns the value as it was given, else the default. A value that the help text hides is a secret.
fn as_configured(argument: &Arg, configured: &Value) -> String {
    let value = match &configured[argument.get_id().as_str()] {
        Value::Bool(flag) => return u8::from(*flag).to_string(),
        Value::Number(number) => return number.to_string(),
        value => given(value.as_str()),
    };
    match value {
        Some(_) if argument.is_hide_env_values_set() => HIDDEN.to_owned(),
        Some(value) => value.to_owned(),
        None => {
            let default = argument.get_default_values().first();
            default.map_or_else(|| UNSET.to_owned(), |value| value.to_string_lossy().into_owned())
        }
    }
}

/// A check that takes less than this lets a thief of the database guess quickly.
const FAST: Duration = Duration::from_millis(10);
/// A check that takes more than this lets people wait who sign in at the same time.
const SLOW: Duration = Duration::from_millis(300);

/// Returns the cost of a password on this machine as comments, which go below the settings.
#[must_use]
pub(crate) fn hashing(cost: &HashingCost) -> String {
    let HashingCost { memory_kib, passes, lanes, check } = cost;
    let millis = check.as_secs_f64() * 1000.0;
    let each = 1.0 / check.as_secs_f64().max(f64::EPSILON);
    let mut text = format!(
        "# A password costs {millis:.1} ms and {memory_kib} KiB here (argon2id, passes {passes}, lanes {lanes}).\n"
    );
    if *check < FAST {
        text += &format!(
            "# That is fast. A thief of the database could try {each:.0} passwords a second on each core; ask for long \
             passwords, and set IUTSAI_REQUIRE_SECOND_FACTOR=1.\n"
        );
    } else if *check > SLOW {
        text += &format!(
            "# That is slow. Each core that hashes signs in {each:.1} people a second, and a building waits after \
             everybody was signed out; use a faster machine.\n"
        );
    }
    text
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_example_file_has_every_setting() {
        let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example"));
        let lines = example.lines().filter(|line| !line.starts_with('#'));
        let names = lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name);
        // The tracing library reads this one.
        let listed: BTreeSet<&str> = names.filter(|name| *name != "RUST_LOG").collect();
        let command = Config::augment_args(Command::new("iutsai"));
        let variables = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
        assert_eq!(listed, variables.collect::<BTreeSet<_>>());
    }

    #[test]
    fn a_password_that_is_checked_too_fast_or_too_slowly_is_named() {
        let cost = |millis| HashingCost {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
            check: Duration::from_millis(millis),
        };
        let usual = hashing(&cost(25));
        assert_eq!(usual, "# A password costs 25.0 ms and 19456 KiB here (argon2id, passes 2, lanes 1).\n");
        assert!(hashing(&cost(5)).contains("could try 200 passwords a second"), "{}", hashing(&cost(5)));
        assert!(hashing(&cost(500)).contains("signs in 2.0 people a second"), "{}", hashing(&cost(500)));
        assert!(hashing(&cost(500)).lines().all(|line| line.starts_with("# ")));
    }

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
