//! The scripts that start real servers, and the directories that such servers live in.

use std::{path::Path, process::Command};

use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The script with this name, to be given its arguments.
pub(super) fn script(name: &str) -> Command {
    Command::new(root().join("script").join(name))
}

/// Returns the directory of a server of this kind during one test. `script/test` ends servers that a killed test has
/// left there.
pub(super) fn directory(kind: &str) -> TempDir {
    let all = root().join("target/tests");
    std::fs::create_dir_all(&all).unwrap();
    tempfile::Builder::new().prefix(&format!("{kind}-")).tempdir_in(all).unwrap()
}

/// Runs it to its end and gives what it wrote on standard output. Its own words are part of the failure.
#[track_caller]
pub(super) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}:\n{err}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// The end of a file, for the output of a failed test.
pub(super) fn tail(path: &Path) -> String {
    let text = std::fs::read(path).map(|octets| String::from_utf8_lossy(&octets).into_owned());
    let text = text.unwrap_or_else(|error| error.to_string());
    let lines: Vec<&str> = text.lines().collect();
    format!("the end of {}:\n{}\n", path.display(), lines[lines.len().saturating_sub(20)..].join("\n"))
}
