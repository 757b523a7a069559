//! The redirects in the place of a page.

use app::page_table::{self, Audience, CALL, CALL_STATE, HOME, JOIN, MY_SIGN_IN};
use backend::people::sessions::Session;
use http::request::Parts;
use url::form_urlencoded;

use crate::sign_in::{next_of, sign_in_page};

/// Returns the address to which a request is redirected. The signed out go to the sign-in page, and the signed in from
/// there to where they were going. An administrator without the second factor that is required goes to its set-up; only
/// the pages with which that person calls from the own flat stay.
pub(super) fn elsewhere(parts: &Parts, session: Option<&Session>) -> Option<String> {
    let path = parts.uri.path();
    let page = page_table::at(path)?;
    if page == JOIN {
        return invitation_of(parts.uri.query());
    }
    if let Some(session) = session.filter(|session| session.is_limited) {
        let calls = [CALL, CALL_STATE].contains(&page) && session.resident.flat().is_some();
        let stays = page == MY_SIGN_IN || page.audience == Audience::Anybody || calls;
        return (!stays).then(|| MY_SIGN_IN.path.into());
    }
    match (page.audience, session) {
        (Audience::SignedIn, None) if page == HOME => Some(sign_in_page(None, None)),
        (Audience::SignedIn | Audience::Administrators, None) => {
            let next = parts.uri.path_and_query().map_or(path, |address| address.as_str());
            Some(sign_in_page(Some(next), None))
        }
        (Audience::SignedOut, Some(_)) => {
            Some(next_of(parts.uri.query()).unwrap_or_else(|| HOME.path.into()))
        }
        _ => None,
    }
}

/// Returns the page of the code that somebody wrote into the form of the page for codes.
fn invitation_of(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let (_, code) = pairs.find(|(name, _)| name == "code")?;
    let code: String = code.split_whitespace().collect();
    let code: String = form_urlencoded::byte_serialize(code.as_bytes()).collect();
    (!code.is_empty()).then(|| format!("{}/{code}", JOIN.path))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use backend::people::sessions::SessionId;
    use domain::{Resident, Role};

    use super::*;

    fn session(flat: Option<(&str, &str)>, is_limited: bool) -> Session {
        let (line, house) = flat.map(|(line, house)| (line.parse().unwrap(), house.parse().unwrap())).unzip();
        let resident = Resident { name: "admin".into(), line, house, role: Role::Administrator };
        let resident = Arc::new(resident);
        Session { id: SessionId::of_token("a token"), resident, renewed: false, is_limited }
    }

    fn sent_in(address: &str, session: Option<&Session>) -> Option<String> {
        let (parts, ()) = http::Request::get(address).body(()).unwrap().into_parts();
        elsewhere(&parts, session)
    }

    fn sent(address: &str, signed_in: bool) -> Option<String> {
        sent_in(address, signed_in.then_some(&session(None, false)))
    }

    #[test]
    fn an_administrator_without_the_required_second_factor_is_led_to_its_set_up_and_nowhere_else() {
        let (office, living_there) = (session(None, true), session(Some(("101-1", "1203")), true));
        for page in ["/", "/devices", "/admin/people", "/admin/statistics?period=7d", "/sign-in?next=%2Fcall"]
        {
            for session in [&office, &living_there] {
                assert_eq!(sent_in(page, Some(session)).as_deref(), Some("/me/sign-in"), "{page}");
            }
        }
        assert_eq!(sent_in("/call", Some(&office)).as_deref(), Some("/me/sign-in"));
        assert_eq!(sent_in("/call", Some(&living_there)), None, "an emergency waits for no set-up");
        assert_eq!(sent_in("/me/sign-in?problem=code", Some(&office)), None);
        assert_eq!(sent_in("/me/sign-in", Some(&session(None, false))), None);
    }

    #[test]
    fn the_signed_out_are_asked_to_sign_in_and_come_back_afterwards() {
        assert_eq!(sent("/", false).as_deref(), Some("/sign-in"));
        assert_eq!(sent("/call?kind=fire", false).as_deref(), Some("/sign-in?next=%2Fcall%3Fkind%3Dfire"));
        assert_eq!(sent("/sign-in", false), None);
        assert_eq!(sent("/call/a-call", false).as_deref(), Some("/sign-in?next=%2Fcall%2Fa-call"));
        assert_eq!(
            sent("/admin/statistics?period=7d", false).as_deref(),
            Some("/sign-in?next=%2Fadmin%2Fstatistics%3Fperiod%3D7d")
        );
        assert_eq!(sent("/elsewhere", false), None);
    }

    #[test]
    fn an_invitation_is_for_anybody_and_a_code_that_was_typed_leads_to_it() {
        for signed_in in [true, false] {
            assert_eq!(sent("/join/K7M4-Q2XP-9TRA", signed_in), None);
            assert_eq!(sent("/join", signed_in), None);
            assert_eq!(sent("/join?code=+", signed_in), None);
            assert_eq!(sent("/join?code=k7m4+q2xp-9tra", signed_in).as_deref(), Some("/join/k7m4q2xp-9tra"));
            assert_eq!(sent("/join?code=%2F..", signed_in).as_deref(), Some("/join/%2F.."));
        }
    }

    #[test]
    fn the_signed_in_do_not_sign_in_again() {
        assert_eq!(sent("/sign-in?problem=refused", true).as_deref(), Some("/"));
        assert_eq!(sent("/sign-in?problem=cookie&next=%2Fcall%3Fa", true).as_deref(), Some("/call?a"));
        assert_eq!(sent("/sign-in?next=%2F%2Fevil.example", true).as_deref(), Some("/"));
        assert_eq!(sent("/", true), None);
        assert_eq!(sent("/call", true), None);
    }
}
