//! The people of a run, in a few lines of a building, and one who sees all. Everybody is signed in before the servers
//! start, and signs in again when a server no longer knows the session.

use std::{collections::HashMap, path::Path, process::Stdio};

use domain::{House, Line};
use testkit::{
    Error,
    client::{Client, Session},
    server::sqlite,
    town::{Accounts, PASSWORD},
};
use tokio::{io::AsyncWriteExt, process::Command, sync::Mutex};

/// Lines of the complex.
pub(super) const LINES: usize = 3;
/// The houses of a line. They are about a building's, and so many that no flat uses up its budgets.
pub(super) const HOUSES: usize = 24;

/// The account by which the program makes its tables.
const FIRST: &str = "first";

/// The residents and their sessions.
#[derive(Debug)]
pub(super) struct Town {
    /// Where people sign in.
    client: Client,
    sessions: Mutex<HashMap<String, Session>>,
}

fn plan() -> testkit::town::Town {
    testkit::town::Town::new(LINES, HOUSES).building("101").administrators(1).with_password()
}

/// Returns the name of a line.
pub(super) fn line(line: usize) -> Line {
    plan().line(line)
}

/// Returns the name of a house, alike on every line.
pub(super) fn house(house: usize) -> House {
    plan().house(house)
}

/// Returns the name that a resident signs in with; without a house, the management office's.
pub(super) fn name(line_number: usize, house_number: Option<usize>) -> String {
    match house_number {
        Some(number) => plan().resident(line_number, number),
        None => plan().administrator(0),
    }
}

/// Makes everybody's account and session before any server runs, because a power cut must not reach into a file that
/// others write. The program's own command makes the tables.
///
/// # Errors
/// [`Error::System`], [`Error::Usage`] with the program's words, [`Error::Database`].
pub(super) async fn furnish(
    program: &Path,
    data_dir: &Path,
    database: Option<&str>,
) -> Result<Accounts, Error> {
    create(program, data_dir, database, FIRST).await?;
    plan().enter(&database.map_or_else(|| sqlite(data_dir), str::to_owned)).await
}

async fn create(program: &Path, data_dir: &Path, database: Option<&str>, name: &str) -> Result<(), Error> {
    let mut command = Command::new(program);
    command.args(["admin", "create", "--name", name]).arg("--data-dir").arg(data_dir);
    command.env_remove("DATABASE_URL").envs(database.map(|url| ("DATABASE_URL", url)));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(Error::system(format!("start {}", program.display())))?;
    let mut stdin = child.stdin.take().expect("it is piped, and taken once");
    let written = stdin.write_all(format!("{PASSWORD}\n").as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.map_err(Error::system("wait for iutsai admin create"))?;
    if output.status.success() {
        return written.map_err(Error::system("write a password"));
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Usage(format!("the account {name} could not be made: {words}")))
}

impl Town {
    /// Everybody with an account, signed in at `client`.
    pub(super) fn new(client: Client, accounts: &Accounts) -> Self {
        let residents = accounts.signed_in(&client);
        let sessions = residents.everybody().map(|one| (one.resident().name.clone(), one.clone())).collect();
        Self { client, sessions: Mutex::new(sessions) }
    }

    /// The person's session; signs in where there is none.
    ///
    /// # Errors
    /// As [`Client::sign_in`].
    pub(super) async fn session(&self, name: &str) -> Result<Session, Error> {
        // Held while signing in, because fifty tasks that lost one session need one new one.
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(name) {
            return Ok(session.clone());
        }
        let session = self.client.sign_in(name, PASSWORD).await?;
        sessions.insert(name.into(), session.clone());
        Ok(session)
    }

    /// Forgets a session that the server does not know, as after a power cut.
    pub(super) async fn forget(&self, name: &str, session: &Session) {
        let mut sessions = self.sessions.lock().await;
        if sessions.get(name).is_some_and(|known| known.token() == session.token()) {
            sessions.remove(name);
        }
    }
}
