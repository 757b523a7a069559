//! The places of markers, with the side of the 180th meridian, and the labels beside them. Numbers only.

use domain::collections::sort_by;

/// A latitude and a longitude in degrees, the longitude as the map has it ([`unwrapped`]).
pub(crate) type Place = (f64, f64);

/// The height of a label with its border and the space between two of them, in pixels.
const ROW: f64 = 34.0;
/// The borders of two labels side by side and the space between them, in pixels.
const GAP: f64 = 8.0;
/// The width of a label that is not known, as in a page that is not shown, in pixels.
const USUAL_WIDTH: f64 = 72.0;

/// The label of a marker on the screen, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Without its border.
    pub(crate) width: f64,
}

impl Label {
    fn hides(self, other: Self) -> bool {
        let width = |label: Self| if label.width > 0.0 { label.width } else { USUAL_WIDTH };
        let apart = (width(self) + width(other)) / 2.0 + GAP;
        (self.x - other.x).abs() < apart && (self.y - other.y).abs() < ROW
    }
}

/// Returns by how many pixels each label is moved down (a negative number moves it up) so that none hides another,
/// because calls of one building may come from one point.
pub(crate) fn spread(labels: &[Label]) -> Vec<f64> {
    let mut placed: Vec<Label> = Vec::new();
    let offsets = labels.iter().map(|label| {
        let moved = |offset: f64| Label { y: label.y + offset, ..*label };
        // Each label that is placed takes two rows at most, so one of these is free.
        let free = |offset: &f64| !placed.iter().any(|other| other.hides(moved(*offset)));
        let offset = (0..=2 * labels.len()).map(row).find(free).unwrap_or_default();
        placed.push(moved(offset));
        offset
    });
    offsets.collect()
}

/// Returns where the rows are, nearest first, which is 0, then above and below by turns.
fn row(number: usize) -> f64 {
    let away = number.div_ceil(2) as f64 * ROW;
    if number % 2 == 1 { -away } else { away }
}

/// Returns these longitudes, some of them a turn further on (above 180), so that neighbours on both sides of the 180th
/// meridian are neighbours on the map. The map is cut where nobody is for the longest way.
pub(crate) fn unwrapped(longitudes: &[f64]) -> Vec<f64> {
    let mut sorted = longitudes.to_vec();
    sort_by(&mut sorted, f64::total_cmp);
    let (Some(west), Some(east)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let across = (west + 360.0 - east, f64::NEG_INFINITY);
    let gaps = sorted.windows(2).map(|pair| (pair[1] - pair[0], pair[0]));
    let (_, cut) = gaps.fold(across, |widest, gap| if gap.0 > widest.0 { gap } else { widest });
    longitudes
        .iter()
        .map(|longitude| if *longitude <= cut { longitude + 360.0 } else { *longitude })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(x: f64, y: f64) -> Label {
        Label { x, y, width: 60.0 }
    }

    #[test]
    fn labels_that_hide_nothing_stay_where_their_places_are() {
        let labels = [label(0.0, 0.0), label(60.0 + GAP, 0.0), label(0.0, ROW)];
        assert_eq!(spread(&labels), [0.0, 0.0, 0.0]);
    }

    #[test]
    fn any_number_of_labels_at_one_point_are_all_visible() {
        let labels = [label(10.0, 10.0); 9];
        let offsets = spread(&labels);
        assert_eq!(offsets[..5], [0.0, -ROW, ROW, -2.0 * ROW, 2.0 * ROW]);
        let moved: Vec<Label> = offsets.iter().map(|offset| label(10.0, 10.0 + offset)).collect();
        for (index, one) in moved.iter().enumerate() {
            assert!(moved[..index].iter().all(|other| !other.hides(*one)), "{moved:?}");
        }
    }

    #[test]
    fn labels_that_nearly_touch_are_moved_apart_too() {
        let labels = [label(0.0, 0.0), label(20.0, 25.0), label(40.0, -4.0)];
        let offsets = spread(&labels);
        let moved: Vec<Label> =
            labels.iter().zip(&offsets).map(|(one, offset)| label(one.x, one.y + offset)).collect();
        for (index, one) in moved.iter().enumerate() {
            assert!(moved[..index].iter().all(|other| !other.hides(*one)), "{moved:?}");
        }
    }

    #[test]
    fn neighbours_across_the_180th_meridian_stay_neighbours() {
        assert_eq!(unwrapped(&[179.5, -179.5]), [179.5, 180.5]);
        assert_eq!(unwrapped(&[-180.0, 180.0]), [180.0, 180.0]);
        assert_eq!(unwrapped(&[170.0, -170.0, 150.0]), [170.0, 190.0, 150.0]);
    }

    #[test]
    fn elsewhere_longitudes_stay_as_they_are() {
        assert_eq!(unwrapped(&[127.0, 126.9, 10.0]), [127.0, 126.9, 10.0]);
        assert_eq!(unwrapped(&[-179.0]), [-179.0]);
        assert!(unwrapped(&[]).is_empty());
    }
}
