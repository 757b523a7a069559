//! The drills of the office, with their start and the data of the page about the last ones.

use std::collections::HashMap;

use app::pages::drills::{Answer, Drill, Shown, View};
use axum::{extract::State, response::Response};
use backend::{
    audit::{Act as Recorded, Record},
    clock,
};
use domain::{House, Line, Millis};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    people::Act,
    problem::{Kind, Problem, role_absent},
    query::word,
    state::AppState,
};

/// The time, in milliseconds, over which drills are reported.
const REPORTED_FOR: Millis = 366 * 24 * 60 * 60 * 1000;

/// A drill to start.
#[derive(Deserialize)]
pub(crate) struct Start {
    line: Line,
    /// One key starts one drill, however often it is sent. The form has a key. A text that is not a UUID counts as
    /// none.
    #[serde(default)]
    key: String,
}

/// `POST /api/drills` alarms a line for an exercise, in the name of the office.
pub(crate) async fn start(State(state): State<AppState>, act: Act<Start>) -> Response {
    if !state.settings.roles.producer {
        return role_absent("take calls", "producer");
    }
    let Start { line, key } = &act.value;
    match state.backend.accounts.complex().await {
        Ok(complex) if complex.lines.iter().any(|of| of.line == *line) => {}
        Ok(_) => return act.reply.refuse(Kind::NOT_KNOWN.because("The complex has no such line.")),
        Err(error) => return act.reply.refuse(Problem::from(error)),
    }
    let outcome = state.backend.calls.drill(&act.by, line.clone(), key.parse::<Uuid>().ok()).await;
    match outcome {
        Ok(recorded) => {
            let record = Record::new(Recorded::CallOpened, act.who(&state)).with(recorded.id);
            state.backend.audit.later(record.about_flat(line, &House::office()));
            act.reply.done("drill-started", &recorded.id.to_string())
        }
        Err(refusal) => act.reply.refuse(Problem::from(refusal)),
    }
}

/// Returns what the page shows for the query of its address.
pub(crate) async fn shown(state: &AppState, query: Option<&str>) -> Shown {
    let (lines, answer) = match state.backend.accounts.complex().await {
        Ok(complex) => {
            let houses: HashMap<Line, Vec<House>> =
                complex.lines.iter().map(|of| (of.line.clone(), with_people(of))).collect();
            (complex.lines.into_iter().map(|of| of.line).collect(), answer(state, &houses).await)
        }
        Err(error) => {
            tracing::error!(%error, "the lines that can be alarmed are not known");
            (Vec::new(), Answer::Unavailable)
        }
    };
    let key = Uuid::now_v7().to_string();
    Shown { lines, view: view(query), key, answer, zone: state.zone() }
}

async fn answer(state: &AppState, houses: &HashMap<Line, Vec<House>>) -> Answer {
    if !state.settings.roles.statistics {
        return Answer::Absent;
    }
    let since = clock::now().saturating_sub(REPORTED_FOR);
    match state.backend.statistics.drills_since(since).await {
        Ok(drills) => {
            let with_houses = |listed: backend::statistics::Listed| {
                let houses = houses.get(&listed.row.line).cloned().unwrap_or_default();
                Drill { listed, houses }
            };
            Answer::Drills(drills.into_iter().map(with_houses).collect())
        }
        Err(error) => {
            tracing::error!(%error, "the drills cannot be shown");
            Answer::Unavailable
        }
    }
}

/// Returns the houses of a line in which somebody has an account. A call alarms nobody else.
fn with_people(of: &backend::people::complex::OfLine) -> Vec<House> {
    let houses = of.houses.iter().filter(|of| !of.residents.is_empty());
    houses.map(|of| of.house.clone()).collect()
}

fn view(query: Option<&str>) -> View {
    let [line, done, about, problem] = ["line", "done", "about", "problem"].map(|name| word(query, name));
    View { line, done, about, problem }
}
