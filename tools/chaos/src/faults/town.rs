//! Who lives where: a few lines with a few houses each, and one who sees all. Each signs in once, and again when the
//! server no longer knows the session.

use std::{collections::HashMap, path::Path, process::Stdio};

use domain::{House, Line};
use tokio::{io::AsyncWriteExt, process::Command, sync::Mutex};

use super::{HOUSES, LINES};
use testkit::{
    Error,
    client::{Client, Session},
};

const PASSWORD: &str = "neighbour";
const OFFICE: &str = "office";

/// The residents and their sessions.
#[derive(Debug)]
pub(super) struct Town {
    /// Where people sign in.
    client: Client,
    sessions: Mutex<HashMap<String, Session>>,
}

/// The name of a line.
pub(super) fn line(line: usize) -> Line {
    Line::new(format!("101-{}", line + 1)).expect("it can be the name of a line")
}

/// The name of a house, alike on every line.
pub(super) fn house(house: usize) -> House {
    House::new(format!("12{:02}", house + 1)).expect("it can be the name of a house")
}

/// The name that a resident signs in with; without a house, the management office.
pub(super) fn name(line_number: usize, house_number: Option<usize>) -> String {
    match house_number {
        Some(number) => format!("{}-{}", line(line_number), house(number)),
        None => OFFICE.into(),
    }
}

/// Makes everybody's account by the program's own command, which needs no running server.
///
/// # Errors
/// [`Error::System`], or [`Error::Usage`] with the program's words.
pub(super) async fn furnish(program: &Path, data_dir: &Path, database: Option<&str>) -> Result<(), Error> {
    for line_number in 0..LINES {
        for house_number in 0..HOUSES {
            let (line, house) = (line(line_number).to_string(), house(house_number).to_string());
            let flat = ["--role", "resident", "--line", &line, "--house", &house];
            create(program, data_dir, database, &name(line_number, Some(house_number)), &flat).await?;
        }
    }
    create(program, data_dir, database, OFFICE, &[]).await
}

async fn create(
    program: &Path,
    data_dir: &Path,
    database: Option<&str>,
    name: &str,
    flat: &[&str],
) -> Result<(), Error> {
    let mut command = Command::new(program);
    command.args(["admin", "create", "--name", name]).args(flat).arg("--data-dir").arg(data_dir);
    command.env_remove("DATABASE_URL").envs(database.map(|url| ("DATABASE_URL", url)));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(Error::system(format!("start {}", program.display())))?;
    let mut stdin = child.stdin.take().expect("it is piped, and taken once");
    let told = stdin.write_all(format!("{PASSWORD}\n").as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.map_err(Error::system("wait for iutsai admin create"))?;
    if output.status.success() {
        return told.map_err(Error::system("tell a password"));
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Usage(format!("the account {name} could not be made: {words}")))
}

impl Town {
    /// Whose people sign in at `client`.
    pub(super) fn new(client: Client) -> Self {
        Self { client, sessions: Mutex::default() }
    }

    /// The person's session; signs in where there is none.
    ///
    /// # Errors
    /// As [`Client::sign_in`].
    pub(super) async fn session(&self, name: &str) -> Result<Session, Error> {
        // Held while signing in: fifty tasks that lost one session need one new one.
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(name) {
            return Ok(session.clone());
        }
        let session = self.client.sign_in(name, PASSWORD).await?;
        sessions.insert(name.into(), session.clone());
        Ok(session)
    }

    /// The server says that it does not know this session, as after a power cut.
    pub(super) async fn forget(&self, name: &str, session: &Session) {
        let mut sessions = self.sessions.lock().await;
        if sessions.get(name).is_some_and(|known| known.token() == session.token()) {
            sessions.remove(name);
        }
    }
}
