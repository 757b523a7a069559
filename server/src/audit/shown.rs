//! The data of the page, read before it is rendered, and the looks of the office that pages record.

use app::pages::audit::{Answer, Records, Shown, Unchecked, View};
use backend::{
    audit::{Act, Audit, Filter, Month},
    clock,
    database::DatabaseError,
};
use domain::{AlertId, Resident};
use http::request::Parts;

use super::query::Query;
use crate::{query::word, state::AppState};

/// The records of a page.
const PAGE: u32 = 50;
/// The months whose checks are listed.
const MONTHS: usize = 13;

/// Returns what the page shows for the query of its address.
pub(crate) async fn shown(state: &AppState, query: Option<&str>) -> Shown {
    let asked = Query::of(query);
    let answer = match asked.filter(state.backend.statistics.zone()) {
        Err(_) => Answer::Invalid,
        Ok(filter) => match read(state, &filter).await {
            Ok(records) => Answer::Records(records),
            Err(error) => {
                tracing::error!(%error, "the records of the audit cannot be shown");
                Answer::Unavailable
            }
        },
    };
    let [done, problem] = ["done", "problem"].map(|name| word(query, name));
    Shown { view: View { done, problem, ..asked.view() }, answer, zone: state.zone() }
}

async fn read(state: &AppState, filter: &Filter) -> Result<Records, DatabaseError> {
    let audit = &state.backend.audit;
    let mut entries = audit.list(filter, PAGE + 1).await?;
    let has_more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let head = audit.head().await?;
    let signed = Filter { act: Some(Act::RecordsChecked), ..Filter::default() };
    let checks = audit.list(&signed, PAGE).await?;
    let mut unsigned = months(state, audit).await?;
    unsigned.retain(|month| !checks.iter().any(|check| check.subject == month.to_string()));
    Ok(Records { entries, has_more, head, checks, unsigned })
}

/// Returns the months that are over, since the first record and at least last month, the newest first.
async fn months(state: &AppState, audit: &Audit) -> Result<Vec<Month>, DatabaseError> {
    let zone = state.backend.statistics.zone();
    let now = clock::now();
    let last = Month::at(now, zone).before();
    let first = audit.oldest().await?.map_or(last, |at| Month::at(at, zone)).min(last);
    let months = std::iter::successors(Some(last), |month| Some(month.before()));
    Ok(months.take_while(|month| *month >= first).take(MONTHS).collect())
}

/// Returns last month if somebody must still look at its records.
pub(crate) async fn unchecked(state: &AppState) -> Option<Unchecked> {
    let unchecked = state.backend.audit.unchecked(state.backend.statistics.zone(), clock::now()).await;
    unchecked.map(|month| month.map(Unchecked)).unwrap_or_else(|error| {
        tracing::warn!(%error, "it is not known whether last month's records were checked");
        None
    })
}

/// Records that somebody of the office looks at the page of a call of somebody else.
pub(crate) fn call_seen(state: &AppState, parts: &Parts, viewer: &Resident) {
    let id = parts.uri.path().rsplit('/').next().and_then(|id| id.parse::<AlertId>().ok());
    let by = state.proxies.sender(parts).by(&viewer.name);
    for call in id.map(|id| state.backend.hub.named(id)).unwrap_or_default() {
        let key = call.alert.key();
        if viewer.flat() != Some((&key.line, &key.house)) {
            state.backend.audit.looked(Act::CallSeen, &by, &key);
        }
    }
}
