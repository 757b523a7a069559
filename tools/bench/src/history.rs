//! A year of calls in the log. It measures the time and the memory of live counting and of the batch, and the answers
//! of the page afterwards, and checks that every call was counted once.
//!
//! The program makes its outbox and ends. The calls are written into that file, each record with its own time, and the
//! program starts again and counts them. With `--kafka`, it publishes them from there and counts them from Kafka. Its
//! own retention does not interfere, because nothing is deleted within an hour after a start. That of Kafka must be
//! off, as with `script/kafka up --no-retention`.

mod commands;
mod report;

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::{
    AlertId, Event, Millis,
    plausible::{self, Complex},
    statistics::{Date, Utc, Zone as _},
};
use reqwest::{Method, header};
use tokio::time::{Instant, sleep};

use crate::runtime;
use commands::Commands;
use testkit::{
    Error,
    client::Session,
    measure::{counters::Counters, disk, machine, memory::Memory, spread::Spread},
    outbox,
    server::Program,
    town::Town,
};

const DAY: Millis = 24 * 60 * 60 * 1000;
/// The youngest call is so old that all are settled.
const FINAL_AFTER: Millis = 3 * DAY;
/// The time between two looks at the progress of counting.
const GLANCE: Duration = Duration::from_millis(250);
/// The time for which counting may make no progress.
const PATIENCE: Duration = Duration::from_secs(300);

/// The settings of `iutsai-bench history`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Keeps the data here, and leaves it; the directory must be new. By default a temporary one
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// The number of calls
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub calls: u32,

    /// The number of days on which they began; the last ones began three days ago
    #[arg(long, value_name = "NUMBER", default_value_t = 365)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=390))]
    pub days: u16,

    /// Lines of 60 flats in the complex
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub lines: u16,

    /// The seed; a seed always makes the same calls
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,

    /// Requests of each page, one at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub requests: u32,

    /// Sends the calls through this Kafka (HOST:PORT,...), whose retention must be off
    #[arg(long, value_name = "SERVERS")]
    pub kafka: Option<String>,
}

/// Flats on each line.
const FLATS: usize = 60;

/// Measures and prints.
///
/// # Errors
/// The failure that prevented a measurement, and [`Error::Usage`] when a call was not counted once, or a comparison found a
/// difference.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    let runtime = runtime::of_this_thread()?;
    runtime.block_on(measure(settings))
}

/// The calls that were written into the log.
struct Made {
    records: u64,
    /// The times that each call was counted, which are not known yet.
    calls: BTreeMap<AlertId, u32>,
    /// The days on which calls began, and the one after them.
    days: Range<Date>,
}

async fn measure(settings: &Settings) -> Result<(), Error> {
    let directory = tempfile::tempdir().map_err(Error::system("make a temporary directory"))?;
    let data_dir = settings.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
    if data_dir.join("outbox.db").exists() {
        return Err(Error::Usage(format!("{} is in use; name a new directory", data_dir.display())));
    }
    let mut server = program(settings, &data_dir).start().await?;
    let office = server.populate(&Town::new(1, 2).building("office").administrators(1)).await?;
    server.terminate().await?;
    println!("machine   {}; load {}", machine::facts(), machine::load());
    println!("disk      {}", disk::measure(&data_dir)?);

    let (begun, mut made) = (Instant::now(), make(settings, &data_dir).await?);
    report::print_made(settings, made.records, begun.elapsed());
    let begun = Instant::now();
    server.restart().await?;
    let administrator = office.administrator(0).at(&server.client()?);
    report::print_ready(begun.elapsed());
    count(&administrator, made.records).await?;
    let memory = Memory::of(&server.process()?)?;
    report::print_work("live", made.records, begun.elapsed(), memory.most);

    let commands = Commands::new(settings, &data_dir);
    let batch = commands.run(&["batch", "--rebuild"]).await?;
    report::print_work("batch", made.records, batch.took, batch.memory);
    println!("          {}", batch.out.trim().replace('\n', "; "));
    pages(settings, &administrator, &made.days).await?;
    report::print_memory(Memory::of(&server.process()?)?.most);

    let mut faults = Vec::new();
    match commands.run(&["statistics", "verify"]).await {
        Ok(verify) => println!("verify    {}", verify.out.trim()),
        Err(error) => faults.push(error.to_string()),
    }
    let (since, until) = (made.days.start.to_string(), made.days.end.to_string());
    let export = ["export", "--what", "incidents", "--since", since.as_str(), "--until", until.as_str()];
    tally(&commands.run(&export).await?.out, &mut made, &mut faults);
    report::print_calls(&made.calls);
    server.end().await?;
    if faults.is_empty() { Ok(()) } else { Err(Error::Usage(faults.join("\n"))) }
}

fn program(settings: &Settings, data_dir: &Path) -> Program {
    let program = Program::new(&settings.program).data_dir(data_dir).env_remove("IUTSAI_DEMO");
    let program = program.env("IUTSAI_BATCH_CRON", "off").env("IUTSAI_KEEP_DAYS", "366");
    match &settings.kafka {
        Some(servers) => program.env("KAFKA_BOOTSTRAP_SERVERS", servers),
        None => program,
    }
}

