//! What a seed makes of its week: when the venue is open, how long plays are, and how often what
//! goes wrong.

use passerby_playout::player::record::HELD_MAX;

use crate::dice::Dice;
use crate::terminal::Settings;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: u64 = 24 * HOUR_MS;

/// Something that happens to the terminal from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    PowerCut,
    Kill,
    Suspend,
    ClockStep,
    TimeService,
    Weather,
    DiskFault,
    HubBackup,
    HubRestore,
    HubClock,
    HubDown,
    DiskSwap,
    ImageTaken,
    ImageRestored,
}

impl Trouble {
    /// Each with the range of its mean distance, and in how many of a thousand weeks it happens.
    const ALL: [(Self, u64, u64, u64); 14] = [
        (Self::PowerCut, 4 * HOUR_MS, 96 * HOUR_MS, 700),
        (Self::Kill, 4 * HOUR_MS, 96 * HOUR_MS, 500),
        (Self::Suspend, 12 * HOUR_MS, 96 * HOUR_MS, 300),
        (Self::ClockStep, 6 * HOUR_MS, 96 * HOUR_MS, 600),
        (Self::TimeService, 2 * HOUR_MS, 48 * HOUR_MS, 700),
        (Self::Weather, 10 * MINUTE_MS, 24 * HOUR_MS, 950),
        (Self::DiskFault, 6 * HOUR_MS, 96 * HOUR_MS, 600),
        (Self::HubBackup, 4 * HOUR_MS, 48 * HOUR_MS, 800),
        (Self::HubRestore, 24 * HOUR_MS, 120 * HOUR_MS, 600),
        (Self::HubClock, 24 * HOUR_MS, 120 * HOUR_MS, 300),
        (Self::HubDown, 6 * HOUR_MS, 72 * HOUR_MS, 500),
        (Self::DiskSwap, 36 * HOUR_MS, 160 * HOUR_MS, 500),
        (Self::ImageTaken, 12 * HOUR_MS, 72 * HOUR_MS, 400),
        (Self::ImageRestored, 36 * HOUR_MS, 160 * HOUR_MS, 400),
    ];
}

/// The plan of a week.
#[derive(Debug)]
pub(crate) struct Plan {
    opens_ms: u64,
    closes_ms: u64,
    play_ms: (u64, u64),
    /// From when to when of each day plays are short.
    rush_ms: (u64, u64),
    /// One play number in so many makes a row that the hub does not understand.
    pub(crate) poison: Option<u64>,
    pub(crate) settings: Settings,
    means: Vec<(Trouble, u64)>,
}

impl Plan {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let opens_ms = dice.between(0, 10) * HOUR_MS;
        let closes_ms = (opens_ms + dice.between(6, 16) * HOUR_MS).min(DAY_MS);
        let play_ms = dice.one_of(&[(60_000, 240_000), (60_000, 600_000), (120_000, 600_000)]);
        let rush_ms = if dice.permille(200) {
            let from_ms = opens_ms + dice.between(0, 4) * HOUR_MS;
            (from_ms, from_ms + dice.between(20, 60) * MINUTE_MS)
        } else {
            (0, 0)
        };
        let poison = dice.permille(300).then(|| dice.between(20, 900));
        let settings = Settings {
            commit_ms: dice.one_of(&[0, 0, 10_000, MINUTE_MS, 10 * MINUTE_MS]),
            held_max: dice.one_of(&[HELD_MAX, HELD_MAX, 100, 10]),
        };
        let mut means = Vec::new();
        for (trouble, low, high, chance) in Trouble::ALL {
            if dice.permille(chance) {
                means.push((trouble, dice.span_ms(low, high)));
            }
        }
        Self {
            opens_ms,
            closes_ms,
            play_ms,
            rush_ms,
            poison,
            settings,
            means,
        }
    }

    /// The troubles of this week, each with its first time.
    pub(crate) fn troubles(&self, dice: &mut Dice) -> Vec<(Trouble, u64)> {
        let first =
            |&(trouble, mean_ms): &(Trouble, u64)| (trouble, dice.between(MINUTE_MS, 2 * mean_ms));
        self.means.iter().map(first).collect()
    }

    /// How long until the same trouble comes again.
    pub(crate) fn again_ms(&self, trouble: Trouble, dice: &mut Dice) -> u64 {
        let mean = self.means.iter().find(|(known, _)| *known == trouble);
        mean.map_or(DAY_MS, |&(_, mean_ms)| dice.between(MINUTE_MS, 2 * mean_ms))
    }

    /// How long until the venue opens; `None` when it is open.
    pub(crate) fn closed_ms(&self, now_ms: u64) -> Option<u64> {
        let at_ms = now_ms % DAY_MS;
        match at_ms {
            _ if at_ms < self.opens_ms => Some(self.opens_ms - at_ms),
            _ if at_ms >= self.closes_ms => Some(DAY_MS - at_ms + self.opens_ms),
            _ => None,
        }
    }

    /// How long the next play is to be.
    pub(crate) fn play_ms(&self, now_ms: u64, dice: &mut Dice) -> u64 {
        if (self.rush_ms.0..self.rush_ms.1).contains(&(now_ms % DAY_MS)) {
            return dice.between(5_000, 10_000);
        }
        dice.between(self.play_ms.0, self.play_ms.1)
    }

    pub(crate) fn is_poison(&self, number: passerby_protocol::PlayNumber) -> bool {
        let scattered = Dice::new(u64::from(number.get())).bits();
        self.poison
            .is_some_and(|one_in| scattered.is_multiple_of(one_in))
    }
}
