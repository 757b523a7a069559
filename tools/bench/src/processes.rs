//! The processor's time and the memory of a program, which may have several processes.

use std::time::Duration;

use testkit::{
    Error,
    measure::{memory::Memory, processor},
    server::Process,
};

/// The processes of one program.
#[derive(Clone, Debug)]
pub(crate) struct Processes(Vec<Process>);

/// The use of processes until now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// On all cores, in the program and in the kernel.
    pub(crate) processor: Duration,
    /// The present resident memory, in octets. Pages that processes share are counted for each.
    pub(crate) resident: u64,
}

impl Processes {
    /// One process.
    pub(crate) fn one(process: Process) -> Self {
        Self(vec![process])
    }

    /// Several that are started apart.
    pub(crate) fn all(processes: Vec<Process>) -> Self {
        Self(processes)
    }

    /// One with the children that it has now.
    ///
    /// # Errors
    /// As [`Process::children`].
    pub(crate) fn with_children(process: Process) -> Result<Self, Error> {
        let mut all = process.children()?;
        all.insert(0, process);
        Ok(Self(all))
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Adds up what those that still run have used.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when the first one has ended.
    pub(crate) fn usage(&self) -> Result<Usage, Error> {
        let mut sum = Usage::default();
        for (number, process) in self.0.iter().enumerate() {
            match (processor::time_of(process), Memory::of(process)) {
                (Ok(processor), Ok(memory)) => {
                    sum.processor += processor;
                    sum.resident += memory.now;
                }
                // Children may end at any time.
                (Err(_), _) | (_, Err(_)) if number > 0 => {}
                (Err(error), _) | (_, Err(error)) => return Err(error),
            }
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_an_ended_one_is_an_error() {
        let own = Process::find(std::process::id()).unwrap();
        assert!(Processes::with_children(own).unwrap().usage().unwrap().resident > 0);
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let processes = Processes::one(Process::find(child.id()).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(processes.usage(), Err(Error::NotRunning(_))));
    }
}
