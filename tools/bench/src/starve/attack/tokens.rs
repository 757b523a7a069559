//! Tokens that open no session. Each that the server does not know may cost a query of the database.

use domain::Resident;
use reqwest::Method;
use testkit::{
    Error,
    client::{Client, Handshake, Socket},
};
use uuid::Uuid;

use super::{Crew, Load};

pub(super) fn start(crew: &Crew, load: &mut Load) {
    // The resident tries from the building's address, without the session.
    let neighbours = crew.devices().map(|device| device.client().clone());
    for client in neighbours.chain(crew.strangers()) {
        let mut is_socket = false;
        load.repeat(move || {
            is_socket = !is_socket;
            bring(client.clone(), is_socket)
        });
    }
}

/// By a request and by the upgrade of a socket in turn.
async fn bring(client: Client, is_socket: bool) -> Result<(), Error> {
    let token = token();
    if is_socket {
        return Socket::open(&client, &Handshake::default().signed_in(&token)).await.map(drop);
    }
    let request = client.request(Method::GET, "/api/session").bearer_auth(token);
    client.send::<Resident>(request).await?.ok().map(drop)
}

/// Returns text with the length and the letters of a session's token.
fn token() -> String {
    let [one, other] = [Uuid::now_v7(), Uuid::now_v7()].map(|id| id.simple().to_string());
    format!("{one}{}", &other[other.len() - 11..])
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_invented_token_has_the_form_of_a_real_one() {
        let token = super::token();
        assert!(token.len() == 43 && token.chars().all(|c| c.is_ascii_alphanumeric()), "{token}");
        assert_ne!(token, super::token());
    }
}
