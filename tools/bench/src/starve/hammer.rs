//! Sign-ins without an end: names that nobody has, so that each costs the server a whole hash and none is put off by the
//! limit on failures.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::{runtime::Runtime, task::JoinSet};
use uuid::Uuid;

use testkit::{Error, client::Client};

/// Those who try to sign in.
pub(super) struct Hammer {
    trying: JoinSet<()>,
    refused: Arc<AtomicU64>,
}

impl Hammer {
    /// Lets so many try at once, on the threads of `load`.
    pub(super) fn start(load: &Runtime, client: &Client, at_once: u32) -> Self {
        let (mut trying, refused) = (JoinSet::new(), Arc::<AtomicU64>::default());
        for _ in 0..at_once {
            trying.spawn_on(try_for_ever(client.clone(), refused.clone()), load.handle());
        }
        Self { trying, refused }
    }

    /// How often the answer was that nobody has this name and password.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Ends it.
    pub(super) async fn stop(mut self) {
        self.trying.shutdown().await;
    }
}

async fn try_for_ever(client: Client, refused: Arc<AtomicU64>) {
    loop {
        match client.sign_in(&format!("nobody-{}", Uuid::now_v7()), "not a password").await {
            Err(Error::Refused { problem, .. }) if problem.status == 401 => {
                refused.fetch_add(1, Relaxed);
            }
            // A server that has no time for sign-ins may say so, or let them wait too long.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            Ok(_) => panic!("a name that was made up is signed in"),
        }
    }
}
