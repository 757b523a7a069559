//! Answers that do not count: those of another attempt, used codes, and ID tokens that are not for this sign-in.

use super::{
    CALLER, CLIENT, Client, Outcome, Service, Signed, begin, come_back, header, housing, json, led_to, page,
    program, send, signed_in, with_claims, with_service,
};

/// The page with the reason for a token that is not accepted.
const REFUSED: &str = "/sign-in?problem=service-refused&next=%2F";
/// The page that asks to begin again.
const EXPIRED: &str = "/sign-in?problem=service-expired";

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_asked_and_its_code_once() -> Outcome {
    let (service, _server, client) = with_service().await;
    let (mine, other) = (begin(&client, "/").await, begin(&client, "/").await);
    let (asked, others) = (service.asked(&mine.address), service.asked(&other.address));
    assert_ne!(asked.state, others.state);
    let code = service.sign_in(&asked, &json!({}), Signed::Rs256);
    let right = [("code", code.as_str()), ("state", asked.state.as_str())];

    // Somebody leads this browser to an answer to an attempt of their own.
    for (cookie, answer) in [
        ("", right),
        ("iutsai-service=nonsense", right),
        (other.cookie.as_str(), right),
        (mine.cookie.as_str(), [("code", code.as_str()), ("state", "")]),
        (mine.cookie.as_str(), [("code", code.as_str()), ("state", others.state.as_str())]),
    ] {
        let refused = come_back(&client, cookie, &answer).await;
        assert!(led_to(&refused).starts_with(EXPIRED), "{cookie}: {}", led_to(&refused));
        assert_eq!(header(&refused, "set-cookie"), "", "the own attempt goes on");
    }
    // The verifier is in another browser, so a code that was stolen is worth nothing.
    let stolen = service.sign_in(&asked, &json!({ "nonce": null }), Signed::Rs256);
    let answer = [("code", stolen.as_str()), ("state", others.state.as_str())];
    assert_eq!(led_to(&come_back(&client, &other.cookie, &answer).await), REFUSED);

    let entered = come_back(&client, &mine.cookie, &right).await;
    assert_eq!(signed_in(&client, &entered).await.as_deref(), Some(CALLER));
    let again = come_back(&client, &mine.cookie, &right).await;
    assert_eq!(led_to(&again), REFUSED, "the code was used");
    assert_eq!(signed_in(&client, &again).await, None);
    Ok(())
}

#[tokio::test]
async fn an_id_token_that_is_not_for_this_sign_in_is_refused() -> Outcome {
    let (service, _server, client) = with_service().await;
    let now = housing::now();
    for (claims, signed) in [
        (json!({ "nonce": "another" }), Signed::Rs256),
        (json!({ "nonce": null }), Signed::Rs256),
        (json!({ "aud": "another client" }), Signed::Rs256),
        (json!({ "aud": [CLIENT, "another client"] }), Signed::Rs256),
        (json!({ "azp": "another client" }), Signed::Rs256),
        (json!({ "iss": "https://another.example" }), Signed::Rs256),
        (json!({ "exp": now - 1 }), Signed::Rs256),
        (json!({ "iat": now - 3_600 }), Signed::Rs256),
        (json!({ "iat": now + 3_600 }), Signed::Rs256),
        (json!({ "sub": "" }), Signed::Rs256),
        (json!({}), Signed::Not),
        (json!({}), Signed::Hs256),
        (json!({}), Signed::Wrongly),
    ] {
        let refused = with_claims(&client, &service, &claims, signed).await;
        assert_eq!(led_to(&refused), REFUSED, "{claims} {signed:?}");
        assert_eq!(signed_in(&client, &refused).await, None, "{claims} {signed:?}");
    }
    is_let_in(&client, &service).await;
    Ok(())
}

/// Signs in with a right token.
async fn is_let_in(client: &Client, service: &Service) {
    let azp = json!({ "azp": CLIENT, "aud": [CLIENT] });
    let entered = with_claims(client, service, &azp, Signed::Rs256).await;
    assert_eq!(signed_in(client, &entered).await.as_deref(), Some(CALLER));
}

#[tokio::test]
async fn keys_that_the_service_exchanges_are_fetched_and_others_are_refused() -> Outcome {
    let (service, _server, client) = with_service().await;
    is_let_in(&client, &service).await;
    service.exchange_keys("second", true);
    is_let_in(&client, &service).await;
    service.exchange_keys("third", false);
    let refused = with_claims(&client, &service, &json!({}), Signed::Rs256).await;
    assert_eq!(led_to(&refused), REFUSED);
    // The id of a key that is known, and another key.
    service.exchange_keys("second", false);
    let refused = with_claims(&client, &service, &json!({}), Signed::Rs256).await;
    assert_eq!(led_to(&refused), REFUSED);
    Ok(())
}

#[tokio::test]
async fn a_claim_of_the_operators_names_the_account() -> Outcome {
    let service = Service::start().await;
    let server = service.at(program()).env("IUTSAI_OIDC_CLAIM", "email").start().await?;
    let client = server.client()?;
    let begun = begin(&client, "/").await;
    assert_eq!(service.asked(&begun.address).scope, "openid profile email");
    for (claims, problem) in [
        (json!({}), "service-unknown"),
        (json!({ "email": CALLER, "email_verified": false }), "service-unknown"),
        // A token whose standard claims have other types cannot be read at all.
        (json!({ "email": [CALLER], "email_verified": true }), "service-unreadable"),
    ] {
        let refused = with_claims(&client, &service, &claims, Signed::Rs256).await;
        assert_eq!(led_to(&refused), format!("/sign-in?problem={problem}&next=%2F"), "{claims}");
    }
    let verified = json!({ "email": CALLER, "email_verified": true });
    let entered = with_claims(&client, &service, &verified, Signed::Rs256).await;
    assert_eq!(signed_in(&client, &entered).await.as_deref(), Some(CALLER));
    let page = send(client.request(reqwest::Method::GET, "/sign-in?problem=service-unknown")).await;
    assert!(page.text().await.unwrap().contains("role=\"alert\""), "the page gives the reason");
    Ok(())
}

#[tokio::test]
async fn a_claim_of_a_wrong_type_is_named_in_the_log_without_its_value_and_leaves_the_password() -> Outcome {
    let service = Service::start().await;
    let server = service.at(program()).env("IUTSAI_OIDC_CLAIM", "email").start().await?;
    let client = server.client()?;
    let wrong = json!({ "email": ["first-of-two@id.example"], "email_verified": true });
    for claims in [wrong, json!({ "email": 82_736_451, "email_verified": true })] {
        let refused = with_claims(&client, &service, &claims, Signed::Rs256).await;
        assert_eq!(led_to(&refused), "/sign-in?problem=service-unreadable&next=%2F", "{claims}");
        assert_eq!(signed_in(&client, &refused).await, None, "{claims}");
    }
    let html = page(&client, "/sign-in?problem=service-unreadable").await;
    for words in ["cannot be read", "use your name and password", "management office", "name=\"password\""] {
        assert!(html.contains(words), "{words} is not in {html}");
    }
    let log = server.log()?;
    let named = log.lines().filter(|line| line.contains("claim email")).count();
    assert_eq!(named, 2, "{log}");
    assert!(!log.contains("first-of-two") && !log.contains("82736451"), "{log}");
    Ok(())
}
