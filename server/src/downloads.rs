//! The downloads of the office, each of which is recorded before it is given out, and the tables among them as files.

mod csv;

use axum::response::{IntoResponse, Response};
use backend::audit::{Act, By, Record};
use http::header;

pub(crate) use self::csv::Csv;
use crate::{problem::Problem, state::AppState};

/// Records a download before it is given out.
///
/// # Errors
/// [`crate::problem::Kind::UNAVAILABLE`]; nothing is given out then.
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
