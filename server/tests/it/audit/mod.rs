//! The records of acts, sign-ins, downloads and looks at locations, as the page and the commands show them.

mod acts;
mod records;

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use testkit::{client::Session, server::Server};

use crate::support::{command, send};

/// Records are written beside the work, within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that is recorded, as the export has it; that is recorded as well.
pub(crate) fn records(server: &Server) -> Vec<Vec<String>> {
    let (done, text) = command(server, &["audit", "export", "--reason", "a test"]);
    assert!(done, "{text}");
    let mut table = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    // The table guards a cell that a spreadsheet would take for a formula.
    let cell =
        |cell: &str| cell.strip_prefix("'@").map_or_else(|| cell.to_owned(), |name| format!("@{name}"));
    let rows = table.records().map(|row| row.unwrap().iter().map(cell).collect());
    rows.collect()
}

/// Returns true if some record is of this act by this account about this.
pub(crate) fn has(records: &[Vec<String>], act: &str, actor: &str, subject: &str) -> bool {
    records.iter().any(|row| row[3] == act && row[4] == actor && row[6] == subject)
}

/// Waits for a record that is written beside the work.
async fn until_recorded(server: &Server, act: &str, actor: &str, subject: &str) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let records = records(server);
        let found = records.iter().find(|row| row[3] == act && row[4] == actor && row[6] == subject);
        if let Some(found) = found {
            return found.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{act} by {actor} about {subject} in {records:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Does an act of the office, which succeeds.
async fn act(office: &Session, path: &str, body: &Value) {
    let response = send(office.request(Method::POST, path).json(body)).await;
    let status = response.status().as_u16();
    assert!([200, 201].contains(&status), "{path}: {status} {}", response.text().await.unwrap());
}
