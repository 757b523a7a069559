//! A service that is away, accounts that it does not open, and what people read then.

use std::time::{Duration, Instant};

use app::i18n::{I18nLocaleTrait, Locale};
use reqwest::Response;

use super::{
    ADMINISTRATOR, CALLER, Method, Mood, NEIGHBOUR, Outcome, PASSWORD, Service, Signed, begin, come_back,
    header, json, led_to, page, program, records, send, sign_in, signed_in, with_claims, with_service,
};
use crate::service_sign_in::housing;

/// Every word of the sign-in page about the service.
const WORDS: [&str; 9] = [
    "service-away",
    "service-refused",
    "service-unreadable",
    "service-cancelled",
    "service-expired",
    "service-unknown",
    "service-other",
    "service-office",
    "locked",
];

#[tokio::test]
async fn a_service_that_is_away_leaves_the_password() -> Outcome {
    let failing = Service::start().await;
    failing.set_mood(Mood::Failing);
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    for issuer in [failing.issuer(), dead] {
        let server = housing::settings(program(), &issuer).start().await?;
        let client = server.client()?;
        let away = send(client.request(Method::GET, "/sign-in/service?next=%2Fcall")).await;
        assert_eq!(led_to(&away), "/sign-in?problem=service-away&next=%2Fcall");
        assert_eq!(header(&away, "set-cookie"), "");
        let html = page(&client, "/sign-in?problem=service-away&next=%2Fcall").await;
        assert!(html.contains("use your name and password") && html.contains("name=\"password\""), "{html}");
        sign_in(&client, CALLER).await?;
    }
    Ok(())
}

/// Returns an answer with the time at which it came.
async fn timed(answer: impl Future<Output = Response>) -> (Response, Instant) {
    (answer.await, Instant::now())
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up_and_keeps_nobody_from_signing_in_with_a_password() -> Outcome {
    let (service, _server, client) = with_service().await;
    let begun = begin(&client, "/call").await;
    let asked = service.asked(&begun.address);
    let code = service.sign_in(&asked, &json!({}), Signed::Rs256);
    service.set_mood(Mood::Silent);
    let answer = [("code", code.as_str()), ("state", asked.state.as_str())];
    // More than may sign in with a password at once.
    let hanging = (0..8).map(|_| timed(come_back(&client, &begun.cookie, &answer)));
    let hanging = futures_util::future::join_all(hanging);
    let by_password = async {
        while service.hanging() < 8 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (sign_in(&client, NEIGHBOUR).await, Instant::now())
    };
    let (given_up, (session, entered_at)) = tokio::join!(hanging, by_password);
    session?;
    assert!(given_up.iter().all(|(_, at)| entered_at < *at), "the password waited for the service");
    for (response, _) in &given_up {
        assert_eq!(led_to(response), "/sign-in?problem=service-away&next=%2Fcall");
        assert_eq!(signed_in(&client, response).await, None);
    }
    Ok(())
}

#[tokio::test]
async fn somebody_without_an_account_or_with_a_locked_one_does_not_get_in_and_none_is_made() -> Outcome {
    let (service, mut server, client) = with_service().await;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let people = async || {
        let response = send(office.request(Method::GET, "/api/people")).await;
        response.text().await.unwrap()
    };
    let lock = format!("/api/people/{NEIGHBOUR}/lock");
    assert!(send(office.request(Method::POST, &lock).json(&json!({}))).await.status().is_success());
    let before = people().await;
    for (name, problem) in [
        ("somebody new", "service-unknown"),
        ("Resident-1203", "service-unknown"),
        (" resident-1203", "service-unknown"),
        (NEIGHBOUR, "locked"),
    ] {
        let claims = json!({ "sub": format!("of {name}"), "preferred_username": name });
        let refused = with_claims(&client, &service, &claims, Signed::Rs256).await;
        assert_eq!(led_to(&refused), format!("/sign-in?problem={problem}&next=%2F"), "{name}");
        assert_eq!(signed_in(&client, &refused).await, None, "{name}");
    }
    assert_eq!(people().await, before, "no account is made");
    client.sign_in(NEIGHBOUR, PASSWORD).await.unwrap_err();

    server.terminate().await?;
    assert_eq!(records(&server, "account-locked", NEIGHBOUR), 1, "both refusals are counted in one record");
    assert_eq!(records(&server, "service-linked", ""), 0);
    Ok(())
}

#[tokio::test]
async fn a_person_who_cancels_at_the_service_and_each_failure_get_words_in_every_language() -> Outcome {
    let (service, _server, client) = with_service().await;
    for (error, problem) in [("access_denied", "service-cancelled"), ("server_error", "service-refused")] {
        let begun = begin(&client, "/call").await;
        let asked = service.asked(&begun.address);
        let answer = [("error", error), ("state", asked.state.as_str())];
        let cancelled = come_back(&client, &begun.cookie, &answer).await;
        assert_eq!(led_to(&cancelled), format!("/sign-in?problem={problem}&next=%2Fcall"));
    }
    for &locale in Locale::get_all() {
        let language = Locale::as_str(locale);
        for word in WORDS {
            let path = format!("/sign-in?problem={word}");
            let request = client.request(Method::GET, &path).header("accept-language", language);
            let html = send(request).await.text().await.unwrap();
            assert!(html.contains("role=\"alert\""), "{word} in {language}");
            assert!(html.contains("data-testid=\"by-service\""), "{word} in {language}");
        }
    }
    Ok(())
}
