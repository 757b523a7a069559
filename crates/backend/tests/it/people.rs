//! Houses, invitations and the acts of the office on a real SQLite file.

use backend::{
    audit::By,
    people::{
        PeopleError,
        accounts::{AccountError, Accounts, NewAccount},
        displays::{Displays, Found},
        import::ImportError,
        invitations::{CONSENT_VERSION, Code, Invitation, JoinError, Joining, Whom},
        office::Refused,
    },
};
use domain::{House, Line, Role};

use crate::support::database;

const TABLE: &[u8] =
    b"building,line,house,neighbours\n101,101-1,1203,101-2\n101,101-1,1204,\n101,101-2,501,\n";

async fn accounts(directory: &tempfile::TempDir) -> Accounts {
    Accounts::new(database(directory.path()).await)
}

/// Accounts with the houses of [`TABLE`] and one administrator.
async fn complex(directory: &tempfile::TempDir) -> Accounts {
    let accounts = accounts(directory).await;
    let preview = accounts.preview(TABLE).await.expect("a preview");
    accounts.import(TABLE, &preview.digest).await.expect("it is imported");
    let (name, password) = ("office".to_owned(), "correct horse".to_owned());
    let office = NewAccount { name, password, line: None, house: None, role: Role::Administrator };
    accounts.create(office).await.expect("it is made");
    accounts
}

fn flat() -> (Line, House) {
    (Line::new("101-1").expect("a line"), House::new("1203").expect("a house"))
}

async fn invitation(accounts: &Accounts) -> Invitation {
    let (line, house) = flat();
    let made = accounts.invite(&Whom::House(line, house), "office").await.expect("it is made");
    made.into_iter().next().expect("one")
}

fn joining(name: &str) -> Joining {
    Joining {
        name: name.into(),
        password: "correct horse".into(),
        consent: Some(CONSENT_VERSION.into()),
        consent_text: "the words".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_whole_and_the_neighbours_are_so_in_both_directions() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = complex(&directory).await;
    let complex = accounts.complex().await.expect("answered");
    let lines: Vec<_> = complex.lines.iter().map(|of| (of.line.as_str(), of.houses.len())).collect();
    assert_eq!(lines, [("101-1", 2), ("101-2", 1)]);
    assert!(complex.lines.iter().all(|of| of.building == "101" && of.neighbours.len() == 1));
    assert_eq!(complex.without_flat.len(), 1);
    let outdated = accounts.import(b"line\n101-9\n", "another digest").await;
    assert!(matches!(outdated, Err(ImportError::Outdated)));
    assert_eq!(accounts.complex().await.expect("answered"), complex);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_use_a_code_at_once_one_joins() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = complex(&directory).await;
    let code = invitation(&accounts).await.code;
    let (one, other) =
        tokio::join!(accounts.join(&code, joining("kim")), accounts.join(&code, joining("lee")));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
    assert!(matches!(accounts.invited(&code).await, Err(JoinError::Used)));
    let never = Code::read("0000-0000-0000").expect("a code");
    assert!(matches!(accounts.invited(&never).await, Err(JoinError::Unknown)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_the_code_usable_and_the_consent_is_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = complex(&directory).await;
    let code = invitation(&accounts).await.code;
    let taken = accounts.join(&code, joining("office")).await;
    assert!(matches!(taken, Err(JoinError::Account(AccountError::Taken(_)))), "{taken:?}");
    let silent = accounts.join(&code, Joining { consent: None, ..joining("kim") }).await;
    assert!(matches!(silent, Err(JoinError::Consent)), "{silent:?}");
    let kim = accounts.join(&code, joining("kim")).await.expect("the code can still be used");
    let (line, house) = flat();
    assert_eq!(kim.flat(), Some((&line, &house)));
    let complex = accounts.complex().await.expect("answered");
    assert!(complex.lines[0].houses[0].residents[0].consented_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_account_is_named_locked_only_to_the_right_password() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = complex(&directory).await;
    let code = invitation(&accounts).await.code;
    accounts.join(&code, joining("kim")).await.expect("joined");
    accounts.lock("kim").await.expect("locked");
    assert!(matches!(accounts.verify("kim", "correct horse").await, Err(PeopleError::Locked)));
    assert!(matches!(accounts.verify("kim", "wrong horse").await, Ok(None)));
    assert!(matches!(accounts.reset("kim", "office").await, Err(Refused::Locked(_))));
    accounts.unlock("kim").await.expect("unlocked");
    assert!(matches!(accounts.verify("kim", "correct horse").await, Ok(Some(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_and_an_inhabited_line_stay() {
    let directory = tempfile::tempdir().expect("a directory");
    let accounts = complex(&directory).await;
    let code = invitation(&accounts).await.code;
    accounts.join(&code, joining("kim")).await.expect("joined");
    let before = accounts.complex().await.expect("answered");
    let (line, house) = flat();
    assert!(matches!(accounts.lock("office").await, Err(Refused::LastAdministrator(_))));
    assert!(matches!(accounts.move_out("office").await, Err(Refused::LastAdministrator(_))));
    assert!(matches!(accounts.set_role("office", Role::Resident).await, Err(Refused::NoFlat(_))));
    assert!(matches!(accounts.remove_line(&line).await, Err(Refused::Occupied { residents: 1, .. })));
    assert!(matches!(accounts.remove_house(&line, &house).await, Err(Refused::Occupied { .. })));
    assert!(matches!(accounts.move_out("nobody").await, Err(Refused::NoSuchPerson(_))));
    assert_eq!(accounts.complex().await.expect("answered"), before, "nothing is changed");
    accounts.move_out("kim").await.expect("moved out");
    accounts.remove_line(&line).await.expect("nobody is left there");
    let after = accounts.complex().await.expect("answered");
    assert_eq!(after.lines.len(), 1);
    assert!(after.lines[0].neighbours.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_display_is_known_by_its_token_until_it_is_revoked() {
    let directory = tempfile::tempdir().expect("a directory");
    let displays = Displays::open(database(directory.path()).await).await;
    let office = By::account("office", [127, 0, 0, 1].into());
    let long = "x".repeat(65);
    for name in ["", "  ", "a\u{202e}b", long.as_str()] {
        let refused = displays.make(name, &office).await.expect_err("no name");
        assert!(matches!(refused, Refused::Invalid(_)), "{name:?}: {refused}");
    }
    let made = displays.make(" wall ", &office).await.expect("it is made");
    assert_eq!(made.display.name, "wall");
    let id = made.display.id.clone();
    assert_eq!(displays.find(made.token.as_str()), Found::Known(id.clone()));
    assert_eq!(displays.name(&id).as_deref(), Some("wall"));
    assert_eq!(displays.find(&"x".repeat(43)), Found::Unknown);
    displays.seen(&id).await.expect("it is noted");
    let listed = displays.list().await.expect("a list");
    assert_eq!(listed.len(), 1);
    assert!(listed[0].seen_at.is_some() && listed[0].made_by == "office");
    assert!(!format!("{made:?}").contains(made.token.as_str()));

    let watching = displays.clone();
    let watched = id.clone();
    let revoked = tokio::spawn(async move { watching.revoked(&watched).await });
    assert_eq!(displays.revoke(&id, &office).await.expect("it is revoked"), "wall");
    revoked.await.expect("the one that watches learns of it");
    assert_eq!(displays.find(made.token.as_str()), Found::Unknown);
    let refused = displays.revoke(&id, &office).await.expect_err("it is gone");
    assert!(matches!(refused, Refused::NoSuchDisplay(_)), "{refused}");
}
