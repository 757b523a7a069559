//! The site plan, which is a picture of the complex with north at the top, and two points of it with their locations.

use std::{fs, io};

use app::context::Plan;

use super::picture::{Frame, Picture};

/// The variable, as every sentence names it.
const VARIABLE: &str = "IUTSAI_SITE_PLAN";
/// The form of its value.
const FORM: &str = "FILE;X,Y=LAT,LNG;X,Y=LAT,LNG";
/// The address of a picture that the configuration names.
pub(crate) const ADDRESS: &str = "/site-plan";
/// The largest file, in octets, because a phone loads it over a mobile network.
const LARGEST: u64 = 5 * 1024 * 1024;
/// The largest turn of a picture, in degrees. Two points that were measured by hand are off by as much.
const LARGEST_TURN: f64 = 5.0;
/// The part of the picture's diagonal that two points must be apart to give a scale.
const NEAREST_PART: f64 = 0.1;
/// The web's map projection has nothing beyond it, in degrees of latitude.
const FARTHEST_NORTH: f64 = 85.0;

/// The demo's plan is a file of the site.
const DEMO_ADDRESS: &str = "/demo-plan.svg";
const DEMO_FRAME: Frame = Frame { x: 0.0, y: 0.0, width: 800.0, height: 520.0 };
/// Two corners of its buildings.
const DEMO_POINTS: [Point; 2] = [
    Point { x: 56.0, y: 56.0, lat: 37.501_504, lng: 127.039_324_6 },
    Point { x: 516.0, y: 462.0, lat: 37.500_774_5, lng: 127.040_366_3 },
];

/// The picture under the map's markers.
#[derive(Clone, Debug)]
pub struct SitePlan {
    /// The part that pages get.
    pub plan: Plan,
    /// The picture, unless it is one of the site's files.
    pub picture: Option<Picture>,
}

/// A point of the picture, and where it lies, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
    lat: f64,
    lng: f64,
}

impl SitePlan {
    /// Returns the plan that is shipped for the demo complex.
    ///
    /// # Errors
    /// As [`SitePlan::read`]; a test shows that there is none.
    pub(super) fn of_demo() -> Result<Self, String> {
        let plan = lay(DEMO_ADDRESS, DEMO_FRAME, DEMO_POINTS)?;
        Ok(Self { plan, picture: None })
    }

    /// Reads the file that a setting names, and the two points.
    ///
    /// # Errors
    /// One sentence about what to write.
    pub(super) fn read(setting: &str) -> Result<Self, String> {
        let (file, points) = parts(setting)?;
        let about = |problem: &str| format!("{VARIABLE}: {file} {problem}.");
        let picture = Picture::read(octets(file)?).map_err(about)?;
        let plan = lay(ADDRESS, picture.frame, points)?;
        Ok(Self { plan, picture: Some(picture) })
    }
}

/// Splits from the end, because a file's name may have a semicolon.
fn parts(setting: &str) -> Result<(&str, [Point; 2]), String> {
    let mut parts = setting.rsplitn(3, ';').map(str::trim);
    let (Some(second), Some(first), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!(
            "{VARIABLE}: {setting:?} does not name a file and two points; write {FORM}, where X,Y is a point of the \
             picture and LAT,LNG where it lies, in degrees."
        ));
    };
    if file.is_empty() {
        return Err(format!("{VARIABLE} names no file; write {FORM}."));
    }
    Ok((file, [point(first)?, point(second)?]))
}

fn point(text: &str) -> Result<Point, String> {
    let read = || {
        let (there, place) = text.split_once('=')?;
        let ((x, y), (lat, lng)) = (pair(there)?, pair(place)?);
        Some(Point { x, y, lat, lng })
    };
    let point = read().ok_or_else(|| {
        format!(
            "{VARIABLE}: {text:?} is not a point; write X,Y=LAT,LNG, such as 56,56=37.501504,127.0393246."
        )
    })?;
    let is_on_the_map = point.lat.abs() <= FARTHEST_NORTH && point.lng.abs() <= 180.0;
    is_on_the_map.then_some(point).ok_or_else(|| {
        format!(
            "{VARIABLE}: {text:?} lies nowhere on the map; the latitude comes first and is between -85 and 85, the \
             longitude between -180 and 180."
        )
    })
}

fn pair(text: &str) -> Option<(f64, f64)> {
    let (first, second) = text.split_once(',')?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    Some((number(first)?, number(second)?))
}

fn octets(file: &str) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| {
        format!("{VARIABLE}: {file} cannot be read ({error}); write the path of the plan's SVG or PNG file.")
    };
    let about = fs::metadata(file).map_err(cannot)?;
    if !about.is_file() {
        return Err(format!(
            "{VARIABLE}: {file} is not a file; write the path of the plan's SVG or PNG file."
        ));
    }
    if about.len() > LARGEST {
        return Err(format!(
            "{VARIABLE}: {file} has {} bytes, and phones load it over mobile networks; make it smaller than 5 MiB.",
            about.len()
        ));
    }
    fs::read(file).map_err(cannot)
}

/// Lays the picture on the map by two of its points. The web's map (EPSG:3857) keeps angles, so one scale and no turn
/// fit both. An error of measurement is shared between them.
fn lay(address: &str, frame: Frame, points: [Point; 2]) -> Result<Plan, String> {
    let [first, second] = points;
    for Point { x, y, .. } in points {
        if !frame.contains(x, y) {
            let (right, bottom) = (frame.x + frame.width, frame.y + frame.height);
            return Err(format!(
                "{VARIABLE}: {x},{y} lies outside of the picture, which goes from {},{} at the upper left to \
                 {right},{bottom}; write a point of it.",
                frame.x, frame.y
            ));
        }
    }
    let (right, up) = (second.x - first.x, first.y - second.y);
    let (east, north) = (second.lng - first.lng, stretched(second.lat) - stretched(first.lat));
    let (drawn, real) = (right.hypot(up), east.hypot(north));
    if drawn < NEAREST_PART * frame.width.hypot(frame.height) || real == 0.0 {
        return Err(format!(
            "{VARIABLE}: the two points are too near to each other to give a scale; choose two opposite corners."
        ));
    }
    let turn = (up.atan2(right) - north.atan2(east)).to_degrees();
    let turn = (turn + 180.0).rem_euclid(360.0) - 180.0;
    if turn.abs() > LARGEST_TURN {
        return Err(format!(
            "{VARIABLE}: by its two points the picture is turned by {:.0} degrees; turn it so that north is at the \
             top, and write each point as X,Y=LAT,LNG with y downwards.",
            turn.abs()
        ));
    }
    let scale = real / drawn;
    let middle = ((first.x + second.x) / 2.0, (first.y + second.y) / 2.0);
    let lng = |x: f64| (first.lng + second.lng) / 2.0 + (x - middle.0) * scale;
    let lat = |y: f64| relaxed((stretched(first.lat) + stretched(second.lat)) / 2.0 + (middle.1 - y) * scale);
    Ok(Plan {
        address: address.to_owned(),
        south_west: (lat(frame.y + frame.height), lng(frame.x)),
        north_east: (lat(frame.y), lng(frame.x + frame.width)),
    })
}

/// A latitude as Mercator's projection stretches it, in degrees of longitude.
fn stretched(latitude: f64) -> f64 {
    latitude.to_radians().tan().asinh().to_degrees()
}

/// The latitude that is stretched to this.
fn relaxed(stretched: f64) -> f64 {
    stretched.to_radians().sinh().atan().to_degrees()
}

#[cfg(test)]
mod tests;
