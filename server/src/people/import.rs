//! The import of houses, for programs with the table as the body, for the office as a page with a preview.

use std::sync::Arc;

use app::{
    page_table::PEOPLE,
    pages::people::{Shown, Wrong},
};
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequestParts, RawQuery, Request, State, rejection::BytesRejection},
    response::{IntoResponse, Redirect, Response},
};
use backend::people::import::{Fault, ImportError, TABLE_LIMIT};
use url::form_urlencoded;

use super::upload::{self, Upload};
use crate::{
    auth::Administrator,
    client_address::ClientAddress,
    problem::{Kind, Problem},
    rendering::{self, Extras},
    sign_in::sign_in_page,
    state::AppState,
};

/// `POST /api/people/import`: previews the table of the body; with the preview's `digest` in the address, imports it.
///
/// # Errors
/// [`Kind::INVALID`] with every fault by its line, [`Kind::OUTDATED`], [`Kind::TOO_LARGE`] and [`Kind::UNAVAILABLE`].
pub(crate) async fn import(
    Administrator(by): Administrator,
    client: ClientAddress,
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let too_large = || Kind::TOO_LARGE.because("The table may have at most 512 KiB; import it in parts.");
    let table = body.map_err(|_| too_large())?;
    if table.len() > TABLE_LIMIT {
        return Err(too_large());
    }
    let mut pairs = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let digest = pairs.find(|(name, _)| name == "digest").map(|(_, digest)| digest.into_owned());
    let accounts = &state.backend.accounts.acting(client.by(&by.name));
    let outcome = match &digest {
        None => accounts.preview(&table).await,
        Some(digest) => accounts.import(&table, digest).await,
    };
    match outcome {
        Ok(preview) => Ok(Json(preview).into_response()),
        Err(ImportError::Faulty(faults)) => Err(Kind::INVALID.because(sentences(&faults))),
        Err(error @ ImportError::Outdated) => {
            Err(Kind::OUTDATED.because(format!("Nothing was imported: {error}.")))
        }
        Err(ImportError::Unavailable(error)) => Err(error.into()),
    }
}

fn sentences(faults: &[Fault]) -> String {
    let list: Vec<String> = faults.iter().map(|fault| format!("line {}: {}", fault.at, fault.what)).collect();
    format!("Nothing was imported; {}.", list.join("; "))
}

/// `POST /admin/people/import`: the page with the preview of a table, and with its digest the import.
pub(crate) async fn import_page(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let by = match Administrator::from_request_parts(&mut parts, &state).await {
        Ok(Administrator(by)) => by,
        Err(problem) if problem.kind == Kind::NOT_SIGNED_IN => {
            return Redirect::to(&sign_in_page(Some(parts.uri.path()), None)).into_response();
        }
        Err(problem) => return problem.into_response(),
    };
    let shown = match upload::read(Request::from_parts(parts.clone(), body)).await {
        Ok(Upload { table, digest: None }) => previewed(&state, table, false).await,
        Ok(Upload { table, digest: Some(digest) }) => {
            let accounts = state.backend.accounts.acting(state.proxies.sender(&parts).by(&by.name));
            let outcome = accounts.import(&table, &digest).await;
            match outcome {
                Ok(preview) => {
                    let to = format!("{}?done=imported&about={}", PEOPLE.path, preview.new_houses.len());
                    return Redirect::to(&to).into_response();
                }
                Err(ImportError::Outdated) => previewed(&state, table, true).await,
                Err(error) => faulty(error),
            }
        }
        Err(wrong) => Shown::Import(Some(wrong)),
    };
    let extras = Extras { people: Some(Arc::new(shown)), ..Extras::default() };
    rendering::answer(state, parts, Some(by), extras).await
}

async fn previewed(state: &AppState, table: Vec<u8>, is_outdated: bool) -> Shown {
    match state.backend.accounts.preview(&table).await {
        // A person who has a preview has sent UTF-8.
        Ok(preview) => {
            Shown::Preview { preview, table: String::from_utf8_lossy(&table).into_owned(), is_outdated }
        }
        Err(error) => faulty(error),
    }
}

fn faulty(error: ImportError) -> Shown {
    match error {
        ImportError::Faulty(faults) => Shown::Import(Some(Wrong::Faults(faults))),
        error => {
            tracing::error!(%error, "a table was not imported");
            Shown::Import(Some(Wrong::Unavailable))
        }
    }
}
