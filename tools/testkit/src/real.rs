//! Real Kafka brokers and a real PostgreSQL server, by `script/kafka` and `script/postgres`.

mod brokers;
mod postgresql;

use std::{fs, path::Path};

use tokio::process::Command;

pub use brokers::Brokers;
pub use postgresql::Postgres;

use crate::{Error, server::Process};

/// Returns what a script prints; it must succeed.
///
/// # Errors
/// [`Error::Usage`] with the script's words, [`Error::System`] when it cannot be started.
pub async fn words(command: &mut Command) -> Result<String, Error> {
    let name = format!("{:?}", command.as_std().get_program());
    let output = command.output().await.map_err(Error::system(format!("start {name}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Usage(format!("{name} did not work: {complaint}")))
}

/// Returns the value of a setting that a script prints.
fn setting(output: &str, name: &str) -> Result<String, Error> {
    let value = output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let none = || Error::Usage(format!("a script printed no {name}: {output}"));
    value.map(str::to_owned).ok_or_else(none)
}

/// Returns the process whose number is in this file.
fn process_in(file: &Path) -> Result<Process, Error> {
    let not_running = || Error::NotRunning(format!("the process of {}", file.display()));
    let text = fs::read_to_string(file).map_err(|_| not_running())?;
    text.trim().parse().ok().and_then(Process::find).ok_or_else(not_running)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_among_the_words_of_a_script() {
        let output = "a word\nDATABASE_URL=postgres://host/name?a=b\n";
        assert_eq!(setting(output, "DATABASE_URL").unwrap(), "postgres://host/name?a=b");
        assert!(setting(output, "DATABASE").is_err());
    }
}
