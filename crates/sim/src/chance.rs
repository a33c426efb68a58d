/// Small numbers by chance, the same from the same seed on every target. Not for secrets.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// What follows from this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.any() % high.saturating_sub(low).saturating_add(1)
    }

    /// One of -1.0 to 1.0.
    pub fn around_zero(&mut self) -> f64 {
        self.between(0, 2000) as f64 / 1000.0 - 1.0
    }

    /// Another source, which goes its own way.
    pub fn fork(&mut self) -> Self {
        Self(self.any())
    }

    /// Any number: SplitMix64, by Sebastiano Vigna.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
