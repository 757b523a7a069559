//! Invitations. Each has a one-time code, shown once, with which a resident makes an account or chooses a new password.
//! The database knows only its SHA-256.

mod join;

use domain::{House, Line, Millis, Resident};
use sqlx::Row;

pub use self::join::{Invited, JoinError, Joining};
use super::{
    PeopleError,
    accounts::{self, Accounts},
    code, complex,
    office::Refused,
    sessions::DAY,
};
use crate::{
    audit::{self, Act, Record},
    clock, database,
};

/// The time for which an invitation can be used, in milliseconds.
pub const LASTS: Millis = 14 * DAY;
/// The time for which an invitation that cannot be used any more is remembered, so that its holder reads the reason, in
/// milliseconds.
const REMEMBERED: Millis = 90 * DAY;
/// The most invitations that are made at once.
pub const MOST_AT_ONCE: usize = 2_000;
/// The purpose of the consent at the sign-up, as the database names it.
pub(crate) const PURPOSE: &str = "location-in-a-call";
/// The version of the words about the use of a location in a call (`join.consent` in `app/locales`). A change of their
/// meaning needs a new version.
pub const CONSENT_VERSION: &str = "2026-12";

/// The characters of a code. They are 60 bits, so that its hash does not give it away while it lasts.
const CODE_LENGTH: usize = 12;

/// The secret of an invitation.
pub type Code = code::Code<CODE_LENGTH>;

/// An invitation just made.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its secret, which nobody can read later.
    pub code: Code,
    /// The flat; somebody of the office may have none.
    pub flat: Option<(Line, House)>,
    /// The account that gets a new password; a new account is made without.
    pub resident: Option<String>,
    /// Until when it can be used.
    pub expires_at: Millis,
}

/// The invited house or account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A house, whether somebody there has an account or not.
    House(Line, House),
    /// The houses of a line in which nobody has an account.
    Line(Line),
    /// All houses in which nobody has an account.
    Everybody,
}

/// Inviting.
impl Accounts {
    /// Makes invitations, in the order of the houses. Earlier ones stay.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn invite(&self, whom: &Whom, by: &str) -> Result<Vec<Invitation>, Refused> {
        let houses = self.houses_of(whom).await?;
        if houses.len() > MOST_AT_ONCE {
            return Err(Refused::Invalid(format!(
                "at most {MOST_AT_ONCE} houses at once: invite line by line"
            )));
        }
        let now = clock::now();
        let make = |flat| -> Result<Invitation, PeopleError> {
            Ok(Invitation {
                code: Code::generate()?,
                flat: Some(flat),
                resident: None,
                expires_at: now + LASTS,
            })
        };
        let invitations: Vec<Invitation> =
            houses.into_iter().map(make).collect::<Result<_, PeopleError>>()?;
        let subject = match whom {
            Whom::House(line, house) => format!("{line} {house}"),
            Whom::Line(line) => line.to_string(),
            Whom::Everybody => String::new(),
        };
        self.keep(&invitations, (Act::Invited, &subject), by, now).await?;
        Ok(invitations)
    }

    /// Makes an invitation with which somebody chooses a new password. Until it is used, the old one and every
    /// session hold, so that nobody is without a way to call.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn reset(&self, resident: &str, by: &str) -> Result<Invitation, Refused> {
        let find = sqlx::query("SELECT name, line, house, role, locked FROM residents WHERE name = $1")
            .bind(resident)
            .fetch_optional(self.database().pool());
        let row = database::answer(find).await?;
        let row = row.ok_or_else(|| Refused::NoSuchPerson(resident.to_owned()))?;
        if row.try_get::<i64, _>("locked")? != 0 {
            return Err(Refused::Locked(resident.to_owned()));
        }
        let Resident { line, house, .. } = accounts::resident(&row)?;
        let now = clock::now();
        let invitation = Invitation {
            code: Code::generate()?,
            flat: line.zip(house),
            resident: Some(resident.to_owned()),
            expires_at: now + LASTS,
        };
        self.keep(std::slice::from_ref(&invitation), (Act::Reset, resident), by, now).await?;
        Ok(invitation)
    }

    async fn houses_of(&self, whom: &Whom) -> Result<Vec<(Line, House)>, Refused> {
        let complex = self.complex().await?;
        let wanted = |of_line: &complex::OfLine| match whom {
            Whom::House(line, _) | Whom::Line(line) => of_line.line == *line,
            Whom::Everybody => true,
        };
        let lines: Vec<_> = complex.lines.into_iter().filter(wanted).collect();
        match whom {
            Whom::House(line, house) => {
                let is_there =
                    lines.iter().any(|of_line| of_line.houses.iter().any(|one| one.house == *house));
                let missing = || Refused::NoSuchHouse(line.clone(), house.clone());
                if is_there { Ok(vec![(line.clone(), house.clone())]) } else { Err(missing()) }
            }
            Whom::Line(line) if lines.is_empty() => Err(Refused::NoSuchLine(line.clone())),
            Whom::Line(_) | Whom::Everybody => {
                let flats = |of_line: &complex::OfLine| {
                    let houses = of_line.without_account();
                    houses.map(|house| (of_line.line.clone(), house.house.clone())).collect::<Vec<_>>()
                };
                Ok(lines.iter().flat_map(flats).collect())
            }
        }
    }

    async fn keep(
        &self,
        invitations: &[Invitation],
        (act, subject): (Act, &str),
        by: &str,
        now: Millis,
    ) -> Result<(), Refused> {
        database::outcome(async {
            let mut transaction = self.database().pool().begin().await?;
            let forget = sqlx::query("DELETE FROM invitations WHERE expires_at < $1");
            forget.bind(now - REMEMBERED).execute(&mut *transaction).await?;
            for Invitation { code, flat, resident, expires_at } in invitations {
                let names = flat.as_ref().map(|(line, house)| (line.as_str(), house.as_str()));
                let (line, house) = names.unzip();
                let insert = sqlx::query(
                    "INSERT INTO invitations (code_hash, line, house, resident, invited_by, made_at, expires_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                );
                let insert = insert
                    .bind(code.hash())
                    .bind(line)
                    .bind(house)
                    .bind(resident.as_deref())
                    .bind(by)
                    .bind(now)
                    .bind(*expires_at);
                insert.execute(&mut *transaction).await?;
            }
            if !invitations.is_empty() {
                let record = Record::new(act, self.by().clone()).about(subject);
                let record = record.times(u64::try_from(invitations.len()).unwrap_or(u64::MAX));
                audit::append(&mut transaction, &[record]).await?;
            }
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}
