//! The ids of calls and of what happens to them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    json::{Json, Read},
    people::{House, Line},
};

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Returns a new id, a UUIDv7 (RFC 9562, section 5.7) of this moment.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Read for $name {
            fn read(json: &Json) -> Option<Self> {
                Uuid::read(json).map(Self)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    };
}

id_type! {
    /// Names a call, together with its line and house.
    AlertId
}
id_type! {
    /// Names an event other than the alert, together with its actor and what it is.
    EventId
}

impl EventId {
    /// Makes the id of an event that the service writes about a call. It is a UUIDv8 (RFC 9562, section 5.8) of the
    /// call's name and of `what` it is. Each node makes the same, so the fold drops the doubles.
    #[must_use]
    pub fn of_service(line: &Line, house: &House, alert: AlertId, what: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(line.as_str())
            .chain_update([0])
            .chain_update(house.as_str())
            .chain_update([0])
            .chain_update(alert.0)
            .chain_update(what)
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(Uuid::new_v8(bytes))
    }
}

impl From<AlertId> for EventId {
    fn from(id: AlertId) -> Self {
        Self(id.0)
    }
}
