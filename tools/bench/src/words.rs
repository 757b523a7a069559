//! Figures as tables show them.

/// Returns octets in mebibytes.
pub(crate) fn mebibytes(octets: u64) -> f64 {
    octets as f64 / f64::from(1 << 20)
}

/// Returns kibibytes in gibibytes.
pub(crate) fn gibibytes(kibibytes: f64) -> f64 {
    kibibytes / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mebibyte_has_1024_times_1024_octets_and_a_gibibyte_as_many_kibibytes() {
        assert_eq!(mebibytes(3 << 19), 1.5);
        assert_eq!(gibibytes(1_572_864.0), 1.5);
    }
}
