//! The data of the page of past calls, read before it is rendered.

use app::pages::calls::{Answer, Past, Shown};
use backend::statistics::{Before, Listed};
use domain::{Line, Resident, Role};

use crate::{query::parameter, state::AppState};

/// Returns what the page shows to a person for the query of its address.
pub(crate) async fn shown(state: &AppState, query: Option<&str>, viewer: &Resident) -> Shown {
    let [line, before] = ["line", "before"].map(|name| parameter(query, name));
    let line = line.map_or_else(|| Ok(viewer.line.clone()), |line| Line::new(line).map(Some));
    let before = before.map(|before| before.parse::<Before>()).transpose();
    let (line, answer) = match (line, before) {
        (Ok(line), Ok(before)) => {
            let answer = answer(state, line.as_ref(), before, viewer).await;
            (line, answer)
        }
        _ => (None, Answer::Invalid),
    };
    let line = line.filter(|line| viewer.may_receive(line));
    Shown { line, lines: lines(state, viewer).await, answer, zone: state.zone() }
}

async fn answer(state: &AppState, line: Option<&Line>, before: Option<Before>, viewer: &Resident) -> Answer {
    if !state.settings.roles.statistics {
        return Answer::Absent;
    }
    let Some(line) = line else { return Answer::Nothing };
    if !viewer.may_receive(line) {
        return Answer::NotYours;
    }
    match state.backend.statistics.calls_of(line, before).await {
        Ok((calls, has_more)) => {
            let last = calls.last().filter(|_| has_more).map(|last| Before::of(&last.row).to_string());
            Answer::Calls { calls: calls.into_iter().map(|call| past(state, call)).collect(), older: last }
        }
        Err(error) => {
            tracing::error!(%error, "past calls cannot be shown");
            Answer::Unavailable
        }
    }
}

/// Adds how a call ended in words, which statistics do not keep and the hub does for two days.
fn past(state: &AppState, listed: Listed) -> Past {
    let mut known = state.backend.hub.named(listed.row.id);
    known.retain(|call| call.alert.key() == listed.row.key());
    let note = known.pop().and_then(|call| call.end?.note).filter(|note| !note.trim().is_empty());
    Past { listed, note }
}

/// Returns the lines that an administrator can choose.
async fn lines(state: &AppState, viewer: &Resident) -> Vec<Line> {
    if viewer.role != Role::Administrator || !state.settings.roles.statistics {
        return Vec::new();
    }
    match state.backend.statistics.lines().await {
        Ok(lines) => lines,
        Err(error) => {
            tracing::warn!(%error, "the lines that can be chosen are not known");
            Vec::new()
        }
    }
}
