//! Between which values the mean of a count lies, in 95 of 100 cases.
//!
//! The method is Garwood's exact interval of a Poisson mean (F. Garwood, "Fiducial limits for the
//! Poisson distribution", 1936), for which count and number are first divided by the dispersion,
//! the variance over the mean, where that is above 1: few people bring most of the others, so a
//! count of them scatters more than a Poisson count (quasi-likelihood: P. McCullagh and J. A.
//! Nelder, "Generalized Linear Models", 1989, chapter 9).
//!
//! Invariant: pure functions; the operations are those of IEEE 754 and of `libm`.

use serde::Serialize;

/// Half of what lies outside.
const TAIL: f64 = 0.025;
/// The 97.5th percentile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;
/// Above it the quantile is told by the cube of a normal one, which is right to six digits there.
const EXACT_MAX: f64 = 100_000.0;

/// A mean, and between what it lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// What was counted, by each.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Estimates the mean of counts: `sum` of them in all, by `number`, and `squares` their squares
/// together. `None` of nothing.
pub(super) fn of_counts(number: u64, sum: u64, squares: u64) -> Option<Estimate> {
    if number == 0 {
        return None;
    }
    let (number, sum, squares) = (as_f64(number), as_f64(sum), as_f64(squares));
    let mean = sum / number;
    let dispersion = if number > 1.0 && sum > 0.0 {
        let variance = (squares - sum * mean) / (number - 1.0);
        (variance / mean).max(1.0)
    } else {
        1.0
    };
    let (low, high) = garwood(sum / dispersion);
    let scale = dispersion / number;
    Some(Estimate {
        value: mean,
        low: low * scale,
        high: high * scale,
    })
}

/// Between what the mean of a Poisson distribution lies of which one count is known.
fn garwood(count: f64) -> (f64, f64) {
    let low = if count > 0.0 {
        gamma_quantile(count, TAIL)
    } else {
        0.0
    };
    (low, gamma_quantile(count + 1.0, 1.0 - TAIL))
}

/// The value below which a gamma distribution with this shape and scale 1 has so much of its mass.
fn gamma_quantile(shape: f64, mass: f64) -> f64 {
    let z = if mass < 0.5 { -Z } else { Z };
    // E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", 1931.
    let near = shape * libm::pow(1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt()), 3.0);
    if shape > EXACT_MAX {
        return near;
    }
    let (mut low, mut high) = (0.0, near.max(shape) * 2.0 + 10.0);
    // Each step halves what is left, down to what a number can tell.
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if gamma_mass(shape, middle) < mass {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// How much of the mass of a gamma distribution lies below a value: the regularised incomplete
/// gamma function, by its series below the mean and by its continued fraction above (W. Gautschi,
/// "A computational procedure for incomplete gamma functions", 1979).
fn gamma_mass(shape: f64, value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let scale = libm::exp(shape * libm::log(value) - value - libm::lgamma(shape));
    if value < shape + 1.0 {
        let (mut term, mut sum, mut at) = (1.0 / shape, 1.0 / shape, shape);
        for _ in 0..TERMS_MAX {
            at += 1.0;
            term *= value / at;
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return scale * sum;
    }
    // W. J. Lentz's way to a continued fraction, from its front.
    let (mut b, tiny) = (value + 1.0 - shape, 1e-300);
    let (mut c, mut d) = (1.0 / tiny, 1.0 / b);
    let mut fraction = d;
    for at in 1..TERMS_MAX {
        let at = f64::from(at);
        let a = -at * (at - shape);
        b += 2.0;
        d = a * d + b;
        d = 1.0 / if d.abs() < tiny { tiny } else { d };
        c = b + a / c;
        if c.abs() < tiny {
            c = tiny;
        }
        let by = d * c;
        fraction *= by;
        if (by - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - scale * fraction
}

/// Most terms of either; a shape of [`EXACT_MAX`] needs some thousands.
const TERMS_MAX: u32 = 20_000;

#[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
const fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(found: f64, known: f64, digits: f64) -> bool {
        (found - known).abs() <= digits
    }

    #[test]
    fn a_poisson_count_has_the_limits_of_garwoods_table() {
        // Counts with limits of 95 %, as tables of them have them.
        for (count, low, high) in [
            (0.0, 0.0, 3.6889),
            (1.0, 0.0253, 5.5716),
            (2.0, 0.2422, 7.2247),
            (5.0, 1.6235, 11.6683),
            (10.0, 4.7954, 18.3904),
            (30.0, 20.2409, 42.8269),
            (50.0, 37.1110, 65.9188),
            (100.0, 81.3640, 121.6268),
        ] {
            let found = garwood(count);
            assert!(is_near(found.0, low, 1e-4), "{count}: {found:?}");
            assert!(is_near(found.1, high, 1e-4), "{count}: {found:?}");
        }
        // From there on both ways agree.
        let (low, high) = garwood(EXACT_MAX);
        let (past_low, past_high) = garwood(EXACT_MAX + 1.0);
        assert!(is_near(past_low - low, 1.0, 0.05), "{low} {past_low}");
        assert!(is_near(past_high - high, 1.0, 0.05), "{high} {past_high}");
    }

    #[test]
    fn nothing_has_no_mean_and_nobody_who_brought_anybody_has_one_of_at_most_so_much() {
        assert_eq!(of_counts(0, 0, 0), None);
        let none = of_counts(100, 0, 0).unwrap();
        assert_eq!((none.value, none.low), (0.0, 0.0));
        assert!(is_near(none.high, 0.0369, 1e-4), "{none:?}");
        // One by each of ten: there is no scatter, and a Poisson one is taken.
        let even = of_counts(10, 10, 10).unwrap();
        assert!(is_near(even.low, 0.4795, 1e-4) && is_near(even.high, 1.8390, 1e-4));
        // The same ten by one: the interval is wide, and still around the mean.
        let one = of_counts(10, 10, 100).unwrap();
        assert!(one.low < 0.05 && one.high > 5.0, "{one:?}");
    }

    /// A generator that is the same everywhere: SplitMix64.
    struct Dice(u64);

    impl Dice {
        fn unit(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            as_f64((z ^ (z >> 31)) >> 11) / as_f64(1 << 53)
        }

        /// A geometric number with this mean: how many others one person brings, where many bring
        /// none and few bring many.
        fn geometric(&mut self, mean: f64) -> u64 {
            let stop = 1.0 / (1.0 + mean);
            let mut count = 0;
            while self.unit() > stop {
                count += 1;
            }
            count
        }
    }

    #[test]
    fn of_people_who_bring_very_different_numbers_the_interval_holds_the_true_mean_as_often_as_it_says()
     {
        const ROUNDS: u32 = 2_000;
        let mut dice = Dice(7);
        for (people, mean) in [(200, 0.3), (1_000, 0.3), (500, 1.2)] {
            let held = (0..ROUNDS)
                .filter(|_| {
                    let counts: Vec<u64> = (0..people).map(|_| dice.geometric(mean)).collect();
                    let squares = counts.iter().map(|count| count * count).sum();
                    let found = of_counts(people, counts.iter().sum(), squares).unwrap();
                    found.low <= mean && mean <= found.high
                })
                .count();
            // 95 of 100, with room for what two thousand rounds scatter.
            assert!((1_860..=1_960).contains(&held), "{people} {mean}: {held}");
        }
    }
}
