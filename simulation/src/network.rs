//! What becomes of a request on its way to the hub, and of the answer on its way back.

use crate::dice::Dice;

/// After so long a terminal no longer waits for an answer, as in `hub_link`.
pub(crate) const TIMEOUT_MS: u64 = 60_000;

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// As lines are.
    Fair,
    /// Some requests, and some answers, do not arrive; some arrive late, or twice.
    Stormy,
    /// Nothing arrives.
    Down,
    /// A captive portal answers in the hub's place.
    Portal,
    /// A proxy takes nothing that is large.
    Narrow,
    /// Something before the hub answers 429 or 503.
    Busy,
}

/// The way of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    /// When it arrives at the hub after it was sent, and again; never, when none.
    pub(crate) arrives_ms: [Option<u64>; 2],
    /// How long the answer takes; `None` when it does not arrive.
    pub(crate) answered_ms: Option<u64>,
    /// What answers in the hub's place.
    pub(crate) instead: Option<Instead>,
    /// The answer to an earlier request arrives in place of this one's.
    pub(crate) is_stale: bool,
}

/// Who answers in the hub's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    /// A page of HTML with 200, or anything else that is no hub.
    Portal,
    /// 413.
    TooLarge,
    /// 429 or 503, with `Retry-After` in milliseconds.
    Busy(Option<u64>),
}

impl Weather {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        dice.one_of(&[
            Self::Fair,
            Self::Fair,
            Self::Stormy,
            Self::Stormy,
            Self::Down,
            Self::Down,
            Self::Portal,
            Self::Narrow,
            Self::Busy,
        ])
    }

    /// Sends a request of so many rows.
    pub(crate) fn way(self, rows: usize, dice: &mut Dice) -> Way {
        let mut way = Way {
            arrives_ms: [Some(dice.between(5, 400)), None],
            answered_ms: Some(dice.between(5, 400)),
            instead: None,
            is_stale: false,
        };
        match self {
            Self::Fair => {}
            Self::Down => way.arrives_ms[0] = None,
            Self::Portal => way.instead = Some(Instead::Portal),
            Self::Narrow if rows > 64 => way.instead = Some(Instead::TooLarge),
            Self::Narrow => {}
            Self::Busy => {
                let asked = [None, Some(1_000), Some(90_000), Some(7_200_000)];
                way.instead = Some(Instead::Busy(dice.one_of(&asked)));
            }
            Self::Stormy => {
                if dice.permille(200) {
                    way.arrives_ms[0] = None;
                } else if dice.permille(200) {
                    // Longer than the terminal waits, now and then.
                    way.arrives_ms[0] = Some(dice.span_ms(1_000, 4 * TIMEOUT_MS));
                }
                if dice.permille(150) {
                    way.arrives_ms[1] = Some(dice.span_ms(100, 30 * TIMEOUT_MS));
                }
                if dice.permille(200) {
                    way.answered_ms = None;
                } else if dice.permille(200) {
                    way.answered_ms = Some(dice.span_ms(1_000, 2 * TIMEOUT_MS));
                }
                way.is_stale = dice.permille(50);
            }
        }
        way
    }
}
