//! Which pages may make a browser ask this server for something: its own, and those that were allowed.
//!
//! tower-http's `csrf` layer judges `Sec-Fetch-Site`; this judges an `Origin` wherever one is sent, which covers the
//! WebSocket upgrade, a GET that no CSRF layer looks at.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, Uri, header};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::{
    config::Settings,
    problem::{Kind, Problem},
};

/// The origins whose pages may call.
#[derive(Clone, Debug)]
pub struct Origins(Arc<[String]>);

impl Origins {
    /// The public one and those that were allowed; the server's own (`Host`) is always one.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        settings.public_origin.iter().chain(&settings.allowed_origins).cloned().collect::<Vec<_>>().into()
    }

    /// Refuses what a page of another site asks for.
    ///
    /// # Errors
    /// [`Kind::FOREIGN_ORIGIN`], naming what to set.
    pub fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default();
        if self.0.iter().any(|allowed| allowed == origin) {
            return Ok(());
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = uri.authority().map(http::uri::Authority::as_str).or(host);
        let asked_by = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if asked_by.is_some() && asked_by == host {
            return Ok(());
        }
        Err(refusal())
    }

    /// The layer that judges `Sec-Fetch-Site`.
    ///
    /// # Errors
    /// When one of the origins is none; they were checked before.
    pub fn csrf_layer(
        &self,
    ) -> Result<
        CsrfLayer<impl FnMut(ProtectionError) -> Response + Clone + use<>>,
        tower_http::csrf::ConfigError,
    > {
        let mut layer = CsrfLayer::new();
        for origin in self.0.iter() {
            layer = layer.add_trusted_origin(origin)?;
        }
        Ok(layer.with_rejection_response(|_| refusal().into_response()))
    }
}

impl From<Vec<String>> for Origins {
    fn from(origins: Vec<String>) -> Self {
        Self(origins.into())
    }
}

/// Middleware: every method that changes something is checked. The upgrade checks itself.
pub async fn check_origin(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    match if safe { Ok(()) } else { origins.check(request.uri(), request.headers()) } {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn refusal() -> Problem {
    Kind::FOREIGN_ORIGIN.because(
        "The request came from a page of another site. If that site is yours, set IUTSAI_PUBLIC_URL to the address that \
         browsers use, or add its origin to IUTSAI_ALLOWED_ORIGINS.",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn passes(origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:3000".parse().unwrap());
        origin.map(|origin| headers.insert(header::ORIGIN, origin.parse().unwrap()));
        let origins = Origins::from(vec!["https://iutsai.example".to_owned()]);
        origins.check(&"/alert".parse().unwrap(), &headers).is_ok()
    }

    #[test]
    fn only_the_own_and_the_allowed_origins_pass_and_what_is_no_browser() {
        assert!(passes(None));
        assert!(passes(Some("http://127.0.0.1:3000")));
        assert!(passes(Some("https://iutsai.example")));
        for foreign in ["null", "https://iutsai.example.evil", "http://127.0.0.1:3001", "127.0.0.1:3000", ""]
        {
            assert!(!passes(Some(foreign)), "{foreign}");
        }
    }
}
