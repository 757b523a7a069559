//! Applies the undo logs of the preloaded library, the newest step first. `power_cut/kept.c` defines them for the
//! content of files, and `power_cut/names.c` for the names in directories.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use super::{Thrown, failed};
use testkit::Error;

const MAGIC: u32 = 0x4955_4e44;
const HEAD: usize = 32;

/// One change of a file's content, as it is undone.
#[derive(Debug, PartialEq, Eq)]
struct Step<'a> {
    /// Where the octets were.
    offset: u64,
    /// The former octets.
    octets: &'a [u8],
    /// The former length of the file.
    size: u64,
}

/// The logs of what lies below a directory.
#[derive(Debug, Default)]
struct Logs {
    /// The logs of files, each with its file's path.
    files: Vec<(PathBuf, PathBuf)>,
    /// The logs of the names in each directory.
    names: Vec<PathBuf>,
}

impl Logs {
    fn find(directory: &Path, logs: &Path) -> Result<Self, Error> {
        let mut found = Self::default();
        let mut directories = vec![directory.to_owned()];
        while let Some(next) = directories.pop() {
            for entry in fs::read_dir(&next).map_err(failed("list", &next))? {
                let path = entry.map_err(failed("list", &next))?.path();
                let kind = match path.symlink_metadata() {
                    // A process that runs may take its files away.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    kind => kind.map_err(failed("look at", &path))?,
                };
                if kind.is_dir() {
                    directories.push(path);
                } else if kind.is_file() {
                    found.files.push((log_of(&kind, logs, "undo"), path));
                }
            }
            let kind = next.symlink_metadata().map_err(failed("look at", &next))?;
            found.names.push(log_of(&kind, logs, "names"));
        }
        found.files.retain(|(log, _)| log.exists());
        found.names.retain(|log| log.exists());
        Ok(found)
    }
}

/// Undoes all that was not synced below `directory`, and forgets the logs of it.
pub(super) fn undo_all(directory: &Path, logs: &Path) -> Result<Thrown, Error> {
    let Logs { files, names } = Logs::find(directory, logs)?;
    let mut thrown = Thrown::default();
    for (log, path) in files {
        thrown.changes += undo_content(&path, &log)?;
    }
    // After the contents, because a name that is removed removes its file.
    for log in names {
        let changed = undo_names(&log, logs)?;
        thrown.names += changed.names;
        thrown.changes += changed.changes;
    }
    Ok(thrown)
}

/// Forgets the logs of files below `directory`. They are emptied, not removed, because processes append to them.
pub(super) fn forget_all(directory: &Path, logs: &Path) -> Result<(), Error> {
    let Logs { files, names } = Logs::find(directory, logs)?;
    for log in files.into_iter().map(|(log, _)| log).chain(names) {
        let emptied = OpenOptions::new().write(true).open(&log).and_then(|log| log.set_len(0));
        emptied.map_err(failed("empty", &log))?;
    }
    Ok(())
}

/// Where the log of a file (`undo`) or directory (`names`) is.
fn log_of(it: &Metadata, logs: &Path, kind: &str) -> PathBuf {
    logs.join(format!("{}-{}.{kind}", it.dev(), it.ino()))
}

/// Undoes the log of one file and empties it. Returns the number of steps.
fn undo_content(path: &Path, log: &Path) -> Result<usize, Error> {
    let octets = fs::read(log).map_err(failed("read", log))?;
    let steps = steps(&octets).map_err(failed("read", log))?;
    if !steps.is_empty() {
        let file = OpenOptions::new().write(true).open(path).map_err(failed("open", path))?;
        for step in steps.iter().rev() {
            undo(&file, step).map_err(failed("undo what was written to", path))?;
        }
    }
    fs::remove_file(log).map_err(failed("remove", log))?;
    Ok(steps.len())
}

fn undo(file: &File, step: &Step<'_>) -> io::Result<()> {
    file.write_all_at(step.octets, step.offset)?;
    file.set_len(step.size)
}

