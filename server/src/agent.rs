//! A short name for the device behind a `User-Agent` header, by which a person knows it again. It decides nothing.

use backend::people::sessions::Device;
use http::{HeaderMap, header};

use crate::client_address::ClientAddress;

/// The longest name that is taken from an unknown agent, in characters.
const UNKNOWN_LIMIT: usize = 32;

/// Marks of browsers. An earlier one goes before a later one, because most agents claim to be several.
const BROWSERS: [(&str, &str); 11] = [
    ("KAKAOTALK", "KakaoTalk"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Whale/", "Whale"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("FxiOS", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("okhttp", "okhttp"),
];

/// Marks of systems, in the same order of preference.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Returns the device that sent a request.
#[must_use]
pub(crate) fn device(headers: &HeaderMap, client: ClientAddress) -> Device {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    Device { name: name(agent), address: client.ip.to_string() }
}

fn name(agent: &str) -> String {
    let found = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (found(&BROWSERS), found(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => {
            agent.split_whitespace().next().unwrap_or_default().chars().take(UNKNOWN_LIMIT).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_the_name_by_which_its_owner_knows_it() {
        let phone = "Mozilla/5.0 (Linux; Android 14; SM-S918N) AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, expected) in [
            (
                format!("{phone} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet, Android",
            ),
            (format!("{phone} Chrome/131.0.0.0 Mobile Safari/537.36"), "Chrome, Android"),
            (
                format!("{phone} Chrome/131.0.0.0 Mobile Safari/537.36;KAKAOTALK 2410420"),
                "KakaoTalk, Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1".into(),
                "Safari, iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36 Edg/131".into(),
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0".into(),
                "Firefox, Linux",
            ),
            ("curl/8.11.0".into(), "curl/8.11.0"),
            (String::new(), ""),
        ] {
            assert_eq!(name(&agent), expected, "{agent}");
        }
        assert_eq!(name(&"x".repeat(500)).len(), UNKNOWN_LIMIT);
    }
}
