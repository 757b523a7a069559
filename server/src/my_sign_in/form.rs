//! The form of a person who is signed in.

use app::page_table::MY_SIGN_IN;
use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Redirect, Response},
};
use domain::Role;
use http::request::Parts;
use serde::Deserialize;

use crate::{
    auth::{self, Credentials},
    client_address::ClientAddress,
    payload::Sent,
    problem::Problem,
    sign_in::sign_in_page,
    state::AppState,
};

/// The fields of all forms of the page. A form has those that its act needs.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    /// The word for the act.
    pub(super) act: String,
    /// The present password.
    pub(super) password: String,
    /// The password to be had.
    pub(super) new_password: String,
    /// A code of the second factor.
    pub(super) code: String,
    /// The session to end.
    pub(super) session: String,
}

/// A form, and the session that sent it.
pub(crate) struct Form {
    pub(super) credentials: Credentials,
    pub(super) client: ClientAddress,
    pub(super) parts: Parts,
    pub(super) fields: Fields,
}

impl Form {
    /// Returns whether the account is an administrator's, also before the second factor that it needs is there.
    pub(super) fn may_have_second_factor(&self) -> bool {
        let session = &self.credentials.session;
        session.is_limited || session.resident.role == Role::Administrator
    }
}

impl FromRequest<AppState> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let credentials = match auth::session(state, &parts).await {
            Ok(Some(credentials)) => credentials,
            Ok(None) => {
                return Err(Redirect::to(&sign_in_page(Some(MY_SIGN_IN.path), None)).into_response());
            }
            Err(problem) => return Err(problem.into_response()),
        };
        let sent = Sent::from_request(Request::from_parts(parts.clone(), body), state).await;
        let fields = sent.and_then(|sent| sent.read()).map_err(Problem::into_response)?;
        let client = state.proxies.sender(&parts);
        Ok(Self { credentials, client, parts, fields })
    }
}
