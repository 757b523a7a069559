//! Accounts and sessions on a real SQLite file.

use backend::{
    delivery::outbox::{Outbox, Purpose},
    people::accounts::{AccountError, Accounts, DEMO_PASSWORD, DEMO_RESIDENTS, NewAccount},
    people::sessions::{Device, SessionChange, SessionId, Sessions},
};
use domain::{House, Line, Role};

use crate::support::database;

fn account(name: &str) -> NewAccount {
    NewAccount {
        name: name.into(),
        password: "correct horse".into(),
        line: Line::new("101-1").ok(),
        house: House::new("1203").ok(),
        role: Role::Resident,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_name_with_the_right_password_signs_in() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = Accounts::new(database(directory.path()).await);
    let made = accounts.create(account("김이웃")).await.expect("it is made");
    assert_eq!(accounts.verify("김이웃", "correct horse").await.expect("answered"), Some(made));
    assert_eq!(accounts.verify("김이웃", "wrong horse").await.expect("answered"), None);
    assert_eq!(accounts.verify("nobody", "correct horse").await.expect("answered"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_is_refused_with_the_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = Accounts::new(database(directory.path()).await);
    accounts.create(account("one")).await.expect("it is made");
    assert!(matches!(accounts.create(account("one")).await, Err(AccountError::Taken(_))));
    let short = NewAccount { password: "short".into(), ..account("two") };
    assert!(matches!(accounts.create(short).await, Err(AccountError::Invalid(_))));
    let homeless = NewAccount { line: None, house: None, ..account("three") };
    assert!(matches!(accounts.create(homeless).await, Err(AccountError::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_an_invisible_character_is_refused_with_the_character() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = Accounts::new(database(directory.path()).await);
    let cases = [
        ("the name", NewAccount { name: "김\u{202e}이웃".into(), ..account("") }),
        ("the name", NewAccount { name: "김\0이웃".into(), ..account("") }),
        ("the line", NewAccount { line: Line::new("101\u{200b}-1").ok(), ..account("one") }),
        ("the house", NewAccount { house: House::new("1203\u{202e}").ok(), ..account("one") }),
    ];
    for (what, account) in cases {
        let error = accounts.create(account).await.expect_err("it is refused").to_string();
        assert!(error.starts_with(what) && error.contains("U+"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_account_can_have_signs_nobody_in() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = Accounts::new(database(directory.path()).await);
    for name in ["", "\0", "resident\0", "\u{fffd}", "a".repeat(129).as_str()] {
        assert_eq!(accounts.verify(name, "correct horse").await.expect("answered"), None, "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_complex_is_made_only_where_nobody_lives_yet() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = Accounts::new(database(directory.path()).await);
    accounts.furnish_demo().await.expect("it is made");
    accounts.furnish_demo().await.expect("nothing happens");
    let lines: Vec<String> = accounts.lines().await.expect("answered").iter().map(Line::to_string).collect();
    assert_eq!(lines, ["101-1", "101-2"]);
    assert!(accounts.has_demo().await.expect("answered"));
    for (name, flat) in DEMO_RESIDENTS {
        let resident = accounts.verify(name, DEMO_PASSWORD).await.expect("answered").expect(name);
        assert_eq!(resident.flat().map(|(line, house)| (line.as_str(), house.as_str())), flat);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_several_processes_make_at_once_is_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let (one, other) =
        (Accounts::new(database(directory.path()).await), Accounts::new(database(directory.path()).await));
    let (made, made_too) = tokio::join!(one.furnish_demo(), other.furnish_demo());
    made.expect("it is made");
    made_too.expect("who was slower finds it made");
    for (name, _) in DEMO_RESIDENTS {
        let known = one.verify(name, DEMO_PASSWORD).await.expect("answered");
        assert!(known.is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_with_its_token_until_it_ends_and_watchers_are_notified() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = database(directory.path()).await;
    let resident = Accounts::new(database.clone()).create(account("one")).await.expect("it is made");
    let outbox = Outbox::open(directory.path(), Purpose::Log, |_| {}).await.expect("it opens");
    let sessions = Sessions::open(database, outbox, false).await;
    let mut changes = sessions.watch_changes();
    let token = sessions.start(&resident, &Device::default()).await.expect("signed in");
    assert!(!format!("{token:?}").contains(token.as_str()));
    let session = sessions.find(token.as_str()).await.expect("answered").expect("it opens");
    assert_eq!((&*session.resident, &session.id), (&resident, &SessionId::of_token(token.as_str())));
    assert_eq!(sessions.known(token.as_str()), Some(resident));
    assert!(sessions.knows(token.as_str()) && !sessions.knows("another token"));
    assert!(sessions.find("another token").await.expect("answered").is_none());
    sessions.end(token.as_str()).await.expect("ended");
    assert!(sessions.find(token.as_str()).await.expect("answered").is_none());
    assert!(!sessions.knows(token.as_str()));
    assert_eq!(changes.recv().await.expect("reported"), SessionChange::Ended(session.id));
}
