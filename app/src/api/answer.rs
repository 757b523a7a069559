//! The meaning of an HTTP answer to a command. It is durable, it is refused, or it has to be sent again.

use std::time::Duration;

use crate::json;

use domain::api::{Problem, Recorded};

/// Why a command has to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer, because there is no network, no server, or it is too slow.
    Offline,
    /// The server asks to wait (429).
    Busy,
    /// The server, or a proxy in front of it, cannot accept it now and answered with this HTTP status.
    Server(u16),
    /// Neighbours have it, but the server cannot record it now.
    HeardOnly,
}

/// Why a command will not be taken, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody is signed in.
    SignIn,
    /// The problem with it.
    Problem(Problem),
}

/// An answer, or its absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The command is durable.
    Recorded(Recorded),
    /// Send it again, not before this long.
    Again(Trouble, Duration),
    /// Do not send it again.
    Refused(Refused),
}

/// The content type of a problem (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// The type of the problem that [`Refused::SignIn`] stands for.
const NOT_SIGNED_IN: &str = "/problems/not-signed-in";

/// The type of the problem that [`Trouble::HeardOnly`] stands for.
const HEARD_ONLY: &str = "/problems/heard-not-recorded";

/// The type of the problem that a press has the id of another house's call, so it is sent at once with a new one.
pub(crate) const ID_TAKEN: &str = "/problems/id-taken";

/// The type of the problem that a press is one too many, since a call of its house is open and was heard.
pub(crate) const CALL_STANDS: &str = "/problems/call-stands";

/// The types of the problems that end a command, because it would be refused again however often it is sent. The service
/// worker has the same list (`public/worker/deliver.js`). `answers.json` lists every type of the server, and the tests of
/// both and of the server read it.
const FINAL: [&str; 15] = [
    "/problems/malformed",
    "/problems/not-yours",
    "/problems/foreign-origin",
    "/problems/not-found",
    "/problems/unknown-call",
    "/problems/method-not-allowed",
    "/problems/no-open-call",
    "/problems/several-calls",
    "/problems/too-large",
    "/problems/unsupported-media-type",
    "/problems/invalid",
    "/problems/idempotency-key-invalid",
    "/problems/idempotency-key-reused",
    ID_TAKEN,
    CALL_STANDS,
];

/// The longest that a server may make a command wait.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

impl Answer {
    pub(crate) const NONE: Self = Self::Again(Trouble::Offline, Duration::ZERO);

    /// Reads an answer of this HTTP status, with the headers `Content-Type` and `Retry-After`, where they were there.
    ///
    /// Only the server's own words are believed. A hotspot's sign-in page answers 200 to everything, and a proxy whose
    /// server restarts answers with pages of its own, 401, 403, 404 and 405 among them. Such an answer ends nothing.
    pub(crate) fn read(
        status: u16,
        content_type: Option<&str>,
        retry_after: Option<&str>,
        body: &str,
    ) -> Self {
        let seconds = retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
        let again = |trouble| Self::Again(trouble, seconds.unwrap_or_default().min(LONGEST_RETRY_AFTER));
        match (status, problem(content_type, body)) {
            (202, _) => json::read(body).map_or_else(|| again(Trouble::Server(202)), Self::Recorded),
            (401, Some(problem)) if problem.kind == NOT_SIGNED_IN => Self::Refused(Refused::SignIn),
            (503, Some(problem)) if problem.kind == HEARD_ONLY => again(Trouble::HeardOnly),
            (400..=499, Some(problem)) if FINAL.contains(&problem.kind.as_str()) => {
                Self::Refused(Refused::Problem(problem))
            }
            (429, _) => again(Trouble::Busy),
            _ => again(Trouble::Server(status)),
        }
    }

    /// Returns whether the server itself has answered that nobody is signed in. A proxy's 401 does not count.
    pub(crate) fn is_signed_out(&self) -> bool {
        matches!(self, Self::Refused(Refused::SignIn))
    }
}

/// The problem that the body is, if the content type names it one.
fn problem(content_type: Option<&str>, body: &str) -> Option<Problem> {
    let essence = content_type?.split(';').next()?.trim();
    essence.eq_ignore_ascii_case(PROBLEM).then(|| json::read(body))?
}

