//! An act of the office, with who acts, the request, and the form of the answer. Programs send JSON and get JSON; the
//! page's forms lead back to the page with a word for what happened.

use app::page_table::{self, Audience, MY_SIGN_IN, PEOPLE};
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Request},
    response::{IntoResponse, Redirect, Response},
};
use backend::{
    audit::By,
    people::{
        accounts::{Accounts, can_be_name},
        office::Refused,
    },
};
use domain::Resident;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::json;
use url::form_urlencoded;

use crate::{
    auth::Administrator,
    payload::{Sent, is_form},
    problem::{Kind, Problem},
    sign_in::{is_local, sign_in_page},
    state::AppState,
};

/// The field of a form that names the page to go back to.
const BACK: &str = "back";

/// The request of an administrator.
pub(crate) struct Act<T> {
    /// The administrator.
    pub by: Resident,
    /// The value that was sent.
    pub value: T,
    /// The way to answer.
    pub reply: Reply,
    /// The request, for an act that is answered by a page of its own.
    pub parts: Parts,
}

impl<T> Act<T> {
    /// Returns the administrator and the address, as the audit names who acts.
    pub(crate) fn who(&self, state: &AppState) -> By {
        state.proxies.sender(&self.parts).by(&self.by.name)
    }

    /// Returns the accounts, whose acts are recorded as this administrator's.
    pub(super) fn accounts(&self, state: &AppState) -> Accounts {
        state.backend.accounts.acting(self.who(state))
    }
}

impl<T: DeserializeOwned + Send> FromRequest<AppState> for Act<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let who = Administrator::from_request_parts(&mut parts, state).await;
        let sent = Sent::from_request(Request::from_parts(parts.clone(), body), state).await;
        let reply = match &sent {
            Ok(sent) => sent.form().map_or(Reply::Json, Reply::to_form),
            Err(_) if is_form(&parts.headers) => Reply::to_form(&[]),
            Err(_) => Reply::Json,
        };
        // Nothing is read for anybody else.
        let read = who.and_then(|Administrator(by)| Ok((by, sent?.read()?)));
        match read {
            Ok((by, value)) => Ok(Self { by, value, reply, parts }),
            Err(problem) => Err(reply.refuse(problem)),
        }
    }
}

/// The form of the answer to an act.
pub(crate) enum Reply {
    /// To a program.
    Json,
    /// A form is led back to the page that it stands on.
    Page {
        /// The page's address.
        back: String,
    },
}

impl Reply {
    fn to_form(fields: &[(String, String)]) -> Self {
        let back = fields.iter().find(|(name, _)| name == BACK).map(|(_, value)| value.as_str());
        let is_page = |back: &&str| is_local(back) && is_of_office(back);
        Self::Page { back: back.filter(is_page).unwrap_or(PEOPLE.path).to_owned() }
    }

    /// Answers what was done, in a word, and to whom.
    pub(crate) fn answer(&self, outcome: Result<(), Refused>, word: &str, about: &str) -> Response {
        match outcome {
            Ok(()) => self.done(word, about),
            Err(refused) => self.refused(refused, about),
        }
    }

    /// Answers what was done.
    pub(crate) fn done(&self, word: &str, about: &str) -> Response {
        match self {
            Self::Json => Json(json!({ "done": word, "about": about })).into_response(),
            Self::Page { back } => back_to(back, &[("done", word), ("about", about)]),
        }
    }

    /// Answers why the act was refused.
    pub(crate) fn refused(&self, refused: Refused, about: &str) -> Response {
        self.refuse_about(&refused.into(), about)
    }

    /// Refuses an act on somebody or something.
    pub(super) fn refuse_about(&self, problem: &Problem, about: &str) -> Response {
        match self {
            Self::Json => problem.clone().into_response(),
            Self::Page { back } => back_to(back, &[("problem", problem.kind.slug()), ("about", about)]),
        }
    }

    /// Returns whether the answer goes to a form of a page.
    pub(super) const fn is_page(&self) -> bool {
        matches!(self, Self::Page { .. })
    }

    /// Answers a request that is not an act.
    pub(crate) fn refuse(&self, problem: Problem) -> Response {
        match self {
            Self::Json => problem.into_response(),
            Self::Page { back } if problem.kind == Kind::NOT_SIGNED_IN => {
                Redirect::to(&sign_in_page(Some(back), None)).into_response()
            }
            // The page is not theirs either.
            Self::Page { .. } if problem.kind == Kind::NOT_YOURS => problem.into_response(),
            Self::Page { .. } if problem.kind == Kind::SECOND_FACTOR_NEEDED => {
                Redirect::to(MY_SIGN_IN.path).into_response()
            }
            Self::Page { back } => back_to(back, &[("problem", problem.kind.slug())]),
        }
    }
}

/// Returns whether an address is a page of the office.
fn is_of_office(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    page_table::at(path).is_some_and(|page| page.audience == Audience::Administrators)
}

/// Leads to a page of the office with words in its address.
fn back_to(page: &str, words: &[(&str, &str)]) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(words);
    let separator = if page.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{page}{separator}{}", query.finish())).into_response()
}

/// The name of an account in an address.
pub(crate) struct Name(pub(super) String);

impl FromRequestParts<AppState> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await.ok().map(|Path(name)| name);
        let name = name.filter(|name| can_be_name(name));
        name.map(Self).ok_or_else(|| Kind::NOT_KNOWN.because("No account can have this name."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(fields: &[(&str, &str)]) -> String {
        let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        match Reply::to_form(&fields) {
            Reply::Page { back } => back,
            Reply::Json => String::new(),
        }
    }

    #[test]
    fn a_form_leads_back_to_a_page_of_the_office_and_nowhere_else() {
        assert_eq!(back(&[("back", "/admin/people?line=101-1")]), "/admin/people?line=101-1");
        assert_eq!(back(&[("back", "/admin/audit?who=admin")]), "/admin/audit?who=admin");
        assert_eq!(back(&[("back", "/admin/escalation")]), "/admin/escalation");
        for elsewhere in [
            "",
            "/",
            "/admin/elsewhere",
            "//evil.example/admin/people",
            "https://evil.example",
            "/\\admin/people",
        ] {
            assert_eq!(back(&[("back", elsewhere)]), "/admin/people", "{elsewhere}");
        }
        assert_eq!(back(&[]), "/admin/people");
        assert_eq!(back(&[("back", "/admin/board/displays")]), "/admin/board/displays");
    }

    #[test]
    fn words_are_added_to_the_address_of_the_page() {
        let location =
            |page| back_to(page, &[("done", "locked"), ("about", "김 이웃")]).headers()["location"].clone();
        assert_eq!(location("/admin/people"), "/admin/people?done=locked&about=%EA%B9%80+%EC%9D%B4%EC%9B%83");
        assert!(location("/admin/people?line=1").to_str().is_ok_and(|to| to.contains("?line=1&done=locked")));
    }
}
