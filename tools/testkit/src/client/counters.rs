//! The counters of a server, as Prometheus text at `/metrics`.

use reqwest::{Method, header};

use crate::{Error, client::Session};

/// Counters and gauges at one moment.
#[derive(Clone, Debug)]
pub struct Counters(String);

impl Counters {
    /// Reads them as an administrator.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], and [`Error::Usage`] with what was answered instead.
    pub async fn read(administrator: &Session) -> Result<Self, Error> {
        let lost = |source| Error::NoAnswer { request: "GET /metrics".into(), source };
        let request = administrator.request(Method::GET, "/metrics").header(header::ACCEPT, "text/plain");
        let response = request.send().await.map_err(lost)?;
        let (status, text) = (response.status(), response.text().await.map_err(lost)?);
        if status.is_success() {
            Ok(Self(text))
        } else {
            Err(Error::Usage(format!("GET /metrics: {status} {text}")))
        }
    }

    /// The sum over all labels of what has this name; 0 where nothing was counted yet.
    pub fn get(&self, name: &str) -> f64 {
        let samples = self.0.lines().filter_map(|line| {
            let value = line.strip_prefix(name).filter(|rest| rest.starts_with([' ', '{']))?;
            value.rsplit(' ').next()?.parse::<f64>().ok()
        });
        // Not `sum`, whose nothing is -0.
        samples.fold(0.0, |sum, value| sum + value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_name_are_added_up_and_others_are_not() {
        let text = "# TYPE a_total counter\na_total{to=\"b c\"} 2\na_total 3\na_total_more 7\n";
        assert_eq!(Counters(text.into()).get("a_total"), 5.0);
        assert_eq!(Counters(text.into()).get("b_total"), 0.0);
    }
}
