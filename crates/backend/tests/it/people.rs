//! Houses, invitations and the acts of the office on a real SQLite file.

use backend::{
    database::Database,
    people::{
        PeopleError,
        accounts::{AccountError, Accounts, NewAccount},
        import::ImportError,
        invitations::{CONSENT_VERSION, Code, Invitation, JoinError, Joining, Whom},
        office::Refused,
    },
};
use domain::{House, Line, Role};

const TABLE: &[u8] =
    b"building,line,house,neighbours\n101,101-1,1203,101-2\n101,101-1,1204,\n101,101-2,501,\n";

async fn accounts(directory: &tempfile::TempDir) -> Accounts {
    let url = format!("sqlite://{}?mode=rwc", directory.path().join("iutsai.db").display());
    Accounts::new(Database::open(&url).await.expect("it opens"))
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
async fn what_is_refused_leaves_the_code_and_what_is_agreed_to_is_kept() {
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
async fn a_locked_account_says_so_only_to_the_right_password() {
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
