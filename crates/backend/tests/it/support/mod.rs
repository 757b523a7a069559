//! The whole backend as a node that is its own log, for the tests beside this.

use std::{path::Path, time::Duration};

use backend::{
    database::Database,
    people::seal::Seal,
    push::{self, Hosts},
    readiness::RoleState,
    retention::Clocks,
    service::{Backend, Settings},
    statistics::Iana,
};
use tokio::{runtime::Handle, time::timeout};

/// The address of the SQLite file of a test's directory.
pub(crate) fn url(directory: &Path) -> String {
    format!("sqlite://{}?mode=rwc", directory.join("iutsai.db").display())
}

/// Opens the SQLite file of a test's directory.
pub(crate) async fn database(directory: &Path) -> Database {
    Database::open(&url(directory)).await.expect("it opens")
}

/// A backend with every role, ready.
pub(crate) async fn backend(directory: &Path) -> Backend {
    let settings = Settings {
        data_dir: directory.to_owned(),
        database_url: url(directory),
        kafka: None,
        producer: true,
        fanout: true,
        statistics: true,
        zone: Iana::named("Asia/Seoul").expect("a zone"),
        batch: None,
        push: push::Settings {
            hosts: Hosts::parse("loopback").expect("a host"),
            private_key: None,
            contact: None,
            site: None,
        },
        webhook: None,
        clocks: Clocks::default(),
        canary: None,
        demo: true,
        requires_second_factor: false,
        seal: Seal::default(),
        calls_runtime: Handle::current(),
        sockets_runtime: Handle::current(),
    };
    let backend = Backend::start(settings).await.expect("the backend starts");
    timeout(Duration::from_secs(30), backend.readiness.wait()).await.expect("the roles start");
    assert_eq!(backend.readiness.producer(), RoleState::Ready);
    assert_eq!(backend.readiness.fanout(), RoleState::Ready);
    backend
}
