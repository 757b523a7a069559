//! The figures of the office, as they are printed.

use std::path::Path;

use testkit::{
    Error,
    measure::{
        disk, machine,
        memory::Memory,
        spread::{Spread, milliseconds},
    },
};

use super::Settings;

/// A line of the table.
pub(super) struct Row {
    what: &'static str,
    times: Spread,
    /// The length of the longest page.
    octets: Option<usize>,
}

impl Row {
    /// Returns a line about something that is not a page.
    pub(super) const fn new(what: &'static str, times: Spread) -> Self {
        Self { what, times, octets: None }
    }

    /// Returns a line about a page, with the length of the longest answer.
    pub(super) const fn of_page(what: &'static str, times: Spread, octets: usize) -> Self {
        Self { what, times, octets: Some(octets) }
    }
}

/// Everything that was measured.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) rows: Vec<Row>,
    /// The server's memory at a few moments.
    pub(super) memory: Vec<(&'static str, Memory)>,
}

/// Prints where is measured, and what.
pub(super) fn print_preface(settings: &Settings, data_dir: &Path) -> Result<(), Error> {
    let Settings { houses, lines, residents, database, .. } = settings;
    println!("machine   {}; load {} before the import", machine::facts(), machine::load());
    println!("disk      {}", disk::measure(data_dir)?);
    println!("accounts  in {}", if database.is_some() { "the given database" } else { "SQLite" });
    println!("complex   {houses} houses on {lines} lines, {residents} residents");
    println!();
    Ok(())
}

/// Prints the figures.
pub(super) fn print(figures: &Figures) {
    println!(
        "{:<24}  {:>5}  {:>9} {:>9} {:>9}  {:>9}",
        "milliseconds", "times", "p50", "p95", "max", "octets"
    );
    for Row { what, times, octets } in &figures.rows {
        let p = |percent| milliseconds(times.percentile(percent));
        let octets = octets.map_or_else(|| "-".into(), |octets| octets.to_string());
        println!("{what:<24}  {:>5}  {:>9} {:>9} {:>9}  {octets:>9}", times.count(), p(50), p(95), p(100));
    }
    println!();
    for (when, memory) in &figures.memory {
        println!(
            "server memory {when}: {} MB resident, {} MB at most",
            megabytes(memory.now),
            megabytes(memory.most)
        );
    }
    println!(
        "One request at a time, each read to its end without compression. Office and server share the machine."
    );
}

const fn megabytes(octets: u64) -> u64 {
    octets / 1_000_000
}
