//! The accounts of a town in a database, and whether a running server knows their sessions.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};

use super::{
    Residents, Town,
    register::{Person, Register},
    token::Token,
};
use crate::{Error, client::Client};

/// A server asks the database every two seconds for what has changed. A busy machine may need far longer.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);

/// Accounts with their tokens, written into a database.
#[derive(Clone, Debug)]
pub struct Accounts {
    url: String,
    pub(super) town: Town,
    pub(super) people: Vec<Person>,
}

impl Accounts {
    pub(super) async fn enter(town: &Town, url: &str) -> Result<Self, Error> {
        let tokens = || -> Vec<Token> { std::iter::repeat_with(Token::new).take(town.sessions).collect() };
        let people: Vec<_> = town.people().map(|resident| Person { resident, tokens: tokens() }).collect();
        let register = Register::open(url).await?;
        register.add(&people, town.password_hash()).await?;
        register.close().await;
        Ok(Self { url: url.into(), town: town.clone(), people })
    }

    /// Waits until the server of `client` has all of these sessions in its own memory.
    ///
    /// The answer for one of the tokens would not show it, because the server asks the database for a single token that
    /// it does not know. A session that was ended in the database is still good for the server until it reads what has
    /// changed, and then it has read the others as well.
    ///
    /// # Errors
    /// [`Error::Database`], and [`Error::Late`] with the last answer.
    pub async fn wait_until_known(&self, client: &Client) -> Result<(), Error> {
        let first = self.people.first();
        let first = first.ok_or_else(|| Error::Usage("a town without people is never known".into()))?;
        let (register, marker) = (Register::open(&self.url).await?, Token::new());
        register.start(&first.resident, &marker).await?;
        wait_for(client, &marker, StatusCode::OK).await?;
        register.end(&marker).await?;
        wait_for(client, &marker, StatusCode::UNAUTHORIZED).await?;
        register.close().await;
        Ok(())
    }

    /// Everybody, signed in at the server of `client`.
    #[must_use]
    pub fn signed_in(&self, client: &Client) -> Residents {
        Residents::new(self, client)
    }

    /// Takes the accounts out of the database again.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn remove(self) -> Result<(), Error> {
        let register = Register::open(&self.url).await?;
        register.remove(&self.people).await?;
        register.close().await;
        Ok(())
    }
}

/// Waits until the server gives the awaited answer to this token.
async fn wait_for(client: &Client, token: &Token, awaited: StatusCode) -> Result<(), Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let request = client.request(Method::GET, "/api/session").bearer_auth(token.as_str());
        let instead = match request.send().await {
            Ok(response) if response.status() == awaited => return Ok(()),
            Ok(response) => format!("the last answer was {}", response.status()),
            Err(error) => format!("the last attempt failed: {error}"),
        };
        if Instant::now() >= deadline {
            let awaited = format!("the answer {awaited} to a session that the database has changed");
            return Err(Error::Late { awaited, within: PATIENCE, instead });
        }
        tokio::time::sleep(GLANCE).await;
    }
}
