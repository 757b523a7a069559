//! `iutsai move-database`, which copies the accounts and the statistics from SQLite to PostgreSQL, while the server is
//! stopped.

use std::path::PathBuf;

use backend::{
    backup::Place,
    moving::{self, Moved, Outcome},
};

use crate::config;

/// The settings of a move.
#[derive(clap::Args)]
pub(crate) struct MoveDatabase {
    /// The empty PostgreSQL database to fill, as postgres://USER:PASSWORD@HOST/NAME; without the password,
    /// PGPASSWORD has it
    #[arg(long, value_name = "URL")]
    to: String,

    /// The SQLite database to move, as `iutsai serve` has it; by default the one in the data directory
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    from: Option<String>,

    /// Directory of the outbox and the statistics, and of SQLite without DATABASE_URL
    #[arg(long, env = "IUTSAI_DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
}

/// Moves everything, and prints the rows of each table and what the operator does next.
///
/// # Errors
/// One sentence about what is wrong. The old database is as it was then, and the new one has no rows.
pub(crate) fn run(command: &MoveDatabase) -> Result<(), String> {
    let data_dir = command.data_dir.clone();
    let database_url = config::database_url(command.from.as_deref(), &data_dir)?;
    let from = Place { data_dir, database_url };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let shown = |moved: &Moved| eprintln!("copied {}: {} rows", moved.table, moved.rows);
    let moved = runtime.block_on(moving::move_to_postgres(&from, &command.to, &shown));
    print(&moved.map_err(|error| error.to_string())?, &from);
    Ok(())
}

fn print(outcome: &Outcome, from: &Place) {
    let Outcome { tables, audit, has_statistics } = outcome;
    for Moved { table, rows } in tables {
        println!("{table}: {rows} rows in both databases");
    }
    let rows: u64 = tables.iter().map(|moved| moved.rows).sum();
    println!("moved {rows} rows of {} tables; nothing was deleted from the old files", tables.len());
    println!("{} rows of the audit are what was written; the last hash is {}", audit.rows, audit.hash);
    if !has_statistics {
        println!("{} has no statistics, so the figures begin with the log", from.data_dir.display());
    }
    println!(
        "next: set DATABASE_URL to the new database for the server and for every command, start the server, and keep \
         the old files with the backups, where no server finds them"
    );
}
