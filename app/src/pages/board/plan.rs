//! The plan of the complex with the callers on it, as SVG that needs no script. North is up, as on the live map, and a
//! house that called again from one place has one marker.

use std::fmt::Write;

use domain::{Incident, Millis, Stance};

use super::projection::{EQUATOR, Frame, SIZE, distance, is_near};
use crate::{
    context::{Ground, Plan, Tiles},
    house_calls::{Flat, HouseCalls},
    i18n::{Locale, td_string},
    map::{
        marked::marked,
        places::{Label, Place, spread, unwrapped},
    },
    words,
};

/// A tile's side in pixels, and the nearest zoom that tile servers have.
const TILE: f64 = 256.0;
const NEAREST_TILES: i32 = 19;
/// The height of a label, and the height over its place.
const LABEL: f64 = 38.0;
const ABOVE: f64 = 42.0;
/// The step between labels at one place, compared with that of the live map's labels.
const ROW: f64 = 34.0 / 46.0;
/// The accuracy, in metres, from which a location has no circle.
const VAGUE: f64 = 1_000.0;

/// A drawing, and the words below it.
pub(super) struct Drawing {
    /// The SVG.
    pub(super) svg: String,
    /// Words about callers that the drawing does not have, and about the ground.
    pub(super) notes: Vec<String>,
}

/// A caller's marker.
struct Marker {
    flat: Flat,
    at: Place,
    accuracy: Option<f64>,
    words: String,
    class: &'static str,
}

/// Draws the callers of these houses, the one of `newest` with a ring.
pub(super) fn plan(
    locale: Locale,
    ground: &Ground,
    houses: &[HouseCalls],
    newest: Option<&HouseCalls>,
    now: Millis,
) -> Drawing {
    let mut notes = Vec::new();
    let calls: Vec<Incident> = houses.iter().flat_map(HouseCalls::calls).cloned().collect();
    let mut located = marked(&calls, now);
    if let Ground::Plan(plan) = ground {
        let (near, far): (Vec<_>, Vec<_>) =
            located.into_iter().partition(|(_, location)| is_near(plan, *location));
        located = near;
        for (call, location) in far {
            let house = words::house(locale, &call.alert.house);
            let far = kilometres(distance(plan, location));
            notes.push(td_string!(locale, board.off_plan, house = house, far = far));
        }
    }
    let without = houses.iter().filter(|house| house.calls().all(|call| call.location.is_none())).count();
    if without > 0 {
        notes.push(td_string!(locale, board.without_location, count = without));
    }
    match ground {
        Ground::Tiles(tiles) if !tiles.attribution.is_empty() => notes.push(tiles.attribution.clone()),
        Ground::Paper => notes.push(td_string!(locale, map.paper).to_owned()),
        Ground::Tiles(_) | Ground::Plan(_) => {}
    }
    let longitudes: Vec<f64> = located.iter().map(|(_, location)| location.lng).collect();
    let longitudes = unwrapped(&longitudes);
    let mut markers: Vec<Marker> = located
        .iter()
        .zip(longitudes)
        .map(|((call, location), lng)| marker(locale, call, (location.lat, lng), location.accuracy, houses))
        .collect();
    // The urgent ones are drawn over the others, and the newest last.
    markers.sort_by_key(|marker| marker.class == "pin pin-call");
    let newest = newest.and_then(|newest| markers.iter().position(|marker| marker.flat == newest.flat()));
    if let Some(index) = newest {
        let last = markers.remove(index);
        markers.push(Marker { class: "pin pin-call newest", ..last });
    }
    let name = name(locale, &markers);
    Drawing { svg: draw(ground, &markers, &name), notes }
}

fn marker(
    locale: Locale,
    call: &Incident,
    at: Place,
    accuracy: Option<f64>,
    houses: &[HouseCalls],
) -> Marker {
    let house = houses.iter().find(|house| house.is_of(&call.alert.line, &call.alert.house));
    let has_arrived =
        house.is_some_and(|house| house.as_one().coming().any(|one| one.stance == Stance::Arrived));
    let (class, sign) = match house.map(HouseCalls::is_answered) {
        Some(true) if has_arrived => ("pin pin-done", "✓"),
        Some(true) => ("pin pin-help", "→"),
        Some(false) | None => ("pin pin-call", "!"),
    };
    let words = format!("{sign} {}", words::house(locale, &call.alert.house));
    Marker { flat: (call.alert.line.clone(), call.alert.house.clone()), at, accuracy, words, class }
}

/// Returns the drawing in words.
fn name(locale: Locale, markers: &[Marker]) -> String {
    if markers.is_empty() {
        return td_string!(locale, map.plan).to_owned();
    }
    let houses: Vec<&str> = markers.iter().map(|marker| marker.words.as_str()).collect();
    td_string!(locale, board.plan_name, houses = houses.join(", "))
}

