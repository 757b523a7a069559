//! Hours across and days of the week down. A cell has a colour and its number, so that neither is needed alone.

use domain::statistics::HeatMap;

use super::svg::Svg;

/// The height of a row with the gap below it, in pixels.
const ROW: f64 = 28.0;
const GAP: f64 = 3.0;
/// The number of colours beside that of nothing.
const COLOURS: u64 = 4;

/// Draws the map. `days` names the rows, Monday first, and `hour` an hour below its column, if it is to have a name.
pub(crate) fn heat(
    map: &HeatMap,
    days: &[&str],
    hour: impl Fn(usize) -> Option<String>,
    name: &str,
) -> String {
    let mut svg = Svg::default();
    let step = heat_step(map);
    let place = 100.0 / 24.0;
    for (row, (day, hours)) in days.iter().zip(map).enumerate() {
        let y = ROW * row as f64;
        svg.label(y + 18.0, day);
        for (column, count) in hours.iter().enumerate() {
            let x = place * column as f64;
            let level = count.div_ceil(step).min(COLOURS);
            svg.rect(&format!("h{level}"), (x, place * 0.92), (y, ROW - GAP));
            if *count > 0 {
                svg.text(&format!("t{level}"), x + place * 0.46, y + 17.0, &count.to_string());
            }
        }
    }
    let height = ROW * map.len() as f64;
    for (column, label) in (0..24).filter_map(|column| Some((column, hour(column)?))) {
        svg.text("c-x", place * (column as f64 + 0.46), height + 16.0, &label);
    }
    svg.finish("heat", height + 22.0, name)
}

/// Returns how many calls more make the next colour.
pub(crate) fn heat_step(map: &HeatMap) -> u64 {
    map.iter().flatten().max().copied().unwrap_or_default().div_ceil(COLOURS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_a_colour_for_its_number() {
        let mut map = HeatMap::default();
        map[0][0] = 1;
        map[6][23] = 8;
        assert_eq!((heat_step(&map), heat_step(&HeatMap::default())), (2, 1));
        let days = ["월", "화", "수", "목", "금", "토", "일"];
        let svg = heat(&map, &days, |hour| (hour % 12 == 0).then(|| hour.to_string()), "week");
        let cells = |level: &str| svg.matches(&format!("<rect class=\"{level}\"")).count();
        assert_eq!(["h0", "h1", "h2", "h3", "h4"].map(cells), [166, 1, 0, 0, 1]);
        assert!(svg.contains("<text class=\"t4\" x=\"97.75%\" y=\"185.0\">8</text>"), "{svg}");
        assert_eq!(svg.matches("c-x").count(), 2);
        assert!(svg.contains(">일</text>"));
    }
}
