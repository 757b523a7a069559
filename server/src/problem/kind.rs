//! The table of every kind of problem.

use http::StatusCode;

use super::Problem;

/// The kinds of problem, each with the last segment of `type`, the title and the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(&'static str, &'static str, StatusCode);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $title:literal, $status:ident;)*) => {
        impl Kind {
            $($(#[$doc])* pub const $name: Self = Self($slug, $title, StatusCode::$status);)*
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

kinds! {
    /// Not HTTP or JSON as it should be.
    MALFORMED = "malformed", "The request cannot be read", BAD_REQUEST;
    /// No session, or one that has ended.
    NOT_SIGNED_IN = "not-signed-in", "Not signed in", UNAUTHORIZED;
    /// The name or the password is wrong.
    SIGN_IN_REFUSED = "sign-in-refused", "Name or password is wrong", UNAUTHORIZED;
    /// Name and password are right, and the account has a second factor.
    CODE_NEEDED = "code-needed", "A code is needed", UNAUTHORIZED;
    /// The code is wrong, or was used before.
    CODE_REFUSED = "code-refused", "The code is wrong", UNAUTHORIZED;
    /// An administrator must set up a second factor first.
    SECOND_FACTOR_NEEDED = "second-factor-needed", "A second factor is needed", FORBIDDEN;
    /// A form that deletes something was not confirmed.
    UNCONFIRMED = "unconfirmed", "Not confirmed", UNPROCESSABLE_ENTITY;
    /// Signed in, but not for this.
    NOT_YOURS = "not-yours", "Not yours to do", FORBIDDEN;
    /// A page of another site asks.
    FOREIGN_ORIGIN = "foreign-origin", "Another site's page may not do this", FORBIDDEN;
    /// No such address.
    NOT_FOUND = "not-found", "Nothing is here", NOT_FOUND;
    /// No call with this id is known.
    UNKNOWN_CALL = "unknown-call", "The call is not known", NOT_FOUND;
    /// The role that would answer is not one of this process.
    ROLE_ABSENT = "role-absent", "This process does not do that", NOT_FOUND;
    /// The address knows other methods.
    METHOD_NOT_ALLOWED = "method-not-allowed", "Not by this method", METHOD_NOT_ALLOWED;
    /// No account, line or house has this name.
    NOT_KNOWN = "not-known", "Nobody and nothing has this name", NOT_FOUND;
    /// The name to sign in with belongs to somebody.
    NAME_TAKEN = "name-taken", "The name is taken", CONFLICT;
    /// Somebody who has an account still lives there.
    OCCUPIED = "occupied", "Somebody still lives there", CONFLICT;
    /// Nobody could lead the office any more.
    LAST_ADMINISTRATOR = "last-administrator", "The last administrator stays", CONFLICT;
    /// The preview no longer shows what the import would do.
    OUTDATED = "outdated", "It has changed since the preview", CONFLICT;
    /// The invitation was used, has expired, or never was.
    INVITATION_GONE = "invitation-gone", "The invitation cannot be used", GONE;
    /// The office has locked the account.
    ACCOUNT_LOCKED = "account-locked", "The account is locked", FORBIDDEN;
    /// There is no open call that is meant.
    NO_OPEN_CALL = "no-open-call", "No open call", CONFLICT;
    /// Several houses used the id, and the address does not name the one that is meant.
    SEVERAL_CALLS = "several-calls", "Several calls have this id", CONFLICT;
    /// More bytes than any call needs.
    TOO_LARGE = "too-large", "The request is too large", PAYLOAD_TOO_LARGE;
    /// Neither a JSON object nor a form.
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", "Not this content type", UNSUPPORTED_MEDIA_TYPE;
    /// Readable, but a value cannot be.
    INVALID = "invalid", "A value cannot be used", UNPROCESSABLE_ENTITY;
    /// The `Idempotency-Key` is not a UUID.
    KEY_INVALID = "idempotency-key-invalid", "The Idempotency-Key cannot be used", UNPROCESSABLE_ENTITY;
    /// The `Idempotency-Key` came before with another body.
    KEY_REUSED = "idempotency-key-reused", "The Idempotency-Key was used before", UNPROCESSABLE_ENTITY;
    /// The `Idempotency-Key` is the id of another house's call.
    ID_TAKEN = "id-taken", "The id belongs to another call", CONFLICT;
    /// Not a WebSocket handshake.
    UPGRADE_REQUIRED = "upgrade-required", "A WebSocket is expected here", UPGRADE_REQUIRED;
    /// Too often.
    TOO_MANY = "too-many", "Too many requests", TOO_MANY_REQUESTS;
    /// A press too many, of a house whose call is open and was heard.
    CALL_STANDS = "call-stands", "Your call is already out", TOO_MANY_REQUESTS;
    /// A defect here.
    INTERNAL = "internal", "The server failed", INTERNAL_SERVER_ERROR;
    /// The command could not be made durable.
    NOT_DURABLE = "not-durable", "Not recorded", SERVICE_UNAVAILABLE;
    /// The command could not be made durable, but neighbours have it.
    HEARD_ONLY = "heard-not-recorded", "Heard, but not recorded", SERVICE_UNAVAILABLE;
    /// Something the server needs does not answer.
    UNAVAILABLE = "unavailable", "Not possible right now", SERVICE_UNAVAILABLE;
    /// More of this is asked for than the server takes on at once.
    BUSY = "busy", "Too much at once", SERVICE_UNAVAILABLE;
    /// As many sockets are open as this process, or their owner, may have.
    SOCKETS_FULL = "sockets-full", "No socket is free", SERVICE_UNAVAILABLE;
}

impl Kind {
    /// The last segment of the `type`, for addresses and metrics.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.0
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.2
    }

    /// The kind's title.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.1
    }

    /// This kind with what happened and what to do.
    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Problem {
        Problem { kind: self, detail: detail.into(), retry_after: None, call: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_an_address_of_its_own() {
        let mut slugs: Vec<_> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), Kind::ALL.len());
    }

    /// Page and service worker must know of each type whether it ends a command; their own tests read the same table.
    #[test]
    fn the_table_of_answers_lists_every_kind_with_its_status() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../app/src/api/answers.json");
        let table: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let listed = table["types"].as_array().unwrap().iter();
        let mut listed: Vec<_> = listed.map(|one| (one["type"].clone(), one["status"].clone())).collect();
        let kinds = Kind::ALL.iter();
        let mut kinds: Vec<(serde_json::Value, serde_json::Value)> = kinds
            .map(|kind| (format!("/problems/{}", kind.slug()).into(), kind.status().as_u16().into()))
            .collect();
        listed.sort_by_key(|(kind, _)| kind.to_string());
        kinds.sort_by_key(|(kind, _)| kind.to_string());
        assert_eq!(listed, kinds);
    }
}
