//! A stable hash, which is the same on every machine and in every release.

/// Returns the 64-bit FNV-1a hash of `bytes` (draft-eastlake-fnv).
pub fn fnv_1a(bytes: &[u8]) -> u64 {
    let mut hash = Fnv::default();
    hash.add(bytes);
    hash.0
}

/// Computes the same hash for bytes that come in several parts.
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Returns the hash of all bytes so far.
    pub fn value(&self) -> u64 {
        self.0
    }

    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        self.0 = bytes.iter().fold(self.0, step);
    }
}
