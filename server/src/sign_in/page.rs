//! The addresses of the sign-in page, with where to go on to and what went wrong.

use url::form_urlencoded;

/// Returns where the sign-in page's address leads on to, if that is on this site.
#[must_use]
pub(crate) fn next_of(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find_map(|(name, value)| (name == "next" && is_local(&value)).then(|| value.into_owned()))
}

/// The sign-in page's address, with where to go on to and what went wrong.
#[must_use]
pub(crate) fn sign_in_page(next: Option<&str>, problem: Option<&str>) -> String {
    address(None, next, problem)
}

/// The address of the sign-in page with the form for the code.
#[must_use]
pub(super) fn code_page(next: Option<&str>, problem: Option<&str>) -> String {
    address(Some("code"), next, problem)
}

fn address(step: Option<&str>, next: Option<&str>, problem: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("step", step), ("problem", problem), ("next", next)] {
        query.extend_pairs(value.map(|value| (name, value)));
    }
    let query = query.finish();
    if query.is_empty() { "/sign-in".into() } else { format!("/sign-in?{query}") }
}

/// Returns whether an address stays on this site. Browsers read a backslash as a slash, and drop tabs and line ends.
pub(crate) fn is_local(next: &str) -> bool {
    next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && !next.chars().any(|c| c.is_control() || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_no_other_site() {
        assert!(is_local("/") && is_local("/call?kind=fire"));
        for foreign in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "call"]
        {
            assert!(!is_local(foreign), "{foreign:?}");
        }
    }

    #[test]
    fn the_sign_in_page_keeps_where_to_go_on_to() {
        assert_eq!(sign_in_page(None, None), "/sign-in");
        assert_eq!(
            sign_in_page(Some("/call?a=b"), Some("refused")),
            "/sign-in?problem=refused&next=%2Fcall%3Fa%3Db"
        );
        assert_eq!(code_page(Some("/call"), Some("code")), "/sign-in?step=code&problem=code&next=%2Fcall");
    }
}
