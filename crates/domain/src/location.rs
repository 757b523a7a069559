//! A place on the Earth, and how it is read from what clients and records write.

use serde_json::Value;

use crate::json::{Json, number};

/// A position on the Earth, WGS 84. Made by [`Location::new`], its numbers are the same after any writing and
/// reading of JSON.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Location {
    /// Latitude in degrees, -90 to 90.
    pub lat: f64,
    /// Longitude in degrees, -180 to 180.
    pub lng: f64,
    /// Radius of the 95 % confidence circle in metres (W3C Geolocation, section 4.2), if known.
    pub accuracy: Option<f64>,
}

impl Location {
    /// A location, if the numbers can be one; kept to seven decimals of a degree (a centimetre) and centimetres.
    /// An accuracy that is no length on the Earth is dropped, not the location.
    #[must_use]
    pub fn new(lat: f64, lng: f64, accuracy: Option<f64>) -> Option<Self> {
        let valid = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng);
        let accuracy = accuracy.filter(|metres| (0.0..=HALF_WAY_ROUND).contains(metres));
        let (lat, lng) = (rounded(lat, 1e7), rounded(lng, 1e7));
        valid.then_some(Self { lat, lng, accuracy: accuracy.map(|metres| rounded(metres, 100.0)) })
    }
}

/// Half the Earth's circumference in metres, because nobody is farther away.
const HALF_WAY_ROUND: f64 = 20_037_508.0;

/// Fewer than sixteen digits survive JSON parsers that are not exact in the last place (`serde_json`'s own by
/// default), so that one event is equal wherever it was read. A negative zero becomes zero.
fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts + 0.0
}

impl Json {
    /// Returns the location that an object has, if its numbers can be one. They may be written as text.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        Location::new(self.get("lat").number()?, self.get("lng").number()?, self.get("accuracy").number())
    }
}

/// Returns a location from a client or a record, where the values are numbers, or numbers as text. `None` if it cannot
/// be one.
#[must_use]
pub fn location(lat: Option<&Value>, lng: Option<&Value>, accuracy: Option<&Value>) -> Option<Location> {
    Location::new(number(lat?)?, number(lng?)?, accuracy.and_then(number))
}
