//! The points that are measured.

/// A size of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) lines: u32,
    pub(super) residents: u32,
    pub(super) partitions: u32,
    pub(super) nodes: u32,
}

impl Point {
    /// Returns the number of sockets, one of each resident.
    pub(super) const fn sockets(&self) -> usize {
        self.lines as usize * self.residents as usize
    }
}

/// Returns the points, which are the one of all first numbers, and for each other number that one with this number.
pub(super) fn plan(lines: &[u32], residents: &[u32], partitions: &[u32], nodes: &[u32]) -> Vec<Point> {
    let first = |numbers: &[u32]| numbers.first().copied().unwrap_or(1);
    let base = Point {
        lines: first(lines),
        residents: first(residents),
        partitions: first(partitions),
        nodes: first(nodes),
    };
    let mut points = vec![base];
    points.extend(lines.iter().map(|lines| Point { lines: *lines, ..base }));
    points.extend(residents.iter().map(|residents| Point { residents: *residents, ..base }));
    points.extend(partitions.iter().map(|partitions| Point { partitions: *partitions, ..base }));
    points.extend(nodes.iter().map(|nodes| Point { nodes: *nodes, ..base }));
    let mut different: Vec<Point> = Vec::new();
    for point in points {
        if !different.contains(&point) {
            different.push(point);
        }
    }
    different
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_differs_from_the_first_in_one_number_and_none_is_measured_twice() {
        let points = plan(&[10, 100], &[10, 50], &[2, 8], &[1, 3]);
        let base = Point { lines: 10, residents: 10, partitions: 2, nodes: 1 };
        let expected = [
            base,
            Point { lines: 100, ..base },
            Point { residents: 50, ..base },
            Point { partitions: 8, ..base },
            Point { nodes: 3, ..base },
        ];
        assert_eq!(points, expected);
    }
}
