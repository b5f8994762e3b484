//! Any bytes go into each parser: so many inputs, made of a seed that does not
//! change. `fuzz/` has the same parsers for as long as one likes.

use std::time::{Duration, Instant};

use plinth_host::parsers::{TARGETS, Target};

/// Inputs for each parser.
const INPUTS: u64 = 4_000;

/// As many parts at most.
const PARTS_MAX: u64 = 24;

/// Long enough that one which is not linear takes minutes.
const LONG_BYTES: usize = 256 << 10;

/// What a long input may take, in a debug build on a machine that does more.
const LONG_WITHIN: Duration = Duration::from_secs(20);

/// Numbers that look like chance: SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

fn input(target: &Target, chance: &mut Chance) -> Vec<u8> {
    let mut input = Vec::new();
    for _ in 0..chance.below(PARTS_MAX) {
        let words = target.words;
        let word = usize::try_from(chance.below(words.len() as u64)).expect("few");
        match chance.below(8) {
            0 => input.push(chance.byte()),
            1 => input.extend((0..chance.below(12)).map(|_| chance.byte())),
            2 => input.extend_from_slice(&[0xff; 4]),
            _ => input.extend_from_slice(words[word].as_bytes()),
        }
    }
    input
}

#[test]
fn any_bytes_are_read_or_refused() {
    for (seed, target) in (1..).zip(TARGETS) {
        let mut chance = Chance(seed);
        for _ in 0..INPUTS {
            let input = input(target, &mut chance);
            let checked = std::panic::catch_unwind(|| (target.check)(&input));
            assert!(checked.is_ok(), "{}: {input:?}", target.name);
        }
    }
}

#[test]
fn long_inputs_are_read_in_time() {
    for target in TARGETS {
        for word in target.words {
            let long = word.repeat(LONG_BYTES / word.len());
            let begun = Instant::now();
            (target.check)(long.as_bytes());
            let took = begun.elapsed();
            assert!(took < LONG_WITHIN, "{} {word:?}: {took:?}", target.name);
        }
    }
}
