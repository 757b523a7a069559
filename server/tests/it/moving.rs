//! `iutsai move-database` where there is nothing to move, or no place to move it to. `cluster::postgres` has the move.

use crate::{
    statistics::iutsai,
    support::{CALLER, Outcome, server, sign_in},
};

/// A PostgreSQL address at which nobody listens.
const NOWHERE: &str = "postgres://iutsai@127.0.0.1:1/iutsai";

#[tokio::test]
async fn a_move_that_cannot_be_is_refused_and_the_node_goes_on_with_what_it_had() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let data_dir = server.data_dir().to_owned();
    let refused = |arguments: &[&str]| {
        let (done, out, errors) = iutsai(&data_dir, &[&["move-database"][..], arguments].concat());
        assert!(!done && out.is_empty(), "{arguments:?}: {errors}");
        errors
    };
    let errors = refused(&["--to", NOWHERE]);
    assert!(errors.contains("a move needs the server to be stopped"), "{errors}");
    server.terminate().await?;

    let errors = refused(&["--to", NOWHERE]);
    assert!(errors.contains("the new database: the database does not answer"), "{errors}");
    let elsewhere = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}?mode=rwc", elsewhere.path().join("new.db").display());
    let errors = refused(&["--to", file.as_str()]);
    assert!(errors.contains("--to must name an empty PostgreSQL database"), "{errors}");
    for from in [NOWHERE, "postgres://iutsai@127.0.0.1:2/iutsai"] {
        let errors = refused(&["--from", from, "--to", NOWHERE]);
        assert!(errors.contains("the accounts are in PostgreSQL already"), "{errors}");
    }
    let empty = elsewhere.path().to_str().unwrap();
    let errors = refused(&["--data-dir", empty, "--to", NOWHERE]);
    assert!(errors.contains("there is no file ") && errors.contains("--data-dir"), "{errors}");
    let made = std::fs::read_dir(elsewhere.path()).unwrap().count();
    assert_eq!(made, 0, "a refused move made a file");

    server.start_again().await?;
    let caller = caller.at(&server.client()?);
    caller.press(&caller.call("")?, None).await?.ok()?;
    server.end().await
}
