//! The numbers of the management office, for `/api/statistics`, its tables, and `/admin/statistics`. All of them ask
//! the same question of the same statistics, so they show the same figures.

mod question;
mod shown;
mod source;
mod tables;
mod tag;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use backend::{clock, statistics::Statistics};
use domain::statistics::{Invalid, Query};
use http::{HeaderMap, StatusCode, header};

pub(crate) use self::shown::shown;
use self::{
    question::Question,
    source::{condition, statistics},
    tag::tag,
};
use crate::{
    auth::Administrator,
    client_address::ClientAddress,
    downloads::{download, recorded},
    entity_tag,
    problem::{Kind, Problem},
    query::{parameter, word},
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
    let headers =
        [(header::CACHE_CONTROL, "private, no-cache".to_owned()), (header::ETAG, entity_tag::weak(&tag))];
    if entity_tag::is_known(&request, &tag) {
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
