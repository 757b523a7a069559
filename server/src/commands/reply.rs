//! The answer to a command, for a program or for the form of a page.

use axum::{
    Json,
    response::{IntoResponse, Redirect, Response},
};
use domain::api::Recorded;
use http::StatusCode;
use url::form_urlencoded;

use super::key::KEY_FIELD;
use crate::{
    problem::{Kind, Problem},
    sign_in::sign_in_page,
};

/// The fields with which the confirming page shows a refused press again. They include the key, so that it stays the
/// same press.
const KEPT_FIELDS: [&str; 3] = ["kind", "text", KEY_FIELD];

/// The form of the answer.
pub(super) enum Reply {
    /// To a program.
    Json,
    /// To a browser that sent a form. It goes on to a page (303), or back to the one that it came from.
    Page { page: String, fields: Vec<(String, String)> },
}

impl Reply {
    pub(super) fn answer(
        self,
        outcome: Result<Recorded, Problem>,
        page: impl FnOnce(&Recorded) -> String,
    ) -> Response {
        match (outcome, &self) {
            (Ok(recorded), Self::Json) => (StatusCode::ACCEPTED, Json(recorded)).into_response(),
            (Ok(recorded), Self::Page { .. }) => Redirect::to(&page(&recorded)).into_response(),
            (Err(problem), _) => self.refuse(problem),
        }
    }

    pub(super) fn refuse(self, problem: Problem) -> Response {
        let Self::Page { page, mut fields } = self else { return problem.into_response() };
        if let Some(call) = problem.call {
            return Redirect::to(&format!("/call/{call}")).into_response();
        }
        if [Kind::KEY_INVALID, Kind::KEY_REUSED, Kind::ID_TAKEN].contains(&problem.kind) {
            // The page makes a new key, since this one is refused again.
            fields.retain(|(name, _)| name != KEY_FIELD);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields);
        if problem.kind == Kind::NOT_SIGNED_IN {
            let query = query.finish();
            let next = if query.is_empty() { page } else { format!("{page}?{query}") };
            return Redirect::to(&sign_in_page(Some(&next), None)).into_response();
        }
        query.append_pair("problem", problem.kind.slug());
        Redirect::to(&format!("{page}?{}", query.finish())).into_response()
    }
}

pub(super) fn kept(form: &[(String, String)]) -> Vec<(String, String)> {
    let is_kept =
        |(name, value): &&(String, String)| KEPT_FIELDS.contains(&name.as_str()) && !value.is_empty();
    form.iter().filter(is_kept).cloned().collect()
}
