//! `iutsai audit verify` and `iutsai audit export`, for people who can run programs where the database is. They run
//! beside a live server.

use std::{io::Write as _, path::PathBuf};

use backend::audit::{Act, Audit, By, Filter, Record, Verified};
use clap::ValueEnum;

use super::table;
use crate::{admin, config};

/// Rows that are read at once.
const PAGE: u32 = 1_000;

/// Where the audit is.
#[derive(clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    place: admin::Place,
}

/// The form and the reason of an export.
#[derive(clap::Args)]
pub(crate) struct Export {
    /// Format of the output
    #[arg(long, default_value = "csv")]
    format: Format,

    /// The reason, which is recorded
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// The file to write; by default standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The complex's time zone by its IANA name
    #[arg(long, env = "IUTSAI_TIME_ZONE", value_name = "ZONE", default_value = "Asia/Seoul")]
    time_zone: String,

    #[command(flatten)]
    place: admin::Place,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Csv,
}

/// Walks the chain, and prints the number of rows and the last hash.
///
/// # Errors
/// One sentence with the first row that does not fit.
pub(crate) fn verify(command: &Verify) -> Result<(), String> {
    let verified = command.place.run(async |database| Audit::new(database.clone()).verify().await)?;
    let Verified { rows, pruned, hash } = verified;
    let before =
        if pruned == 0 { String::new() } else { format!(" after row {pruned}, which retention removed") };
    println!("{rows} rows{before} are what was written; the last hash is {hash}");
    Ok(())
}

/// Writes every record, the newest first, after it has recorded the export.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn export(command: &Export) -> Result<(), String> {
    let Format::Csv = command.format;
    let zone = config::time_zone(&command.time_zone)?;
    let entries = command.place.run(async |database| {
        let audit = Audit::new(database.clone());
        let record = Record::new(Act::Exported, By::command_line()).about("audit").with(&command.reason);
        audit.record(record).await?;
        let mut entries = Vec::new();
        loop {
            let before = entries.last().map(|entry: &backend::audit::Entry| entry.sequence);
            let page = audit.list(&Filter { before, ..Filter::default() }, PAGE).await?;
            if page.is_empty() {
                return Ok::<_, backend::database::DatabaseError>(entries);
            }
            entries.extend(page);
        }
    })?;
    let text = table::of_entries(&entries, &zone).into_text();
    match &command.output {
        Some(file) => {
            std::fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
        }
        None => {
            let mut out = std::io::stdout().lock();
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            written.map_err(|error| format!("cannot print: {error}"))
        }
    }
}
