//! The second factor of administrators, by the page's forms, by JSON, and by the operator's command.

mod authenticator;

use std::time::Duration;

use crate::{
    statistics::iutsai,
    support::{
        ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, change_accounts, client_at, header, page,
        person_of, program, send, server_and_client, sign_in,
    },
};
use domain::Resident;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::{
    Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{
    client::{Client, Session},
    server::{Program, Server},
};

/// 32 octets in URL-safe base64.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// Another key.
const NEW_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

use self::authenticator::{code, octets};

/// An account whose second factor is on.
pub(crate) struct Protected {
    secret: Vec<u8>,
    /// Its recovery codes.
    pub recovery_codes: Vec<String>,
}

impl Protected {
    /// The code of the step that lies so many after the present one.
    pub(crate) fn code(&self, after: u64) -> String {
        code(&self.secret, after)
    }
}

async fn act(session: &Session, fields: &[(&str, &str)]) -> Response {
    send(session.request(Method::POST, "/me/sign-in").form(fields)).await
}

/// Returns where a form led to.
pub(crate) async fn led_to(session: &Session, fields: &[(&str, &str)]) -> String {
    let response = act(session, fields).await;
    assert_eq!(response.status().as_u16(), 303);
    header(&response, "location").to_owned()
}

/// Every text between `before` and the next `after`.
fn between(html: &str, before: &str, after: &str) -> Vec<String> {
    let parts = html.split(before).skip(1).filter_map(|part| part.split(after).next());
    parts.map(str::to_owned).collect()
}

async fn begun(session: &Session) -> Vec<u8> {
    let to = led_to(session, &[("act", "begin"), ("password", PASSWORD)]).await;
    assert_eq!(to, "/me/sign-in");
    let html = page(session, "/me/sign-in").await;
    octets(&between(&html, "data-secret=\"", "\"")[0])
}

/// Sets up the second factor of an administrator.
pub(crate) async fn protect(session: &Session) -> Protected {
    let secret = begun(session).await;
    let response = act(session, &[("act", "confirm"), ("code", code(&secret, 0).as_str())]).await;
    assert_eq!(response.status().as_u16(), 200);
    let recovery_codes = recovery_codes(response).await;
    Protected { secret, recovery_codes }
}

async fn recovery_codes(page: Response) -> Vec<String> {
    assert_eq!(header(&page, "cache-control"), "no-store");
    let html = page.text().await.unwrap();
    let codes = between(&html, "data-testid=\"recovery-code\">", "<");
    assert_eq!(codes.len(), 10, "{html}");
    codes
}

async fn refusal(client: &Client, code: Option<&str>) -> (u16, String) {
    let refused = client.sign_in_with_code(ADMINISTRATOR, PASSWORD, code).await.unwrap_err();
    let problem = refused.problem().expect("a problem");
    (problem.status, problem.kind.clone())
}

fn is_refused(kind: &str) -> (u16, String) {
    (401, format!("/problems/{kind}"))
}

#[tokio::test]
async fn after_its_confirmation_signing_in_needs_a_code_and_each_is_accepted_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let secret = begun(&office).await;
    let to = led_to(&office, &[("act", "confirm"), ("code", "12345")]).await;
    assert_eq!(to, "/me/sign-in?problem=code-refused");
    let other = sign_in(&client, ADMINISTRATOR).await.expect("nothing counts before it is confirmed");
    let mut socket = other.connect().await?;

    let first = code(&secret, 0);
    let confirmed = act(&office, &[("act", "confirm"), ("code", first.as_str())]).await;
    recovery_codes(confirmed).await;
    socket.set_patience(Duration::from_secs(5));
    assert_eq!(socket.ended().await?.code(), Some(1008), "a session without a code ends");
    assert_eq!(refusal(&client, None).await, is_refused("code-needed"));
    assert_eq!(refusal(&client, Some(&first)).await, is_refused("code-refused"), "it confirmed the set-up");
    let next = code(&secret, 1);
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&next)).await?;
    assert_eq!(refusal(&client, Some(&next)).await, is_refused("code-refused"));
    let html = page(&office, "/me/sign-in").await;
    assert!(html.contains("data-testid=\"factor-on\"") && !html.contains("otpauth:"), "{html}");
    Ok(())
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_also_where_two_use_it_at_the_same_time() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let codes = protect(&sign_in(&client, ADMINISTRATOR).await?).await.recovery_codes;
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&codes[0])).await?;
    assert_eq!(refusal(&client, Some(&codes[0])).await, is_refused("code-refused"));
    let typed = codes[1].to_lowercase().replace('-', "");
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&typed)).await?;
    let attempt = || client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&codes[2]));
    let (one, other) = tokio::join!(attempt(), attempt());
    assert_eq!([one, other].iter().filter(|outcome| outcome.is_ok()).count(), 1);
    Ok(())
}

