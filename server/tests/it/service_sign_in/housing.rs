//! A housing service of the test's own, on loopback. It is an OpenID provider whose person and ID token the test
//! chooses. It refuses a code that it has not given, that was used, or that comes without its verifier.

mod keys;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, extract::State, http::HeaderMap, routing};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openssl::sha::sha256;
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use testkit::server::Program;
use tokio::net::TcpListener;

use self::keys::Keys;
pub(super) use self::keys::Signed;

/// The server's name at the service.
pub(super) const CLIENT: &str = "iutsai at the complex";
/// Its secret, with characters that Basic authentication must encode.
pub(super) const SECRET: &str = "s3cret:+ word%";
/// Where the server is for browsers. Nothing listens there, because the tests follow redirects by hand.
pub(super) const SITE: &str = "http://iutsai.test";

/// The behaviour of the service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// With 500.
    Failing,
    /// Not at all.
    Silent,
}

/// The service. Clones are the same.
#[derive(Clone)]
pub(super) struct Service(Arc<Shared>);

struct Shared {
    origin: String,
    state: Mutex<Inner>,
}

struct Inner {
    mood: Mood,
    keys: Keys,
    /// The keys that are shown, which may be older ones.
    shown: Value,
    /// The challenge and the ID token of each code.
    codes: HashMap<String, (String, String)>,
    count: usize,
    /// The requests that wait for an answer that never comes.
    hanging: usize,
}

/// A request of the server's, as the browser brings it.
pub(super) struct Asked {
    pub state: String,
    nonce: String,
    challenge: String,
    pub scope: String,
}

impl Service {
    /// Starts it on a free port; it ends with the test's runtime.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let keys = Keys::new("first");
        let shown = keys.shown();
        let inner = Inner { mood: Mood::Well, keys, shown, codes: HashMap::new(), count: 0, hanging: 0 };
        let service = Self(Arc::new(Shared { origin, state: Mutex::new(inner) }));
        let router = Router::new()
            .route("/danji/.well-known/openid-configuration", routing::get(description))
            .route("/keys", routing::get(keys_shown))
            .route("/token", routing::post(token))
            .with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        service
    }

    /// The address by which it names itself.
    pub(super) fn issuer(&self) -> String {
        format!("{}/danji", self.0.origin)
    }

    /// The program with this service.
    pub(super) fn at(&self, program: Program) -> Program {
        settings(program, &self.issuer())
    }

    pub(super) fn set_mood(&self, mood: Mood) {
        self.0.state.lock().unwrap().mood = mood;
    }

    /// Signs with new keys from now on. They are shown only if `shown`.
    pub(super) fn exchange_keys(&self, id: &str, shown: bool) {
        let mut state = self.0.state.lock().unwrap();
        state.keys = Keys::new(id);
        if shown {
            state.shown = state.keys.shown();
        }
    }

    /// Reads the address to which a browser was led.
    pub(super) fn asked(&self, address: &str) -> Asked {
        let address = Url::parse(address).unwrap();
        assert_eq!(address.origin().ascii_serialization(), self.0.origin);
        assert_eq!(address.path(), "/authorize");
        let query: HashMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT);
        assert_eq!(query["redirect_uri"], format!("{SITE}/sign-in/service/callback"));
        assert_eq!(query["code_challenge_method"], "S256");
        Asked {
            state: query["state"].clone(),
            nonce: query["nonce"].clone(),
            challenge: query["code_challenge"].clone(),
            scope: query["scope"].clone(),
        }
    }

    /// Signs a person in, and returns the code. The claims are those of a right ID token with these in their place;
    /// null takes one away.
    pub(super) fn sign_in(&self, asked: &Asked, claims: &Value, signed: Signed) -> String {
        let mut all = json!({
            "iss": self.issuer(),
            "sub": "person-7",
            "aud": CLIENT,
            "iat": now(),
            "exp": now() + 300,
            "nonce": asked.nonce,
            "preferred_username": "resident-1203",
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let mut state = self.0.state.lock().unwrap();
        let token = state.keys.token(&all, signed);
        state.count += 1;
        let code = format!("code {}&=+", state.count);
        state.codes.insert(code.clone(), (asked.challenge.clone(), token));
        code
    }

    /// The ID tokens of the codes that were not exchanged.
    pub(super) fn tokens(&self) -> Vec<String> {
        self.0.state.lock().unwrap().codes.values().map(|(_, token)| token.clone()).collect()
    }

    /// The requests that wait for an answer that never comes.
    pub(super) fn hanging(&self) -> usize {
        self.0.state.lock().unwrap().hanging
    }

    /// Returns once the service would answer.
    async fn answers(&self) -> Result<(), StatusCode> {
        let mood = self.0.state.lock().unwrap().mood;
        match mood {
            Mood::Well => Ok(()),
            Mood::Failing => Err(StatusCode::INTERNAL_SERVER_ERROR),
            Mood::Silent => {
                self.0.state.lock().unwrap().hanging += 1;
                std::future::pending().await
            }
        }
    }
}

/// The program with a housing service at this issuer.
pub(super) fn settings(program: Program, issuer: &str) -> Program {
    program
        .env("IUTSAI_PUBLIC_URL", SITE)
        .env("IUTSAI_OIDC_ISSUER", issuer)
        .env("IUTSAI_OIDC_CLIENT_ID", CLIENT)
        .env("IUTSAI_OIDC_CLIENT_SECRET", SECRET)
        .env("IUTSAI_OIDC_CLAIM", "preferred_username")
        .env("IUTSAI_OIDC_NAME", "우리집 앱;Our Home")
}

/// The present time in seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn description(State(service): State<Service>) -> Result<Json<Value>, StatusCode> {
    service.answers().await?;
    let origin = &service.0.origin;
    Ok(Json(json!({
        "issuer": service.issuer(),
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "jwks_uri": format!("{origin}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
    })))
}

async fn keys_shown(State(service): State<Service>) -> Result<Json<Value>, StatusCode> {
    service.answers().await?;
    Ok(Json(service.0.state.lock().unwrap().shown.clone()))
}

async fn token(
    State(service): State<Service>,
    headers: HeaderMap,
    body: String,
) -> Result<(StatusCode, Json<Value>), StatusCode> {
    service.answers().await?;
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(CLIENT), encode(SECRET))));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(basic.as_str()) {
        return Ok(refused("invalid_client"));
    }
    let back = format!("{SITE}/sign-in/service/callback");
    if field("grant_type") != "authorization_code" || field("redirect_uri") != back {
        return Ok(refused("invalid_request"));
    }
    let given = service.0.state.lock().unwrap().codes.remove(field("code"));
    let Some((challenge, token)) = given else { return Ok(refused("invalid_grant")) };
    if URL_SAFE_NO_PAD.encode(sha256(field("code_verifier").as_bytes())) != challenge {
        return Ok(refused("invalid_grant"));
    }
    let answer = json!({ "access_token": "s3cret-access", "token_type": "Bearer", "id_token": token });
    Ok((StatusCode::OK, Json(answer)))
}
