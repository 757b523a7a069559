//! `iutsai admin create`: accounts, made by whoever can run programs where the database is.

use std::{
    io::{BufRead, IsTerminal, Write},
    path::PathBuf,
};

use backend::{
    database::Database,
    people::accounts::{Accounts, NewAccount},
};
use domain::{House, Line, Role};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::config;

/// The account to make.
#[derive(clap::Args)]
pub struct Create {
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

    /// Where the SQLite database is, without DATABASE_URL
    #[arg(long, env = "IUTSAI_DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,

    /// Accounts and sessions, as `iutsai serve` has them
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
}

/// Makes the account; the password is read from standard input, unseen where that is a terminal.
///
/// # Errors
/// One sentence about what is wrong.
pub fn create(create: Create) -> Result<(), String> {
    let url = config::database_url(create.database_url.as_deref(), &create.data_dir)?;
    std::fs::create_dir_all(&create.data_dir)
        .map_err(|error| format!("cannot make the data directory {}: {error}", create.data_dir.display()))?;
    let password = password().map_err(|error| format!("cannot read the password: {error}"))?;
    let Create { name, role, line, house, .. } = create;
    let account = NewAccount { name, password, line, house, role };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let made = runtime.block_on(async {
        let database = Database::open(&url).await.map_err(|error| error.to_string())?;
        let made = Accounts::new(database.clone()).create(account).await.map_err(|error| error.to_string());
        database.close().await;
        made
    })?;
    println!("made {} ({})", made.name, made.role.as_str());
    Ok(())
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