/// Returns the steps in a log. A torn one at its end was being written when the process was killed, so the write that
/// it would undo had not begun.
fn steps(mut log: &[u8]) -> io::Result<Vec<Step<'_>>> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "this is not an undo log");
    let number = |octets: &[u8], at: usize| -> io::Result<u64> {
        let field = octets[at..at + 8].try_into().map_err(|_| wrong())?;
        u64::try_from(i64::from_ne_bytes(field)).map_err(|_| wrong())
    };
    let mut steps = Vec::new();
    while log.len() >= HEAD {
        if log[..4] != MAGIC.to_ne_bytes() {
            return Err(wrong());
        }
        let (offset, size) = (number(log, 8)?, number(log, 24)?);
        let length = usize::try_from(number(log, 16)?).map_err(|_| wrong())?;
        let Some(octets) = log.get(HEAD..HEAD + length) else { break };
        steps.push(Step { offset, octets, size });
        log = &log[HEAD + length..];
    }
    Ok(steps)
}

/// Undoes the names of one directory and forgets its log.
fn undo_names(log: &Path, logs: &Path) -> Result<Thrown, Error> {
    let text = fs::read_to_string(log).map_err(failed("read", log))?;
    let mut thrown = Thrown::default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines().rev() {
        thrown.names += 1;
        let wrong = || failed("read", log)(io::ErrorKind::InvalidData.into());
        let (what, rest) = line.split_once(' ').ok_or_else(wrong)?;
        match what {
            "C" => remove(Path::new(rest))?,
            "U" => {
                let (copy, path) = rest.split_once(' ').ok_or_else(wrong)?;
                thrown.changes += restore(copy, Path::new(path), logs)?;
            }
            "R" => {
                let (copy, names) = rest.split_once(' ').ok_or_else(wrong)?;
                let (from, to) = names.split_once('\t').ok_or_else(wrong)?;
                // It may not have come to the renaming.
                if Path::new(to).exists() && !Path::new(from).exists() {
                    fs::rename(to, from).map_err(failed("rename back", Path::new(to)))?;
                    if copy != "-" {
                        thrown.changes += restore(copy, Path::new(to), logs)?;
                    }
                }
            }
            _ => return Err(wrong()),
        }
    }
    fs::remove_file(log).map_err(failed("remove", log))?;
    Ok(thrown)
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        // It may not have come to the making.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Brings an unlinked or replaced file back as it was last synced.
fn restore(copy: &str, path: &Path, logs: &Path) -> Result<usize, Error> {
    fs::copy(logs.join(copy), path).map_err(failed("bring back", path))?;
    undo_content(path, &logs.join(format!("{copy}.undo")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(offset: i64, octets: &[u8], size: i64) -> Vec<u8> {
        let mut log = MAGIC.to_ne_bytes().to_vec();
        log.extend([0; 4]);
        for number in [offset, i64::try_from(octets.len()).unwrap(), size] {
            log.extend(number.to_ne_bytes());
        }
        log.extend(octets);
        log
    }

    #[test]
    fn a_torn_step_at_the_end_is_left_out() {
        let log = [step(0, b"abc", 3), step(3, b"longer", 9)].concat();
        let torn = steps(&log[..log.len() - 1]).unwrap();
        assert_eq!(torn, [Step { offset: 0, octets: b"abc", size: 3 }]);
        assert_eq!(steps(&log).unwrap().len(), 2);
    }

    #[test]
    fn a_file_that_is_not_a_log_is_an_error() {
        assert!(steps(&[7; HEAD]).is_err());
    }

    #[test]
    fn steps_are_undone_from_the_last_to_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let (path, log) = (directory.path().join("file"), directory.path().join("log"));
        // "old" became "new", then "newer", then nothing, then "x".
        fs::write(&path, "x").unwrap();
        let steps = [step(0, b"old", 3), step(3, b"", 3), step(0, b"newer", 5), step(0, b"", 0)];
        fs::write(&log, steps.concat()).unwrap();
        assert_eq!(undo_content(&path, &log).unwrap(), 4);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert!(!log.exists());
    }
}
