//! The content of the page, read before it is rendered.

use std::sync::Arc;

use app::pages::statistics::{Answer, Report, Shown, State as Condition, Verified};
use backend::{
    clock,
    statistics::{Health, Statistics},
};

use super::{condition as condition_of, question::Question, statistics, tag, weak};
use crate::state::AppState;

/// Returns what the page shows for the query of its address.
pub(crate) async fn shown(state: &AppState, query: Option<&str>) -> Shown {
    let question = Question::of(query);
    let mut form = question.form();
    let Some(statistics) = statistics(state) else { return Shown { form, answer: Answer::Absent } };
    match statistics.lines().await {
        Ok(lines) => form.lines = lines,
        Err(error) => tracing::warn!(%error, "the lines that can be chosen are not known"),
    }
    let answer = answer(&statistics, &question).await;
    Shown { form, answer }
}

async fn answer(statistics: &Statistics, question: &Question) -> Answer {
    let query = match question.parse(statistics.zone(), clock::now()) {
        Ok(query) => query,
        Err(invalid) => return Answer::Invalid(invalid),
    };
    let figures = match statistics.figures(&query).await {
        Ok(figures) => figures,
        Err(error) => {
            tracing::error!(%error, "the statistics page has no figures");
            return Answer::Unavailable;
        }
    };
    let state = condition_of(statistics).await;
    let tag = weak(&tag(&figures, state));
    let zone = Arc::new(statistics.zone().clone());
    Answer::Report(Arc::new(Report { figures, zone, query: question.query(), tag, state }))
}

/// Returns the state of the statistics, as the page shows it.
pub(super) fn condition(health: Health) -> Condition {
    let Health { last_batch, last_verification, behind, has_demo } = health;
    let verified = last_verification.map(|run| Verified {
        at: run.at,
        compared: run.compared,
        different: run.different,
    });
    Condition { last_batch: last_batch.map(|run| run.at), verified, behind, has_demo }
}
