//! `iutsai admin …`, which makes accounts, ends sessions, resets second factors and removes links with the housing
//! service, for people who can run programs where the database is.

use std::{
    io::{BufRead, IsTerminal, Write},
    path::PathBuf,
};

use backend::{
    audit::{Act, Audit, By, Record},
    database::{Database, DatabaseError},
    people::{
        accounts::{AccountError, Accounts, NewAccount},
        oidc, second_factor, sessions,
    },
};
use domain::{House, Line, Role};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::config;

/// The account to make.
#[derive(clap::Args)]
pub(crate) struct Create {
    /// The name to sign in with
    #[arg(long)]
    name: String,

    /// administrator, who sees every line, or resident
    #[arg(long, default_value = "administrator", value_parser = role)]
    role: Role,

    /// The line of the person's flat, such as 101-1
    #[arg(long, requires = "house")]
    line: Option<Line>,

    /// The person's flat, such as 1203
    #[arg(long, requires = "line")]
    house: Option<House>,

    #[command(flatten)]
    place: Place,
}

/// The account that is meant.
#[derive(clap::Args)]
pub(crate) struct OfAccount {
    /// The name that the account signs in with
    #[arg(long)]
    name: String,

    #[command(flatten)]
    place: Place,
}

/// The database.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// Where the SQLite database is, without DATABASE_URL
    #[arg(long, env = "IUTSAI_DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,

    /// Accounts and sessions, as `iutsai serve` has them
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
}

impl Place {
    /// Does `work` on the database, which is made if it is missing.
    ///
    /// # Errors
    /// One sentence about what is wrong.
    pub(crate) fn run<T, E: std::fmt::Display>(
        &self,
        work: impl AsyncFnOnce(&Database) -> Result<T, E>,
    ) -> Result<T, String> {
        let url = config::database_url(self.database_url.as_deref(), &self.data_dir)?;
        std::fs::create_dir_all(&self.data_dir).map_err(|error| {
            format!("cannot make the data directory {}: {error}", self.data_dir.display())
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
        runtime.block_on(async {
            let database = Database::open(&url).await.map_err(|error| error.to_string())?;
            let done = work(&database).await.map_err(|error| error.to_string());
            database.close().await;
            done
        })
    }
}

/// Ends every session of an account. Its browsers are signed out, and their sockets close within five seconds.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn end_sessions(command: &OfAccount) -> Result<(), String> {
    let name = command.name.as_str();
    let ended = command.place.run(async |database| {
        let ended = sessions::end_all(database, name).await?;
        recorded(database, Act::SessionsEnded, name).await?;
        Ok::<_, DatabaseError>(ended)
    })?;
    println!("ended {ended} sessions of {}", command.name);
    Ok(())
}

/// Removes the second factor of an account and its recovery codes. The password and the sessions stay.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn reset_second_factor(command: &OfAccount) -> Result<(), String> {
    let name = &command.name;
    let by = By::command_line();
    let removed = command.place.run(async |database| second_factor::remove(database, name, &by).await)?;
    if !removed {
        return Err(format!("{name} has no second factor"));
    }
    println!("{name} signs in without a code now");
    Ok(())
}

/// Removes the link of an account with a person of the housing service. The next sign-in by it links the account anew.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn unlink_service(command: &OfAccount) -> Result<(), String> {
    let name = &command.name;
    let by = By::command_line();
    let removed = command.place.run(async |database| oidc::unlink(database, name, &by).await)?;
    if !removed {
        return Err(format!("{name} is not linked with the housing service"));
    }
    println!("{name} is not linked with the housing service any more");
    Ok(())
}

/// Makes the account; the password is read from standard input, unseen where that is a terminal.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn create(create: Create) -> Result<(), String> {
    let password = password().map_err(|error| format!("cannot read the password: {error}"))?;
    let Create { name, role, line, house, place } = create;
    let account = NewAccount { name, password, line, house, role };
    let made = place.run(async |database| {
        let made = Accounts::new(database.clone()).create(account).await?;
        recorded(database, Act::AccountMade, &made.name).await?;
        Ok::<_, AccountError>(made)
    })?;
    println!("made {} ({})", made.name, made.role.as_str());
    Ok(())
}

/// Records an act that was done. A failure is shown, and the act stays done.
async fn recorded(database: &Database, act: Act, name: &str) -> Result<(), DatabaseError> {
    let record = Record::new(act, By::command_line()).about(name);
    let recorded = Audit::new(database.clone()).record(record).await;
    recorded.inspect_err(|_| eprintln!("iutsai: it is done, but the audit has no record of it"))
}

fn password() -> std::io::Result<String> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return first_line(input.lock());
    }
    let mut prompt = std::io::stderr();
    write!(prompt, "Password: ")?;
    prompt.flush()?;
    let shown = tcgetattr(&input)?;
    let mut unseen = shown.clone();
    unseen.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&input, OptionalActions::Flush, &unseen)?;
    let line = first_line(input.lock());
    tcsetattr(&input, OptionalActions::Flush, &shown)?;
    writeln!(prompt)?;
    line
}

fn first_line(mut input: impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn role(word: &str) -> Result<Role, String> {
    [Role::Administrator, Role::Resident]
        .into_iter()
        .find(|role| role.as_str() == word)
        .ok_or_else(|| "write administrator or resident".into())
}
