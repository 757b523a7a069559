//! Bounds on the work that a stranger may start here. Each kind has a bound at once, a short queue and a fair share for
//! each network, and is refused at once beyond it. The answer is [`Kind::BUSY`], which asks for the same request again,
//! and never 401.
//!
//! A request whose session is known here is never a stranger's, whatever its address. Residents have shares of their
//! own, so that one who floods the server takes nothing from others. Sockets have their bounds in [`crate::sockets`].
//! Every bound of the house is listed in `docs/operations/limits.md`.

mod bucket;
mod failures;
mod frames;
mod network;
mod push;
mod share;
mod tokens;

use std::time::Duration;

use domain::Resident;

pub(crate) use self::{
    bucket::{Bucket, Rate},
    failures::SignInFailures,
    frames::{Frames, SessionFrames},
    network::Network,
    push::PushRequests,
    share::{Bounds, Share, Turn},
    tokens::Lookups,
};

use crate::problem::{Kind, Problem};

/// Sign-ins of strangers that are looked up or hashed at once. The hashes among them have half of the cores
/// (`backend::people`), so more at once would only wait there. The queue is about a second of hashing on an idle
/// machine.
const STRANGERS_SIGN_IN: Bounds =
    Bounds { at_once: 4, queue: 28, of_one: 32, patience: Duration::from_secs(10) };
/// Sign-ins by devices that are signed in already.
const RESIDENTS_SIGN_IN: Bounds =
    Bounds { at_once: 2, queue: 14, of_one: 4, patience: Duration::from_secs(10) };
/// Pages rendered for strangers at once, which are the sign-in page and that of an unknown address. Each occupies a
/// core for milliseconds.
const STRANGERS_PAGE: Bounds = Bounds { at_once: 2, queue: 62, of_one: 64, patience: Duration::from_secs(5) };
/// Pages rendered for residents at once. The queue is that of a building after an alarm.
const RESIDENTS_PAGE: Bounds =
    Bounds { at_once: 4, queue: 500, of_one: 16, patience: Duration::from_secs(10) };
/// Commands with a token that may not be looked up now, which wait for the sessions of other nodes to be copied. One
/// that waits costs its body, 64 KiB at most.
const STRANGERS_COMMAND: Bounds = Bounds { at_once: 256, queue: 0, of_one: 32, patience: Duration::ZERO };

/// Sign-ins by the housing service under way at once. They have a budget of their own, because each waits up to
/// seconds for the service, and a slow one must not keep anybody from signing in with a password.
const SERVICE_SIGN_IN: Bounds =
    Bounds { at_once: 16, queue: 112, of_one: 128, patience: Duration::from_secs(10) };

/// When a refused request should come again, in seconds. Queues are shorter than that on a machine with time to spare.
const RETRY_AFTER: u64 = 2;

/// The budgets' names in the metric `iutsai_refused_total`.
pub(crate) mod name {
    /// Sign-ins of strangers.
    pub(crate) const STRANGERS_SIGN_IN: &str = "strangers-sign-in";
    /// Sign-ins by devices that are signed in already.
    pub(crate) const RESIDENTS_SIGN_IN: &str = "residents-sign-in";
    /// Sign-ins by the housing service.
    pub(crate) const SERVICE_SIGN_IN: &str = "service-sign-in";
    /// Pages for strangers.
    pub(crate) const STRANGERS_PAGE: &str = "strangers-page";
    /// Pages for residents.
    pub(crate) const RESIDENTS_PAGE: &str = "residents-page";
    /// Requests about the devices that take push.
    pub(crate) const RESIDENTS_PUSH: &str = "residents-push";
    /// Look-ups of tokens that no session known here has.
    pub(crate) const STRANGERS_TOKEN: &str = "strangers-token";
    /// Look-ups of codes of invitations.
    pub(crate) const STRANGERS_CODE: &str = "strangers-code";
    /// Commands that wait for such a token to be known.
    pub(crate) const STRANGERS_COMMAND: &str = "strangers-command";
    /// Sockets before CONNECT.
    pub(crate) const STRANGERS_SOCKET: &str = "strangers-socket";
    /// Sockets of all residents.
    pub(crate) const RESIDENTS_SOCKET: &str = "residents-socket";
    /// Sockets of one session.
    pub(crate) const SESSION_SOCKET: &str = "session-socket";
    /// Sockets of one flat.
    pub(crate) const FLAT_SOCKET: &str = "flat-socket";
    /// Streams of the office's board.
    pub(crate) const BOARD_STREAM: &str = "board-stream";
}

