//! Checks the settings of traces.

use backend::traces::Settings;
use url::Url;

use super::{Config, given};

/// The path of spans, which OpenTelemetry adds to the address of a receiver (OTLP, "OTLP/HTTP Request").
const PATH: &str = "/v1/traces";

impl Config {
    /// Returns the settings of traces; `None` without an address.
    ///
    /// # Errors
    /// One sentence about what to write.
    pub(super) fn traces(&self) -> Result<Option<Settings>, String> {
        let ratio = ratio(given(Some(&self.trace_ratio)).unwrap_or("1"))?;
        let Some(address) = given(self.otlp_endpoint.as_deref()) else { return Ok(None) };
        Ok(Some(Settings { endpoint: endpoint(address)?, ratio }))
    }
}

fn ratio(value: &str) -> Result<f64, String> {
    let ratio = value.parse::<f64>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| format!("IUTSAI_TRACE_RATIO: {value:?} is not a part of 1; write 0.1, or 1 for all."))
}

/// Returns the whole address. A password in it would be shown with the settings, so it may not have one.
fn endpoint(value: &str) -> Result<String, String> {
    let is_usable = |url: &Url| {
        let has_user = !url.username().is_empty() || url.password().is_some();
        let is_bare = url.query().is_none() && url.fragment().is_none() && !has_user;
        matches!(url.scheme(), "http" | "https") && url.has_host() && is_bare
    };
    let url = Url::parse(value).ok().filter(is_usable).ok_or_else(|| {
        "IUTSAI_OTLP_ENDPOINT must be the address of a collector without a user and a query; write \
         http://127.0.0.1:4318 or https://HOST."
            .to_owned()
    })?;
    let address = url.as_str().trim_end_matches('/');
    Ok(if address.ends_with(PATH) { address.to_owned() } else { format!("{address}{PATH}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_spans_is_added_to_the_address_of_a_collector() {
        for (value, whole) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://collector.example/", "https://collector.example/v1/traces"),
            ("https://collector.example/otlp", "https://collector.example/otlp/v1/traces"),
            ("http://[::1]:4318/v1/traces", "http://[::1]:4318/v1/traces"),
        ] {
            assert_eq!(endpoint(value).as_deref(), Ok(whole));
        }
        for wrong in
            ["collector:4318", "grpc://collector:4317", "http://", "https://user:s3cret@collector.example"]
        {
            let sentence = endpoint(wrong).unwrap_err();
            assert!(
                sentence.starts_with("IUTSAI_OTLP_ENDPOINT") && !sentence.contains("s3cret"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn a_ratio_lies_between_nothing_and_all() {
        assert_eq!([ratio("0"), ratio("0.25"), ratio("1")], [Ok(0.0), Ok(0.25), Ok(1.0)]);
        for wrong in ["", "-0.1", "1.1", "10%", "NaN"] {
            assert!(ratio(wrong).unwrap_err().starts_with("IUTSAI_TRACE_RATIO"), "{wrong}");
        }
    }
}
