//! Chance that a seed makes the same again: for the order of cells, and for tests.

/// The generator SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a length fits 64 bits");
        usize::try_from(self.next() % bound).expect("less than a length")
    }

    /// Puts a list into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
impl Random {
    /// A text that is nearly `text`: some of its parts removed, doubled, swapped or replaced.
    pub fn mutate(&mut self, text: &str) -> String {
        const NEWS: [&str; 16] = [
            "\n",
            "\n\n",
            "[",
            "]",
            "\"",
            "'",
            "=",
            "·",
            "A",
            "│",
            "   ",
            "$ ",
            "---\n",
            "\u{0}",
            "é",
            "<<<<<<< x\n",
        ];
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(4) {
            let from = self.below(chars.len() + 1);
            let to = (from + self.below(12)).min(chars.len());
            let part: Vec<char> = chars.drain(from..to).collect();
            let at = self.below(chars.len() + 1);
            match self.below(4) {
                0 => {}
                1 => drop(chars.splice(from..from, part.repeat(2))),
                2 => drop(chars.splice(at..at, part)),
                _ => drop(chars.splice(from..from, NEWS[self.below(NEWS.len())].chars())),
            }
        }
        chars.into_iter().collect()
    }
}
