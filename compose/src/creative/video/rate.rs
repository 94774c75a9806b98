//! The even beat of a film.
//!
//! Invariants: a beat is an exact fraction, so pictures are due without drift; it has at least one
//! picture a second and at most [`RATE_MAX`].

use std::time::Duration;

/// Most pictures a second that are shown; of faster videos every second one is, or every fourth.
pub const RATE_MAX: u32 = 60;

/// Pictures a second, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) pictures: u32,
    pub(super) seconds: u32,
}

impl Rate {
    /// Of files that do not say.
    const USUAL: Self = Self {
        pictures: 25,
        seconds: 1,
    };

    /// Reads what ffprobe writes; `None` for no rate.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (pictures, seconds) = text.split_once('/')?;
        let rate = Self {
            pictures: pictures.parse().ok()?,
            seconds: seconds.parse().ok()?,
        };
        (rate.pictures > 0 && rate.seconds > 0).then_some(rate)
    }

    fn per_second(self) -> f64 {
        f64::from(self.pictures) / f64::from(self.seconds)
    }

    /// When a picture is due, counted from the first.
    pub(super) fn due(self, number: u64) -> Duration {
        let nanos = u128::from(number) * u128::from(self.seconds) * 1_000_000_000
            / u128::from(self.pictures);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many pictures a stretch of time has.
    pub(super) fn count(self, length: Duration) -> u64 {
        let count = length.as_nanos() * u128::from(self.pictures)
            / (u128::from(self.seconds) * 1_000_000_000);
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// The even rate at which a stream is shown, from its average and from the finest that all its
    /// time stamps fit.
    ///
    /// Most streams have one rate and both say it. The finest is twice the average where fields are
    /// counted, far above it where the time stamps are only rough, and somewhat above it where
    /// pictures come unevenly.
    pub(super) fn choose(average: Option<Self>, finest: Option<Self>) -> Self {
        let max = f64::from(RATE_MAX);
        let rate = match (average, finest) {
            (Some(average), Some(finest)) => {
                let times = finest.per_second() / average.per_second();
                let is_rough = finest.per_second() > max;
                let counts_fields = (1.98..=2.02).contains(&times);
                if is_rough || counts_fields {
                    average
                } else {
                    finest
                }
            }
            (Some(rate), None) | (None, Some(rate)) => rate,
            (None, None) => Self::USUAL,
        };
        let mut rate = rate;
        for _ in 0..4 {
            if rate.per_second() > max {
                rate.seconds = rate.seconds.saturating_mul(2);
            }
        }
        if rate.per_second() > max {
            Self::USUAL
        } else if rate.per_second() < 1.0 {
            Self {
                pictures: 1,
                seconds: 1,
            }
        } else {
            rate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_even_and_within_limits() {
        let rate = |average: &str, finest: &str| {
            let rate = Rate::choose(Rate::parse(average), Rate::parse(finest));
            (rate.pictures, rate.seconds)
        };
        assert_eq!(rate("30000/1001", "30000/1001"), (30000, 1001));
        assert_eq!(rate("25/1", "50/1"), (25, 1));
        assert_eq!(rate("2983/100", "90000/1"), (2983, 100));
        assert_eq!(rate("14/1", "60/1"), (60, 1));
        assert_eq!(rate("120/1", "120/1"), (120, 2));
        assert_eq!(rate("1/5", "1/5"), (1, 1));
        assert_eq!(rate("0/0", "0/0"), (25, 1));
        assert_eq!(rate("90000/1", "90000/1"), (25, 1));
    }

    #[test]
    fn pictures_are_due_without_drift() {
        let rate = Rate::parse("30000/1001").expect("a rate");
        assert_eq!(rate.due(30_000 * 60), Duration::from_secs(1001 * 60));
        assert_eq!(rate.count(Duration::from_secs(1001)), 30_000);
    }
}
