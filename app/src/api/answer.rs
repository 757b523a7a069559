//! What an HTTP answer to a command means: it is durable, it is refused, or it has to be sent again.

use std::time::Duration;

use domain::api::{Problem, Recorded};

/// Why a command has to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer: no network, no server, or too slow.
    Offline,
    /// The server asks to wait (429).
    Busy,
    /// The server, or something in front of it, cannot take it now: the HTTP status.
    Server(u16),
    /// Neighbours have it, but the server cannot record it now.
    HeardOnly,
}

/// Why a command will not be taken, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody is signed in (401).
    SignIn,
    /// What is wrong with it.
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

/// The type of the problem that [`Trouble::HeardOnly`] stands for. `public/worker/deliver.js` has it, too.
const HEARD_ONLY: &str = "/problems/heard-not-recorded";

/// The longest that a server may make a command wait.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

impl Answer {
    pub(crate) const NONE: Self = Self::Again(Trouble::Offline, Duration::ZERO);

    /// Reads an answer of this HTTP status, with the header `Retry-After` in seconds, if it was there.
    ///
    /// Only a 202 with the body of one is believed: a hotspot's sign-in page answers 200 to everything.
    pub(crate) fn read(status: u16, retry_after: Option<&str>, body: &str) -> Self {
        let seconds = retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
        let again = |trouble| Self::Again(trouble, seconds.unwrap_or_default().min(LONGEST_RETRY_AFTER));
        match status {
            202 => serde_json::from_str(body).map_or_else(|_| again(Trouble::Server(202)), Self::Recorded),
            401 => Self::Refused(Refused::SignIn),
            429 => again(Trouble::Busy),
            408 | 425 => again(Trouble::Server(status)),
            503 if problem(status, body).kind == HEARD_ONLY => again(Trouble::HeardOnly),
            400..=499 => Self::Refused(Refused::Problem(problem(status, body))),
            _ => again(Trouble::Server(status)),
        }
    }
}

/// The problem the server tells (RFC 9457), or one that says as much as is known.
fn problem(status: u16, body: &str) -> Problem {
    serde_json::from_str(body).unwrap_or_else(|_| Problem {
        kind: "about:blank".into(),
        title: format!("HTTP {status}"),
        status,
        detail: format!("The server answered with HTTP status {status}."),
    })
}

#[cfg(test)]
mod tests {
    use domain::api::State;

    use super::*;

    const RECORDED: &str = r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","state":"stored"}"#;

    #[test]
    fn a_202_with_its_body_is_durable() {
        let Answer::Recorded(recorded) = Answer::read(202, None, RECORDED) else {
            panic!("a 202 is an answer");
        };
        assert_eq!(recorded.state, State::Stored);
        assert_eq!(recorded.id.to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
    }

    #[test]
    fn a_success_that_is_not_the_servers_own_is_not_believed() {
        let again = |status| Answer::Again(Trouble::Server(status), Duration::ZERO);
        assert_eq!(Answer::read(200, None, "<html>Welcome to our Wi-Fi"), again(200));
        assert_eq!(Answer::read(202, None, "<html>Welcome to our Wi-Fi"), again(202));
        assert_eq!(Answer::read(200, None, RECORDED), again(200));
    }

    #[test]
    fn who_is_signed_out_keeps_the_command() {
        assert_eq!(Answer::read(401, None, ""), Answer::Refused(Refused::SignIn));
    }

    #[test]
    fn a_busy_server_says_how_long_to_wait_and_is_believed_up_to_a_minute() {
        let wait = |header| match Answer::read(429, header, "") {
            Answer::Again(Trouble::Busy, wait) => wait.as_secs(),
            other => panic!("429 means later, not {other:?}"),
        };
        assert_eq!(wait(Some("7")), 7);
        assert_eq!(wait(Some("86400")), 60);
        assert_eq!(wait(Some("Wed, 21 Oct 2026 07:28:00 GMT")), 0);
        assert_eq!(wait(None), 0);
    }

    #[test]
    fn a_server_that_cannot_take_it_now_is_asked_again() {
        for status in [408, 425, 500, 502, 503, 504, 0] {
            assert_eq!(
                Answer::read(status, None, ""),
                Answer::Again(Trouble::Server(status), Duration::ZERO)
            );
        }
    }

    #[test]
    fn what_was_heard_and_not_recorded_is_sent_again_and_is_known_to_be_heard() {
        let body = r#"{"type":"/problems/heard-not-recorded","title":"","status":503,"detail":""}"#;
        let heard = Answer::read(503, Some("1"), body);
        assert_eq!(heard, Answer::Again(Trouble::HeardOnly, Duration::from_secs(1)));
        let unheard = body.replace("heard-not-recorded", "not-durable");
        assert_eq!(Answer::read(503, None, &unheard), Answer::Again(Trouble::Server(503), Duration::ZERO));
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let body = r#"{"type":"/problems/no-open-call","title":"No open call","status":409,"detail":"1203 has none."}"#;
        let Answer::Refused(Refused::Problem(problem)) = Answer::read(409, None, body) else {
            panic!("409 is a refusal");
        };
        assert_eq!(
            (problem.kind.as_str(), problem.detail.as_str()),
            ("/problems/no-open-call", "1203 has none.")
        );
    }

    #[test]
    fn a_refusal_without_words_is_told_by_its_status() {
        let Answer::Refused(Refused::Problem(problem)) = Answer::read(403, None, "<html>") else {
            panic!("403 is a refusal");
        };
        assert_eq!(problem.status, 403);
        assert!(problem.detail.contains("403"));
    }
}
