//! The comparison of what a server counted live with what its log has, by the program's own command.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{process::Command, time::Instant};

use crate::checker::Figures;
use testkit::Error;

/// The time within which the live count is as far as the log, on a busy machine.
const COUNTING: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(500);

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comparison {
    /// The calls that both counts have.
    compared: usize,
    /// The calls that differ, or that only one of both has.
    different: usize,
    /// The command's own words.
    pub(super) sentence: String,
}

impl Comparison {
    /// Reads what the command prints.
    fn read(printed: &str) -> Option<Self> {
        let sentence = printed.lines().find(|line| line.starts_with("counted "))?;
        let number = |before: &str, after: &str| -> Option<usize> {
            sentence.split_once(before)?.1.split_once(after)?.0.parse().ok()
        };
        Some(Self {
            compared: number("; compared ", ", of which ")?,
            different: number(", of which ", " differ")?,
            sentence: sentence.to_owned(),
        })
    }

    /// Returns whether the live count is what the log has. A call of which nothing was promised may be gone from the
    /// log, and where presses were acknowledged, there is something to compare.
    pub(super) fn is_as_promised(&self, figures: &Figures) -> bool {
        self.different <= figures.unpromised && (self.compared > 0 || figures.acknowledged_presses == 0)
    }
}

/// Compares beside the running server, again until nothing differs or the time for it is over, and returns the last
/// result. `environment` has the server's own settings of the log and the database.
///
/// # Errors
/// [`Error::Usage`] with the program's words if it compared nothing.
pub(super) async fn verify(
    program: &Path,
    data_dir: &Path,
    environment: &[(String, String)],
) -> Result<Comparison, Error> {
    let deadline = Instant::now() + COUNTING;
    loop {
        let outcome = verify_once(program, data_dir, environment).await;
        let agrees = matches!(&outcome, Ok(comparison) if comparison.different == 0);
        if agrees || Instant::now() >= deadline {
            return outcome;
        }
        tokio::time::sleep(GLANCE).await;
    }
}

async fn verify_once(
    program: &Path,
    data_dir: &Path,
    environment: &[(String, String)],
) -> Result<Comparison, Error> {
    let mut command = Command::new(program);
    command.args(["statistics", "verify", "--data-dir"]).arg(data_dir);
    for name in ["DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "IUTSAI_TIME_ZONE"] {
        command.env_remove(name);
    }
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(Error::system(format!("start {}", program.display())))?;
    // It fails where something differs, and prints the numbers all the same.
    Comparison::read(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Error::Usage(format!("statistics verify of {} compared nothing: {words}", data_dir.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_differ_are_found_unless_nothing_was_promised_about_them() {
        let behind =
            "counted 12 calls; compared 11, of which 2 differ; live counting was not as far as this run";
        let comparison = Comparison::read(&format!("{behind}\n")).unwrap();
        assert_eq!(
            (comparison.compared, comparison.different, comparison.sentence.as_str()),
            (11, 2, behind)
        );
        let figures = |unpromised| Figures { unpromised, acknowledged_presses: 11, ..Figures::default() };
        assert!(!comparison.is_as_promised(&figures(1)));
        assert!(comparison.is_as_promised(&figures(2)));
    }

    #[test]
    fn a_comparison_of_no_calls_is_none_where_presses_were_acknowledged() {
        let nothing = Comparison::read("counted 0 calls; compared 0, of which 0 differ").unwrap();
        assert!(nothing.is_as_promised(&Figures::default()));
        assert!(!nothing.is_as_promised(&Figures { acknowledged_presses: 1, ..Figures::default() }));
        assert_eq!(Comparison::read("another run of the batch is under way"), None);
    }
}
