//! The writing of SVG that every chart uses.

/// The room above the highest value for its count, in pixels.
pub(super) const TOP: f64 = 18.0;
/// The height at which the highest value is drawn, in pixels.
pub(super) const PLOT: f64 = 140.0;
/// The height of a chart with words below its bars, in pixels.
pub(super) const HEIGHT: f64 = TOP + PLOT + 26.0;

/// SVG text that grows.
#[derive(Default)]
pub(super) struct Svg(String);

impl Svg {
    /// Adds a rectangle. `x` and `width` are percent, `y` and `height` pixels.
    pub(super) fn rect(&mut self, class: &str, (x, width): (f64, f64), (y, height): (f64, f64)) {
        self.0.push_str(&format!(
            "<rect class=\"{class}\" x=\"{x:.2}%\" y=\"{y:.1}\" width=\"{width:.2}%\" height=\"{height:.1}\"/>"
        ));
    }

    /// Adds a horizontal line.
    pub(super) fn line(&mut self, class: &str, (x, width): (f64, f64), y: f64) {
        let end = x + width;
        self.0.push_str(&format!(
            "<line class=\"{class}\" x1=\"{x:.2}%\" x2=\"{end:.2}%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
        ));
    }

    /// Adds words whose base line is at `y`.
    pub(super) fn text(&mut self, class: &str, x: f64, y: f64, words: &str) {
        let words = escape(words);
        self.0.push_str(&format!("<text class=\"{class}\" x=\"{x:.2}%\" y=\"{y:.1}\">{words}</text>"));
    }

    /// Adds words on the left of the plot.
    pub(super) fn label(&mut self, y: f64, words: &str) {
        let words = escape(words);
        self.0.push_str(&format!("<text class=\"c-y\" x=\"-8\" y=\"{y:.1}\">{words}</text>"));
    }

    /// Adds the lines of a scale with their numbers.
    pub(super) fn scale(&mut self, scale: Scale) {
        for number in (0..=scale.top).step_by(scale.step) {
            let y = scale.y(number as u64);
            self.line("c-grid", (0.0, 100.0), y);
            self.label(y + 5.0, &number.to_string());
        }
    }

    /// Adds what is written already.
    pub(super) fn raw(&mut self, svg: &str) {
        self.0.push_str(svg);
    }

    /// Returns the chart with its name, for those who do not see it.
    pub(super) fn finish(self, class: &str, height: f64, name: &str) -> String {
        let (name, body) = (escape(name), self.0);
        format!(
            "<svg class=\"chart {class}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{name}\">{body}</svg>"
        )
    }
}

/// Where a number is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    top: usize,
    step: usize,
}

impl Scale {
    /// Returns a scale with at most four steps, each a round number.
    pub(super) fn to(most: u64) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX / 10).max(2);
        let mut step = 1;
        // 1, 2, 5, 10, 20, 50, …
        for factor in [2, 5, 10].into_iter().cycle() {
            if most.div_ceil(step) <= 4 {
                break;
            }
            step = match factor {
                2 => step * 2,
                5 => step / 2 * 5,
                _ => step * 2,
            };
        }
        Self { top: most.div_ceil(step) * step, step }
    }

    /// Returns how high a number is, in pixels.
    pub(super) fn height(self, number: u64) -> f64 {
        PLOT * number as f64 / self.top as f64
    }

    /// Returns where it ends, in pixels from above.
    pub(super) fn y(self, number: u64) -> f64 {
        TOP + PLOT - self.height(number)
    }
}

/// Returns words as text of XML.
fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_at_most_four_round_steps_and_room_for_the_greatest_number() {
        for (most, top, step) in [
            (0, 2, 1),
            (1, 2, 1),
            (4, 4, 1),
            (5, 6, 2),
            (9, 10, 5),
            (20, 20, 5),
            (21, 30, 10),
            (41, 60, 20),
            (1_234, 1_500, 500),
        ] {
            assert_eq!(Scale::to(most), Scale { top, step }, "{most}");
        }
        let scale = Scale::to(u64::MAX);
        assert!(scale.top.div_ceil(scale.step) <= 5);
        let scale = Scale::to(4);
        assert_eq!((scale.y(0), scale.y(4)), (TOP + PLOT, TOP));
    }

    #[test]
    fn words_never_become_tags() {
        let mut svg = Svg::default();
        svg.text("c-x", 1.0, 2.0, "<a href=\"x\">&");
        let svg = svg.finish("", 10.0, "\"><script>");
        assert!(svg.contains("&lt;a href=&quot;x&quot;&gt;&amp;") && !svg.contains("<script"), "{svg}");
    }
}
