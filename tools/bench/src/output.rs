//! The file with all figures of a run, for programs that compare runs.

use std::{fs, path::Path};

use serde_json::Value;
use testkit::{Error, measure::machine};

/// Writes the figures of a command with the facts of the machine, if a file is wanted.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn write(file: Option<&Path>, command: &str, mut figures: Value) -> Result<(), Error> {
    let Some(file) = file else { return Ok(()) };
    figures["command"] = command.into();
    figures["machine"] = machine::facts().into();
    let text = format!("{figures:#}\n");
    fs::write(file, text).map_err(|source| Error::File { what: "write", path: file.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_has_the_figures_with_their_command() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("figures.json");
        write(Some(&file), "fanout", json!({ "runs": [1, 2] })).unwrap();
        let read: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!((&read["command"], &read["runs"]), (&json!("fanout"), &json!([1, 2])));
        write(None, "fanout", json!({})).unwrap();
    }
}
