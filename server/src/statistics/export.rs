//! Writes calls, or their counts by day, for other programs. There are neither coordinates nor free text in it.

use std::{io::Write as _, path::PathBuf};

use backend::{
    audit::Act,
    statistics::{Iana, Statistics},
};
use clap::ValueEnum;
use domain::{
    Kind, Millis, Progress,
    statistics::{Asked, Figures, Outcome, Query, Row, Zone as _},
};

use super::{
    Place,
    table::{Cell, Column, Table},
};
use crate::config;

/// The content and the form of the export.
#[derive(clap::Args)]
pub(crate) struct Export {
    /// incidents for a row a call, statistics for a row a day
    #[arg(long)]
    what: Content,

    /// Format of the output
    #[arg(long, default_value = "csv")]
    format: Format,

    /// Calls that began on this day or later, such as 2026-11-01; by default 28 days before the end
    #[arg(long, value_name = "DATE")]
    since: Option<String>,

    /// Calls that began before this day; by default until now
    #[arg(long, value_name = "DATE")]
    until: Option<String>,

    /// The file to write; by default standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The reason, which is recorded in the audit
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,

    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, ValueEnum)]
enum Content {
    Incidents,
    Statistics,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Parquet,
}

/// Writes what is asked for.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn export(command: &Export) -> Result<(), String> {
    let zone = config::time_zone(&command.place.time_zone)?;
    let asked = Asked { from: command.since.as_deref(), to: command.until.as_deref(), ..Asked::default() };
    let query = Query::parse(&asked, &zone, backend::clock::now());
    // The words of addresses are from and to.
    let named = |error: String| error.replace("'from'", "--since").replace("'to'", "--until");
    let query = query.map_err(|error| named(error.to_string()))?;
    let table = command.place.run(async |statistics| read(statistics, command.what, &query, &zone).await)?;
    let octets = match command.format {
        Format::Csv => table.to_csv().map_err(|error| error.to_string()),
        Format::Parquet => table.to_parquet().map_err(|error| error.to_string()),
    };
    let octets = octets.map_err(|error| format!("cannot write the table: {error}"))?;
    // Nothing leaves without a record.
    command.place.record(Act::Exported, &format!("{}: {}", table.name, command.reason))?;
    match &command.output {
        Some(file) => {
            std::fs::write(file, octets).map_err(|error| format!("cannot write {}: {error}", file.display()))
        }
        None => {
            let mut out = std::io::stdout().lock();
            let written = out.write_all(&octets).and_then(|()| out.flush());
            written.map_err(|error| format!("cannot print: {error}"))
        }
    }
}

async fn read(statistics: &Statistics, what: Content, query: &Query, zone: &Iana) -> Result<Table, String> {
    match what {
        Content::Incidents => {
            let rows = statistics.rows(query).await.map_err(|error| error.to_string())?;
            Ok(incidents(&rows, zone, backend::clock::now()))
        }
        Content::Statistics => {
            let figures = statistics.figures(query).await.map_err(|error| error.to_string())?;
            Ok(days(&figures))
        }
    }
}

fn incidents(rows: &[Row], zone: &Iana, now: Millis) -> Table {
    use Column::{Number, Text};
    let columns = vec![
        Text("line"),
        Text("house"),
        Text("id"),
        Text("kind"),
        Text("drill"),
        Text("timezone"),
        Text("begun"),
        Number("begun_ms"),
        Text("outcome"),
        Text("end"),
        Number("accepts"),
        Number("came"),
        Number("reached"),
        Number("to_reached_ms"),
        Number("to_first_accept_ms"),
        Number("to_arrived_ms"),
        Number("to_end_ms"),
        Number("to_escalated_ms"),
    ];
    let rows = rows.iter().map(|row| incident(row, zone, now)).collect();
    Table { name: "incidents", columns, rows }
}

fn incident(row: &Row, zone: &Iana, now: Millis) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    // Instants of two nodes' clocks may be in the wrong order.
    let after = |at: Option<Millis>| Cell::from(at.map(|at| at.saturating_sub(row.begun).max(0)));
    let count = |count: u32| Cell::Number(i64::from(count));
    vec![
        text(row.line.as_str()),
        text(row.house.as_str()),
        Cell::Text(row.id.to_string()),
        row.kind.map(Kind::as_str).map_or(Cell::None, text),
        text(if row.drill { "yes" } else { "no" }),
        text(zone.name()),
        Cell::Text(zone.shown(row.begun)),
        Cell::Number(row.begun),
        text(outcome(row.outcome(now))),
        row.end(now).map(Progress::as_str).map_or(Cell::None, text),
        count(row.accepts),
        count(row.came),
        Cell::Number(i64::try_from(row.reached.len()).unwrap_or(i64::MAX)),
        after(row.first_reached),
        after(row.first_accept),
        after(row.first_arrived),
        after(row.ended.map(|ended| ended.at)),
        after(row.escalated),
    ]
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Came => "came",
        Outcome::TakenBack => "taken-back",
        Outcome::Waiting => "waiting",
        Outcome::Nobody => "nobody-came",
    }
}

fn days(figures: &Figures) -> Table {
    use Column::{Number, Text};
    let columns = vec![
        Text("date"),
        Text("timezone"),
        Number("calls"),
        Number("came"),
        Number("taken_back"),
        Number("nobody_came"),
        Number("waiting"),
        Number("false_alarms"),
        Number("open"),
        Text("unfinished"),
    ];
    let count = |count: u64| Cell::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let days = figures.counts.by_day.iter().map(|day| {
        vec![
            Cell::Text(day.date.to_string()),
            Cell::Text(figures.timezone.clone()),
            count(day.tally.calls),
            count(day.tally.came),
            count(day.tally.taken_back),
            count(day.tally.nobody),
            count(day.tally.waiting),
            count(day.tally.false_alarms),
            count(day.tally.open),
            Cell::Text(if day.unfinished { "yes" } else { "no" }.to_owned()),
        ]
    });
    Table { name: "statistics", columns, rows: days.collect() }
}
