//! `/me/sign-in`: how a person signs in, which is the password, the second factor and the sessions. Every act is a form
//! to the page's own address, whose field `act` names it, and leads back to the page with a word.

mod form;
mod shown;

use app::{page_table::MY_SIGN_IN, pages::my_sign_in::Factor};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use backend::{
    audit::{Act, Record},
    people::{
        accounts::{AccountError, Accounts},
        second_factor::{RecoveryCode, SetUpError},
        sessions::SessionId,
    },
};
use http::header;
use url::form_urlencoded;

use self::form::Form;
pub(crate) use self::shown::shown;
use crate::{
    auth,
    problem::{Kind, Problem},
    sign_in::{proof::Prover, sign_in_page},
    state::AppState,
};

/// The word of the form's field that means every session but this one.
const OTHERS: &str = "others";

/// `POST /me/sign-in`.
pub(crate) async fn act(State(state): State<AppState>, form: Form) -> Response {
    let outcome =
        match form.fields.act.as_str() {
            "password" => change_password(&state, &form).await,
            "end" => end_session(&state, &form).await,
            "begin" => begin(&state, &form).await,
            "confirm" => return with_codes(state.clone(), confirm(&state, &form).await, form).await,
            "codes" => return with_codes(state.clone(), renew_codes(&state, &form).await, form).await,
            "off" => turn_off(&state, &form).await,
            _ => Err(Kind::INVALID
                .because("The field act is none of password, end, begin, confirm, codes and off.")),
        };
    outcome.unwrap_or_else(|problem| refused(&problem))
}

/// Changes the own password, which ends the other sessions.
async fn change_password(state: &AppState, form: &Form) -> Result<Response, Problem> {
    let session = &form.credentials.session;
    let name = &session.resident.name;
    own_password(state, form).await?;
    prover(state, form).succeeded(name);
    let changed = accounts(state, form).change_password(name, &form.fields.new_password, &session.id).await;
    match changed {
        Ok(()) => Ok(done("password")),
        Err(AccountError::Unavailable(error)) => Err(error.into()),
        Err(error @ (AccountError::Invalid(_) | AccountError::Taken(_))) => {
            Err(Kind::INVALID.because(format!("{error}.")))
        }
    }
}

/// Ends one of the own sessions, or all but this one.
async fn end_session(state: &AppState, form: &Form) -> Result<Response, Problem> {
    let (sessions, own) = (&state.backend.sessions, &form.credentials.session);
    let name = &own.resident.name;
    // It is done by then, and is not refused for want of its record.
    let record = |which: &str| {
        let record = Record::new(Act::SessionsEnded, form.client.by(name)).about(name).with(which);
        state.backend.audit.later(record);
    };
    if form.fields.session == OTHERS {
        sessions.end_others(name, &own.id).await?;
        record(OTHERS);
        return Ok(done("others"));
    }
    let unknown = || Kind::NOT_KNOWN.because("There is no such session; it may have ended.");
    let id = SessionId::read(&form.fields.session).ok_or_else(unknown)?;
    if !sessions.end_own(name, &id).await? {
        return Err(unknown());
    }
    record("one");
    if id == own.id {
        let cookie = auth::forgotten_cookie(auth::is_secure(state, form.client));
        let to = sign_in_page(None, None);
        return Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response());
    }
    Ok(done("session"))
}

/// Begins the set-up of a second factor. The page then shows its secret.
async fn begin(state: &AppState, form: &Form) -> Result<Response, Problem> {
    if !form.may_have_second_factor() {
        return Err(Kind::NOT_YOURS.because("Only administrators have a second factor."));
    }
    own_password(state, form).await?;
    let name = &form.credentials.session.resident.name;
    prover(state, form).succeeded(name);
    accounts(state, form).begin_second_factor(name).await?;
    Ok(Redirect::to(MY_SIGN_IN.path).into_response())
}

/// Confirms it with a code of the app, and returns the recovery codes.
async fn confirm(state: &AppState, form: &Form) -> Result<Vec<RecoveryCode>, Problem> {
    let session = &form.credentials.session;
    let name = &session.resident.name;
    let confirmed = accounts(state, form).confirm_second_factor(name, &form.fields.code, &session.id).await;
    let codes = confirmed.map_err(set_up_problem)?;
    state.backend.sessions.second_factor_changed(name, true);
    Ok(codes)
}

async fn renew_codes(state: &AppState, form: &Form) -> Result<Vec<RecoveryCode>, Problem> {
    let name = &form.credentials.session.resident.name;
    both_proofs(state, form).await?;
    accounts(state, form).renew_recovery_codes(name).await.map_err(set_up_problem)
}

async fn turn_off(state: &AppState, form: &Form) -> Result<Response, Problem> {
    let name = &form.credentials.session.resident.name;
    both_proofs(state, form).await?;
    accounts(state, form).remove_second_factor(name).await?;
    state.backend.sessions.second_factor_changed(name, false);
    Ok(done("off"))
}

/// Returns the accounts, whose acts are recorded as those of the person whose session this is.
fn accounts(state: &AppState, form: &Form) -> Accounts {
    state.backend.accounts.acting(form.client.by(&form.credentials.session.resident.name))
}

fn set_up_problem(error: SetUpError) -> Problem {
    match error {
        SetUpError::WrongCode => {
            Kind::CODE_REFUSED.because("The code is not of this secret; enter the next one.")
        }
        SetUpError::NotBegun => {
            Kind::OUTDATED.because("No set-up has begun, or it was too long ago; begin again.")
        }
        SetUpError::Unavailable(error) => error.into(),
    }
}

/// Checks the password of the person whose session this is. An empty one is no attempt.
async fn own_password(state: &AppState, form: &Form) -> Result<(), Problem> {
    if form.fields.password.is_empty() {
        return Err(Kind::SIGN_IN_REFUSED.because("The password is needed for this."));
    }
    prover(state, form)
        .password(&form.credentials.session.resident.name, &form.fields.password)
        .await
        .map(drop)
}

async fn both_proofs(state: &AppState, form: &Form) -> Result<(), Problem> {
    own_password(state, form).await?;
    prover(state, form).code(&form.credentials.session.resident.name, &form.fields.code).await
}

fn prover<'a>(state: &'a AppState, form: &'a Form) -> Prover<'a> {
    Prover { state, client: form.client, headers: &form.parts.headers }
}

/// Answers with the page that shows recovery codes, since nobody can read them again.
async fn with_codes(state: AppState, codes: Result<Vec<RecoveryCode>, Problem>, form: Form) -> Response {
    match codes {
        Ok(codes) => {
            let written = codes.iter().map(RecoveryCode::written).collect();
            shown::answer(state, form, Factor::Codes(written)).await
        }
        Err(problem) => refused(&problem),
    }
}

fn done(word: &str) -> Response {
    back_to("done", word)
}

fn refused(problem: &Problem) -> Response {
    back_to("problem", problem.kind.slug())
}

fn back_to(name: &str, word: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, word).finish();
    Redirect::to(&format!("{}?{query}", MY_SIGN_IN.path)).into_response()
}
