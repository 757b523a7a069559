//! Invitations: a one-time code, shown once, with which a resident makes an account or chooses a new password. The
//! database knows only its SHA-256.

use std::fmt;

use domain::{House, Line, Millis, Resident, Role};
use sqlx::{AnyConnection, Row};

use super::{
    PeopleError,
    accounts::{self, AccountError, Accounts, NewAccount},
    code, complex,
    office::{Refused, end_sessions},
    sessions::DAY,
};
use crate::{
    audit::{self, Act, Record},
    clock,
    database::{
        self, DatabaseError,
        stored::{StoredResident, Unreadable, name},
    },
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
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    fn generate() -> Result<Self, PeopleError> {
        Ok(Self(code::generate::<CODE_LENGTH>()?))
    }

    /// Reads a code as people write it: in groups or not, in small letters, and with letters that look like digits.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        code::read(text, CODE_LENGTH).map(Self)
    }

    /// The code in groups of four, as it is printed.
    #[must_use]
    pub fn written(&self) -> String {
        code::in_groups(&self.0)
    }

    fn hash(&self) -> String {
        code::hash(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(hidden)")
    }
}

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

/// The purpose of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The flat.
    pub flat: Option<(Line, House)>,
    /// The account that gets a new password.
    pub resident: Option<String>,
    /// Until when it can be used.
    pub expires_at: Millis,
}

/// The form of somebody who was invited.
pub struct Joining {
    /// The name to sign in with; that of an account that gets a new password is known.
    pub name: String,
    /// The password, in the clear; only its hash is kept.
    pub password: String,
    /// The version of the words that were agreed to.
    pub consent: Option<String>,
    /// The words.
    pub consent_text: String,
}

/// Why nobody joins. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// There is no such code.
    #[error("there is no such invitation: check the code")]
    Unknown,
    /// The code was used.
    #[error("the invitation has been used: sign in, or ask the office for another one")]
    Used,
    /// The code is too old.
    #[error("the invitation has expired: ask the office for another one")]
    Expired,
    /// The words about the location were not agreed to, or are others now.
    #[error("joining needs consent to the use of the location in a call, version {CONSENT_VERSION}")]
    Consent,
    /// The name or the password cannot be had.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<PeopleError> for JoinError {
    fn from(error: PeopleError) -> Self {
        Self::Account(error.into())
    }
}

impl From<DatabaseError> for JoinError {
    fn from(error: DatabaseError) -> Self {
        PeopleError::from(error).into()
    }
}

impl From<sqlx::Error> for JoinError {
    fn from(error: sqlx::Error) -> Self {
        PeopleError::from(error).into()
    }
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

/// Joining.
impl Accounts {
    /// Returns what a code is for. It stays usable: programs that show a preview of a link open it, too.
    ///
    /// # Errors
    /// [`JoinError`].
    pub async fn invited(&self, code: &Code) -> Result<Invited, JoinError> {
        database::outcome(async {
            let mut connection = self.database().pool().acquire().await?;
            look_up(&mut connection, code).await
        })
        .await
    }

