//! The settings of the housing service, checked.

use openidconnect::{
    ClientId, ClientSecret, IssuerUrl, RedirectUrl, Scope,
    url::{Host, Url},
};

/// Names the housing service, and this server there. The secret is not part of its `Debug` form.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) issuer: IssuerUrl,
    pub(super) client: ClientId,
    pub(super) secret: ClientSecret,
    /// The claim of the ID token that has the name of the account.
    pub(super) claim: String,
    /// Where the service leads a browser back to.
    pub(super) callback: RedirectUrl,
}

/// Why an address cannot be the issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// It is not an address.
    #[error("it is not an address; write https://HOST, exactly as the housing service names itself")]
    NotAnAddress,
    /// Others could read or change what is sent there.
    #[error("it must begin with https://; http is for loopback addresses only")]
    NotHttps,
    /// An issuer is an address without these (OpenID Connect Discovery 1.0, section 3).
    #[error("it must have neither a user, nor a query, nor a fragment")]
    HasMore,
}

impl Settings {
    /// Checks the address of the issuer. `callback` is the address that the service leads browsers back to.
    ///
    /// # Errors
    /// [`InvalidIssuer`].
    pub fn new(
        issuer: &str,
        client: &str,
        secret: &str,
        claim: &str,
        callback: &str,
    ) -> Result<Self, InvalidIssuer> {
        let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|_| InvalidIssuer::NotAnAddress)?;
        let url = issuer.url();
        if !url.has_host() {
            return Err(InvalidIssuer::NotAnAddress);
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidIssuer::HasMore);
        }
        if !is_safe(url) {
            return Err(InvalidIssuer::NotHttps);
        }
        let callback = RedirectUrl::new(callback.to_owned()).map_err(|_| InvalidIssuer::NotAnAddress)?;
        Ok(Self {
            issuer,
            client: ClientId::new(client.to_owned()),
            secret: ClientSecret::new(secret.to_owned()),
            claim: claim.to_owned(),
            callback,
        })
    }

    /// Returns the scopes to ask for besides `openid`. The two claims of `email` and `phone` are not in `profile`.
    pub(super) fn scopes(&self) -> impl Iterator<Item = Scope> {
        let further = match self.claim.as_str() {
            "email" => Some("email"),
            "phone_number" => Some("phone"),
            _ => None,
        };
        ["profile"].into_iter().chain(further).map(|scope| Scope::new(scope.to_owned()))
    }
}

/// Returns whether nobody on the way can read or change what is sent to an address.
pub(super) fn is_safe(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        ("http", Some(Host::Domain(name))) => name == "localhost",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn settings(issuer: &str, claim: &str) -> Result<Settings, InvalidIssuer> {
        Settings::new(issuer, "iutsai", "s3cret", claim, "https://iutsai.example/sign-in/service/callback")
    }

    #[test]
    fn an_issuer_is_reached_by_https_or_on_this_machine() {
        for good in
            ["https://id.example", "https://id.example/realms/danji", "http://127.0.0.1:8080", "http://[::1]"]
        {
            assert!(settings(good, "sub").is_ok(), "{good}");
        }
        for (wrong, why) in [
            ("id.example", InvalidIssuer::NotAnAddress),
            ("data:x", InvalidIssuer::NotAnAddress),
            ("http://id.example", InvalidIssuer::NotHttps),
            ("ftp://id.example", InvalidIssuer::NotHttps),
            ("https://user@id.example", InvalidIssuer::HasMore),
            ("https://id.example/?realm=a", InvalidIssuer::HasMore),
        ] {
            assert_eq!(settings(wrong, "sub").unwrap_err(), why, "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_not_shown_and_the_scopes_follow_from_the_claim() {
        assert!(!format!("{:?}", settings("https://id.example", "sub").unwrap()).contains("s3cret"));
        for (claim, expected) in [
            ("sub", vec!["profile"]),
            ("email", vec!["profile", "email"]),
            ("phone_number", vec!["profile", "phone"]),
        ] {
            let settings = settings("https://id.example", claim).unwrap();
            let scopes: Vec<String> = settings.scopes().map(|scope| scope.as_str().to_owned()).collect();
            assert_eq!(scopes, expected);
        }
    }
}