#[tokio::test]
async fn wrong_codes_spend_the_budget_of_wrong_passwords_and_another_address_gets_no_new_one() -> Outcome {
    let (server, client) = server_and_client().await?;
    let protected = protect(&sign_in(&client, ADMINISTRATOR).await?).await;
    for _ in 0..5 {
        assert_eq!(refusal(&client, None).await, is_refused("code-needed"));
        assert_eq!(refusal(&client, Some("not a code")).await, is_refused("code-refused"));
    }
    let too_many = (429, "/problems/too-many".to_owned());
    assert_eq!(refusal(&client, Some(&protected.recovery_codes[0])).await, too_many);
    assert_eq!(refusal(&client, None).await, too_many);
    let elsewhere = client_at(&server, "127.0.0.2")?;
    assert_eq!(refusal(&elsewhere, None).await, is_refused("code-needed"));
    assert_eq!(refusal(&elsewhere, Some(&protected.recovery_codes[0])).await, too_many);
    sign_in(&client, CALLER).await?;
    Ok(())
}

#[tokio::test]
async fn the_pages_second_form_has_a_ticket_that_is_not_a_session_and_is_used_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let protected = protect(&sign_in(&client, ADMINISTRATOR).await?).await;
    let form = [("name", ADMINISTRATOR), ("password", PASSWORD), ("next", "/admin/people")];
    let response = send(client.request(Method::POST, "/sign-in").form(&form)).await;
    let to = "/sign-in?step=code&next=%2Fadmin%2Fpeople";
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, to));
    let cookie = header(&response, "set-cookie").to_owned();
    for part in ["iutsai-ticket=", "; Path=/sign-in", "; Max-Age=300", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let ticket = cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    let as_session =
        client.request(Method::GET, "/api/session").header("cookie", format!("iutsai-session={ticket}"));
    assert_eq!(client.send::<Resident>(as_session).await?.status, 401);
    let html = send(client.request(Method::GET, to)).await.text().await.unwrap();
    assert!(html.contains("action=\"/sign-in/code\"") && html.contains("one-time-code"), "{html}");

    let enter = async |code: &str| {
        let request =
            client.request(Method::POST, "/sign-in/code").header("cookie", format!("iutsai-ticket={ticket}"));
        send(request.form(&[("code", code), ("next", "/admin/people")])).await
    };
    let refused = enter("000").await;
    assert_eq!(header(&refused, "location"), "/sign-in?step=code&problem=code&next=%2Fadmin%2Fpeople");
    let entered = enter(protected.code(1).as_str()).await;
    assert_eq!(header(&entered, "location"), "/admin/people");
    let session = header(&entered, "set-cookie").split(';').next().unwrap().to_owned();
    let request = client.request(Method::GET, "/api/session").header("cookie", session);
    assert_eq!(client.send::<Resident>(request).await?.ok()?.name, ADMINISTRATOR);
    let again = enter(protected.recovery_codes[0].as_str()).await;
    assert_eq!(header(&again, "location"), "/sign-in?problem=expired&next=%2Fadmin%2Fpeople");
    Ok(())
}

