//! The steps that bring the tables of each of our files and databases up to date. They are embedded here by hand
//! because sqlx's `migrate!` brings its macros along, and with them SQLite compiled a second time for the build.

use sqlx::{
    AssertSqlSafe, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// A step, with its version, its name and its SQL. A released step is never changed, because sqlx compares checksums.
type Step = (i64, &'static str, &'static str);

/// The folder `migrations` of this crate.
const ACCOUNTS: &[Step] = &[
    (1, "accounts and sessions", include_str!("../../migrations/0001_accounts_and_sessions.sql")),
    (
        2,
        "session changes and handovers",
        include_str!("../../migrations/0002_session_changes_and_handovers.sql"),
    ),
    (3, "age of handovers", include_str!("../../migrations/0003_age_of_handovers.sql")),
    (4, "people", include_str!("../../migrations/0004_people.sql")),
    (5, "push", include_str!("../../migrations/0005_push.sql")),
    (6, "displays", include_str!("../../migrations/0006_displays.sql")),
    (7, "privacy", include_str!("../../migrations/0007_privacy.sql")),
    (8, "audit", include_str!("../../migrations/0008_audit.sql")),
    (9, "second factor", include_str!("../../migrations/0009_second_factor.sql")),
    (10, "reachability", include_str!("../../migrations/0010_reachability.sql")),
    (12, "escalation", include_str!("../../migrations/0012_escalation.sql")),
    (17, "service links", include_str!("../../migrations/0017_service_links.sql")),
];

/// The triggers of a step, for SQLite and for PostgreSQL, because the two have no common syntax for them. They are
/// appended to its SQL.
const TRIGGERS: &[Triggers] = &[(
    8,
    include_str!("../../migrations/triggers/0008_sqlite.sql"),
    include_str!("../../migrations/triggers/0008_postgres.sql"),
)];

/// A version with its triggers for SQLite and for PostgreSQL.
type Triggers = (i64, &'static str, &'static str);

/// The folder `outbox_migrations` of this crate.
const OUTBOX: &[Step] = &[
    (1, "entries", include_str!("../../outbox_migrations/0001_entries.sql")),
    (
        2,
        "reconciling and sessions",
        include_str!("../../outbox_migrations/0002_reconciling_and_sessions.sql"),
    ),
    (3, "own log", include_str!("../../outbox_migrations/0003_own_log.sql")),
    (4, "what was deleted", include_str!("../../outbox_migrations/0004_what_was_deleted.sql")),
    (5, "traces", include_str!("../../outbox_migrations/0005_traces.sql")),
];

/// The folder `statistics_migrations` of this crate.
const STATISTICS: &[Step] = &[
    (1, "statistics", include_str!("../../statistics_migrations/0001_statistics.sql")),
    (2, "events by call", include_str!("../../statistics_migrations/0002_events_by_call.sql")),
];

/// Returns the steps of the accounts' database.
pub(crate) fn accounts(is_postgres: bool) -> Migrator {
    Migrator::with_migrations(steps(ACCOUNTS, TRIGGERS, is_postgres))
}

/// Returns the steps of the statistics. On PostgreSQL they are beside the accounts, so they are counted in a table of
/// their own.
pub(crate) fn statistics(is_postgres: bool) -> Migrator {
    let mut migrator = Migrator::with_migrations(steps(STATISTICS, &[], is_postgres));
    migrator.dangerous_set_table_name("_statistics_migrations");
    migrator
}

/// Returns the steps of the outbox.
pub(crate) fn outbox() -> Migrator {
    Migrator::with_migrations(steps(OUTBOX, &[], false))
}

fn steps(steps: &[Step], triggers: &[Triggers], is_postgres: bool) -> Vec<Migration> {
    let migration = |(version, name, sql): &Step| {
        let of_step = triggers.iter().find(|(of, ..)| of == version);
        let sql = match of_step {
            None => (*sql).into_sql_str(),
            Some((_, sqlite, postgres)) => {
                let triggers = if is_postgres { postgres } else { sqlite };
                AssertSqlSafe(format!("{sql}{triggers}")).into_sql_str()
            }
        };
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    };
    steps.iter().map(migration).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a folder of this crate as the steps that it holds.
    fn folder(name: &str) -> Vec<(i64, String, String)> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let files = std::fs::read_dir(path).unwrap().map(Result::unwrap);
        let mut steps: Vec<_> = files
            .filter(|file| file.path().is_file())
            .map(|file| {
                let name = file.file_name().into_string().unwrap();
                let (version, rest) = name.split_once('_').unwrap();
                let sql = std::fs::read_to_string(file.path()).unwrap();
                (version.parse().unwrap(), rest.trim_end_matches(".sql").replace('_', " "), sql)
            })
            .collect();
        steps.sort();
        steps
    }

    #[test]
    fn every_file_of_the_folders_is_a_step() {
        for (name, steps) in
            [("migrations", ACCOUNTS), ("outbox_migrations", OUTBOX), ("statistics_migrations", STATISTICS)]
        {
            let listed: Vec<_> =
                steps.iter().map(|(version, name, sql)| (*version, (*name).into(), (*sql).into())).collect();
            assert_eq!(folder(name), listed, "{name}");
        }
    }
}
