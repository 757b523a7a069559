//! The data of the page, read before it is rendered.

use std::sync::Arc;

use app::pages::my_sign_in::{Factor, OwnSession, Shown, View};
use axum::response::Response;
use backend::people::{
    PeopleError,
    second_factor::SecondFactor,
    sessions::{self, Session},
};
use domain::Role;
use url::form_urlencoded;

use super::form::Form;
use crate::{
    people::qr_code,
    query::word,
    rendering::{self, Extras},
    state::AppState,
};

/// The name under which authenticator apps list the codes.
const ISSUER: &str = "Iutsai";

/// Returns what the page shows to the owner of a session.
pub(crate) async fn shown(state: &AppState, session: &Session, query: Option<&str>) -> Shown {
    let name = &session.resident.name;
    let factor = match state.backend.accounts.second_factor(name).await {
        Ok(factor) => factor_shown(session, factor),
        Err(error) => unavailable(&error),
    };
    shown_with(state, session, factor, view(query)).await
}

/// Answers a form with the page, which shows this about the second factor.
pub(super) async fn answer(state: AppState, form: Form, factor: Factor) -> Response {
    let Form { credentials, parts, .. } = form;
    let session = credentials.session;
    let shown = shown_with(&state, &session, factor, View::default()).await;
    // A second factor that has codes is set up.
    let shown = Shown { is_limited: false, ..shown };
    let extras = Extras { my_sign_in: Some(Arc::new(shown)), ..Extras::default() };
    rendering::answer(state, parts, Some(Arc::unwrap_or_clone(session.resident)), extras).await
}

async fn shown_with(state: &AppState, session: &Session, factor: Factor, view: View) -> Shown {
    let sessions = match state.backend.sessions.of(&session.resident.name).await {
        Ok(sessions) => Some(sessions.into_iter().map(|one| own(one, session)).collect()),
        Err(error) => {
            tracing::error!(%error, "somebody's sessions cannot be shown");
            None
        }
    };
    Shown {
        sessions,
        factor,
        view,
        is_limited: session.is_limited,
        may_call: session.resident.flat().is_some(),
        zone: state.zone(),
    }
}

fn own(one: sessions::OwnSession, session: &Session) -> OwnSession {
    OwnSession {
        is_this: one.id == session.id,
        id: one.id.as_str().to_owned(),
        device: one.device.name,
        address: one.device.address,
        started_at: one.started_at,
        used_at: one.used_at,
    }
}

fn factor_shown(session: &Session, factor: SecondFactor) -> Factor {
    let is_administrator = session.is_limited || session.resident.role == Role::Administrator;
    match factor {
        SecondFactor::Off if is_administrator => Factor::Off,
        SecondFactor::Off => Factor::NotOffered,
        SecondFactor::Begun { .. } if !is_administrator => Factor::NotOffered,
        SecondFactor::Begun { secret } => {
            let address = address(&session.resident.name, &secret);
            Factor::Begun { qr: qr_code(&address, "QR"), address, secret }
        }
        SecondFactor::On { since, codes_left } => Factor::On { since, codes_left },
    }
}

fn unavailable(error: &PeopleError) -> Factor {
    tracing::error!(%error, "somebody's second factor cannot be shown");
    Factor::Unavailable
}

/// The secret as authenticator apps read it from a QR code. Its parameters are the usual ones, and so are left out.
fn address(name: &str, secret: &str) -> String {
    // Apps read %20 and not +, which the encoding of forms writes for a space.
    let name = form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
    format!("otpauth://totp/{ISSUER}:{name}?secret={secret}&issuer={ISSUER}")
}

fn view(query: Option<&str>) -> View {
    let [done, problem] = ["done", "problem"].map(|name| word(query, name));
    View { done, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_for_apps_has_the_name_and_the_secret() {
        assert_eq!(address("김 a+b", "MZXW6YTB"), {
            let name = "%EA%B9%80%20a%2Bb";
            format!("otpauth://totp/Iutsai:{name}?secret=MZXW6YTB&issuer=Iutsai")
        });
        assert!(
            qr_code(&address(&"가".repeat(40), &"A".repeat(32)), "QR").is_some(),
            "the longest name fits"
        );
    }
}
