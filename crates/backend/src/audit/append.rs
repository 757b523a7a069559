//! Appending rows to the chain.

use sqlx::{AnyConnection, Row as _};

use super::{Record, chain::Row};

/// Appends records within a transaction, as the last thing before its commit. The first statement takes the lock of
/// the chain's end, which serialises the writers of every node. Two transactions that lock other rows after it could
/// wait for each other.
///
/// On SQLite the transaction must not have read before its first write, since SQLite refuses one that read before
/// another one wrote.
pub(crate) async fn append(connection: &mut AnyConnection, records: &[Record]) -> Result<(), sqlx::Error> {
    if records.is_empty() {
        return Ok(());
    }
    let (mut sequence, mut hash) = locked(connection).await?;
    for record in records {
        sequence += 1;
        hash = insert(connection, record, sequence, &hash).await?;
    }
    let update = sqlx::query("UPDATE audit_head SET sequence = $1, hash = $2 WHERE id = 1");
    update.bind(sequence).bind(hash).execute(connection).await.map(drop)
}

/// Locks the end of the chain and returns it. The update comes before the select, because it is what takes the lock
/// on SQLite and on PostgreSQL alike.
pub(super) async fn locked(connection: &mut AnyConnection) -> Result<(i64, String), sqlx::Error> {
    sqlx::query("UPDATE audit_head SET sequence = sequence WHERE id = 1").execute(&mut *connection).await?;
    let head =
        sqlx::query("SELECT sequence, hash FROM audit_head WHERE id = 1").fetch_one(connection).await?;
    Ok((head.try_get("sequence")?, head.try_get("hash")?))
}

/// Writes one row and returns its hash.
async fn insert(
    connection: &mut AnyConnection,
    record: &Record,
    sequence: i64,
    previous: &str,
) -> Result<String, sqlx::Error> {
    let Record { at, act, by, subject, detail, count } = record;
    let (at, act, count) = (*at, act.as_str(), i64::try_from(*count).unwrap_or(i64::MAX));
    let (actor, address) = (by.name.as_str(), by.address.as_str());
    let hash = Row { sequence, at, act, actor, address, subject, detail, count }.hash(previous);
    let insert = sqlx::query(
        "INSERT INTO audit (sequence, at, act, actor, address, subject, detail, count, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let insert = insert
        .bind(sequence)
        .bind(at)
        .bind(act)
        .bind(actor.to_owned())
        .bind(address.to_owned())
        .bind(subject.clone())
        .bind(detail.clone())
        .bind(count)
        .bind(hash.clone());
    insert.execute(connection).await?;
    Ok(hash)
}