/// Whose share of a budget is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Somebody whose session is known here, by the name of the account.
    Resident(String),
    /// Strangers of one network.
    Strangers(Network),
}

impl Holder {
    /// Returns the resident's share, or that of the network where nobody is known to be signed in.
    #[must_use]
    pub fn new(resident: Option<&Resident>, network: Network) -> Self {
        resident.map_or(Self::Strangers(network), |resident| Self::Resident(resident.name.clone()))
    }
}

/// The budgets of this process.
pub struct Budgets {
    /// Sign-ins, each with a look-up and a slow hash.
    pub sign_ins: Lanes,
    /// Sign-ins by the housing service, of strangers and residents alike.
    pub service_sign_ins: Share,
    /// Pages, each rendered whole.
    pub pages: Lanes,
    /// Look-ups of unknown tokens.
    pub tokens: Lookups,
    /// Look-ups of codes of invitations.
    pub codes: Lookups,
    /// Commands that wait for their token to be known.
    pub commands: Share,
    /// Requests about push.
    pub push: PushRequests,
    /// The failed sign-ins of late.
    pub failures: SignInFailures,
    /// The wrong codes of late, of each account from all networks together.
    pub code_failures: SignInFailures,
    /// The frames that sessions send.
    pub frames: SessionFrames,
}

/// One kind of work, with a share for strangers and another for residents.
pub struct Lanes {
    strangers: Share,
    residents: Share,
}

impl Lanes {
    /// Waits for a turn, as [`Share::enter`].
    ///
    /// # Errors
    /// [`Kind::BUSY`].
    pub async fn enter(&self, holder: Holder) -> Result<Turn, Problem> {
        match holder {
            Holder::Strangers(_) => self.strangers.enter(holder).await,
            Holder::Resident(_) => self.residents.enter(holder).await,
        }
    }
}

impl Default for Budgets {
    fn default() -> Self {
        let sign_ins = Lanes {
            strangers: Share::new(name::STRANGERS_SIGN_IN, STRANGERS_SIGN_IN),
            residents: Share::new(name::RESIDENTS_SIGN_IN, RESIDENTS_SIGN_IN),
        };
        let pages = Lanes {
            strangers: Share::new(name::STRANGERS_PAGE, STRANGERS_PAGE),
            residents: Share::new(name::RESIDENTS_PAGE, RESIDENTS_PAGE),
        };
        Self {
            sign_ins,
            service_sign_ins: Share::new(name::SERVICE_SIGN_IN, SERVICE_SIGN_IN),
            pages,
            tokens: Lookups::of_tokens(),
            codes: Lookups::of_codes(),
            commands: Share::new(name::STRANGERS_COMMAND, STRANGERS_COMMAND),
            push: PushRequests::default(),
            failures: SignInFailures::default(),
            code_failures: SignInFailures::default(),
            frames: SessionFrames::default(),
        }
    }
}

/// Counts a refusal.
pub(crate) fn count_refused(budget: &'static str) {
    metrics::counter!("iutsai_refused_total", "budget" => budget).increment(1);
}

/// Refuses a request beyond a budget.
#[must_use]
pub(crate) fn refused(budget: &'static str) -> Problem {
    count_refused(budget);
    Kind::BUSY.because("Too many ask for this at the moment; try again in a moment.").retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_budget_is_in_the_operators_table() {
        let root = env!("CARGO_MANIFEST_DIR");
        let table = std::fs::read_to_string(format!("{root}/../docs/operations/limits.md")).unwrap();
        let source = std::fs::read_to_string(format!("{root}/src/budgets.rs")).unwrap();
        let names = source.lines().filter_map(|line| {
            let (_, text) = line.trim().strip_prefix("pub(crate) const ")?.split_once(": &str = \"")?;
            text.strip_suffix("\";")
        });
        let names: Vec<_> = names.collect();
        assert_eq!(names.len(), 14);
        for name in names {
            assert!(table.contains(&format!("`{name}`")), "{name} is not in docs/operations/limits.md");
        }
    }
}
