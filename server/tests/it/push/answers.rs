//! The server's reaction to each class of a push service's answers.

use std::time::Duration;

use super::{
    NO_MORE_WITHIN,
    phone::{Phone, devices},
    press, server_and_service,
    service::Answer,
};
use crate::support::{CALLER, NEIGHBOUR, Outcome, sign_in};

#[tokio::test]
async fn a_device_that_its_push_service_does_not_know_is_removed() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let caller = sign_in(&client, CALLER).await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    for (path, status) in [("/404", 404), ("/410", 410), ("/413", 413)] {
        Phone::of(&neighbour, &service, path).await?;
        service.answer(path, &[Answer::Status(status)]);
    }
    let (kept, device) = Phone::of(&neighbour, &service, "/201").await?;
    press(&caller).await?;
    for path in ["/404", "/410", "/413", "/201"] {
        service.wait_for(path, 1).await;
    }
    let listed =
        || async { devices(&neighbour).await.map(|all| all.iter().map(|one| one.id).collect::<Vec<_>>()) };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while listed().await?.len() > 2 {
        assert!(tokio::time::Instant::now() < deadline, "{:?}", devices(&neighbour).await?);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        listed().await?.contains(&device.id),
        "one that works stays, and so does one whose message was refused"
    );
    tokio::time::sleep(NO_MORE_WITHIN).await;
    for path in ["/404", "/410", "/413", &kept.path] {
        assert_eq!(service.at(path).len(), 1, "{path} is not asked again");
    }
    Ok(())
}

#[tokio::test]
async fn a_push_service_that_is_busy_broken_or_silent_is_asked_again() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let caller = sign_in(&client, CALLER).await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    for (path, answers) in [
        ("/busy", [Answer::Later(3), Answer::Status(201)]),
        ("/broken", [Answer::Status(500), Answer::Status(201)]),
        ("/silent", [Answer::Silence, Answer::Status(201)]),
    ] {
        Phone::of(&neighbour, &service, path).await?;
        service.answer(path, &answers);
    }
    press(&caller).await?;
    let busy = service.wait_for("/busy", 2).await;
    assert!(busy[1].at - busy[0].at >= Duration::from_secs(3), "Retry-After is honoured");
    service.wait_for("/broken", 2).await;
    let silent = service.wait_for("/silent", 2).await;
    assert_eq!(silent[0].body, silent[1].body, "it is the same message");
    assert_eq!(silent[0].header("topic"), silent[1].header("topic"));
    assert_eq!(devices(&neighbour).await?.len(), 3, "none of them is removed");
    tokio::time::sleep(NO_MORE_WITHIN).await;
    for path in ["/busy", "/broken", "/silent"] {
        assert_eq!(service.at(path).len(), 2, "{path}");
    }
    Ok(())
}
