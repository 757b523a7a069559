//! The office's commands on the complex, which are the import of houses from a table and the invitations to them.

use domain::{House, Line};
use reqwest::{Method, header};
use serde::Deserialize;

use crate::{
    Error,
    client::{Answer, Session},
};

/// The changes that the import of a table would make, or has made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Preview {
    /// Lines that are not known yet.
    pub new_lines: Vec<Line>,
    /// Houses that are not known yet.
    pub new_houses: Vec<Flat>,
    /// The number of houses of the table that are known already.
    pub known_houses: usize,
    /// Names exactly these changes.
    pub digest: String,
}

/// A house of a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Flat {
    /// The line.
    pub line: Line,
    /// The house.
    pub house: House,
}

/// Invitations just made, without their codes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Invitations {
    /// The house of each invitation.
    pub invitations: Vec<Flat>,
}

impl Session {
    /// Previews the import of a table (`POST /api/people/import`). Nothing is changed.
    ///
    /// # Errors
    /// As [`Client::send`](crate::client::Client::send); a refusal is in the answer.
    pub async fn preview(&self, table: &str) -> Result<Answer<Preview>, Error> {
        self.send_table("/api/people/import", table).await
    }

    /// Imports a table whose preview had this digest.
    ///
    /// # Errors
    /// As [`Session::preview`].
    pub async fn import(&self, table: &str, digest: &str) -> Result<Answer<Preview>, Error> {
        self.send_table(&format!("/api/people/import?digest={digest}"), table).await
    }

    /// Invites every house in which nobody has an account (`POST /api/invitations`).
    ///
    /// # Errors
    /// As [`Session::preview`].
    pub async fn invite_everybody(&self) -> Result<Answer<Invitations>, Error> {
        let request = self.request(Method::POST, "/api/invitations").json(&serde_json::json!({}));
        self.client().send(request).await
    }

    async fn send_table(&self, path: &str, table: &str) -> Result<Answer<Preview>, Error> {
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "text/csv");
        self.client().send(request.body(table.to_owned())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_are_read_by_their_houses() {
        let answer =
            r#"{"invitations":[{"line":"301-1","house":"101","resident":null,"code":"x","expires_at":1}]}"#;
        let read: Invitations = serde_json::from_str(answer).unwrap();
        let [flat] = read.invitations.as_slice() else { panic!("one invitation: {read:?}") };
        assert_eq!((flat.line.as_str(), flat.house.as_str()), ("301-1", "101"));
    }
}
