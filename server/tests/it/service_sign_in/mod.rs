//! Signing in by a housing service, which is a small OpenID provider of the tests' own.

mod failures;
mod housing;
mod tokens;

use domain::Resident;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::{client::Client, server::Server};
use url::form_urlencoded;

use self::housing::{CLIENT, Mood, SECRET, Service, Signed};
use crate::{
    second_factor::protect,
    support::{
        ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, command, header, program, send,
        server_and_client, sign_in,
    },
};

/// A browser on its way to the service.
struct Begun {
    /// Where it was led.
    address: String,
    /// The cookie that it keeps.
    cookie: String,
}

/// Begins a sign-in that is to lead on to `next`.
async fn begin(client: &Client, next: &str) -> Begun {
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let response = send(client.request(Method::GET, &format!("/sign-in/service?next={next}"))).await;
    assert_eq!(response.status().as_u16(), 303);
    assert_eq!(header(&response, "cache-control"), "no-store");
    let cookie = header(&response, "set-cookie").to_owned();
    for part in
        ["iutsai-service=", "; Path=/sign-in/service", "; Max-Age=600", "; HttpOnly", "; SameSite=Lax"]
    {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    Begun { address: header(&response, "location").to_owned(), cookie }
}

/// Brings the answer of the service back.
async fn come_back(client: &Client, cookie: &str, answer: &[(&str, &str)]) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
    let request = client.request(Method::GET, &format!("/sign-in/service/callback?{query}"));
    send(request.header("cookie", cookie)).await
}

/// Signs in with an ID token that has these claims; returns the last answer.
async fn with_claims(client: &Client, service: &Service, claims: &Value, signed: Signed) -> Response {
    let begun = begin(client, "/").await;
    let asked = service.asked(&begun.address);
    let code = service.sign_in(&asked, claims, signed);
    come_back(client, &begun.cookie, &[("code", code.as_str()), ("state", asked.state.as_str())]).await
}

/// Returns where an answer leads.
fn led_to(response: &Response) -> &str {
    assert_eq!(response.status().as_u16(), 303);
    header(response, "location")
}

