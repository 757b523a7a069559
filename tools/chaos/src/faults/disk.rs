//! A small disk of its own for a server's data, which can be filled. It is a tmpfs, so it needs root.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use testkit::Error;

/// Several times what a long run writes, and filled in a moment.
const SIZE: &str = "size=192m";
const PART: usize = 1024 * 1024;

/// A mounted tmpfs; it is unmounted when this is dropped.
#[derive(Debug)]
pub(super) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one at an empty directory.
    ///
    /// # Errors
    /// [`Error::Usage`] with mount's own words, as for who is not root.
    pub(super) fn mount(at: &Path) -> Result<Self, Error> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "iutsai-chaos"]).arg(at).stdin(Stdio::null());
        let output = mount.output().map_err(Error::system("start mount"))?;
        if output.status.success() {
            return Ok(Self(at.into()));
        }
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Usage(format!("a small disk cannot be mounted: {words}")))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Fills it to the last octet.
    ///
    /// # Errors
    /// [`Error::File`] when something else than fullness ends it.
    pub(super) fn fill(&self) -> Result<(), Error> {
        let path = self.ballast();
        let failed = |source| Error::File { what: "fill the disk with", path: path.clone(), source };
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        let mut part = vec![0; PART];
        while !part.is_empty() {
            match file.write(&part) {
                Ok(_) => {}
                // Then by smaller parts, until not even one octet has room.
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                    part.truncate(part.len() / 2);
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    /// Makes room again.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(super) fn free(&self) -> Result<(), Error> {
        let path = self.ballast();
        fs::remove_file(&path).map_err(|source| Error::File { what: "remove", path, source })
    }

    /// Copies all files to another directory, for a look at them after the run.
    ///
    /// # Errors
    /// [`Error::System`].
    pub(super) fn copy_to(&self, directory: &Path) -> Result<(), Error> {
        let mut copy = Command::new("cp");
        copy.arg("-R").arg("--").arg(self.0.join(".")).arg(directory);
        copy.status().map(drop).map_err(Error::system("copy what the small disk holds"))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("the small disk at {} could not be unmounted; run umount for it", self.0.display());
        }
    }
}
