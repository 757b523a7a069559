//! `iutsai backup`, which runs beside a live server, and `iutsai restore`, which needs it to be stopped.

use std::{
    fmt::Display,
    future::Future,
    path::{Path, PathBuf},
    time::Instant,
};

use backend::{
    audit::{Act, Audit, By, Record},
    backup::{self, Accounts, File, Manifest, Place, Restored},
    database::Database,
};

use crate::config;

/// The data of the node, as `iutsai serve` has it.
#[derive(clap::Args)]
struct Node {
    /// Directory of the outbox, and of SQLite without DATABASE_URL
    #[arg(long, env = "IUTSAI_DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,

    /// Accounts and sessions, as `iutsai serve` has them; PostgreSQL has to be dumped apart from this
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
}

/// The settings of a backup.
#[derive(clap::Args)]
pub(crate) struct Backup {
    /// The directory to make, on another disk than the data
    #[arg(value_name = "DIR")]
    to: PathBuf,

    #[command(flatten)]
    node: Node,
}

/// The settings of a restore.
#[derive(clap::Args)]
pub(crate) struct Restore {
    /// The directory that `iutsai backup` made
    #[arg(value_name = "DIR")]
    from: PathBuf,

    /// Only looks for damage in the backup, and changes nothing
    #[arg(long, conflicts_with = "replace")]
    check: bool,

    /// Moves what is in the data directory into a directory before-TIME there; without it a directory that is not
    /// empty is refused
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    node: Node,
}

impl Node {
    fn place(&self) -> Result<Place, String> {
        let database_url = config::database_url(self.database_url.as_deref(), &self.data_dir)?;
        Ok(Place { data_dir: self.data_dir.clone(), database_url })
    }
}

/// Makes a backup, and prints how much there is and until when.
///
/// # Errors
/// One sentence about what is wrong. There is no new directory then.
pub(crate) fn back_up(command: &Backup) -> Result<(), String> {
    let (place, begun) = (command.node.place()?, Instant::now());
    let shown = |file: &File| eprintln!("{}: {} octets", file.name, file.size);
    let manifest = run(backup::back_up(&place, &command.to, &shown))?;
    println!(
        "backed up {} into {} in {:.1} s; {}",
        amount(&manifest),
        command.to.display(),
        begun.elapsed().as_secs_f64(),
        content(&manifest)
    );
    if manifest.accounts == Accounts::Postgres {
        println!(
            "accounts, sessions and statistics are in PostgreSQL and not in this backup; its dump belongs to it, made \
             with pg_dump right before this command"
        );
    }
    record(&place, Act::BackedUp, &command.to, &content(&manifest));
    Ok(())
}

/// Puts a backup in place, or only looks for damage in it, and prints what it has and what the operator does next.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn restore(command: &Restore) -> Result<(), String> {
    let from = command.from.display();
    if command.check {
        let manifest = run(backup::check(&command.from))?;
        println!("{from} is whole, with {}; {}", amount(&manifest), content(&manifest));
        return Ok(());
    }
    let place = command.node.place()?;
    let restored = run(backup::restore(&place, &command.from, command.replace))?;
    let Restored { manifest, aside } = restored;
    let Manifest { program, made_at, .. } = &manifest;
    println!(
        "restored {} from {from}, which iutsai {program} made at {made_at}, into {}",
        amount(&manifest),
        place.data_dir.display()
    );
    println!("{}; later calls are lost", content(&manifest));
    if let Some(aside) = aside {
        println!("the former data is in {}; remove it when it is of no use any more", aside.display());
    }
    println!(
        "next: start the server, then lock the accounts, end the sessions and withdraw the consents again that were \
         locked, ended and withdrawn since then"
    );
    record(&place, Act::Restored, &command.from, &format!("made at {made_at} by iutsai {program}"));
    Ok(())
}

/// Records an act that was done on a directory. A failure is shown and does not fail the act, because backups are made
/// and restored where something else has failed.
fn record(place: &Place, act: Act, directory: &Path, detail: &str) {
    let directory = directory.display().to_string();
    let record = Record::new(act, By::command_line()).about(&directory).with(detail);
    let recorded = run(async {
        // The tables are not brought up to date, because a server of another version may use them.
        let database = Database::connect_later(&place.database_url)?;
        let recorded = Audit::new(database.clone()).record(record).await;
        database.close().await;
        recorded
    });
    if let Err(error) = recorded {
        eprintln!("iutsai: it is done, but the audit has no record of it: {error}");
    }
}

fn run<T, E: Display>(work: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(work).map_err(|error| error.to_string())
}

fn amount(manifest: &Manifest) -> String {
    format!("{} files with {} octets", manifest.files.len(), manifest.size())
}

fn content(manifest: &Manifest) -> String {
    let Manifest { until, last_position, .. } = manifest;
    format!("it has every call that was acknowledged until {until}, up to position {last_position}")
}
