//! Mutants of known inputs, the same ones for the same seed: what the short run has instead of libFuzzer.

/// The longest mutant.
const LONGEST: usize = 4096;

/// Values that lie at an edge of something.
const EDGES: [u8; 8] = [0x00, 0x01, 0x7f, 0x80, 0xff, 0xc0, 0x10, 0x02];

/// Makes mutants of a corpus.
#[derive(Debug)]
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutator<'a> {
    /// Mutants of `corpus`, which may be empty; the same for the same `seed`.
    pub fn new(corpus: &'a [Vec<u8>], seed: u64) -> Self {
        Self { corpus, state: seed }
    }

    /// The next mutant.
    pub fn mutant(&mut self) -> Vec<u8> {
        let mut input = self.parent().to_vec();
        for _ in 0..=self.below(4) {
            self.mutate(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = EDGES[self.below(EDGES.len())],
            2 if at < input.len() => input[at] = self.next() as u8,
            3 => {
                let piece: Vec<u8> = (0..=self.below(8)).map(|_| self.next() as u8).collect();
                input.splice(at..at, piece);
            }
            4 => {
                let end = (at + self.below(16)).min(input.len());
                input.drain(at..end);
            }
            5 => {
                let other = self.parent();
                let from = self.below(other.len() + 1);
                let until = (from + self.below(64)).min(other.len());
                input.splice(at..at, other[from..until].iter().copied());
            }
            _ => {
                let until = (at + self.below(32)).min(input.len());
                let again = input[at..until].to_vec();
                input.splice(at..at, again);
            }
        }
    }

    fn parent(&mut self) -> &'a [u8] {
        if self.corpus.is_empty() {
            return &[];
        }
        &self.corpus[self.below(self.corpus.len())]
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_mutants_and_another_seed_others() {
        let corpus = [b"one input".to_vec(), b"another".to_vec()];
        let mutants = |seed| {
            let mut mutator = Mutator::new(&corpus, seed);
            (0..100).map(|_| mutator.mutant()).collect::<Vec<_>>()
        };
        assert_eq!(mutants(1), mutants(1));
        assert_ne!(mutants(1), mutants(2));
    }

    #[test]
    fn an_empty_corpus_has_mutants_too() {
        let mut mutator = Mutator::new(&[], 1);
        assert!((0..100).any(|_| !mutator.mutant().is_empty()));
    }
}
