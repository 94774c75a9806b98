//! `POST /v1/terminals/{n}/changes`: one call for everything at the hub that may be another one by
//! now.
//!
//! The terminal says how it is and what it holds. While the hub has nothing else for it, it holds
//! its answer back, so that a terminal with nothing to do asks about once a minute and still hears
//! at once.
//!
//! Invariants: an answer says what the hub has, not what happened, so one that is lost or comes
//! twice changes nothing; what must be right is fetched by the calls of its own, signed; what one
//! side adds later the other passes over, in particular a list of commands.

use serde::{Deserialize, Serialize};

use crate::limits::HOLD_MS_MAX;
use crate::wire::Heartbeat;

/// Longest pause that a hub may ask for, in milliseconds: a quarter of an hour, as after failures.
pub const PAUSE_MS_MAX: u64 = 15 * 60_000;
/// Shortest pause between an answer and the next call, in milliseconds, whatever a hub says.
pub const PAUSE_MS_MIN: u64 = 1_000;

/// What tells one manifest of a screen from another: the same content signed with another key is
/// another one. Numbers and not the `ETag` of the manifest, since proxies change that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTag {
    /// The manifest's version.
    pub version: u64,
    /// The generation of the key that signs it.
    pub key_generation: u32,
}

/// What a terminal asks with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesRequest {
    /// How the terminal is.
    pub heartbeat: Heartbeat,
    /// The newest manifest that it has taken. A terminal that does not say is answered at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ManifestTag>,
    /// The generation of the newest key of its screen that it has; the heartbeat says with which it
    /// mints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_generation: Option<u8>,
    /// For how long the answer may be held back, in milliseconds; the hub holds it for at most
    /// [`HOLD_MS_MAX`]. 0 from a terminal that polls, since something on the way cuts off calls
    /// that are held.
    #[serde(default)]
    pub hold_ms: u64,
    /// The newest wish for a picture of the screen that the terminal has heard of, as
    /// [`ChangesReply::frame`] has it; 0 for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub frame: u64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl ChangesRequest {
    /// For how long a hub may hold the answer back, in milliseconds.
    pub fn hold_ms(&self) -> u64 {
        self.hold_ms.min(HOLD_MS_MAX)
    }

    /// Tells whether the terminal holds what the hub has.
    pub fn holds(&self, manifest: ManifestTag, key_generation: u8) -> bool {
        self.manifest == Some(manifest) && self.key_generation == Some(key_generation)
    }
}

/// What the hub has for a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesReply {
    /// Unix time of the hub in milliseconds when it answered.
    pub server_time_ms: i64,
    /// For how long it held the answer back, in milliseconds.
    #[serde(default)]
    pub held_ms: u64,
    /// Which manifest it has for the screen.
    pub manifest: ManifestTag,
    /// The generation of the key with which the screen should mint.
    pub key_generation: u8,
    /// Another number than before: the counts of scans are worth fetching.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tallies: Option<u64>,
    /// Another number than 0 and than before: somebody at the hub wishes to see what is on the
    /// screen now. A hub that takes no pictures does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
    /// When to ask again.
    pub pace: Pace,
}

/// How a hub spreads the calls of its terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Shortest pause before the next call, in milliseconds.
    pub next_after_ms: u64,
    /// The terminal waits for a random time up to this longer, in milliseconds.
    #[serde(default)]
    pub spread_ms: u64,
    /// Terminals that lose the hub come back within this time, each at a random moment of it, in
    /// milliseconds.
    #[serde(default)]
    pub return_spread_ms: u64,
}

impl Pace {
    /// How long to wait before the next call, in milliseconds: within [`PAUSE_MS_MIN`] and
    /// [`PAUSE_MS_MAX`], whatever the hub says. `random` is any number.
    pub fn pause_ms(self, random: u64) -> u64 {
        let pause_ms = self
            .next_after_ms
            .saturating_add(random_up_to(self.spread_ms, random));
        pause_ms.clamp(PAUSE_MS_MIN, PAUSE_MS_MAX)
    }

