//! Which partition of a topic a key belongs to, as Java's Kafka clients compute it, so that the original
//! service's records and ours meet in one partition.

/// Returns the partition of `key` in a topic of `partitions`, as Java's default partitioner and librdkafka's
/// `murmur2_random` choose it. The formula is `toPositive(murmur2(key)) % partitions`.
#[must_use]
pub fn of_key(key: &[u8], partitions: i32) -> i32 {
    let hash = i32::try_from(murmur2(key) & 0x7fff_ffff).expect("31 bits are a positive i32");
    hash % partitions.max(1)
}

/// MurmurHash2, 32 bits, with the seed of `org.apache.kafka.common.utils.Utils.murmur2`.
#[must_use]
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).expect("a Kafka key is far below 4 GiB");
    let mut hash = 0x9747_b28c ^ length;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Apache Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn hashes_are_those_of_the_java_client() {
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn a_key_stays_within_the_topic() {
        for partitions in 1..9 {
            let partition = of_key("101-1".as_bytes(), partitions);
            assert!((0..partitions).contains(&partition));
        }
    }
}
