//! The settings of signing in by the housing service, and their check. A sentence about a bad one does not repeat the
//! secret.

use backend::people::oidc;

use super::given;

/// The address to which the housing service leads browsers back. It is registered there.
pub(crate) const CALLBACK: &str = "/sign-in/service/callback";

/// A housing service by which people sign in, with OpenID Connect.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
#[command(next_help_heading = "Sign-in by the housing service")]
pub(crate) struct OidcConfig {
    /// The issuer, exactly as the housing service names itself; without it there is no such sign-in. http is for
    /// loopback addresses only
    #[arg(long = "oidc-issuer", env = "IUTSAI_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,

    /// The name of this server at the housing service
    #[arg(long = "oidc-client-id", env = "IUTSAI_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,

    /// Its secret; better given by the variable, since a command line can be seen by others
    #[arg(long = "oidc-client-secret", env = "IUTSAI_OIDC_CLIENT_SECRET", value_name = "SECRET")]
    #[arg(hide_env_values = true)]
    pub oidc_client_secret: Option<String>,

    /// The claim of the ID token whose value is the name of the account here, such as preferred_username
    #[arg(long = "oidc-claim", env = "IUTSAI_OIDC_CLAIM", value_name = "CLAIM")]
    pub oidc_claim: Option<String>,

    /// The name of the housing service on the button, in Korean and, after a semicolon, in English
    #[arg(long = "oidc-name", env = "IUTSAI_OIDC_NAME", value_name = "KOREAN;ENGLISH")]
    pub oidc_name: Option<String>,
}

/// Signing in by the housing service.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// The service.
    pub provider: oidc::Settings,
    /// Its name in Korean.
    pub korean: String,
    /// Its name in English.
    pub english: String,
}

impl OidcConfig {
    /// Returns the settings; `None` where none of them is given. `site` is where browsers reach the pages.
    ///
    /// # Errors
    /// One sentence about what to write.
    pub(super) fn check(&self, site: Option<&str>) -> Result<Option<Oidc>, String> {
        let all = [
            ("IUTSAI_OIDC_ISSUER", given(self.oidc_issuer.as_deref())),
            ("IUTSAI_OIDC_CLIENT_ID", given(self.oidc_client_id.as_deref())),
            ("IUTSAI_OIDC_CLIENT_SECRET", given(self.oidc_client_secret.as_deref())),
            ("IUTSAI_OIDC_CLAIM", given(self.oidc_claim.as_deref())),
            ("IUTSAI_OIDC_NAME", given(self.oidc_name.as_deref())),
        ];
        if all.iter().all(|(_, value)| value.is_none()) {
            return Ok(None);
        }
        let [Some(issuer), Some(client), Some(secret), Some(claim), Some(name)] = all.map(|(_, value)| value)
        else {
            let missing = all.iter().filter(|(_, value)| value.is_none()).map(|(variable, _)| *variable);
            let missing: Vec<_> = missing.collect();
            return Err(format!(
                "{}: signing in by the housing service needs this as well; write it, or leave all of IUTSAI_OIDC_… \
                 unset.",
                missing.join(", ")
            ));
        };
        let Some(site) = site else {
            return Err("IUTSAI_OIDC_ISSUER: the housing service leads browsers back to IUTSAI_PUBLIC_URL; write that, \
                        too."
                .into());
        };
        let provider = oidc::Settings::new(issuer, client, secret, claim, &format!("{site}{CALLBACK}"))
            .map_err(|error| format!("IUTSAI_OIDC_ISSUER: {error}."))?;
        let (korean, english) = names(name)?;
        Ok(Some(Oidc { provider, korean, english }))
    }
}

fn names(value: &str) -> Result<(String, String), String> {
    let (korean, english) = value.split_once(';').unwrap_or((value, value));
    match (given(Some(korean)), given(Some(english))) {
        (Some(korean), Some(english)) => Ok((korean.to_owned(), english.to_owned())),
        _ => Err(format!(
            "IUTSAI_OIDC_NAME: {value:?} lacks a name; write KOREAN;ENGLISH, or one name for both languages."
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SITE: Option<&str> = Some("https://iutsai.example");

    fn config(issuer: &str, secret: &str, name: &str) -> OidcConfig {
        let some = |value: &str| Some(value.to_owned());
        OidcConfig {
            oidc_issuer: some(issuer),
            oidc_client_id: some("iutsai"),
            oidc_client_secret: some(secret),
            oidc_claim: some("preferred_username"),
            oidc_name: some(name),
        }
    }

    #[test]
    fn nothing_is_on_unless_everything_is_given() {
        let none = OidcConfig {
            oidc_issuer: Some(" ".into()),
            oidc_client_id: None,
            oidc_client_secret: Some(String::new()),
            oidc_claim: None,
            oidc_name: None,
        };
        assert!(none.check(SITE).unwrap().is_none() && none.check(None).unwrap().is_none());
        let whole = config("https://id.example", "s3cret", "우리집 앱;Our Home");
        let oidc = whole.check(SITE).unwrap().unwrap();
        assert_eq!((oidc.korean.as_str(), oidc.english.as_str()), ("우리집 앱", "Our Home"));
        assert!(!format!("{oidc:?}").contains("s3cret"));
        let sentence = OidcConfig { oidc_claim: None, ..whole.clone() }.check(SITE).unwrap_err();
        assert!(sentence.starts_with("IUTSAI_OIDC_CLAIM: ") && !sentence.contains("s3cret"), "{sentence}");
        assert!(whole.check(None).unwrap_err().contains("IUTSAI_PUBLIC_URL"));
    }

    #[test]
    fn a_bad_value_is_named() {
        let refused = |issuer, name| config(issuer, "s3cret", name).check(SITE).unwrap_err();
        for sentence in [refused("http://id.example", "앱"), refused("id.example", "앱")] {
            assert!(
                sentence.starts_with("IUTSAI_OIDC_ISSUER: ") && !sentence.contains("s3cret"),
                "{sentence}"
            );
        }
        assert!(refused("https://id.example", "앱;").starts_with("IUTSAI_OIDC_NAME: "));
        let one = config("https://id.example", "s3cret", "Danji").check(SITE).unwrap().unwrap();
        assert_eq!((one.korean, one.english), ("Danji".to_owned(), "Danji".to_owned()));
    }
}