    /// Uses a code: makes the account, or gives one that there is a new password and ends its sessions.
    ///
    /// # Errors
    /// [`JoinError`]; the code can be used again then.
    pub async fn join(&self, code: &Code, joining: Joining) -> Result<Resident, JoinError> {
        let Invited { flat, resident, .. } = self.invited(code).await?;
        let Joining { name, password, consent, consent_text } = joining;
        let is_new = resident.is_none();
        if is_new && consent.as_deref() != Some(CONSENT_VERSION) {
            return Err(JoinError::Consent);
        }
        let (line, house) = flat.unzip();
        let role = if line.is_some() { Role::Resident } else { Role::Administrator };
        let account = NewAccount { name: resident.unwrap_or(name), password, line, house, role };
        // The name of an account of an older version may have what a new one may not.
        let checked = if is_new {
            accounts::validate(&account)
        } else {
            accounts::validate_password(&account.password)
        };
        checked?;
        let NewAccount { name, password, line, house, role } = account;
        let hash = self.hashed(password).await?;
        let stored = StoredResident {
            name,
            line: line.map(String::from),
            house: house.map(String::from),
            role: role.as_str().to_owned(),
        };
        database::outcome(async {
            let mut transaction = self.database().pool().begin().await?;
            let now = clock::now();
            // Two at once wait here for each other, and the second finds the code used.
            let used = sqlx::query(
                "UPDATE invitations SET used_at = $1 WHERE code_hash = $2 AND used_at = 0 AND expires_at > $1",
            );
            let used = used.bind(now).bind(code.hash()).execute(&mut *transaction).await?;
            if used.rows_affected() == 0 {
                look_up(&mut transaction, code).await?;
                return Err(JoinError::Used);
            }
            let resident = if is_new {
                make(&mut transaction, stored, hash, &consent_text, now).await?
            } else {
                renew(&mut transaction, &stored.name, hash).await?
            };
            let act = if is_new { Act::Joined } else { Act::PasswordChosen };
            let record = Record::new(act, self.by().named(&resident.name)).about(&resident.name);
            audit::append(&mut transaction, &[record]).await?;
            transaction.commit().await?;
            Ok(resident)
        })
        .await
    }
}

async fn look_up(connection: &mut AnyConnection, code: &Code) -> Result<Invited, JoinError> {
    let find = sqlx::query(
        "SELECT line, house, resident, expires_at, used_at FROM invitations WHERE code_hash = $1",
    );
    let row = find.bind(code.hash()).fetch_optional(connection).await?.ok_or(JoinError::Unknown)?;
    if row.try_get::<Millis, _>("used_at")? != 0 {
        return Err(JoinError::Used);
    }
    let expires_at: Millis = row.try_get("expires_at")?;
    if expires_at <= clock::now() {
        return Err(JoinError::Expired);
    }
    let (line, house): (Option<String>, Option<String>) = (row.try_get("line")?, row.try_get("house")?);
    let read = |(line, house)| -> Result<(Line, House), Unreadable> {
        Ok((name(line, Line::new)?, name(house, House::new)?))
    };
    let flat = line.zip(house).map(read);
    let flat = flat.transpose().map_err(PeopleError::Unreadable)?;
    Ok(Invited { flat, resident: row.try_get("resident")?, expires_at })
}

async fn make(
    connection: &mut AnyConnection,
    account: StoredResident,
    hash: String,
    consent_text: &str,
    now: Millis,
) -> Result<Resident, JoinError> {
    let insert = sqlx::query(
        "INSERT INTO residents (name, password_hash, line, house, role, demo, created_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (name) DO NOTHING",
    );
    let insert = insert
        .bind(account.name.clone())
        .bind(hash)
        .bind(account.line.clone())
        .bind(account.house.clone())
        .bind(account.role.clone())
        .bind(now);
    if insert.execute(&mut *connection).await?.rows_affected() == 0 {
        return Err(AccountError::Taken(account.name).into());
    }
    let consent = sqlx::query(
        "INSERT INTO consents (resident, purpose, version, text, given_at) VALUES ($1, $2, $3, $4, $5)",
    );
    let consent =
        consent.bind(account.name.clone()).bind(PURPOSE).bind(CONSENT_VERSION).bind(consent_text.to_owned());
    consent.bind(now).execute(connection).await?;
    Ok(account.read().map_err(PeopleError::Unreadable)?)
}

/// Gives an account a new password. Its devices sign in with it.
async fn renew(connection: &mut AnyConnection, name: &str, hash: String) -> Result<Resident, JoinError> {
    let update = sqlx::query("UPDATE residents SET password_hash = $1 WHERE name = $2 AND locked = 0");
    if update.bind(hash).bind(name).execute(&mut *connection).await?.rows_affected() == 0 {
        return Err(PeopleError::Locked.into());
    }
    end_sessions(connection, name).await?;
    let find = sqlx::query("SELECT name, line, house, role FROM residents WHERE name = $1").bind(name);
    Ok(accounts::resident(&find.fetch_one(connection).await?)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = Code::generate().unwrap();
        let written = code.written();
        assert_eq!((written.len(), written.matches('-').count()), (14, 2));
        for text in
            [written.clone(), written.to_lowercase(), written.replace('-', " "), written.replace('-', "")]
        {
            assert_eq!(Code::read(&text), Some(code.clone()), "{text}");
        }
        assert_eq!(Code::read("oOiI-lL00-1111"), Code::read("0011-1100-1111"));
        for wrong in ["", "K7M4-Q2XP", "K7M4-Q2XP-9TRU", "K7M4-Q2XP-9TRA-1", "가나다라-마바사아-자차카타"]
        {
            assert_eq!(Code::read(wrong), None, "{wrong}");
        }
        assert_eq!(Code::read(&"-".repeat(1_000)), None);
    }

    #[test]
    fn a_code_is_neither_logged_nor_kept() {
        let code = Code::generate().unwrap();
        assert!(!format!("{code:?}").contains(&code.0) && !code.hash().contains(&code.0));
        assert_ne!(code, Code::generate().unwrap());
    }
}