#[tokio::test]
async fn new_recovery_codes_and_turning_it_off_need_the_password_and_a_code() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let old = protect(&office).await.recovery_codes;
    let used = old[0].as_str();
    for act in ["codes", "off"] {
        for (password, code, problem) in [
            ("", used, "sign-in-refused"),
            ("guess", used, "sign-in-refused"),
            (PASSWORD, "1", "code-refused"),
        ] {
            let to = led_to(&office, &[("act", act), ("password", password), ("code", code)]).await;
            assert_eq!(to, format!("/me/sign-in?problem={problem}"), "{act}");
        }
    }
    let renewed = act(&office, &[("act", "codes"), ("password", PASSWORD), ("code", used)]).await;
    let new = recovery_codes(renewed).await;
    assert_eq!(refusal(&client, Some(&old[1])).await, is_refused("code-refused"), "the old codes are gone");
    let off = led_to(&office, &[("act", "off"), ("password", PASSWORD), ("code", new[0].as_str())]).await;
    assert_eq!(off, "/me/sign-in?done=off");
    sign_in(&client, ADMINISTRATOR).await?;
    let resident = sign_in(&client, CALLER).await?;
    let begin = led_to(&resident, &[("act", "begin"), ("password", PASSWORD)]).await;
    assert_eq!(begin, "/me/sign-in?problem=not-yours", "residents have none");
    Ok(())
}

async fn people(session: &Session) -> (u16, String) {
    let response = send(session.request(Method::GET, "/api/people")).await;
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["type"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn where_it_is_required_an_administrator_sets_it_up_first_and_still_calls_from_the_own_flat() -> Outcome
{
    let server = program().env("IUTSAI_REQUIRE_SECOND_FACTOR", "1").start().await?;
    let client = server.client()?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let needed = (403, "/problems/second-factor-needed".to_owned());
    assert_eq!(people(&office).await, needed);
    for path in ["/", "/admin/people", "/devices"] {
        let response = send(office.request(Method::GET, path)).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "location")),
            (303, "/me/sign-in"),
            "{path}"
        );
    }
    assert!(page(&office, "/me/sign-in").await.contains("data-testid=\"required\""));

    let kim = person_of(&server, &client, "administrator", ("101-1", "1203"), "kim").await?;
    assert_eq!(people(&kim).await, needed);
    let (mut at_home, _) = kim.listen().await?;
    let id = kim.press(&kim.call("help")?, None).await?.ok()?.id;
    at_home.wait_for("the own call", |message| message.is_alert(id)).await?;

    protect(&office).await;
    assert_eq!(people(&office).await.0, 200);
    assert!(!page(&office, "/me/sign-in").await.contains("data-testid=\"required\""));
    protect(&kim).await;
    at_home.set_patience(Duration::from_secs(5));
    assert_eq!(
        at_home.ended().await?.code(),
        Some(1008),
        "the socket comes back with the rights of the office"
    );
    assert_eq!(people(&kim).await.0, 200);
    Ok(())
}

#[tokio::test]
async fn a_new_password_by_invitation_does_not_get_around_the_code() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let role = format!("/api/people/{NEIGHBOUR}/role");
    send(office.request(Method::POST, &role).json(&json!({ "role": "administrator" }))).await;
    let codes = protect(&sign_in(&client, NEIGHBOUR).await?).await.recovery_codes;
    let reset = office.request(Method::POST, &format!("/api/people/{NEIGHBOUR}/reset")).json(&json!({}));
    let made: Value = send(reset).await.json().await.unwrap();
    let path = format!("/join/{}", made["invitations"][0]["code"].as_str().unwrap());
    let joined =
        send(client.request(Method::POST, &path).json(&json!({ "password": "correct horse" }))).await;
    assert_eq!(joined.status().as_u16(), 401);
    let problem: Value = joined.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/code-needed");
    client.sign_in_with_code(NEIGHBOUR, "correct horse", Some(&codes[0])).await?;
    Ok(())
}

