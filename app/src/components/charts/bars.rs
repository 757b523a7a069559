//! Bars beside each other, each with a mark for the period before; and one bar that is part of a table.

use super::svg::{HEIGHT, Scale, Svg};

/// A bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bar {
    /// The label below it, if there is one.
    pub(crate) label: Option<String>,
    /// Its number.
    pub(crate) now: u64,
    /// Its number in the period before.
    pub(crate) before: u64,
}

/// Draws the bars with their numbers.
pub(crate) fn bars(bars: &[Bar], name: &str) -> String {
    let mut svg = Svg::default();
    let most = bars.iter().map(|bar| bar.now.max(bar.before)).max().unwrap_or_default();
    let scale = Scale::to(most);
    svg.scale(scale);
    let place = 100.0 / bars.len().max(1) as f64;
    for (index, bar) in bars.iter().enumerate() {
        let x = place * index as f64;
        let (wide, middle) = ((x + place * 0.08, place * 0.84), x + place / 2.0);
        if bar.now > 0 {
            svg.rect("c-came", wide, (scale.y(bar.now), scale.height(bar.now)));
            svg.text("c-n", middle, scale.y(bar.now) - 4.0, &bar.now.to_string());
        }
        if bar.before > 0 {
            svg.line("c-prev", (x + place * 0.03, place * 0.94), scale.y(bar.before));
        }
        if let Some(label) = &bar.label {
            svg.text("c-x", middle, HEIGHT - 6.0, label);
        }
    }
    svg.finish("", HEIGHT, name)
}

/// Draws one bar of a table, which is `part` of `whole`. The number stands beside it, so it has no name.
pub(crate) fn share(part: u64, whole: u64) -> String {
    let width = 100.0 * part.min(whole) as f64 / whole.max(1) as f64;
    format!(
        "<svg class=\"bar\" height=\"14\" aria-hidden=\"true\">\
         <rect class=\"c-came\" width=\"{width:.2}%\" height=\"14\" rx=\"2\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_its_number_and_the_one_before() {
        let bar = |now, before| Bar { label: Some("15 s".into()), now, before };
        let svg = bars(&[bar(4, 2), bar(0, 0)], "times");
        assert!(svg.contains("\"c-came\" x=\"4.00%\" y=\"18.0\" width=\"42.00%\" height=\"140.0\""), "{svg}");
        assert!(svg.contains("class=\"c-n\" x=\"25.00%\" y=\"14.0\">4</text>"), "{svg}");
        assert!(svg.contains("class=\"c-prev\" x1=\"1.50%\" x2=\"48.50%\" y1=\"88.0\""), "{svg}");
        assert_eq!((svg.matches("c-came").count(), svg.matches("15 s").count()), (1, 2));
    }

    #[test]
    fn a_bar_of_a_table_is_part_of_the_whole() {
        assert!(share(1, 4).contains("width=\"25.00%\""));
        assert!(share(0, 0).contains("width=\"0.00%\""));
        assert!(share(5, 4).contains("width=\"100.00%\""));
    }
}