fn draw(ground: &Ground, markers: &[Marker], name: &str) -> String {
    let (width, height) = SIZE;
    let mut svg = format!(
        "<svg class=\"board-map\" viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"xMidYMid meet\" role=\"img\" \
         aria-label=\"{}\" data-testid=\"board-plan\">",
        escaped(name)
    );
    let callers: Vec<Place> = markers.iter().map(|marker| marker.at).collect();
    if let Some(frame) = Frame::of(ground, &callers) {
        match ground {
            Ground::Plan(plan) => draw_plan(&mut svg, &frame, plan),
            Ground::Tiles(tiles) => draw_tiles(&mut svg, &frame, tiles),
            Ground::Paper => {}
        }
        draw_markers(&mut svg, &frame, markers);
    }
    svg.push_str("</svg>");
    svg
}

/// Adds to the SVG. Writing to a String does not fail.
macro_rules! put {
    ($svg:expr, $($words:tt)*) => {
        let _ = write!($svg, $($words)*);
    };
}

fn draw_plan(svg: &mut String, frame: &Frame, plan: &Plan) {
    let (x, y) = frame.at((plan.north_east.0, plan.south_west.1));
    let (right, bottom) = frame.at((plan.south_west.0, plan.north_east.1));
    put!(
        svg,
        "<image href=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" preserveAspectRatio=\"none\"/>",
        escaped(&plan.address),
        right - x,
        bottom - y
    );
}

fn draw_tiles(svg: &mut String, frame: &Frame, tiles: &Tiles) {
    let zoom = ((frame.scale / TILE).log2().round() as i32).clamp(0, NEAREST_TILES);
    let count = 2_f64.powi(zoom);
    let side = frame.scale / count;
    let range = |from: f64, length: f64| {
        let first = (from * count).floor();
        let last = ((from + length / frame.scale) * count).floor();
        first as i64..=last as i64
    };
    for row in range(frame.top, SIZE.1).filter(|row| (0..count as i64).contains(row)) {
        for column in range(frame.left, SIZE.0) {
            let (x, y) = (column as f64 / count - frame.left, row as f64 / count - frame.top);
            let of_turn = column.rem_euclid(count as i64);
            let server = ["a", "b", "c"][usize::try_from((of_turn + row) % 3).unwrap_or_default()];
            let address = tiles
                .url
                .replace("{s}", server)
                .replace("{z}", &zoom.to_string())
                .replace("{x}", &of_turn.to_string())
                .replace("{y}", &row.to_string());
            put!(
                svg,
                "<image href=\"{}\" x=\"{:.2}\" y=\"{:.2}\" width=\"{side:.2}\" height=\"{side:.2}\"/>",
                escaped(&address),
                x * frame.scale,
                y * frame.scale
            );
        }
    }
}

fn draw_markers(svg: &mut String, frame: &Frame, markers: &[Marker]) {
    let places: Vec<(f64, f64)> = markers.iter().map(|marker| frame.at(marker.at)).collect();
    let widths: Vec<f64> = markers.iter().map(|marker| width(&marker.words)).collect();
    let labels: Vec<Label> = places
        .iter()
        .zip(&widths)
        .map(|((x, y), width)| Label { x: x * ROW, y: y * ROW, width: width * ROW })
        .collect();
    let offsets = spread(&labels);
    for (index, marker) in markers.iter().enumerate() {
        let ((x, y), wide) = (places[index], widths[index]);
        if let Some(metres) = marker.accuracy.filter(|metres| *metres <= VAGUE) {
            let radius = metres / (EQUATOR * marker.at.0.to_radians().cos()) * frame.scale;
            put!(svg, "<circle class=\"accuracy\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>");
        }
        // A label stays in the drawing, and a line leads from it to its place.
        let inside =
            |at: f64, half: f64, size: f64| at.clamp(half.min(size / 2.0), size - half.min(size / 2.0));
        let label_x = inside(x, wide / 2.0, SIZE.0);
        let label_y = inside(y - ABOVE + offsets[index] / ROW, LABEL / 2.0, SIZE.1);
        put!(
            svg,
            "<g class=\"{}\" data-testid=\"board-pin\"><circle class=\"ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"26\"/>\
             <path class=\"stem\" d=\"M{x:.1} {y:.1}L{label_x:.1} {label_y:.1}\"/>\
             <circle class=\"place\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\"/>\
             <rect x=\"{:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{LABEL}\" rx=\"12\"/>\
             <text x=\"{label_x:.1}\" y=\"{:.1}\">{}</text></g>",
            marker.class,
            label_x - wide / 2.0,
            label_y - LABEL / 2.0,
            label_y + 7.0,
            escaped(&marker.words)
        );
    }
}

/// The width of a label, by the usual widths of letters.
fn width(words: &str) -> f64 {
    words.chars().map(|letter| if letter.is_ascii() { 12.5 } else { 21.0 }).sum::<f64>() + 22.0
}

/// A distance in words that both languages have.
fn kilometres(metres: f64) -> String {
    if metres < 1_000.0 {
        format!("{:.0} m", (metres / 10.0).round() * 10.0)
    } else {
        format!("{:.1} km", metres / 1_000.0)
    }
}

/// Returns words as text of XML.
fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
