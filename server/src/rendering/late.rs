//! The answer in the place of a page that cannot be rendered yet. It is a few words, after which the browser asks
//! again.

use app::{
    i18n::{I18nLocaleTrait, Locale},
    request, words,
};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, header, request::Parts};

use crate::problem::{Kind, Problem};

/// Has a browser load the same address again, after so many seconds.
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Answers a person with words where the server is busy, and programs and everything else with the problem.
pub(crate) fn answer(parts: &Parts, problem: Problem) -> Response {
    let accepts = parts.headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    let accepts = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    let seconds = problem.retry_after;
    let (is_busy, mut response) = (problem.kind == Kind::BUSY, problem.into_response());
    if !is_busy || !accepts {
        return response;
    }
    let locale = request::language_of(&parts.headers).unwrap_or_default();
    *response.body_mut() = Body::from(page(locale));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Some(seconds) = seconds {
        headers.insert(REFRESH, seconds.into());
    }
    response
}

fn page(locale: Locale) -> String {
    format!(
        "<!doctype html><html lang=\"{}\" translate=\"no\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>이웃사이</title>\
         <p>{}</p><p><a href=\"tel:119\">119</a></p></html>",
        locale.as_str(),
        words::page_is_late(locale)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(accept: &str, problem: Problem) -> Response {
        let request = http::Request::get("/").header("accept", accept).header("accept-language", "en");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        answer(&parts, problem)
    }

    #[test]
    fn a_person_reads_why_and_the_browser_asks_again() {
        let busy = || Kind::BUSY.because("Wait.").retry_after(2);
        let page = answered("text/html,*/*", busy());
        assert_eq!((page.status().as_u16(), &page.headers()["refresh"]), (503, &HeaderValue::from(2)));
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        let program = answered("application/json", busy());
        assert_eq!(program.headers()["content-type"], "application/problem+json");
        let other = answered("text/html", Kind::UNAVAILABLE.because("No database."));
        assert_eq!(other.headers()["content-type"], "application/problem+json");
    }

    #[test]
    fn the_words_are_in_the_browsers_language_and_name_119() {
        assert!(page(Locale::en).contains("lang=\"en\"") && page(Locale::en).contains("call 119"));
        assert!(page(Locale::ko).contains("lang=\"ko\"") && page(Locale::ko).contains("119에 전화"));
    }
}
