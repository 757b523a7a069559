//! The settings that divide the lines among fan-outs.

use domain::{Shard, Shards};

use super::{Log, Roles, given};

/// The division of the lines among fan-outs.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
#[command(next_help_heading = "Shards")]
pub(crate) struct ShardsConfig {
    /// The number of shards among which the lines of a large complex are divided, the same on every process; needs
    /// Kafka and PostgreSQL if it is not 1
    #[arg(long = "shards", env = "IUTSAI_SHARDS", value_name = "NUMBER", default_value = "1")]
    pub shards: String,

    /// The shard (1 to IUTSAI_SHARDS) whose lines this fan-out keeps; without it, every line. It needs
    /// IUTSAI_ROLES=fanout
    #[arg(long = "shard", env = "IUTSAI_SHARD", value_name = "NUMBER")]
    pub shard: Option<String>,
}

impl ShardsConfig {
    /// Returns the shards of the complex, and the one that this process keeps; `None` if it keeps every line.
    ///
    /// # Errors
    /// One sentence about what to write.
    pub(super) fn check(
        &self,
        roles: Roles,
        log: &Log,
        database_url: &str,
    ) -> Result<(Shards, Option<Shard>), String> {
        let count = given(Some(&self.shards)).unwrap_or("1");
        let shards = count.parse::<i32>().ok().and_then(Shards::new).ok_or_else(|| {
            format!("IUTSAI_SHARDS: {count:?} is not a number of shards; write 1 to {}.", Shards::MOST)
        })?;
        let is_shared = matches!(log, Log::Cluster { .. }) && database_url.starts_with("postgres");
        if shards.is_divided() && !is_shared {
            return Err(
                "IUTSAI_SHARDS: only processes that share Kafka and PostgreSQL divide the lines; set \
                        KAFKA_BOOTSTRAP_SERVERS and a postgres:// DATABASE_URL, or leave it at 1."
                    .into(),
            );
        }
        let Some(number) = given(self.shard.as_deref()) else { return Ok((shards, None)) };
        if !shards.is_divided() {
            return Err(
                "IUTSAI_SHARD: there is one shard only; set IUTSAI_SHARDS to the number of shards on every \
                        process, or leave it unset."
                    .into(),
            );
        }
        let own = number.parse::<i32>().ok().and_then(|number| shards.shard(number)).ok_or_else(|| {
            format!("IUTSAI_SHARD: {number:?} is not one of the shards; write 1 to {}.", shards.count())
        })?;
        if roles != (Roles { web: false, producer: false, fanout: true, statistics: false }) {
            return Err("IUTSAI_SHARD: pages, commands and statistics need every line, so a process with a shard has \
                        the role fanout alone; set IUTSAI_ROLES=fanout, or leave it unset."
                .into());
        }
        Ok((shards, Some(own)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FANOUT: Roles = Roles { web: false, producer: false, fanout: true, statistics: false };
    const DATABASE: &str = "postgres://iutsai@db.example/iutsai";

    fn cluster() -> Log {
        Log::Cluster { bootstrap_servers: "kafka:9092".into(), security: Vec::new() }
    }

    fn config(shards: &str, shard: &str) -> ShardsConfig {
        ShardsConfig { shards: shards.into(), shard: Some(shard.into()) }
    }

    #[test]
    fn every_process_keeps_every_line_unless_a_fan_out_has_a_shard() {
        let everything = config("", " ").check(FANOUT, &Log::Local, "sqlite://a");
        assert_eq!(everything, Ok((Shards::ONE, None)));
        let shards = Shards::new(3).unwrap();
        let whole = Roles { web: true, producer: true, fanout: true, statistics: true };
        assert_eq!(config("3", "").check(whole, &cluster(), DATABASE), Ok((shards, None)));
        let second = config("3", " 2 ").check(FANOUT, &cluster(), DATABASE);
        assert_eq!(second, Ok((shards, shards.shard(2))));
    }

    #[test]
    fn a_process_with_a_role_that_needs_every_line_has_no_shard() {
        for (web, producer, statistics) in [(true, false, false), (false, true, false), (false, false, true)]
        {
            let roles = Roles { web, producer, fanout: true, statistics };
            let sentence = config("2", "1").check(roles, &cluster(), DATABASE).unwrap_err();
            assert!(sentence.contains("IUTSAI_ROLES=fanout"), "{sentence}");
        }
        let without = Roles { fanout: false, web: true, ..FANOUT };
        assert!(config("2", "1").check(without, &cluster(), DATABASE).is_err());
    }

    #[test]
    fn lines_are_divided_among_processes_that_share_kafka_and_postgresql_only() {
        for (log, database) in [(Log::Local, DATABASE), (cluster(), "sqlite:///var/lib/iutsai.db")] {
            let sentence = config("2", "1").check(FANOUT, &log, database).unwrap_err();
            assert!(sentence.starts_with("IUTSAI_SHARDS: only processes that share"), "{sentence}");
        }
    }

    #[test]
    fn a_number_that_is_no_shard_is_refused_with_those_that_are() {
        for wrong in ["0", "65", "-1", "two", "1.5"] {
            let sentence = config(wrong, "").check(FANOUT, &cluster(), DATABASE).unwrap_err();
            assert!(sentence.ends_with("write 1 to 64."), "{sentence}");
        }
        for wrong in ["0", "3", "2/2", "x"] {
            let sentence = config("2", wrong).check(FANOUT, &cluster(), DATABASE).unwrap_err();
            assert!(sentence.ends_with("write 1 to 2."), "{sentence}");
        }
        let sentence = config("1", "1").check(FANOUT, &cluster(), DATABASE).unwrap_err();
        assert!(sentence.starts_with("IUTSAI_SHARD: there is one shard only"), "{sentence}");
    }
}