/// The cookies that an answer sets, without their attributes.
fn cookies(response: &Response) -> Vec<String> {
    let all = response.headers().get_all("set-cookie").iter();
    all.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

/// Returns whom the session of an answer belongs to.
async fn signed_in(client: &Client, response: &Response) -> Option<String> {
    let session = cookies(response).into_iter().find(|cookie| cookie.starts_with("iutsai-session="))?;
    let request = client.request(Method::GET, "/api/session").header("cookie", session);
    let answer = client.send::<Resident>(request).await.unwrap();
    answer.ok().ok().map(|resident| resident.name)
}

async fn page(client: &Client, path: &str) -> String {
    let request = client.request(Method::GET, path).header("accept-language", "en");
    send(request).await.text().await.unwrap()
}

/// The records of the audit that are about an account, as lines.
fn records(server: &Server, act: &str, about: &str) -> usize {
    let (done, text) = command(server, &["audit", "export", "--reason", "a test"]);
    assert!(done, "{text}");
    text.lines().filter(|line| line.contains(act) && line.contains(about)).count()
}

async fn with_service() -> (Service, Server, Client) {
    let service = Service::start().await;
    let server = service.at(program()).start().await.expect("the program starts");
    let client = server.client().expect("an address");
    (service, server, client)
}

#[tokio::test]
async fn a_resident_signs_in_by_the_housing_service_and_goes_on_to_the_wanted_page() -> Outcome {
    let (service, server, client) = with_service().await;
    let html = page(&client, "/sign-in?next=%2Fcall%3Fkind%3Dfire").await;
    assert!(html.contains("/sign-in/service?next=%2Fcall%3Fkind%3Dfire"), "{html}");
    assert!(html.contains("Sign in with Our Home"), "{html}");

    for signed in [Signed::Rs256, Signed::Es256] {
        let begun = begin(&client, "/call?kind=fire&text=a b").await;
        let asked = service.asked(&begun.address);
        assert_eq!(asked.scope, "openid profile");
        let code = service.sign_in(&asked, &json!({}), signed);
        let answer = [("code", code.as_str()), ("state", asked.state.as_str()), ("session_state", "x")];
        let entered = come_back(&client, &begun.cookie, &answer).await;
        assert_eq!(led_to(&entered), "/call?kind=fire&text=a b", "{signed:?}");
        assert_eq!(header(&entered, "cache-control"), "no-store");
        assert_eq!(signed_in(&client, &entered).await.as_deref(), Some(CALLER));
        assert!(cookies(&entered).contains(&"iutsai-service=".to_owned()), "the attempt is over");
    }
    assert_eq!(records(&server, "service-linked", CALLER), 1, "the first sign-in links the two");
    Ok(())
}

#[tokio::test]
async fn a_sign_in_by_the_service_leads_to_no_other_site() -> Outcome {
    let (service, _server, client) = with_service().await;
    for foreign in ["//evil.example/", "https://evil.example/", "/\\evil.example"] {
        let begun = begin(&client, foreign).await;
        let asked = service.asked(&begun.address);
        let code = service.sign_in(&asked, &json!({}), Signed::Rs256);
        // The person may change the own cookie, too.
        let (attempt, _) = begun.cookie.split_once('~').unwrap();
        let changed = format!("{attempt}~%2F%2Fevil.example");
        for cookie in [begun.cookie.as_str(), changed.as_str()] {
            let answer = [("code", code.as_str()), ("state", asked.state.as_str())];
            let to = led_to(&come_back(&client, cookie, &answer).await).to_owned();
            assert!(to == "/" || to == "/sign-in?problem=service-refused", "{foreign}: {to}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn without_a_service_there_is_neither_an_address_nor_a_button() -> Outcome {
    let (_server, client) = server_and_client().await?;
    for path in ["/sign-in/service", "/sign-in/service?next=%2F", "/sign-in/service/callback?code=a&state=b"]
    {
        let response = send(client.request(Method::GET, path)).await;
        assert_eq!(response.status().as_u16(), 404, "{path}");
        assert_eq!(header(&response, "set-cookie"), "", "{path}");
    }
    assert!(!page(&client, "/sign-in").await.contains("/sign-in/service"));
    Ok(())
}

#[tokio::test]
async fn an_administrator_is_asked_for_the_code_as_after_a_password() -> Outcome {
    let (service, _server, client) = with_service().await;
    let office = json!({ "sub": "person-1", "preferred_username": ADMINISTRATOR });
    let without = with_claims(&client, &service, &office, Signed::Rs256).await;
    assert_eq!(led_to(&without), "/sign-in?problem=service-office&next=%2F");
    assert_eq!(signed_in(&client, &without).await, None);

    let protected = protect(&sign_in(&client, ADMINISTRATOR).await?).await;
    let asked = with_claims(&client, &service, &office, Signed::Rs256).await;
    assert_eq!(led_to(&asked), "/sign-in?step=code&next=%2F");
    assert_eq!(signed_in(&client, &asked).await, None, "the service stands for the password alone");
    let ticket = cookies(&asked).into_iter().find(|cookie| cookie.starts_with("iutsai-ticket=")).unwrap();
    let form = [("code", protected.recovery_codes[0].as_str()), ("next", "/")];
    let request = client.request(Method::POST, "/sign-in/code").header("cookie", ticket).form(&form);
    let entered = send(request).await;
    assert_eq!(led_to(&entered), "/");
    assert_eq!(signed_in(&client, &entered).await.as_deref(), Some(ADMINISTRATOR));
    Ok(())
}

#[tokio::test]
async fn an_account_stays_that_of_the_person_who_came_first_until_an_operator_unlinks_it() -> Outcome {
    let (service, server, client) = with_service().await;
    let first = with_claims(&client, &service, &json!({}), Signed::Rs256).await;
    assert_eq!(signed_in(&client, &first).await.as_deref(), Some(CALLER));
    let session = sign_in(&client, CALLER).await?;
    let held: Value = send(session.request(Method::GET, "/me/data.json")).await.json().await.unwrap();
    assert_eq!(held["service_subject"], "person-7", "the person sees the link");

    let heir = json!({ "sub": "person-8" });
    let renamed = json!({ "preferred_username": NEIGHBOUR });
    for other in [&heir, &renamed] {
        let refused = with_claims(&client, &service, other, Signed::Rs256).await;
        assert_eq!(led_to(&refused), "/sign-in?problem=service-other&next=%2F", "{other}");
        assert_eq!(signed_in(&client, &refused).await, None);
    }
    let (done, text) = command(&server, &["admin", "unlink-service", "--name", CALLER]);
    assert!(done && text.contains(CALLER), "{text}");
    assert!(!command(&server, &["admin", "unlink-service", "--name", CALLER]).0, "there is none any more");
    let second = with_claims(&client, &service, &heir, Signed::Rs256).await;
    assert_eq!(signed_in(&client, &second).await.as_deref(), Some(CALLER));
    assert_eq!(records(&server, "service-unlinked", CALLER), 1);
    Ok(())
}

#[tokio::test]
async fn neither_a_code_nor_a_token_nor_a_secret_is_logged() -> Outcome {
    let service = Service::start().await;
    let server = service.at(program()).env("RUST_LOG", "debug").start().await?;
    let client = server.client()?;
    let mut secrets = vec![SECRET.to_owned(), "s3cret-access".to_owned()];
    for claims in [json!({}), json!({ "nonce": "another" }), json!({ "sub": "person-8" })] {
        let begun = begin(&client, "/").await;
        let asked = service.asked(&begun.address);
        let code = service.sign_in(&asked, &claims, Signed::Rs256);
        secrets.extend(service.tokens());
        let (_, attempt) = begun.cookie.split_once('=').unwrap();
        let attempt = attempt.split('~').next().unwrap();
        secrets.extend(attempt.split('.').map(str::to_owned));
        for code in [code.as_str(), code.as_str(), "a made-up code"] {
            come_back(&client, &begun.cookie, &[("code", code), ("state", asked.state.as_str())]).await;
            secrets.push(code.to_owned());
        }
    }
    let log = server.log()?;
    assert!(log.contains("a sign-in by the housing service failed"), "{log}");
    let encoded = |secret: &String| form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
    secrets.extend(secrets.iter().map(encoded).collect::<Vec<_>>());
    let logged: Vec<_> = secrets.iter().filter(|secret| log.contains(secret.as_str())).collect();
    assert!(logged.is_empty(), "{logged:?} in {log}");
    Ok(())
}