#[cfg(test)]
mod tests {
    use domain::api::State;
    use serde::Deserialize;

    use super::*;

    const RECORDED: &str = r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","state":"stored"}"#;

    /// The table that the page, the service worker and the server share.
    #[derive(Deserialize)]
    struct Table {
        types: Vec<Type>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Type {
        #[serde(rename = "type")]
        kind: String,
        status: u16,
        means: String,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Case {
        name: String,
        status: u16,
        content_type: Option<String>,
        body: String,
        means: String,
    }

    fn table() -> Table {
        serde_json::from_str(include_str!("answers.json")).unwrap()
    }

    /// The table's word for what an answer means.
    fn meaning(answer: &Answer) -> &'static str {
        match answer {
            Answer::Recorded(_) => "recorded",
            Answer::Refused(Refused::SignIn) => "signed-out",
            Answer::Refused(Refused::Problem(_)) => "refused",
            Answer::Again(Trouble::Busy, _) => "busy",
            Answer::Again(Trouble::HeardOnly, _) => "heard",
            Answer::Again(Trouble::Server(_) | Trouble::Offline, _) => "again",
        }
    }

    fn problem_of(kind: &str, status: u16) -> String {
        serde_json::json!({ "type": kind, "title": "No", "status": status, "detail": "No." }).to_string()
    }

    #[test]
    fn every_answer_of_the_table_means_what_the_table_lists() {
        for case in table().cases {
            let answer = Answer::read(case.status, case.content_type.as_deref(), None, &case.body);
            assert_eq!(meaning(&answer), case.means, "{}", case.name);
        }
    }

    #[test]
    fn every_type_of_problem_means_what_the_table_lists_and_no_other_is_final() {
        let types = table().types;
        for Type { kind, status, means } in &types {
            let answer = Answer::read(*status, Some(PROBLEM), None, &problem_of(kind, *status));
            assert_eq!(meaning(&answer), means, "{kind}");
        }
        let refused = types.iter().filter(|one| one.means == "refused").count();
        assert_eq!(refused, FINAL.len());
    }

    #[test]
    fn a_202_with_its_body_is_durable() {
        let Answer::Recorded(recorded) = Answer::read(202, Some("application/json"), None, RECORDED) else {
            panic!("a 202 is an answer");
        };
        assert_eq!(recorded.state, State::Stored);
        assert_eq!(recorded.id.to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
    }

    #[test]
    fn only_the_servers_own_401_means_that_nobody_is_signed_in() {
        let own = Answer::read(401, Some(PROBLEM), None, &problem_of(NOT_SIGNED_IN, 401));
        assert!(own.is_signed_out());
        assert!(!Answer::read(401, Some("text/html"), None, "<html>").is_signed_out());
    }

    #[test]
    fn a_wait_of_a_busy_server_is_honoured_up_to_a_minute() {
        let wait = |header| match Answer::read(429, None, header, "") {
            Answer::Again(Trouble::Busy, wait) => wait.as_secs(),
            other => panic!("429 means later, not {other:?}"),
        };
        assert_eq!(wait(Some("7")), 7);
        assert_eq!(wait(Some("86400")), 60);
        assert_eq!(wait(Some("Wed, 21 Oct 2026 07:28:00 GMT")), 0);
        assert_eq!(wait(None), 0);
    }

    #[test]
    fn a_command_delivered_but_not_recorded_waits_as_the_server_asks() {
        let heard = Answer::read(503, Some(PROBLEM), Some("1"), &problem_of(HEARD_ONLY, 503));
        assert_eq!(heard, Answer::Again(Trouble::HeardOnly, Duration::from_secs(1)));
    }

    #[test]
    fn a_refusal_is_shown_in_the_servers_words() {
        let body = r#"{"type":"/problems/no-open-call","title":"No open call","status":409,"detail":"1203 has none."}"#;
        let Answer::Refused(Refused::Problem(problem)) = Answer::read(409, Some(PROBLEM), None, body) else {
            panic!("409 is a refusal");
        };
        assert_eq!(
            (problem.kind.as_str(), problem.detail.as_str()),
            ("/problems/no-open-call", "1203 has none.")
        );
    }
}
