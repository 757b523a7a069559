//! The memory of the program at rest.

use std::time::Duration;

use testkit::measure::memory::Memory;

use crate::support::{CALLER, NEIGHBOUR, Outcome, server_and_client, sign_in};

/// The most memory at rest, in octets. The check of one password alone takes 19 MiB more.
const AT_REST: u64 = 72 * 1024 * 1024;

#[tokio::test]
async fn the_memory_for_passwords_goes_back_to_the_system() -> Outcome {
    let (server, client) = server_and_client().await?;
    for name in [CALLER, NEIGHBOUR, CALLER] {
        sign_in(&client, name).await?;
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let Memory { now, .. } = Memory::of(&server.process()?)?;
        if now < AT_REST {
            return Ok(());
        }
        assert!(tokio::time::Instant::now() < deadline, "{} MiB at rest", now / (1024 * 1024));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
