//! The numbers of the management office, for `/api/statistics`, its tables, and `/admin/statistics`. All of them ask
//! the same question of the same statistics, so they show the same figures.

mod csv;
mod question;
mod shown;
mod tables;

use std::hash::{DefaultHasher, Hash, Hasher};

use app::pages::statistics::State as Condition;
use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use backend::{
    audit::{Act, By, Record},
    clock,
    statistics::Statistics,
};
use domain::statistics::{Figures, Invalid, Query};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use self::question::Question;
pub(crate) use self::{csv::Csv, shown::shown};
use crate::{
    auth::Administrator,
    client_address::ClientAddress,
    problem::{Kind, Problem},
    query::{parameter, word},
    site_plan::is_known,
    state::AppState,
};

/// Answers with the figures of a question, or with 304 to a client that has them.
///
/// # Errors
/// [`Kind::INVALID`] for a question that makes no sense, [`Kind::ROLE_ABSENT`] and [`Kind::UNAVAILABLE`].
pub(crate) async fn json(
    _: Administrator,
    State(state): State<AppState>,
    RawQuery(asked): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let (statistics, query) = asked_of(&state, asked.as_deref())?;
    let figures = statistics.figures(&query).await.map_err(|error| Problem::unavailable(&error))?;
    let tag = tag(&figures, condition(&statistics).await);
    // Nobody sees them after signing out, not even from a cache.
    let headers = [(header::CACHE_CONTROL, "private, no-cache".to_owned()), (header::ETAG, weak(&tag))];
    if is_known(&request, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, Json(figures)).into_response())
}

/// Answers with the same figures as a table. The download is recorded.
///
/// # Errors
/// As [`json`].
pub(crate) async fn table(
    Administrator(by): Administrator,
    client: ClientAddress,
    State(state): State<AppState>,
    RawQuery(asked): RawQuery,
) -> Result<Response, Problem> {
    let (statistics, query) = asked_of(&state, asked.as_deref())?;
    let figures = statistics.figures(&query).await.map_err(|error| Problem::unavailable(&error))?;
    let reason = word(asked.as_deref(), "reason");
    recorded(&state, client.by(&by.name), "statistics.csv", &reason).await?;
    Ok(download(tables::of_figures(&figures), "iutsai-statistics.csv"))
}

/// Answers with a row for each call of the period. It names flats, so it needs a reason, which is recorded.
///
/// # Errors
/// As [`json`], and [`Kind::INVALID`] without a reason.
pub(crate) async fn calls(
    Administrator(by): Administrator,
    client: ClientAddress,
    State(state): State<AppState>,
    RawQuery(asked): RawQuery,
) -> Result<Response, Problem> {
    let (statistics, query) = asked_of(&state, asked.as_deref())?;
    let reason = parameter(asked.as_deref(), "reason").ok_or_else(|| {
        Kind::INVALID
            .because("The part 'reason' is missing: name why the calls are downloaded, which is recorded.")
    })?;
    let rows = statistics.rows(&query).await.map_err(|error| Problem::unavailable(&error))?;
    recorded(&state, client.by(&by.name), "incidents.csv", &reason).await?;
    Ok(download(tables::of_rows(&rows, statistics.zone(), clock::now()), "iutsai-incidents.csv"))
}

/// Returns the statistics, if this process has them.
fn statistics(state: &AppState) -> Option<Statistics> {
    state.settings.roles.statistics.then(|| state.backend.statistics.clone())
}

fn absent() -> Problem {
    Kind::ROLE_ABSENT
        .because("This process does not keep statistics; ask one that has statistics among its IUTSAI_ROLES.")
}

/// Returns the statistics and what is asked of them.
fn asked_of(state: &AppState, query: Option<&str>) -> Result<(Statistics, Query), Problem> {
    let statistics = statistics(state).ok_or_else(absent)?;
    let query = Question::of(query).parse(statistics.zone(), clock::now());
    Ok((statistics, query.map_err(|invalid| refused(&invalid))?))
}

fn refused(invalid: &Invalid) -> Problem {
    let part = invalid.part();
    Kind::INVALID.because(format!("The part '{part}' of the question cannot be used: {invalid}."))
}

/// Records a download before it is given out.
///
/// # Errors
/// [`Kind::UNAVAILABLE`]; nothing is given out then.
pub(crate) async fn recorded(state: &AppState, by: By, table: &str, reason: &str) -> Result<(), Problem> {
    let record = Record::new(Act::Downloaded, by).about(table).with(reason);
    state.backend.audit.record(record).await.map_err(|error| Problem::unavailable(&error))
}

/// Answers with a table as a file.
pub(crate) fn download(table: Csv, name: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, table.into_text()).into_response()
}

/// Returns the state of the statistics, if they know it.
async fn condition(statistics: &Statistics) -> Option<Condition> {
    match statistics.health().await {
        Ok(health) => Some(shown::condition(health)),
        Err(error) => {
            tracing::warn!(%error, "the state of the statistics is not known");
            None
        }
    }
}

/// Returns a tag of everything that a page of these figures shows, but not of when they were read. A page sends it back
/// to get new figures only.
fn tag(figures: &Figures, condition: Option<Condition>) -> String {
    let mut fields = serde_json::to_value(figures).expect("names, numbers and lists of them are always JSON");
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("as_of");
        fields.remove("positions");
        if let Some(previous) = fields.get_mut("previous").and_then(Value::as_object_mut) {
            // The part of the other period grows with the time that has passed.
            previous.remove("to");
        }
    }
    let mut hasher = DefaultHasher::new();
    fields.to_string().hash(&mut hasher);
    let seen = condition
        .map(|condition| (condition.has_demo, condition.verified.map(|run| (run.at, run.different))));
    seen.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// A weak tag, because what goes over the network may be compressed.
fn weak(tag: &str) -> String {
    format!("W/{tag}")
}
