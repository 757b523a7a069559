//! The records as a table for spreadsheet programs.

use backend::audit::Entry;
use domain::statistics::Zone;

use crate::downloads::Csv;

/// The columns. `docs/operations/audit.md` describes them.
const COLUMNS: [&str; 10] =
    ["sequence", "at", "at_ms", "act", "actor", "address", "subject", "detail", "count", "hash"];

/// Returns a row for each record.
pub(super) fn of_entries(entries: &[Entry], zone: &dyn Zone) -> Csv {
    let mut csv = Csv::new(&COLUMNS);
    for entry in entries {
        let Entry { sequence, at, act, actor, address, subject, detail, count, hash } = entry;
        let [hours, minutes, seconds] = zone.clock(*at);
        let local = format!("{} {hours:02}:{minutes:02}:{seconds:02}", zone.local(*at).date);
        csv.row(&[
            sequence.to_string(),
            local,
            at.to_string(),
            act.clone(),
            actor.clone(),
            address.clone(),
            subject.clone(),
            detail.clone(),
            count.to_string(),
            hash.clone(),
        ]);
    }
    csv
}
