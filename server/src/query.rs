//! The query of an address, parameter by parameter.

use url::form_urlencoded;

/// Returns what a query gives for a parameter, without the white space around it; `None` for nothing. Where the
/// parameter is there twice, the last one counts.
pub(crate) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let (_, value) = pairs.filter(|(one, _)| one == name).last()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Returns the same as [`parameter`], with an empty text for nothing.
pub(crate) fn word(query: Option<&str>, name: &str) -> String {
    parameter(query, name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_parameter_counts_and_white_space_around_it_does_not() {
        let query = Some("line=101-2&empty=+&line=+101-1%20&linen=x");
        assert_eq!(parameter(query, "line").as_deref(), Some("101-1"));
        assert_eq!(parameter(query, "empty"), None);
        assert_eq!((parameter(query, "lin"), word(None, "line")), (None, String::new()));
    }
}
