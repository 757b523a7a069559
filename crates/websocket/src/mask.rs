//! The mask of a client's payload (section 5.3).

/// The octets of a mask.
pub(crate) const LENGTH: usize = 4;
/// The octets that are masked at once.
const WORD: usize = 2 * LENGTH;

/// Masks a payload, or removes its mask, which is one operation.
pub(crate) fn apply(payload: &mut [u8], mask: [u8; LENGTH]) {
    let [a, b, c, d] = mask;
    let twice = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<WORD>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ twice).to_ne_bytes();
    }
    rest.iter_mut().zip(mask.iter().cycle()).for_each(|(octet, mask)| *octet ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_of_any_length_is_masked_as_octet_by_octet() {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        for length in 0..=33_u8 {
            let payload: Vec<u8> = (0..length).collect();
            let expected: Vec<u8> =
                payload.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask).collect();
            let mut masked = payload.clone();
            apply(&mut masked, mask);
            assert_eq!(masked, expected, "{length}");
            apply(&mut masked, mask);
            assert_eq!(masked, payload, "{length} unmasked");
        }
    }
}
