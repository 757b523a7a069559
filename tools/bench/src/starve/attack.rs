//! The attacks. Each is made by the hostile resident and by strangers at the same time, as fast as it is answered, and
//! stops when the measurement ends.

mod answers;
mod calls;
mod flood;
mod pages;
mod sign_ins;
mod sockets;
mod tokens;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use clap::ValueEnum as _;
use tokio::{
    runtime::{Handle, Runtime},
    task::JoinSet,
};

use super::crew::Crew;
use testkit::Error;

/// The pause between two attempts of one attacker, which makes no more than 200 a second each.
const PAUSE: Duration = Duration::from_millis(5);

/// A kind of load that a hostile client makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Attack {
    /// Sockets that read nothing and send ACKs with receipts of 4 kB
    Deaf,
    /// Sockets that read nothing and send SUBSCRIBE and UNSUBSCRIBE in turn
    Churn,
    /// 200 calls of one house, and a flood of their locations
    Calls,
    /// Sockets opened and kept until they are refused; strangers send no CONNECT
    Sockets,
    /// Sign-ins with names that nobody has, as long as they may be and far longer
    SignIns,
    /// Pages
    Pages,
    /// Requests and sockets with tokens that open no session
    Tokens,
    /// One call is accepted and the accept withdrawn, again and again
    Answers,
}

impl Attack {
    /// Returns the word of the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn start(self, crew: &Crew, load: &mut Load) {
        match self {
            Self::Deaf => flood::start(crew, load, &flood::acks()),
            Self::Churn => flood::start(crew, load, &flood::turns(&crew.accept.line)),
            Self::Calls => calls::start(crew, load),
            Self::Sockets => sockets::start(crew, load),
            Self::SignIns => sign_ins::start(crew, load),
            Self::Pages => pages::start(crew, load),
            Self::Tokens => tokens::start(crew, load),
            Self::Answers => answers::start(crew, load),
        }
    }
}

/// Returns how many descriptors all attacks hold at most, with so many attempts at once by each side.
pub(super) fn most_descriptors(at_once: usize) -> u64 {
    let (sides, attacks) = (2, Attack::value_variants().len());
    let most = sides * at_once * (sockets::HELD + 2 * attacks);
    u64::try_from(most).unwrap_or(u64::MAX)
}

/// The numbers of attempts and of failures, which were refused, closed, or without an answer.
#[derive(Debug, Default)]
struct Tally {
    tried: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    fn count(&self, succeeded: bool) {
        self.tried.fetch_add(1, Relaxed);
        self.failed.fetch_add(u64::from(!succeeded), Relaxed);
    }
}

/// Attacks that go on.
pub(super) struct Load {
    tasks: JoinSet<()>,
    on: Handle,
    tally: Arc<Tally>,
}

impl Load {
    /// Begins, on the threads of `runtime`.
    pub(super) fn start(runtime: &Runtime, attacks: &[Attack], crew: &Crew) -> Self {
        let (tasks, on, tally) = (JoinSet::new(), runtime.handle().clone(), Arc::default());
        let mut load = Self { tasks, on, tally };
        for attack in attacks {
            attack.start(crew, &mut load);
        }
        load
    }

    /// Ends them; returns how many attempts there were and how many failed.
    pub(super) async fn stop(mut self) -> (u64, u64) {
        self.tasks.shutdown().await;
        (self.tally.tried.load(Relaxed), self.tally.failed.load(Relaxed))
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.on);
    }

    fn tally(&self) -> Arc<Tally> {
        self.tally.clone()
    }

    /// Makes an attempt again and again.
    fn repeat<T>(&mut self, mut attempt: impl FnMut() -> T + Send + 'static)
    where
        T: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let tally = self.tally();
        self.spawn(async move {
            loop {
                let attempted = attempt().await;
                tally.count(attempted.is_ok());
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
}
