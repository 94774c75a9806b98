//! Ten million texts that look like tokens, or nearly, and what it costs to refuse them.
//!
//! Invariants held: nothing is accepted but the tokens that were minted, in any of the ways in
//! which people write them; parsing and verifying allocates nothing, so no flood of guesses makes a
//! hub grow.

mod tokens {
    pub(crate) mod attempts;
    pub(crate) mod counting;
    pub(crate) mod dice;
}

use std::time::Instant;

use passerby_protocol::Token;
use passerby_testing::seeds;

use tokens::attempts::{Attempt, KINDS, Mint};
use tokens::counting::{self, Allocated};
use tokens::dice::Dice;

/// Tokens that must be refused, in all threads together.
const REFUSED: u64 = 10_000_000;
/// As many on every machine, so that each tries the same tokens.
const THREADS: u64 = 4;
const _: () = assert!(REFUSED.is_multiple_of(THREADS));

/// What one thread, or all of them, saw.
#[derive(Default)]
struct Outcome {
    /// By kind: refused, and how many of them had the form of a token.
    refused: [u64; KINDS.len()],
    formed: [u64; KINDS.len()],
    /// By kind: the same token, otherwise written, and accepted.
    same: [u64; KINDS.len()],
    /// How often the key was derived for the occasion.
    derived: u64,
    /// What parsing, deriving and verifying allocated.
    cost: Allocated,
}

impl Outcome {
    fn add(mut self, other: &Self) -> Self {
        for (sum, more) in [
            (&mut self.refused, &other.refused),
            (&mut self.formed, &other.formed),
            (&mut self.same, &other.same),
        ] {
            for (sum, more) in sum.iter_mut().zip(more) {
                *sum += more;
            }
        }
        self.derived += other.derived;
        self.cost += other.cost;
        self
    }
}

/// Tries until enough was refused, and stops the test at the first wrong answer.
fn attack(mint: &Mint, seed: u64, refused_wanted: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let mut outcome = Outcome::default();
    let mut refused = 0;
    let mut attempt = Attempt::new();
    let mut tries = 0;
    while refused < refused_wanted {
        let kind = tries % KINDS.len();
        tries += 1;
        attempt.roll(KINDS[kind], mint, &mut dice);

        let before = counting::here();
        let formed = Token::parse(attempt.text());
        let mut cost = counting::here() - before;
        let accepted = formed.is_some_and(|token| {
            let contents = token.unverified();
            let known = mint.key(contents.screen, contents.generation);
            // One in 64 is derived although it is known, so that all kinds meet the whole of what a
            // hub does.
            let known = known.filter(|_| dice.below(64) != 0);
            let before = counting::here();
            let accepted = if let Some(key) = known {
                token.verify(key).is_some()
            } else {
                outcome.derived += 1;
                let key = mint.derive(contents.screen, contents.generation);
                token.verify(&key).is_some()
            };
            cost += counting::here() - before;
            accepted
        });
        outcome.cost += cost;

        let genuine = mint.minted(attempt.text());
        assert_eq!(
            accepted,
            genuine,
            "seed {seed}, try {tries}, {}: {:?} {}",
            KINDS[kind].name(),
            attempt.text(),
            if accepted {
                "was accepted, and nobody minted it"
            } else {
                "was refused, and is genuine"
            }
        );
        if accepted {
            outcome.same[kind] += 1;
        } else {
            refused += 1;
            outcome.refused[kind] += 1;
            outcome.formed[kind] += u64::from(formed.is_some());
        }
    }
    outcome
}

#[test]
fn ten_million_random_and_mutated_tokens_are_refused_without_an_allocation() {
    seeds(file!()).each(|seed| {
    let start = Instant::now();
    let mint = Mint::new();
    let outcome = std::thread::scope(|scope| {
        let mint = &mint;
        let attacks: Vec<_> = (0..THREADS)
            .map(|thread| {
                let share = REFUSED / THREADS;
                scope.spawn(move || attack(mint, seed ^ thread, share))
            })
            .collect();
        attacks
            .into_iter()
            .map(|attack| attack.join().expect("the attack ran to its end"))
            .fold(Outcome::default(), |sum, more| sum.add(&more))
    });
    let refused: u64 = outcome.refused.iter().sum();
    let same: u64 = outcome.same.iter().sum();
    for (kind, name) in KINDS.iter().map(|kind| kind.name()).enumerate() {
        println!(
            "{:>9} refused, {:>9} of them in a token's form, {:>7} accepted as the same token: {name}",
            outcome.refused[kind], outcome.formed[kind], outcome.same[kind]
        );
    }
    println!(
        "{refused} refused, {same} accepted as the same token, 0 forgeries, in {:.1} s on {THREADS} threads; \
         the key was derived for {} of them; to judge them all took {}",
        start.elapsed().as_secs_f64(),
        outcome.derived,
        outcome.cost
    );
    assert_eq!(refused, REFUSED);
    assert!(same > REFUSED / 100, "{same}");
    assert!(outcome.derived > REFUSED / 100, "{}", outcome.derived);
    assert!(outcome.formed.iter().sum::<u64>() > REFUSED / 2);
    assert_eq!(outcome.cost, Allocated::default());
    });
}

#[test]
fn allocations_are_seen_by_the_counter() {
    let before = counting::here();
    let kept = std::hint::black_box(vec![1u8; 100]);
    drop(std::hint::black_box(String::from("gone")));
    let seen = counting::here() - before;
    assert_eq!(
        (seen.times, seen.bytes, seen.live_bytes),
        (2, 104, 100),
        "{seen}"
    );
    drop(kept);
    assert_eq!((counting::here() - before).live_bytes, 0);
}
