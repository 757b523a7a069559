//! Answers that ask for another attempt.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

/// The longest pause that is distinguished from a longer one, in seconds. After it, the call is over.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// Returns whether the same request may succeed later (RFC 9110, section 15).
pub(crate) fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500..)
}

/// Reads how long to wait, in seconds. A date (RFC 9110, section 10.2.3) would need the clocks of both to agree, so
/// the own pause counts in its place.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_a_number_of_seconds() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(of(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(of("Fri, 31 Dec 1999 23:59:59 GMT"), None);
        assert_eq!(of("-1"), None);
    }
}
