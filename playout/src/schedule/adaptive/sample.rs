//! Random numbers that are a function of what they are for, the same on every machine.
//!
//! A generator is made for one candidate of one pick and thrown away, so there is no state that a
//! restart could lose, and a candidate that comes or goes changes nobody else's sample.
//!
//! Only operations that IEEE 754 defines to the last bit (+, −, ×, ÷, √) and the pure Rust
//! logarithm of `libm` are used: the logarithm of the standard library is the system's, and those
//! differ between an ARM board and a PC.

use crate::content::catalog::ItemKey;

/// SplitMix64. Source: G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number
/// generators", 2014.
#[derive(Debug, Clone)]
pub(super) struct Sample(u64);

impl Sample {
    /// The generator for `key` in pick number `pick` of the group with this seed.
    pub(super) fn new(seed: u64, pick: u64, key: &ItemKey) -> Self {
        // FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), whose 64 bits the mixing below spreads.
        let name = key.0.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Self(mix(mix(mix(seed) ^ pick) ^ name))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Returns a number above 0 and up to 1, in steps of 2⁻⁵³.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Samples the standard normal distribution. Source: G. Marsaglia and T. A. Bray, "A
    /// convenient method for generating normal variables", 1964 (the polar method; its second
    /// number is thrown away).
    fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * libm::log(square) / square).sqrt();
            }
        }
    }

    /// Samples the gamma distribution with this shape, at least 1, and scale 1. Source: G.
    /// Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", 2000.
    fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape.max(1.0) - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let u = self.unit();
            // The first test is cheap and nearly always enough.
            if u < 1.0 - 0.0331 * x * x * x * x
                || libm::log(u) < 0.5 * x * x + d * (1.0 - v + libm::log(v))
            {
                return d * v;
            }
        }
    }

    /// Samples the beta distribution; both parameters are at least 1.
    pub(super) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_the_same_on_every_machine() {
        let mut sample = Sample::new(42, 1_000, &ItemKey("metro/0".into()));
        let bits: Vec<u64> = (0..3).map(|_| sample.beta(3.0, 250.0).to_bits()).collect();
        // Written down on x86-64; IEEE 754 and libm promise them everywhere.
        assert_eq!(
            bits,
            [
                4_570_975_424_823_367_419,
                4_578_154_802_939_159_162,
                4_585_055_812_720_722_989
            ]
        );
    }

    #[test]
    fn beta_has_its_mean_and_spread() {
        for (a, b) in [(1.0, 1.0), (2.0, 98.0), (30.0, 1_970.0)] {
            let samples: Vec<f64> = (0..20_000)
                .map(|pick| Sample::new(1, pick, &ItemKey("x".into())).beta(a, b))
                .collect();
            let mean = samples.iter().sum::<f64>() / 20_000.0;
            let spread = samples
                .iter()
                .map(|sample| (sample - mean) * (sample - mean))
                .sum::<f64>()
                / 20_000.0;
            let (true_mean, n) = (a / (a + b), a + b);
            let true_spread = true_mean * (1.0 - true_mean) / (n + 1.0);
            // Five standard errors of the mean; a tenth for the variance.
            assert!(
                (mean - true_mean).abs() < 5.0 * (true_spread / 20_000.0).sqrt(),
                "{a} {b}: {mean}"
            );
            assert!(
                (spread / true_spread - 1.0).abs() < 0.1,
                "{a} {b}: {spread}"
            );
        }
    }
}
