//! The list of a backup's files, which is itself the file `manifest.json`. It is written last, so a directory without
//! it is not a backup.

use std::{fs, io::Write, path::Path};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{BackupError, Part, copy};

/// The file's name.
const NAME: &str = "manifest.json";
/// The newest format that this program knows, and the one that it writes.
pub(super) const FORMAT: u32 = 1;

/// The description of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// When the copy of the outbox began. Every call that was acknowledged until then is in the backup.
    pub until: String,
    /// When the backup was complete.
    pub made_at: String,
    /// The id of the outbox as a log.
    pub log_id: Uuid,
    /// The number of the outbox's last entry; 0 if it has none.
    pub last_position: i64,
    /// Where the accounts are.
    pub accounts: Accounts,
    /// The files, in the order in which they were copied.
    pub files: Vec<File>,
}

/// Where the accounts of a backup are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accounts {
    /// In the backup, with the statistics.
    Sqlite,
    /// In PostgreSQL, with the statistics. They are not in the backup.
    Postgres,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name in the directory.
    pub name: String,
    /// Its size in octets.
    pub size: u64,
    /// Its SHA-256 in hexadecimal figures.
    pub sha256: String,
}

/// The part of a manifest that stays as it is in every format.
#[derive(Deserialize)]
struct Format {
    format: u32,
    #[serde(default)]
    program: String,
}

impl File {
    /// Describes a part that stands in a directory.
    pub(super) fn describe(part: Part, directory: &Path) -> Result<Self, BackupError> {
        let (size, sha256) = copy::measure(&directory.join(part.name()))?;
        Ok(Self { name: part.name().into(), size, sha256 })
    }

    /// Fails if the file at `path` is not this one.
    pub(super) fn verify(&self, path: &Path) -> Result<(), BackupError> {
        let (size, sha256) = copy::measure(path)?;
        if size == self.size && sha256 == self.sha256 {
            return Ok(());
        }
        Err(BackupError::Refused(format!(
            "{} is not the file that was written: it has {size} octets with the SHA-256 {sha256}, and the manifest has \
             {} octets with {}",
            path.display(),
            self.size,
            self.sha256
        )))
    }
}

impl Manifest {
    /// Returns the octets of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// [`BackupError::Refused`] if it is of a newer format or lacks a part; [`BackupError`] if it cannot be read.
    pub(super) fn read(directory: &Path) -> Result<Self, BackupError> {
        let path = directory.join(NAME);
        if !path.is_file() {
            return Err(BackupError::Refused(format!(
                "{} is not a whole backup, because it has no {NAME}",
                directory.display()
            )));
        }
        let text = fs::read(&path).map_err(BackupError::file("read", &path))?;
        let damaged = |source| BackupError::Manifest { path: path.clone(), source };
        let Format { format, program } = serde_json::from_slice(&text).map_err(damaged)?;
        if format > FORMAT {
            return Err(BackupError::Refused(format!(
                "{} was made by iutsai {program}, and this version does not know its format {format}; restore it with \
                 that version",
                directory.display()
            )));
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(damaged)?;
        manifest.has_its_parts().map_err(|lack| {
            BackupError::Refused(format!("{} is not a whole backup, because {lack}", directory.display()))
        })?;
        Ok(manifest)
    }

    /// Names of files come from outside, so only those of parts are let in.
    fn has_its_parts(&self) -> Result<(), String> {
        let is_part = |file: &&File| Part::ALL.iter().any(|part| part.name() == file.name);
        if let Some(other) = self.files.iter().find(|file| !is_part(file)) {
            return Err(format!("its manifest names {:?}, which is not a part of one", other.name));
        }
        if self.file(Part::Outbox).is_none() {
            return Err("its manifest names no outbox".into());
        }
        match (self.accounts, self.file(Part::Accounts)) {
            (Accounts::Sqlite, None) => Err("its manifest names no accounts".into()),
            (Accounts::Sqlite, Some(_)) | (Accounts::Postgres, _) => Ok(()),
        }
    }

    /// Returns the file of a part, if the backup has it.
    pub(super) fn file(&self, part: Part) -> Option<&File> {
        self.files.iter().find(|file| file.name == part.name())
    }

    /// Writes the manifest into a directory.
    pub(super) fn write(&self, directory: &Path) -> Result<(), BackupError> {
        let path = directory.join(NAME);
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|source| BackupError::Manifest { path: path.clone(), source })?;
        text.push(b'\n');
        let mut file = copy::create(&path)?;
        let written = file.write_all(&text).and_then(|()| file.sync_all());
        written.map_err(BackupError::file("write", &path))
    }

    /// Fails if a file in the directory is not the one that was written.
    pub(super) fn verify(&self, directory: &Path) -> Result<(), BackupError> {
        self.files.iter().try_for_each(|file| file.verify(&directory.join(&file.name)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn manifest(directory: &Path) -> Manifest {
        for part in [Part::Accounts, Part::Outbox] {
            fs::write(directory.join(part.name()), part.name()).unwrap();
        }
        let files = [Part::Accounts, Part::Outbox].map(|part| File::describe(part, directory).unwrap());
        Manifest {
            format: FORMAT,
            program: "0.1.0".into(),
            until: "2026-11-29T05:03:20Z".into(),
            made_at: "2026-11-29T05:03:21Z".into(),
            log_id: Uuid::from_u128(1),
            last_position: 7,
            accounts: Accounts::Sqlite,
            files: files.into(),
        }
    }

    fn refused(manifest: &Manifest) -> String {
        let directory = tempfile::tempdir().unwrap();
        manifest.write(directory.path()).unwrap();
        Manifest::read(directory.path()).unwrap_err().to_string()
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_names_a_file_that_changed() {
        let directory = tempfile::tempdir().unwrap();
        let manifest = manifest(directory.path());
        manifest.write(directory.path()).unwrap();
        assert_eq!(Manifest::read(directory.path()).unwrap(), manifest);
        manifest.verify(directory.path()).unwrap();
        let outbox = manifest.file(Part::Outbox).unwrap();
        // As sha256sum prints it.
        let sum = "5fde199b062ad8e2741ae45062d777cd406926d623932de715edf8f8e251f5a9";
        assert_eq!((outbox.size, outbox.sha256.as_str()), (9, sum));
        fs::write(directory.path().join("outbox.db"), "outbox.dB").unwrap();
        let error = manifest.verify(directory.path()).unwrap_err().to_string();
        assert!(error.contains("outbox.db is not the file that was written"), "{error}");
    }

    #[test]
    fn a_manifest_of_a_newer_format_or_without_a_part_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let whole = manifest(directory.path());
        let newer = Manifest { format: FORMAT + 1, program: "9.0.0".into(), ..whole.clone() };
        assert!(refused(&newer).contains("restore it with that version"), "{}", refused(&newer));
        let accounts_only = Manifest { files: whole.files[..1].into(), ..whole.clone() };
        assert!(refused(&accounts_only).contains("no outbox"));
        let outbox_only = Manifest { files: whole.files[1..].into(), ..whole.clone() };
        assert!(refused(&outbox_only).contains("no accounts"));
        let mut outside = whole;
        outside.files[0].name = "../iutsai.db".into();
        assert!(refused(&outside).contains("which is not a part of one"));
    }

    #[test]
    fn a_directory_without_a_manifest_is_not_a_backup() {
        let directory = tempfile::tempdir().unwrap();
        let error = Manifest::read(directory.path()).unwrap_err().to_string();
        assert!(error.contains("not a whole backup"), "{error}");
    }
}
