//! The housing service, which is found by its own description, and is asked for the person of a code. Every wait is
//! bounded, and no sign-in with a password waits for it.

use std::{error::Error, sync::Arc, time::Duration};

use openidconnect::{
    AuthorizationCode, CsrfToken, Nonce, PkceCodeChallenge, RequestTokenError, TokenResponse as _,
    core::{CoreAuthenticationFlow, CoreProviderMetadata},
};
use openssl::error::ErrorStack;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    attempt::Attempt,
    http::Http,
    settings::{Settings, is_safe},
    token::{self, Client, ErrorAnswer, Person, Rejected},
};
use crate::outgoing::client::NoAnswer;

/// The longest wait for the service at one step of a sign-in.
const PATIENCE: Duration = Duration::from_secs(8);
/// The age from which the service is asked again before a browser is led there. It also shows that it is there.
const FRESH: Duration = Duration::from_secs(60);
/// The greatest age of what is known of the service when a browser comes back.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// The time for which a service that did not answer is not asked again.
const PAUSE: Duration = Duration::from_secs(5);

/// Why the housing service has signed nobody in. The words are for the log and hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The service is away, or does not answer as the standard asks.
    #[error("the housing service does not answer as it should: {0}")]
    Away(String),
    /// The code, or the ID token that it was exchanged for, does not count.
    #[error("what the housing service answered is not accepted: {0}")]
    Refused(String),
    /// A claim of the ID token, which is named here, is of another type than the standard gives it.
    #[error("the ID token of the housing service cannot be read, because the type of its claim {0} is wrong")]
    Unreadable(String),
    /// The ID token does not name an account.
    #[error("the housing service names no account in the claim of IUTSAI_OIDC_CLAIM")]
    NoAccount,
}

/// The housing service. Clones share what is known of it.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    settings: Settings,
    http: Http,
    known: Mutex<Known>,
}

/// The last that was learned of the service. The lock is held while it is asked, so that it is asked once.
#[derive(Default)]
struct Known {
    found: Option<(Arc<Client>, Instant)>,
    failed: Option<(Failed, Instant)>,
}

impl Provider {
    /// The service of these settings, which is not asked before somebody signs in by it.
    ///
    /// # Errors
    /// OpenSSL's.
    pub fn new(settings: Settings) -> Result<Self, ErrorStack> {
        Ok(Self(Arc::new(Inner { settings, http: Http::new()?, known: Mutex::default() })))
    }

    /// Begins a sign-in. Returns what the browser keeps, and the address at the service to which it goes.
    ///
    /// # Errors
    /// [`Failed::Away`].
    pub async fn begin(&self) -> Result<(Attempt, String), Failed> {
        let client = self.client(FRESH).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (address, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(self.0.settings.scopes())
            .set_pkce_challenge(challenge)
            .url();
        Ok((Attempt::new(state, nonce, verifier), address.to_string()))
    }

    /// Exchanges the code of a sign-in, and returns who has signed in at the service.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn finish(&self, attempt: Attempt, code: &str) -> Result<Person, Failed> {
        timeout(PATIENCE, self.exchange(attempt, code)).await.unwrap_or_else(|_| Err(silent()))
    }

    async fn exchange(&self, attempt: Attempt, code: &str) -> Result<Person, Failed> {
        let (nonce, verifier) = attempt.into_secrets();
        let client = self.client(KEPT).await?;
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request = request.map_err(|error| Failed::Away(error.to_string()))?.set_pkce_verifier(verifier);
        let tokens = request.request_async(&self.0.http).await.map_err(not_exchanged)?;
        let token = tokens.id_token().ok_or_else(|| Failed::Away("it gave no ID token".into()))?;
        let settings = &self.0.settings;
        let person = match token::person(&client, token, &nonce, settings) {
            // The service has exchanged its keys since it was asked for them.
            Err(Rejected::UnknownKey) => {
                let client = self.client(Duration::ZERO).await?;
                token::person(&client, token, &nonce, settings)
            }
            person => person,
        };
        person.map_err(|rejected| match rejected {
            Rejected::NoAccount => Failed::NoAccount,
            rejected => Failed::Refused(rejected.to_string()),
        })
    }

    /// Returns the library's client with what is known of the service, if that is younger than `age`, else with what it
    /// answers now.
    async fn client(&self, age: Duration) -> Result<Arc<Client>, Failed> {
        let mut known = self.0.known.lock().await;
        if let Some((client, at)) = &known.found
            && at.elapsed() < age
        {
            return Ok(client.clone());
        }
        if let Some((failed, at)) = &known.failed
            && at.elapsed() < PAUSE
        {
            return Err(failed.clone());
        }
        match self.discover().await {
            Ok(client) => {
                let client = Arc::new(client);
                *known = Known { found: Some((client.clone(), Instant::now())), failed: None };
                Ok(client)
            }
            Err(failed) => {
                known.failed = Some((failed.clone(), Instant::now()));
                Err(failed)
            }
        }
    }

    /// Asks the service for its addresses and its keys.
    async fn discover(&self) -> Result<Client, Failed> {
        let Settings { issuer, client, secret, callback, .. } = &self.0.settings;
        let asking = CoreProviderMetadata::discover_async(issuer.clone(), &self.0.http);
        let metadata = timeout(PATIENCE, asking).await.map_err(|_| silent())?;
        let metadata = metadata.map_err(|error| Failed::Away(with_sources(&error)))?;
        let token_endpoint = metadata.token_endpoint().map(|endpoint| endpoint.url());
        let named =
            [Some(metadata.authorization_endpoint().url()), Some(metadata.jwks_uri().url()), token_endpoint];
        if let Some(insecure) = named.into_iter().flatten().find(|url| !is_safe(url)) {
            return Err(Failed::Away(format!("it names {insecure}, which is not https")));
        }
        let client = Client::from_provider_metadata(metadata, client.clone(), Some(secret.clone()));
        Ok(client.set_redirect_uri(callback.clone()))
    }
}

/// Returns why a code was not exchanged. The body of an answer is left out, because it may hold tokens.
fn not_exchanged(error: RequestTokenError<NoAnswer, ErrorAnswer>) -> Failed {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            Failed::Refused(format!("the code is answered with the error {}", answer.error()))
        }
        RequestTokenError::Request(error) => Failed::Away(with_sources(&error)),
        // The error would show the value of a claim.
        RequestTokenError::Parse(_, answer) => match token::unreadable_claim(&answer) {
            Some(claim) => Failed::Unreadable(claim),
            None => Failed::Away("the answer to a code cannot be read".into()),
        },
        RequestTokenError::Other(error) => Failed::Away(error),
    }
}

fn silent() -> Failed {
    Failed::Away(format!("no answer within {PATIENCE:?}"))
}

/// Returns an error with those behind it.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
