//! argon2id in one piece of memory, which its owner keeps between hashes and gives back to the system when there are
//! none.

use std::cell::RefCell;

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, PasswordHasher, Version,
    password_hash::{self, Decimal, Ident, Output, ParamsString, Salt},
};

/// The capacity of the memory, in blocks of 1 KiB. glibc gives pages of their own to a piece of more than 32 MiB, and
/// takes them from the process when the piece is freed (mallopt(3), `M_MMAP_THRESHOLD`). It keeps a smaller one in
/// the heap of the thread, up to three times. Only the blocks that a hash fills are resident.
const CAPACITY: usize = 33 * 1024;

/// argon2id, with the library's parameters for a new password, and with its own for a hash.
#[derive(Default)]
pub(crate) struct Hasher(RefCell<Vec<Block>>);

impl Hasher {
    /// Returns whether it has memory, so that the next hash need not ask for any.
    pub(crate) fn has_memory(&self) -> bool {
        self.0.borrow().capacity() > 0
    }

    /// Gives the memory back to the system.
    pub(crate) fn release(&self) {
        drop(self.0.take());
    }

    fn fill(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> password_hash::Result<()> {
        let mut blocks = self.0.borrow_mut();
        let count = argon2.params().block_count();
        if blocks.len() < count {
            // Those of before are not copied, because every block is written before it is read.
            blocks.clear();
            blocks.reserve_exact(count.max(CAPACITY));
            blocks.resize(count, Block::default());
        }
        Ok(argon2.hash_password_into_with_memory(password, salt, out, &mut *blocks)?)
    }
}

impl PasswordHasher for Hasher {
    type Params = Params;

    fn hash_password_customized<'a>(
        &self,
        password: &[u8],
        algorithm: Option<Ident<'a>>,
        version: Option<Decimal>,
        params: Params,
        salt: impl Into<Salt<'a>>,
    ) -> password_hash::Result<PasswordHash<'a>> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let argon2 = Argon2::new(algorithm, version, params);
        let salt = salt.into();
        let mut octets = [0; Salt::MAX_LENGTH];
        let octets = salt.decode_b64(&mut octets)?;
        let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let hash = Output::init_with(length, |out| self.fill(&argon2, password, octets, out))?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(argon2.params())?,
            salt: Some(salt),
            hash: Some(hash),
        })
    }
}

#[cfg(test)]
mod tests {
    use argon2::{
        PasswordVerifier,
        password_hash::{SaltString, rand_core::OsRng},
    };

    use super::*;

    #[test]
    fn its_hashes_are_those_of_the_library_also_in_memory_that_was_used_with_other_parameters() {
        let hasher = Hasher::default();
        for (memory, passes) in [(Params::DEFAULT_M_COST, 2), (64, 1), (128, 3), (Params::DEFAULT_M_COST, 2)]
        {
            let params = Params::new(memory, passes, 1, None).unwrap();
            let library = Argon2::from(params.clone());
            let salt = SaltString::generate(&mut OsRng);
            let theirs = library.hash_password(b"correct horse", &salt).unwrap();
            let ours = hasher.hash_password_customized(b"correct horse", None, None, params, &salt).unwrap();
            assert_eq!(ours.to_string(), theirs.to_string());
            assert!(hasher.verify_password(b"correct horse", &theirs).is_ok());
            assert!(hasher.verify_password(b"wrong horse", &theirs).is_err());
        }
        let salt = SaltString::generate(&mut OsRng);
        let usual = hasher.hash_password(b"correct horse", &salt).unwrap().to_string();
        assert!(usual.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{usual}");
    }

    #[test]
    fn memory_is_kept_for_the_next_hash_until_it_is_released() {
        let hasher = Hasher::default();
        assert!(!hasher.has_memory());
        let salt = SaltString::generate(&mut OsRng);
        hasher.hash_password(b"correct horse", &salt).unwrap();
        assert!(hasher.has_memory());
        hasher.release();
        assert!(!hasher.has_memory());
        hasher.hash_password(b"correct horse", &salt).unwrap();
    }
}
