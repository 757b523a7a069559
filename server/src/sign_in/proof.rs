//! The proofs that a person gives, which are the password and the code of a second factor. Wrong ones of both kinds
//! spend the same budgets.

use std::time::{Duration, Instant};

use backend::people::accounts::can_be_name;
use domain::Resident;
use http::HeaderMap;

use crate::{
    auth,
    client_address::ClientAddress,
    problem::{Kind, Problem},
    state::AppState,
};

/// A person who proves who they are, and from where.
#[derive(Clone, Copy)]
pub(crate) struct Prover<'a> {
    /// The server.
    pub state: &'a AppState,
    /// Where the request came from.
    pub client: ClientAddress,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

impl Prover<'_> {
    /// Returns whose name and password these are. It counts as a success only when the code was right, too, so that the
    /// one who knows the password gets no more attempts at the code.
    ///
    /// # Errors
    /// [`Kind::SIGN_IN_REFUSED`], [`Kind::TOO_MANY`], [`Kind::BUSY`], [`Kind::ACCOUNT_LOCKED`] or
    /// [`Kind::UNAVAILABLE`].
    pub(crate) async fn password(self, name: &str, password: &str) -> Result<Resident, Problem> {
        self.recorded(name, self.checked_password(name, password).await)
    }

    /// Uses a code of an account's second factor. Wrong codes count per account and network, as wrong passwords do, and
    /// per account alone, because the one who has the password may have many addresses.
    ///
    /// # Errors
    /// [`Kind::CODE_REFUSED`], [`Kind::TOO_MANY`], [`Kind::BUSY`] or [`Kind::UNAVAILABLE`].
    pub(crate) async fn code(self, name: &str, code: &str) -> Result<(), Problem> {
        self.recorded(name, self.used_code(name, code).await)
    }

    async fn checked_password(self, name: &str, password: &str) -> Result<Resident, Problem> {
        if !can_be_name(name) {
            return Err(password_refused());
        }
        // The turn comes first, because a sign-in that is refused for want of one has not failed.
        let _turn = self.state.budgets.sign_ins.enter(self.holder()).await?;
        let (failures, network) = (&self.state.budgets.failures, self.client.network());
        failures.attempt(name, network, Instant::now()).map_err(too_many)?;
        let verified = self.state.backend.accounts.verify(name, password).await;
        if !matches!(verified, Ok(None)) {
            failures.take_back(name, network);
        }
        verified?.ok_or_else(password_refused)
    }

    async fn used_code(self, name: &str, code: &str) -> Result<(), Problem> {
        let _turn = self.state.budgets.sign_ins.enter(self.holder()).await?;
        let (budgets, network, now) = (&self.state.budgets, self.client.network(), Instant::now());
        budgets.failures.attempt(name, network, now).map_err(too_many)?;
        if let Err(wait) = budgets.code_failures.attempt_anywhere(name, now) {
            budgets.failures.take_back(name, network);
            return Err(too_many(wait));
        }
        let accounts = self.state.backend.accounts.acting(self.client.by(name));
        let used = accounts.use_code(name, code).await;
        match used {
            Ok(true) => {
                self.succeeded(name);
                budgets.code_failures.succeeded_anywhere(name);
                Ok(())
            }
            Ok(false) => {
                tracing::warn!(name, "the password was right, and the code of the second factor was not");
                Err(Kind::CODE_REFUSED
                    .because("The code is wrong or was used; enter the next one of the app."))
            }
            Err(error) => {
                budgets.failures.take_back(name, network);
                budgets.code_failures.take_back_anywhere(name);
                Err(error.into())
            }
        }
    }

    /// Forgets the failures of an account from here, because everything that is asked for was right.
    pub(crate) fn succeeded(self, name: &str) {
        self.state.budgets.failures.succeeded(name, self.client.network());
    }

    /// Leaves a record of a proof that was refused. The answer does not wait for it.
    fn recorded<T>(self, name: &str, outcome: Result<T, Problem>) -> Result<T, Problem> {
        outcome.inspect_err(|problem| {
            let reason = match problem.kind {
                Kind::CODE_REFUSED => "second-factor",
                kind @ (Kind::SIGN_IN_REFUSED | Kind::ACCOUNT_LOCKED | Kind::TOO_MANY) => kind.slug(),
                // Nothing was tried.
                _ => return,
            };
            self.state.backend.audit.refused(self.client.ip, name, reason);
        })
    }

    fn holder(self) -> crate::budgets::Holder {
        auth::holder(self.state, self.client, self.headers)
    }
}

/// Name and password belong to nobody.
fn password_refused() -> Problem {
    Kind::SIGN_IN_REFUSED.because("Wrong name or password; check both and try again.")
}

fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs_f64().ceil() as u64;
    let detail = format!("Signing in failed too often; try again in {} minutes.", seconds.div_ceil(60));
    Kind::TOO_MANY.because(detail).retry_after(seconds)
}
