//! Refused sign-ins, counted until the end of a minute. One record stands for all of one address, one name and one
//! reason.
//!
//! A stranger chooses both the name and, with many machines, the address. So the table gets at most [`KEYS`] and one
//! rows a minute from each node, and [`NAMES`] and one for an address. A name that no account has is not recorded,
//! because people type passwords there.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use parking_lot::Mutex;
use sqlx::Row as _;

use super::{Act, By, Record};
use crate::database::{self, Database, DatabaseError, account_name::can_be_name};

/// The most combinations that are counted apart within a minute.
const KEYS: usize = 100;
/// The most names that are counted apart for one address.
const NAMES: usize = 5;

/// An address, a name and a reason. Without an address it is all that found no place of its own.
type Key = (Option<IpAddr>, String, &'static str);

#[derive(Default)]
pub(super) struct Refusals(Mutex<BTreeMap<Key, u64>>);

impl Refusals {
    pub(super) fn add(&self, from: IpAddr, name: &str, reason: &'static str) {
        let name = if can_be_name(name) { name } else { "" };
        add(&mut self.0.lock(), (Some(from.to_canonical()), name.to_owned(), reason), 1);
    }

    /// Returns a record for each combination, and begins anew.
    ///
    /// # Errors
    /// The database's, which is asked for the names; everything stays counted then.
    pub(super) async fn fold(&self, database: &Database) -> Result<Vec<Record>, DatabaseError> {
        let counted = std::mem::take(&mut *self.0.lock());
        let known = match known(database, &counted).await {
            Ok(known) => known,
            Err(error) => {
                let mut now = self.0.lock();
                for (key, count) in counted {
                    add(&mut now, key, count);
                }
                return Err(error);
            }
        };
        let mut folded: BTreeMap<Key, u64> = BTreeMap::new();
        for ((address, name, reason), count) in counted {
            let is_known = known.get(&name).copied().unwrap_or_default();
            *folded.entry((address, if is_known { name } else { String::new() }, reason)).or_default() +=
                count;
        }
        Ok(folded.into_iter().map(record).collect())
    }
}

fn record(((address, name, reason), count): (Key, u64)) -> Record {
    let by =
        By { name: String::new(), address: address.map(|address| address.to_string()).unwrap_or_default() };
    Record::new(Act::SignInRefused, by).about(&name).with(reason).times(count)
}

/// Counts a refusal under its own name while there is room, then under its address, then under nothing.
fn add(counted: &mut BTreeMap<Key, u64>, key: Key, count: u64) {
    let of_address = (key.0, String::new(), "");
    for key in [key, of_address, (None, String::new(), "")] {
        if let Some(known) = counted.get_mut(&key) {
            *known += count;
            return;
        }
        let of_one =
            counted.keys().filter(|(address, name, _)| *address == key.0 && !name.is_empty()).count();
        let has_room = counted.len() < KEYS && (key.1.is_empty() || of_one < NAMES);
        if has_room || key.0.is_none() {
            counted.insert(key, count);
            return;
        }
    }
}

/// Returns which of the names are names of accounts.
async fn known(
    database: &Database,
    counted: &BTreeMap<Key, u64>,
) -> Result<HashMap<String, bool>, DatabaseError> {
    let mut known = HashMap::new();
    for (_, name, _) in counted.keys().filter(|(_, name, _)| !name.is_empty()) {
        if known.contains_key(name) {
            continue;
        }
        let count =
            sqlx::query("SELECT COUNT(*) AS accounts FROM residents WHERE name = $1").bind(name.clone());
        let row = database::answer(count.fetch_one(database.pool())).await?;
        let accounts: i64 = row.try_get("accounts")?;
        known.insert(name.clone(), accounts > 0);
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_with_many_names_and_addresses_stays_within_the_bound() {
        let refusals = Refusals::default();
        for number in 0..1_000_u32 {
            refusals.add([10, 0, 0, 1].into(), &format!("name-{number}"), "refused");
            refusals.add(IpAddr::from((0x0b00_0000 + number).to_be_bytes()), "admin", "refused");
        }
        refusals.add([10, 0, 0, 1].into(), "name-0", "refused");
        let counted = refusals.0.lock();
        assert!(counted.len() <= KEYS + 1, "{}", counted.len());
        let one = counted.keys().filter(|(address, ..)| *address == Some([10, 0, 0, 1].into())).count();
        assert_eq!(one, NAMES + 1);
        assert_eq!(counted.values().sum::<u64>(), 2_001, "every one is counted");
        assert_eq!(counted[&(Some([10, 0, 0, 1].into()), "name-0".to_owned(), "refused")], 2);
    }

    #[test]
    fn a_name_that_no_account_can_have_is_not_kept() {
        let refusals = Refusals::default();
        refusals.add([10, 0, 0, 1].into(), "\0", "refused");
        assert_eq!(refusals.0.lock().keys().next().map(|(_, name, _)| name.as_str()), Some(""));
    }
}
