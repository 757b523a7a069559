//! The addresses for operators, which are health, readiness, metrics and the OpenAPI document.

use crate::support::{ADMINISTRATOR, CALLER, Outcome, header, program, send, server_and_client, sign_in};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_running_server_is_alive_and_each_role_is_ready() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let alive: Value = client.send(client.request(Method::GET, "/healthz")).await?.ok()?;
    assert_eq!(alive, json!({ "status": "ok" }));
    let ready: Value = client.send(client.request(Method::GET, "/readyz")).await?.ok()?;
    for role in ["web", "producer", "fanout"] {
        assert_eq!(ready[role]["state"], "ready", "{ready}");
    }
    // It need not have caught up for calls to be taken.
    let counts = ready["statistics"]["state"].as_str();
    assert!(counts.is_some_and(|state| ["ready", "degraded"].contains(&state)), "{ready}");
    Ok(())
}

#[tokio::test]
async fn metrics_need_an_administrator() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    assert_eq!(client.send::<()>(client.request(Method::GET, "/metrics")).await?.status, 401);
    assert_eq!(client.send::<()>(caller.request(Method::GET, "/metrics")).await?.status, 403);
    caller.press(&caller.call("")?, None).await?.ok()?;
    let (_socket, _) = caller.listen().await?;
    let response = send(sign_in(&client, ADMINISTRATOR).await?.request(Method::GET, "/metrics")).await;
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    for line in [
        "iutsai_sockets 1",
        "iutsai_subscriptions 1",
        "axum_http_requests_total{method=\"POST\",status=\"202\",endpoint=\"/alert\"} 1",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is not in {text}");
    }
    Ok(())
}

#[tokio::test]
async fn metrics_are_free_on_an_address_of_their_own() -> Outcome {
    let server = program().env("IUTSAI_METRICS_LISTEN", "127.0.0.1:0").start().await?;
    let log = server.log()?;
    let shown = log.lines().find_map(|line| line.split_once("metrics are served freely on ")).unwrap().1;
    let address = shown.trim_end_matches("/metrics");
    let metrics = testkit::client::Client::new(address)?;
    let response = send(metrics.request(Method::GET, "/metrics")).await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-type").split(';').next()),
        (200, Some("text/plain"))
    );
    assert_eq!(send(metrics.request(Method::GET, "/healthz")).await.status(), 404);
    Ok(())
}

#[tokio::test]
async fn every_path_of_the_openapi_document_is_there() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let document: Value = client.send(client.request(Method::GET, "/openapi.json")).await?.ok()?;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 45);
    for (path, item) in paths {
        let address = path.replace("{id}", "0190f8a0-0000-7000-8000-000000000000");
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let status = send(client.request(method.clone(), &address)).await.status().as_u16();
            assert!(![404, 405].contains(&status), "{method} {path}: {status}");
        }
    }
    let cancel = &document["paths"]["/alert/{id}/cancel"]["post"];
    let parameters: Vec<_> =
        cancel["parameters"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert!(["id", "house", "line"].iter().all(|name| parameters.contains(&&Value::from(*name))));
    // The problems of one status are listed together.
    for (status, problems) in
        [("409", ["no-open-call", "several-calls"]), ("503", ["not-durable", "unavailable"])]
    {
        let description = cancel["responses"][status]["description"].as_str().unwrap();
        assert!(problems.iter().all(|problem| description.contains(problem)), "{description}");
    }
    let known = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(known.contains_key(name), "{name} is not among the schemas");
    }
    Ok(())
}
