//! The context that the server gives each page, which is the viewer, the map's settings, and the time.

use domain::{
    Millis, Resident,
    json::{Json, Read},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::json;
#[cfg(not(feature = "ssr"))]
use crate::location;

/// The server's knowledge at the rendering of a page. It provides one as context at every request; the browser hydrates
/// with the very same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageContext {
    /// The signed-in person.
    pub viewer: Option<Resident>,
    /// The number of other households of the viewer's line that a call could alarm now; `None` while that is not known.
    pub reach: Option<u32>,
    /// The viewer keeps the location back, so the page neither asks the browser for it nor sends it.
    #[serde(default)]
    pub location_off: bool,
    /// The path of the socket with the calls of the viewer's line, where the lines are divided among nodes.
    pub socket: Option<String>,
    /// The ground under the map's markers.
    pub ground: Ground,
    /// The accounts of the demo complex, if this is one; shown on the sign-in page.
    pub demo: Option<DemoAccounts>,
    /// The server's time when it rendered the page.
    pub now: Millis,
}

/// The time that a press may wait, in milliseconds, before it is sent only if the person still wants it. The server
/// provides one as context at every request; a press that is kept has it along, so that a service worker knows it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PressAsksAfter(pub Millis);

impl Default for PressAsksAfter {
    /// 10 minutes, as the server's default; `public/outbox.js` has the same.
    fn default() -> Self {
        Self(10 * 60 * 1000)
    }
}

impl PressAsksAfter {
    /// The page's own.
    #[must_use]
    pub fn current() -> Self {
        use_context().unwrap_or_default()
    }
}

/// The ground under the map's markers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Ground {
    /// The pictures of a tile server.
    Tiles(Tiles),
    /// The site plan.
    Plan(Plan),
    /// Blank paper.
    #[default]
    Paper,
}

/// A picture of the complex with north at the top. Corners are a latitude and a longitude in degrees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The picture's address on this server.
    pub address: String,
    /// The lower left corner.
    pub south_west: (f64, f64),
    /// The upper right corner.
    pub north_east: (f64, f64),
}

/// A tile server for the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiles {
    /// Leaflet's URL template, with `{z}`, `{x}` and `{y}`.
    pub url: String,
    /// Whom to thank for the pictures, as plain text.
    pub attribution: String,
}

/// Accounts that anyone may try the demo complex with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoAccounts {
    /// Their names.
    pub names: Vec<String>,
    /// The password of each.
    pub password: String,
}

impl PageContext {
    /// Hands the server's context over to the browser, and to the components below. Called once, at the top.
    pub(crate) fn share() {
        // Without a server's context the routes are being listed, and nobody is looking.
        let page = json::of_server(|| use_context::<Self>().unwrap_or_default());
        #[cfg(not(feature = "ssr"))]
        location::keep_back(page.location_off);
        provide_context(page);
        let asks_after = json::of_server(PressAsksAfter::current);
        provide_context(asks_after);
    }

    /// The page's context.
    #[must_use]
    pub fn current() -> Self {
        use_context().unwrap_or_default()
    }
}

impl Read for PageContext {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            viewer: json.field("viewer")?,
            reach: json.field("reach")?,
            location_off: json.field("location_off")?,
            socket: json.field("socket")?,
            ground: json.field("ground")?,
            demo: json.field("demo")?,
            now: json.field("now")?,
        })
    }
}

impl Read for PressAsksAfter {
    fn read(json: &Json) -> Option<Self> {
        Millis::read(json).map(Self)
    }
}

impl Read for Ground {
    fn read(json: &Json) -> Option<Self> {
        let tiles = json.field("Tiles").map(Self::Tiles);
        tiles
            .or_else(|| json.field("Plan").map(Self::Plan))
            .or_else(|| (json.text()? == "Paper").then_some(Self::Paper))
    }
}

impl Read for Tiles {
    fn read(json: &Json) -> Option<Self> {
        Some(Self { url: json.field("url")?, attribution: json.field("attribution")? })
    }
}

impl Read for Plan {
    fn read(json: &Json) -> Option<Self> {
        let corner = |name| {
            let corner = json.field::<Vec<f64>>(name)?;
            corner.first().copied().zip(corner.get(1).copied())
        };
        Some(Self {
            address: json.field("address")?,
            south_west: corner("south_west")?,
            north_east: corner("north_east")?,
        })
    }
}

impl Read for DemoAccounts {
    fn read(json: &Json) -> Option<Self> {
        Some(Self { names: json.field("names")?, password: json.field("password")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::resident;

    #[test]
    fn the_browser_reads_what_the_server_writes() {
        let tiles = Tiles { url: "/{z}/{x}/{y}".into(), attribution: "\"위\"".into() };
        let plan =
            Plan { address: "/site-plan".into(), south_west: (37.5, 127.0), north_east: (37.25, 127.5) };
        for ground in [Ground::Tiles(tiles), Ground::Plan(plan), Ground::Paper] {
            let demo = DemoAccounts { names: vec!["a".into(), "b".into()], password: "c".into() };
            let full = PageContext {
                viewer: Some(resident("1203")),
                reach: Some(7),
                location_off: true,
                socket: Some("/an-ws?shard=2".into()),
                ground,
                demo: Some(demo),
                now: 9,
            };
            for page in [full, PageContext::default()] {
                let written = serde_json::to_string(&page).expect("JSON");
                assert_eq!(json::read(&written), Some(page));
            }
        }
        let asks = PressAsksAfter(7);
        assert_eq!(json::read(&serde_json::to_string(&asks).expect("JSON")), Some(asks));
    }
}
