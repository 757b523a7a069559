//! The acts of the office on lines and houses.

use domain::{House, Line, people::unseen};
use sqlx::{AnyConnection, Row};

use super::Refused;
use crate::{
    audit::Act,
    database,
    people::{accounts::Accounts, complex, import},
};

impl Accounts {
    /// Adds a house, and its line where that is new.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn add_house(&self, building: &str, line: &Line, house: &House) -> Result<(), Refused> {
        for name in [building, line.as_str(), house.as_str()] {
            if let Some(c) = unseen(name) {
                let c = u32::from(c);
                return Err(Refused::Invalid(format!("a name contains U+{c:04X}, which cannot be seen")));
            }
        }
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            let line = line.as_str();
            import::insert(&mut transaction, "lines (line, building)", &[[line, building]]).await?;
            import::insert(&mut transaction, "houses (line, house)", &[[line, house.as_str()]]).await?;
            let flat = format!("{line} {house}");
            self.record(&mut transaction, Act::HouseAdded, &flat, building).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Removes a line and its houses, if nobody there has an account.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn remove_line(&self, line: &Line) -> Result<(), Refused> {
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            let name = line.as_str();
            let mut removed = 0;
            for statement in [
                "DELETE FROM invitations WHERE line = $1 AND resident IS NULL",
                "DELETE FROM houses WHERE line = $1",
                "DELETE FROM neighbouring_lines WHERE line = $1 OR neighbour = $1",
                "DELETE FROM lines WHERE line = $1",
            ] {
                removed +=
                    sqlx::query(statement).bind(name).execute(&mut *transaction).await?.rows_affected();
            }
            let residents = residents(&mut transaction, line, None).await?;
            if residents > 0 {
                return Err(Refused::Occupied { place: name.to_owned(), residents });
            }
            if removed == 0 {
                return Err(Refused::NoSuchLine(line.clone()));
            }
            self.record(&mut transaction, Act::LineRemoved, name, "").await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Removes a house, if nobody there has an account.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn remove_house(&self, line: &Line, house: &House) -> Result<(), Refused> {
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            let invitations = sqlx::query("DELETE FROM invitations WHERE line = $1 AND house = $2");
            invitations.bind(line.as_str()).bind(house.as_str()).execute(&mut *transaction).await?;
            let delete = sqlx::query("DELETE FROM houses WHERE line = $1 AND house = $2");
            let delete = delete.bind(line.as_str()).bind(house.as_str()).execute(&mut *transaction).await?;
            let residents = residents(&mut transaction, line, Some(house)).await?;
            if residents > 0 {
                return Err(Refused::Occupied { place: format!("{line} {house}"), residents });
            }
            if delete.rows_affected() == 0 {
                return Err(Refused::NoSuchHouse(line.clone(), house.clone()));
            }
            self.record(&mut transaction, Act::HouseRemoved, &format!("{line} {house}"), "").await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Sets the lines next to a line, which are neighbours of it in turn.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn set_neighbours(&self, line: &Line, neighbours: &[Line]) -> Result<(), Refused> {
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            let forget = sqlx::query("DELETE FROM neighbouring_lines WHERE line = $1 OR neighbour = $1");
            forget.bind(line.as_str()).execute(&mut *transaction).await?;
            let known = complex::layout(&mut transaction).await?;
            let unknown =
                std::iter::once(line).chain(neighbours).find(|line| !known.lines.contains_key(*line));
            if let Some(unknown) = unknown {
                return Err(Refused::NoSuchLine(unknown.clone()));
            }
            let others = neighbours.iter().filter(|neighbour| *neighbour != line).map(Line::as_str);
            let pairs: Vec<[&str; 2]> =
                others.flat_map(|other| [[line.as_str(), other], [other, line.as_str()]]).collect();
            import::insert(&mut transaction, "neighbouring_lines (line, neighbour)", &pairs).await?;
            let names: Vec<&str> = neighbours.iter().map(Line::as_str).collect();
            self.record(&mut transaction, Act::NeighboursSet, line.as_str(), &names.join("; ")).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

async fn residents(
    connection: &mut AnyConnection,
    line: &Line,
    house: Option<&House>,
) -> Result<usize, sqlx::Error> {
    let count = sqlx::query(
        "SELECT COUNT(*) AS residents FROM residents WHERE line = $1 AND (house = $2 OR CAST($2 AS TEXT) = '')",
    );
    let count = count.bind(line.as_str()).bind(house.map_or("", House::as_str)).fetch_one(connection).await?;
    let residents: i64 = count.try_get("residents")?;
    Ok(usize::try_from(residents).unwrap_or_default())
}
