//! Calls over time, with a column for each day or week, in which the outcomes of its calls stand on top of each other.

use super::svg::{HEIGHT, PLOT, Scale, Svg, TOP};

/// A pattern for what may still change.
const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" \
                     patternTransform=\"rotate(45)\"><rect class=\"c-hatch\" width=\"3\" height=\"7\"/>\
                     </pattern></defs>";

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Column {
    /// The label below it, if there is one.
    pub(crate) label: Option<String>,
    /// Calls to which a neighbour came.
    pub(crate) came: u64,
    /// Calls that were cancelled at once.
    pub(crate) taken_back: u64,
    /// Calls that wait.
    pub(crate) waiting: u64,
    /// Calls to which nobody came.
    pub(crate) nobody: u64,
    /// The column may still grow.
    pub(crate) unfinished: bool,
}

impl Column {
    fn total(&self) -> u64 {
        self.came + self.taken_back + self.waiting + self.nobody
    }
}

/// Draws the columns. A sign marks those with calls to which nobody came, because not everybody sees colours.
pub(crate) fn columns(columns: &[Column], name: &str) -> String {
    let mut svg = Svg::default();
    svg.raw(HATCH);
    let scale = Scale::to(columns.iter().map(Column::total).max().unwrap_or_default());
    svg.scale(scale);
    let place = 100.0 / columns.len().max(1) as f64;
    for (index, column) in columns.iter().enumerate() {
        let x = place * index as f64;
        if column.unfinished {
            svg.raw(&format!(
                "<rect class=\"c-unfinished\" fill=\"url(#hatch)\" x=\"{x:.2}%\" y=\"{TOP:.1}\" \
                 width=\"{place:.2}%\" height=\"{PLOT:.1}\"/>"
            ));
        }
        let bar = (x + place * 0.12, place * 0.76);
        let middle = x + place / 2.0;
        let mut below = 0;
        for (class, number) in [
            ("c-came", column.came),
            ("c-taken", column.taken_back),
            ("c-waiting", column.waiting),
            ("c-nobody", column.nobody),
        ] {
            if number == 0 {
                continue;
            }
            below += number;
            // A pixel of ground between two parts keeps them apart without colours.
            svg.rect(class, bar, (scale.y(below), (scale.height(number) - 1.0).max(1.0)));
        }
        if column.nobody > 0 {
            svg.text("c-mark", middle, scale.y(below) - 4.0, "!");
        }
        if let Some(label) = &column.label {
            // At the right end a word must end where the plot does.
            let (class, at) = if index + 1 == columns.len() && columns.len() > 8 {
                ("c-x c-end", 100.0)
            } else {
                ("c-x", middle)
            };
            svg.text(class, at, HEIGHT - 6.0, label);
        }
    }
    svg.finish("", HEIGHT, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(svg: &str, text: &str) -> usize {
        svg.matches(text).count()
    }

    #[test]
    fn a_column_is_as_high_as_its_calls_and_marks_those_to_which_nobody_came() {
        let quiet = Column { came: 2, ..Column::default() };
        let bad = Column { came: 1, nobody: 1, unfinished: true, ..Column::default() };
        let svg = columns(&[quiet, bad, Column::default()], "calls");
        assert_eq!(
            (count(&svg, "\"c-came\""), count(&svg, "\"c-nobody\""), count(&svg, "c-mark")),
            (2, 1, 1)
        );
        // Two of two are the whole plot, one of two is half of it; each gives a pixel to the one above.
        assert!(svg.contains("y=\"18.0\" width=\"25.33%\" height=\"139.0\""), "{svg}");
        assert!(
            svg.contains("\"c-nobody\" x=\"37.33%\" y=\"18.0\" width=\"25.33%\" height=\"69.0\""),
            "{svg}"
        );
        assert_eq!(count(&svg, "fill=\"url(#hatch)\" x=\"33.33%\" y=\"18.0\" width=\"33.33%\""), 1, "{svg}");
        assert!(!svg.contains("style"), "the policy forbids inline styles");
    }

    #[test]
    fn no_columns_are_an_empty_chart() {
        let svg = columns(&[], "calls");
        assert!(
            svg.contains("aria-label=\"calls\"") && !svg.contains("NaN") && !svg.contains("inf"),
            "{svg}"
        );
    }
}
