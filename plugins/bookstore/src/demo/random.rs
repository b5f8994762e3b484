//! Numbers that look random and are the same each time.

/// A linear congruential generator with Knuth's constants for 64 bits.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A number from `first` to `last`.
    pub(super) fn between<T: Into<i64> + TryFrom<i64>>(&mut self, first: T, last: T) -> T {
        let (first, last) = (first.into(), last.into());
        let number = first + i64::from(self.next()) * (last - first + 1) / (1 << 32);
        T::try_from(number).unwrap_or_else(|_| unreachable!("it is between two of them"))
    }

    /// True once in `n` times.
    pub(super) fn once_in(&mut self, n: u32) -> bool {
        self.between(1, n) == 1
    }

    /// One of several.
    pub(super) fn one_of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let last = u32::try_from(from.len() - 1).expect("there are thousands at most");
        &from[self.between(0, last) as usize]
    }

    /// The upper half of the state, which is the better one.
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32).expect("it is half of 64 bits")
    }
}