    /// How long to wait before the first call to a hub that was lost, in milliseconds; at most
    /// [`PAUSE_MS_MAX`]. `random` is any number.
    pub fn return_ms(self, random: u64) -> u64 {
        random_up_to(self.return_spread_ms, random)
    }
}

fn random_up_to(ms_max: u64, random: u64) -> u64 {
    random % (ms_max.min(PAUSE_MS_MAX) + 1)
}

#[cfg(test)]
mod tests {
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    use super::*;

    const TAG: ManifestTag = ManifestTag {
        version: 1_764_000_000,
        key_generation: 2,
    };

    #[test]
    fn a_terminal_holds_what_the_hub_has_only_if_it_says_so_of_all_of_it() {
        let request = ChangesRequest {
            manifest: Some(TAG),
            key_generation: Some(3),
            ..ChangesRequest::default()
        };
        assert!(request.holds(TAG, 3));
        assert!(!request.holds(TAG, 4));
        // A hub that was restored has an older one.
        assert!(!request.holds(TAG, 2));
        for version in [TAG.version - 1, TAG.version + 1] {
            assert!(!request.holds(ManifestTag { version, ..TAG }, 3));
        }
        let another_key = ManifestTag {
            key_generation: 3,
            ..TAG
        };
        assert!(!request.holds(another_key, 3));
        assert!(!ChangesRequest::default().holds(TAG, 3));
    }

    #[test]
    fn what_either_side_adds_later_is_passed_over() {
        let reply = r#"{"server_time_ms":1,"manifest":{"version":1764000000,"key_generation":2,"size":9},
            "key_generation":3,"pace":{"next_after_ms":1000,"why":"busy"},
            "commands":[{"number":1,"signature":"00","reboot":{}}]}"#;
        let reply: ChangesReply = serde_json::from_str(reply).expect("of a later hub");
        assert_eq!((reply.manifest, reply.key_generation), (TAG, 3));
        assert_eq!((reply.held_ms, reply.tallies), (0, None));
        assert_eq!(reply.frame, None, "a hub that takes no pictures");
        assert_eq!(reply.pace.return_ms(u64::MAX), 0);
        let heartbeat = r#"{"software":"9.0.0","manifest_version":3,"clock_trusted":true,"plays_waiting":0,"screen_px":[1,1],"disk_free_bytes":9}"#;
        let request = format!(r#"{{"heartbeat":{heartbeat},"commands_done":[1]}}"#);
        let request: ChangesRequest = serde_json::from_str(&request).expect("of a later terminal");
        assert_eq!((request.manifest, request.hold_ms()), (None, 0));
        assert_eq!(request.frame, 0);
        assert!(!request.heartbeat.sends_frames);
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn no_pace_makes_a_terminal_hurry_or_sleep(next_after_ms: u64, spread_ms: u64, return_spread_ms: u64, random: u64) {
            let pace = Pace { next_after_ms, spread_ms, return_spread_ms };
            prop_assert!((PAUSE_MS_MIN..=PAUSE_MS_MAX).contains(&pace.pause_ms(random)));
            prop_assert!(pace.return_ms(random) <= PAUSE_MS_MAX);
        }

        #[test]
        fn terminals_come_back_spread_over_the_whole_window(return_spread_ms in 10_000u64..300_000, seed: u64) {
            let pace = Pace { next_after_ms: 0, spread_ms: 0, return_spread_ms };
            let mut tenths = [0; 10];
            for terminal in 0..1_000 {
                let random = Mix(seed.wrapping_add(terminal)).next();
                let back_ms = pace.return_ms(random);
                tenths[usize::try_from(back_ms * 10 / (return_spread_ms + 1)).expect("small")] += 1;
            }
            prop_assert!(tenths.iter().all(|&back| (40..=180).contains(&back)), "{tenths:?}");
        }
    }

    /// splitmix64, after Steele, Lea and Flood, 2014: numbers that look random.
    struct Mix(u64);

    impl Mix {
        fn next(&self) -> u64 {
            let mut mixed = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        }
    }
}
