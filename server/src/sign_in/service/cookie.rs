//! The cookie of a sign-in on its way, which is the attempt and where to go on to.

use axum_extra::extract::CookieJar;
use backend::people::oidc::Attempt;
use http::{HeaderMap, HeaderValue};
use url::form_urlencoded;

use super::BEGIN;
use crate::sign_in::is_local;

/// The cookie of a sign-in on its way. It is sent to these two addresses alone.
const COOKIE: &str = "iutsai-service";
/// The time for a sign-in at the service, in seconds.
pub(super) const LASTS: u32 = 10 * 60;

/// Returns the value of the cookie, which is the attempt and where to go on to.
pub(super) fn kept(attempt: &Attempt, next: Option<&str>) -> String {
    // Cookies are read with %20 and not with +, which the encoding of forms writes for a space.
    let next = form_urlencoded::byte_serialize(next.unwrap_or_default().as_bytes()).collect::<String>();
    format!("{}~{}", attempt.written(), next.replace('+', "%20"))
}

/// Reads what [`kept`] has written, from a cookie whose value is decoded.
pub(super) fn attempt(headers: &HeaderMap) -> Option<(Attempt, Option<String>)> {
    let jar = CookieJar::from_headers(headers);
    let (attempt, next) = jar.get(COOKIE)?.value().split_once('~')?;
    Some((Attempt::read(attempt)?, Some(next.to_owned()).filter(|next| is_local(next))))
}

pub(super) fn cookie(kept: &str, seconds: u32, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={kept}; Path={BEGIN}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_brings_back_where_to_go_on_to() {
        let secret = "a".repeat(43);
        let written = format!("{secret}.{secret}.{secret}");
        let attempt_kept = Attempt::read(&written).expect("an attempt");
        for next in [None, Some("/call?kind=fire&text=a b+c;d~%41"), Some("/관리")] {
            let value = cookie(&kept(&attempt_kept, next), LASTS, true);
            let value = value.to_str().expect("only ASCII");
            assert!(
                value.ends_with("; Path=/sign-in/service; Max-Age=600; HttpOnly; SameSite=Lax; Secure"),
                "{value}"
            );
            let mut headers = HeaderMap::new();
            let (pair, _) = value.split_once(';').expect("attributes");
            headers.insert(header::COOKIE, pair.parse().expect("a header"));
            let (read, to) = attempt(&headers).expect("it is read again");
            assert_eq!((read.written(), to.as_deref()), (written.clone(), next));
        }
    }

    #[test]
    fn a_cookie_leads_to_no_other_site() {
        let secret = "a".repeat(43);
        let mut headers = HeaderMap::new();
        let pair = format!("{COOKIE}={secret}.{secret}.{secret}~%2F%2Fevil.example");
        headers.insert(header::COOKIE, pair.parse().expect("a header"));
        assert!(attempt(&headers).is_some_and(|(_, next)| next.is_none()));
    }
}
