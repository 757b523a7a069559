//! HTTP without a person, with the server's address, and the form of its answers.

use std::{net::IpAddr, time::Duration};

use domain::api::{Problem, SignIn, SignedIn};
use reqwest::{Method, Response, StatusCode, Url, header, redirect};
use serde::de::DeserializeOwned;

use crate::{Error, client::Session};

/// The longest wait for an answer. A stopped broker may delay a command for some seconds, never for this long.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// A server's address and the connections to it. Clones share them.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    source: Option<IpAddr>,
}

impl Client {
    /// A client of the server at `address`, such as `http://127.0.0.1:3000`. Redirects are not followed and no proxy is
    /// used, so that an answer is always the server's own.
    ///
    /// # Errors
    /// [`Error::Address`] when it is not such an address.
    pub fn new(address: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Address { address: address.into(), reason };
        let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
        if url.scheme() != "http" {
            return Err(wrong("this client speaks http without TLS only".into()));
        }
        if url.host_str().is_none() || url.path() != "/" || url.query().is_some() {
            return Err(wrong("there must be a host and no path".into()));
        }
        let http = connections(None).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { http, url, source: None })
    }

    /// Another client of the same server, with connections of its own that come from `source`, an address of this
    /// machine such as 127.0.0.2.
    ///
    /// # Errors
    /// [`Error::Address`] when there can be no such client.
    pub fn with_source(&self, source: IpAddr) -> Result<Self, Error> {
        let wrong =
            |error: reqwest::Error| Error::Address { address: source.to_string(), reason: error.to_string() };
        let http = connections(Some(source)).map_err(wrong)?;
        Ok(Self { http, url: self.url.clone(), source: Some(source) })
    }

    /// Returns the address that its connections come from, where one was chosen.
    #[must_use]
    pub const fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn address(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Host and port as the `Host` header has them.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Returns the port of the server.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("http has a default port")
    }

    /// Returns the address that paths are resolved against.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Returns a request without a session that has no method of its own. Send it with [`Client::send`] or directly.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address()))
    }

    /// Sends a request and reads the answer, whatever its status.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], or [`Error::Answer`] when the answer is neither success with a `T` nor
    /// `application/problem+json`.
    pub async fn send<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer<T>, Error> {
        let (client, request) = request.build_split();
        let request = request.map_err(|source| Error::NoAnswer { request: "a request".into(), source })?;
        let name = format!("{} {}", request.method(), request.url().path());
        let lost = |source| Error::NoAnswer { request: name.clone(), source };
        let response = client.execute(request).await.map_err(lost)?;
        Answer::read(name, response).await
    }

    /// Signs in (`POST /api/session`).
    ///
    /// # Errors
    /// [`Error::Refused`] when name or password is wrong; otherwise as [`Client::send`].
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<Session, Error> {
        self.sign_in_with_code(name, password, None).await
    }

    /// Signs in to an account that has a second factor, with a code of it.
    ///
    /// # Errors
    /// [`Error::Refused`] when name, password or code is wrong; otherwise as [`Client::send`].
    pub async fn sign_in_with_code(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<Session, Error> {
        let body = SignIn { name: name.into(), password: password.into(), code: code.map(str::to_owned) };
        let answer = self.send::<SignedIn>(self.request(Method::POST, "/api/session").json(&body)).await?;
        Ok(Session::new(self.clone(), answer.ok()?))
    }

    /// Returns whether `/readyz` answers 200, and its body.
    ///
    /// # Errors
    /// [`Error::NoAnswer`].
    pub async fn readiness(&self) -> Result<(bool, String), Error> {
        let lost = |source| Error::NoAnswer { request: "GET /readyz".into(), source };
        let response = self.request(Method::GET, "/readyz").send().await.map_err(lost)?;
        let ready = response.status() == StatusCode::OK;
        Ok((ready, response.text().await.map_err(lost)?))
    }
}

fn connections(source: Option<IpAddr>) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(LONGEST_ANSWER)
        .tcp_nodelay(true)
        .local_address(source)
        .build()
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// Method and path.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: header::HeaderMap,
    /// The expected answer, or the server's problem.
    pub outcome: Result<T, Problem>,
}

impl<T> Answer<T> {
    /// Returns what was asked for.
    ///
    /// # Errors
    /// [`Error::Refused`] with the server's reason.
    pub fn ok(self) -> Result<T, Error> {
        let Self { request, outcome, .. } = self;
        outcome.map_err(|problem| Error::Refused { request, problem: Box::new(problem) })
    }

    /// A header's value, where it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl<T: DeserializeOwned> Answer<T> {
    async fn read(request: String, response: Response) -> Result<Self, Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body =
            response.bytes().await.map_err(|source| Error::NoAnswer { request: request.clone(), source })?;
        let wrong = |reason: String| Error::Answer {
            request: request.clone(),
            status: status.as_u16(),
            body: String::from_utf8_lossy(&body).into_owned(),
            reason,
        };
        let outcome = if status.is_success() {
            // A 204 has no body, so a type that needs none is read from JSON's null.
            let json: &[u8] = if body.is_empty() { b"null" } else { &body };
            Ok(serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?)
        } else {
            let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if content_type != Some("application/problem+json") {
                return Err(wrong(format!(
                    "its content-type is {content_type:?}, not application/problem+json"
                )));
            }
            let problem: Problem = serde_json::from_slice(&body).map_err(|error| wrong(error.to_string()))?;
            if problem.status != status.as_u16() {
                return Err(wrong("the status in the problem is another one".into()));
            }
            Err(problem)
        };
        Ok(Self { request, status: status.as_u16(), headers, outcome })
    }
}
