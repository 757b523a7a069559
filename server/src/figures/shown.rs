//! The content of the page, read before it is rendered.

use std::sync::Arc;

use app::pages::statistics::{Answer, Report, Shown};
use backend::{clock, statistics::Statistics};

use super::{
    question::Question,
    source::{condition, statistics},
    tag::tag,
};
use crate::{entity_tag::weak, state::AppState};

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
    let state = condition(statistics).await;
    let tag = weak(&tag(&figures, state));
    let zone = Arc::new(statistics.zone().clone());
    Answer::Report(Arc::new(Report { figures, zone, query: question.query(), tag, state }))
}