#[tokio::test]
async fn the_operator_resets_it_for_somebody_who_lost_phone_and_codes() -> Outcome {
    let (server, client) = server_and_client().await?;
    protect(&sign_in(&client, ADMINISTRATOR).await?).await;
    assert_eq!(refusal(&client, None).await, is_refused("code-needed"));
    let reset = || {
        std::process::Command::new(crate::support::path())
            .args(["accounts", "reset-second-factor", "--name", ADMINISTRATOR, "--data-dir"])
            .arg(server.data_dir())
            .env_remove("DATABASE_URL")
            .output()
            .unwrap()
    };
    assert_eq!(String::from_utf8_lossy(&reset().stdout), "admin signs in without a code now\n");
    sign_in(&client, ADMINISTRATOR).await?;
    let again = reset();
    assert!(!again.status.success());
    assert_eq!(String::from_utf8_lossy(&again.stderr), "iutsai: admin has no second factor\n");
    Ok(())
}

/// The program on this directory, with keys for the secrets.
fn with_keys(directory: &std::path::Path, keys: &str) -> Program {
    program().data_dir(directory).env("IUTSAI_SECOND_FACTOR_KEYS", keys)
}

/// Returns the secret of the only second factor as the database keeps it.
async fn kept_secret(server: &Server) -> Vec<u8> {
    let file = SqliteConnectOptions::new().filename(server.data_dir().join("iutsai.db"));
    let mut database = SqliteConnection::connect_with(&file).await.unwrap();
    let row = sqlx::query("SELECT secret FROM second_factors").fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    row.get("secret")
}

/// Signs the administrator in with a code of the app, as if none had been used before.
async fn enters(server: &Server, protected: &Protected) -> Outcome {
    change_accounts(server, "UPDATE second_factors SET last_step = 0").await;
    let code = protected.code(0);
    server.client()?.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&code)).await.map(drop)
}

#[tokio::test]
async fn a_secret_is_sealed_at_the_first_code_after_there_is_a_key_also_in_a_backup() -> Outcome {
    let places = tempfile::tempdir().unwrap();
    let [here, there, backup] = ["here", "there", "backup"].map(|name| places.path().join(name));
    let first = with_keys(&here, "").start().await?;
    let protected = protect(&sign_in(&first.client()?, ADMINISTRATOR).await?).await;
    assert_eq!(kept_secret(&first).await, protected.secret, "without a key it is kept as it is");
    first.end().await?;

    let second = with_keys(&here, KEY).start().await?;
    assert_eq!(kept_secret(&second).await, protected.secret, "nobody has used a code yet");
    enters(&second, &protected).await?;
    let sealed = kept_secret(&second).await;
    assert!(sealed.len() > protected.secret.len());
    assert!(!sealed.windows(8).any(|part| protected.secret.starts_with(part)));
    enters(&second, &protected).await?;
    assert_eq!(kept_secret(&second).await, sealed);
    let (done, _, errors) = iutsai(second.data_dir(), &["backup", backup.to_str().unwrap()]);
    assert!(done, "{errors}");
    second.end().await?;

    let (done, _, errors) = iutsai(&there, &["restore", backup.to_str().unwrap()]);
    assert!(done, "{errors}");
    let restored = with_keys(&there, &format!("{NEW_KEY},{KEY}")).start().await?;
    enters(&restored, &protected).await?;
    assert_ne!(kept_secret(&restored).await, sealed, "it is sealed by the first key");
    restored.end().await?;
    let rotated = with_keys(&there, NEW_KEY).start().await?;
    enters(&rotated, &protected).await?;
    Ok(())
}

#[tokio::test]
async fn without_the_key_of_a_secret_a_recovery_code_still_signs_in() -> Outcome {
    let places = tempfile::tempdir().unwrap();
    let first = with_keys(places.path(), KEY).start().await?;
    let protected = protect(&sign_in(&first.client()?, ADMINISTRATOR).await?).await;
    assert_ne!(kept_secret(&first).await, protected.secret, "a new secret is sealed at once");
    first.end().await?;

    let second = with_keys(places.path(), NEW_KEY).start().await?;
    change_accounts(&second, "UPDATE second_factors SET last_step = 0").await;
    let client = second.client()?;
    let code = protected.code(0);
    assert_eq!(refusal(&client, Some(&code)).await.0, 503);
    assert!(second.log()?.contains("IUTSAI_SECOND_FACTOR_KEYS"), "the log names the setting");
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&protected.recovery_codes[0])).await?;
    Ok(())
}
