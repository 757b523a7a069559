//! The webhook's settings, and their check. A sentence about a bad one repeats neither a secret nor the address, which
//! may hold one.

use backend::webhook::{Events, Keys, Settings, Target};
use clap::builder::FalseyValueParser;

use super::given;

/// The events by default.
const EVENTS: &str = "call,end";

/// An address of the operator's that calls are sent to, such as a gateway for text messages.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
#[command(next_help_heading = "Webhook")]
pub(crate) struct WebhookConfig {
    /// The https address that calls are sent to; without it there is no webhook. http is for loopback addresses only
    #[arg(long = "webhook-url", env = "IUTSAI_WEBHOOK_URL", value_name = "URL", hide_env_values = true)]
    pub webhook_url: Option<String>,

    /// The secret that signs what is sent, as whsec_ and 24 to 64 octets in base64; two, separated by a comma, while it
    /// is exchanged
    #[arg(long = "webhook-secret", env = "IUTSAI_WEBHOOK_SECRET", value_name = "SECRET")]
    #[arg(hide_env_values = true)]
    pub webhook_secret: Option<String>,

    /// The events that are sent, separated by commas, of call (a call begins) and end (it is over)
    #[arg(long = "webhook-events", env = "IUTSAI_WEBHOOK_EVENTS", value_name = "EVENTS")]
    #[arg(default_value = "call,end")]
    pub webhook_events: String,

    /// Sends drills as well
    #[arg(long = "webhook-drills", env = "IUTSAI_WEBHOOK_DRILLS", value_parser = FalseyValueParser::new())]
    pub webhook_drills: bool,

    /// Sends the caller's location as well, which is personal data
    #[arg(long = "webhook-location", env = "IUTSAI_WEBHOOK_LOCATION", value_parser = FalseyValueParser::new())]
    pub webhook_location: bool,
}

impl WebhookConfig {
    /// Returns the webhook's settings; `None` without an address. `site` is where browsers reach the pages.
    ///
    /// # Errors
    /// One sentence about what to write.
    pub(super) fn check(&self, site: Option<String>) -> Result<Option<Settings>, String> {
        let Some(url) = given(self.webhook_url.as_deref()) else { return Ok(None) };
        let target = Target::parse(url).map_err(|error| format!("IUTSAI_WEBHOOK_URL: {error}."))?;
        let secret = given(self.webhook_secret.as_deref()).unwrap_or_default();
        let keys = Keys::parse(secret).map_err(|error| format!("IUTSAI_WEBHOOK_SECRET: {error}."))?;
        let events = events(given(Some(&self.webhook_events)).unwrap_or(EVENTS))?;
        let (drills, location) = (self.webhook_drills, self.webhook_location);
        Ok(Some(Settings { target, keys, events, drills, location, site }))
    }
}

fn events(value: &str) -> Result<Events, String> {
    let mut events = Events { call: false, end: false };
    for name in value.split(',').filter_map(|name| given(Some(name))) {
        match name {
            "call" => events.call = true,
            "end" => events.end = true,
            _ => {
                return Err(format!(
                    "IUTSAI_WEBHOOK_EVENTS: {name:?} is not an event; write call, end, or both."
                ));
            }
        }
    }
    if events.call || events.end {
        return Ok(events);
    }
    Err("IUTSAI_WEBHOOK_EVENTS names no event; write call, end, or both.".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn config(url: &str, secret: &str) -> WebhookConfig {
        WebhookConfig {
            webhook_url: Some(url.into()),
            webhook_secret: Some(secret.into()),
            webhook_events: String::new(),
            webhook_drills: false,
            webhook_location: false,
        }
    }

    #[test]
    fn there_is_no_webhook_without_an_address_and_nothing_is_sent_unasked() {
        assert!(config(" ", SECRET).check(None).unwrap().is_none());
        let settings = config("https://gateway.example/calls", SECRET).check(None).unwrap().unwrap();
        assert_eq!(settings.events, Events { call: true, end: true });
        assert!(!settings.drills && !settings.location);
    }

    #[test]
    fn a_bad_value_is_named_without_being_repeated() {
        let refused = |url, secret| config(url, secret).check(None).unwrap_err();
        let sentence = refused("http://gateway.example/s3cret", SECRET);
        assert!(sentence.starts_with("IUTSAI_WEBHOOK_URL: ") && !sentence.contains("s3cret"), "{sentence}");
        for secret in ["", "whsec_s3cret"] {
            let sentence = refused("https://gateway.example", secret);
            assert!(
                sentence.starts_with("IUTSAI_WEBHOOK_SECRET: ") && !sentence.contains("s3cret"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn events_are_call_and_end() {
        assert_eq!(events("end"), Ok(Events { call: false, end: true }));
        assert_eq!(events(" call , end,"), Ok(Events { call: true, end: true }));
        for wrong in ["calls", ",", "call,accept"] {
            assert!(events(wrong).unwrap_err().starts_with("IUTSAI_WEBHOOK_EVENTS"), "{wrong}");
        }
    }
}
