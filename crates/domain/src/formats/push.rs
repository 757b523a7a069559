//! Web Push over HTTP, with what a browser asks for, and what it is answered.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::Millis;

/// The answer to `GET /api/push/key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerKey {
    /// The server's public key (RFC 8292, section 3.2): an uncompressed point of P-256 in URL-safe base64.
    pub key: String,
}

/// `POST /api/push/subscriptions`: what `PushSubscription.toJSON()` gives, and how the device is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subscribe {
    /// The address at the push service.
    pub endpoint: String,
    /// The keys that messages are encrypted with (RFC 8291, section 2).
    pub keys: Keys,
    /// The owner's name for the device. It may be empty.
    pub device: String,
    /// The code of a [`Language`]. It may be empty, because a known device keeps the one that it has.
    pub language: String,
    /// The address that the browser has replaced by this one. It is empty unless the browser did so.
    pub replaces: String,
}

/// The languages of notifications, which are those of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 한국어.
    Korean,
    /// English.
    English,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Korean, Self::English];

    /// Reads a language's code, such as `en` or `en-US`. An unknown one is Korean, the language of the complex.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let code = code.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| code.starts_with(language.code())).unwrap_or(Self::Korean)
    }

    /// Returns the language's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }
}

/// The keys of a subscription, in URL-safe base64.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keys {
    /// The device's public key: an uncompressed point of P-256.
    pub p256dh: String,
    /// The device's secret of 16 octets.
    pub auth: String,
}

/// A device that can be reached while no page is open, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id, made by the server.
    pub id: Uuid,
    /// The owner's name for it.
    pub device: String,
    /// The host of its push service.
    pub service: String,
    /// When it was added.
    pub created: Millis,
    /// When its push service last took a message. That is not yet a word of the device.
    pub accepted: Option<Millis>,
    /// When the device last reported that it showed one.
    pub worked: Option<Millis>,
    /// It has not shown one for 30 days.
    pub silent: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_its_own_language_and_korean_where_that_is_unknown() {
        for language in Language::ALL {
            assert_eq!(Language::of(language.code()), language);
        }
        let codes = ["ko-KR", " EN-us ", "de", ""].map(|code| Language::of(code).code());
        assert_eq!(codes, ["ko", "en", "ko", "ko"]);
    }
}