/// Writes the calls into the outbox.
async fn make(settings: &Settings, data_dir: &Path) -> Result<Made, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let until = Millis::try_from(now.as_millis()).unwrap_or(Millis::MAX) - FINAL_AFTER;
    let period = until - Millis::from(settings.days) * DAY..until;
    // A zone may be a day ahead of universal time or behind it.
    let days = Utc.local(period.start).date.plus(-1)..Utc.local(until).date.plus(2);
    let complex = Complex::new(settings.lines.into(), FLATS);
    let mut calls = BTreeMap::new();
    let words = plausible::calls(&complex, &Utc, &period, settings.calls as usize, settings.seed).words();
    let words = words.inspect(|(_, event)| {
        if let Event::Alert(alert) = event {
            calls.insert(alert.id, 0);
        }
    });
    let records = outbox::append(data_dir, words).await?;
    Ok(Made { records, calls, days })
}

/// Waits until so many records are counted.
async fn count(administrator: &Session, records: u64) -> Result<(), Error> {
    let (mut last, mut moved) = (0.0, Instant::now());
    loop {
        let counters = Counters::read(administrator).await?;
        let counted = counters.get("iutsai_statistics_records_total");
        if counted >= records as f64 {
            return Ok(());
        }
        if counted > last {
            (last, moved) = (counted, Instant::now());
        }
        if moved.elapsed() > PATIENCE {
            let stopped = format!("counting stopped at {counted} of {records} records for {PATIENCE:?}");
            return Err(Error::Usage(stopped));
        }
        sleep(GLANCE).await;
    }
}

/// Requests the page and the figures, of the usual period and of all days.
async fn pages(settings: &Settings, administrator: &Session, days: &Range<Date>) -> Result<(), Error> {
    report::print_pages_head(settings.requests);
    let all = format!("from={}&until={}", days.start, days.end.plus(-1));
    for path in ["/admin/statistics", "/api/statistics"] {
        for (name, query) in [("28 days", String::new()), ("all days", format!("?{all}"))] {
            let mut times = Spread::default();
            let mut octets = 0;
            for _ in 0..settings.requests {
                let begun = Instant::now();
                octets = request(administrator, &format!("{path}{query}")).await?;
                times.add(begun.elapsed());
            }
            report::print_page(path, name, &times, octets);
        }
    }
    Ok(())
}

/// Requests a page and reads the answer to its end. Returns its length.
async fn request(administrator: &Session, path: &str) -> Result<usize, Error> {
    let lost = |source| Error::NoAnswer { request: format!("GET {path}"), source };
    let cookie = format!("iutsai-session={}", administrator.token());
    let request = administrator.client().request(Method::GET, path);
    let response = request.header(header::COOKIE, cookie).send().await.map_err(lost)?;
    let (status, body) = (response.status(), response.bytes().await.map_err(lost)?);
    if status.is_success() {
        return Ok(body.len());
    }
    Err(Error::Usage(format!("GET {path}: {status} {}", String::from_utf8_lossy(&body))))
}

/// Counts how often each call is in an export, and adds a sentence about each kind of mistake.
fn tally(export: &str, made: &mut Made, faults: &mut Vec<String>) {
    let mut unknown = 0;
    // The third column is the id, and no name here has a comma.
    for id in export.lines().skip(1).map(|line| line.split(',').nth(2).unwrap_or_default()) {
        match id.parse::<AlertId>() {
            Ok(id) if made.calls.contains_key(&id) => *made.calls.entry(id).or_default() += 1,
            Ok(_) | Err(_) => unknown += 1,
        }
    }
    let missing = made.calls.values().filter(|count| **count == 0).count();
    let double = made.calls.values().filter(|count| **count > 1).count();
    for (what, count) in [("missing", missing), ("counted twice", double), ("not known", unknown)] {
        if count > 0 {
            faults.push(format!("{count} calls are {what}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn calls_that_are_missing_double_or_unknown_are_faults() {
        let id = |number| AlertId(Uuid::from_u128(number));
        let day = Utc.local(0).date;
        let calls = BTreeMap::from([(id(1), 0), (id(2), 0), (id(3), 0)]);
        let mut made = Made { records: 3, calls, days: day..day };
        let mut faults = Vec::new();
        let row = |number| format!("101-1,1203,{},fire\r\n", id(number));
        let export = format!("line,house,id,kind\r\n{}{}{}{}", row(1), row(2), row(2), row(4));
        tally(&export, &mut made, &mut faults);
        assert_eq!(faults, ["1 calls are missing", "1 calls are counted twice", "1 calls are not known"]);

        made.calls.values_mut().for_each(|count| *count = 0);
        faults.clear();
        tally(&format!("line,house,id,kind\r\n{}{}{}", row(1), row(2), row(3)), &mut made, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
    }
}
