//! A record of each act of the office, each sign-in, each download and each look at a location, with the person, the
//! time, the address and the person whose data it touches. Rows are only ever added. Each has the hash of the one
//! before it within its own, so that a changed or a missing row is found ([`verify`]).
//!
//! An act that changes the accounts' database appends its record in the transaction of the act ([`append`]).
//! Everything that must not wait for the audit, such as signing in and a call, leaves its record with
//! [`Audit::later`].

mod act;
mod append;
mod chain;
mod check;
mod later;
mod looks;
mod prune;
mod read;
mod record;
mod refusals;
mod verify;

use std::{net::IpAddr, sync::Arc};

use domain::CallKey;

pub use self::{
    act::Act,
    check::{CheckError, Month, NotAMonth},
    prune::AT_LEAST,
    read::{Entry, Filter, Head},
    record::{By, COMMAND_LINE, DISPLAY, Record, SERVICE},
    verify::{Broken, Verified},
};
pub(crate) use self::{append::append, verify::verify_within};
use crate::database::{self, Database, DatabaseError};
use later::Waiting;
use looks::Looks;
use refusals::Refusals;

/// The audit of the complex. Clones share what waits to be written.
#[derive(Clone)]
pub struct Audit {
    database: Database,
    waiting: Arc<Waiting>,
    refusals: Arc<Refusals>,
    looks: Arc<Looks>,
}

impl Audit {
    /// The audit in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, waiting: Arc::default(), refusals: Arc::default(), looks: Arc::default() }
    }

    /// Appends a record. Use it right after an act that has no transaction of its own in the accounts' database, and
    /// before data is given out.
    ///
    /// # Errors
    /// The database's; the record is not written then, or it is not known whether it is.
    pub async fn record(&self, record: Record) -> Result<(), DatabaseError> {
        self.record_all(&[record]).await
    }

    /// Leaves a record to be written within moments. It is kept in memory while the database is away, and the caller
    /// does not wait.
    pub fn later(&self, record: Record) {
        self.waiting.push(record);
    }

    /// Counts a sign-in that was refused. Those of one address and one name within a minute become one record, so
    /// that a stranger does not fill the table.
    pub fn refused(&self, from: IpAddr, name: &str, reason: &'static str) {
        self.refusals.add(from, name, reason);
    }

    /// Records that somebody of the office looked at a call, or at the location of it. A look that comes again within
    /// an hour is not recorded, because a page asks every few seconds.
    pub fn looked(&self, act: Act, by: &By, call: &CallKey) {
        if self.looks.is_new(act, by, call) {
            self.later(Record::new(act, by.clone()).about_flat(&call.line, &call.house).with(call.id));
        }
    }

    async fn record_all(&self, records: &[Record]) -> Result<(), DatabaseError> {
        database::outcome::<_, DatabaseError>(async {
            let mut transaction = self.database.pool().begin().await?;
            append(&mut transaction, records).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}
