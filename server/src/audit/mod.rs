//! The records of acts, with the page of the office, its download, the monthly check, and `iutsai audit`.

mod command;
mod query;
mod shown;
mod table;

use axum::{extract::State, response::Response};
use backend::{audit::Month, clock, people::office::Refused};
use domain::statistics::Zone;
use serde::Deserialize;

use self::query::Query;
pub(crate) use self::{
    command::{Export, Verify, export, verify},
    shown::{call_seen, shown, unchecked},
};
use crate::{
    downloads::{download, recorded},
    people::Act,
    problem::{Kind, Problem},
    state::AppState,
};

/// The most records of one download.
const MOST_ROWS: u32 = 10_000;

/// The filters of a download, and its reason.
#[derive(Deserialize)]
pub(crate) struct Download {
    #[serde(flatten)]
    query: Query,
    #[serde(default)]
    reason: String,
}

/// A signed check.
#[derive(Deserialize)]
pub(crate) struct Check {
    month: String,
    #[serde(default)]
    note: String,
}

/// `POST /api/audit.csv`: everything that the filters show, at most [`MOST_ROWS`] records. The download is recorded,
/// so it asks for a reason.
pub(crate) async fn table(State(state): State<AppState>, act: Act<Download>) -> Response {
    let Download { query, reason } = &act.value;
    if reason.trim().is_empty() {
        return act
            .reply
            .refuse(Kind::INVALID.because("The 'reason' is missing: name why the records are downloaded."));
    }
    let zone = state.backend.statistics.zone();
    let Ok(filter) = query.filter(zone) else {
        return act
            .reply
            .refuse(Kind::INVALID.because("A day, an act or a number of the filters cannot be used."));
    };
    let entries = match state.backend.audit.list(&filter, MOST_ROWS).await {
        Ok(entries) => entries,
        Err(error) => return act.reply.refuse(Problem::unavailable(&error)),
    };
    if let Err(problem) = recorded(&state, act.who(&state), "audit.csv", reason).await {
        return act.reply.refuse(problem);
    }
    download(table::of_entries(&entries, zone), "iutsai-audit.csv")
}

/// `POST /api/audit/check`: signs that the records of a month were looked at.
pub(crate) async fn check(State(state): State<AppState>, act: Act<Check>) -> Response {
    let Check { month, note } = &act.value;
    let Ok(month) = month.trim().parse::<Month>() else {
        return act.reply.refuse(Kind::INVALID.because("The 'month' is written such as 2026-11."));
    };
    let zone: &dyn Zone = state.backend.statistics.zone();
    let outcome = state.backend.audit.check(act.who(&state), month, note, (zone, clock::now())).await;
    act.reply.answer(outcome.map_err(Refused::from), "checked", &month.to_string())
}
