//! When a certificate is renewed, and when what failed is tried again.
//!
//! Invariants: nothing here reads a clock; what is random comes from the certificate, so that all
//! processes of a hub mean the same moment, also after a restart, and hubs that were set up at one
//! time do not come at one time. Of attempts that a CA refused there are at most four in the first
//! hour and fewer later on, also where the hub is started again and again.

use sha2::{Digest as _, Sha256};

use crate::store::{AcmeFailures, StoredCertificate};
use crate::system::clock::{DAY_MS, HOUR_MS};

/// A renewal is due after two thirds of a certificate's life …
const LIFE_PARTS: i64 = 3;
const RENEWED_AFTER_PARTS: i64 = 2;
/// … or up to this part of it earlier.
const JITTER_PART: i64 = 24;
/// Pause after the first attempt that the CA refused; it doubles with each.
const REFUSED_PAUSE_MS: i64 = HOUR_MS / 4;
const REFUSED_PAUSE_MS_MAX: i64 = 6 * HOUR_MS;
/// The same after one that did not come through to the CA, which costs nobody anything.
const AWAY_PAUSE_MS: i64 = HOUR_MS / 60;
const AWAY_PAUSE_MS_MAX: i64 = HOUR_MS;
/// Pause after a certificate, however soon that runs out.
pub(super) const OBTAINED_PAUSE_MS: i64 = 10_000;
/// A certificate is used for at least this part of its life, also where the machine's clock is
/// wrong and every new one seems to be old.
const USED_PART: i64 = 6;
/// Longest pause that a CA may ask for.
pub(super) const TOLD_PAUSE_MS_MAX: i64 = DAY_MS;

/// What kind of failure an attempt ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// The CA refused, or sent something that cannot be used.
    Refused,
    /// The CA was not reached, or has a fault of its own.
    Away,
}

/// When a certificate is to be renewed. One that was obtained after the present was so by a clock
/// that has been put right since.
pub(super) fn renewal_due_ms(certificate: &StoredCertificate, now_ms: i64) -> i64 {
    let StoredCertificate {
        not_before_ms,
        not_after_ms,
        obtained_ms,
        ..
    } = *certificate;
    let life_ms = not_after_ms.saturating_sub(not_before_ms).max(0);
    let digest = Sha256::digest(certificate.chain.as_bytes());
    let [first, second, ..] = digest[..] else {
        return not_before_ms;
    };
    let share = i64::from(u16::from_be_bytes([first, second]));
    let jitter_ms = life_ms / JITTER_PART / i64::from(u16::MAX) * share
        + life_ms / JITTER_PART % i64::from(u16::MAX) * share / i64::from(u16::MAX);
    let due_ms =
        not_before_ms.saturating_add(life_ms / LIFE_PARTS * RENEWED_AFTER_PARTS - jitter_ms);
    if obtained_ms > now_ms {
        return due_ms;
    }
    due_ms.max(obtained_ms.saturating_add(life_ms / USED_PART))
}

/// What is known after one more failure. `told_ms` is for how long the CA wants to hear nothing.
pub(super) fn after_failure(
    before: &AcmeFailures,
    kind: FailureKind,
    told_ms: Option<i64>,
    problem: String,
    now_ms: i64,
) -> AcmeFailures {
    let failures = before.failures.saturating_add(1);
    let (pause_ms, pause_ms_max) = match kind {
        FailureKind::Refused => (REFUSED_PAUSE_MS, REFUSED_PAUSE_MS_MAX),
        FailureKind::Away => (AWAY_PAUSE_MS, AWAY_PAUSE_MS_MAX),
    };
    let doublings = (failures - 1).min(16);
    let pause_ms = (pause_ms << doublings).min(pause_ms_max);
    let told_until_ms = told_ms.map_or(0, |told_ms| {
        now_ms.saturating_add(told_ms.clamp(0, TOLD_PAUSE_MS_MAX))
    });
    AcmeFailures {
        failures,
        failed_ms: now_ms,
        next_ms: now_ms.saturating_add(pause_ms).max(told_until_ms),
        told_until_ms,
        problem,
    }
}

/// When the next attempt is due, for a process that was started at `started_ms`: whoever starts a
/// hub again has perhaps put right what was wrong, and need not wait for hours.
pub(super) fn next_ms(failures: &AcmeFailures, started_ms: i64, now_ms: i64) -> i64 {
    if failures.failed_ms > now_ms {
        // By a clock that has been put right since.
        return now_ms;
    }
    if started_ms <= failures.failed_ms {
        return failures.next_ms;
    }
    let soon_ms = failures.failed_ms.saturating_add(REFUSED_PAUSE_MS);
    failures.next_ms.min(soon_ms).max(failures.told_until_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AcmeSubject;

    const NOW_MS: i64 = 1_800_000_000_000;

    fn due_ms(not_before_ms: i64, not_after_ms: i64, obtained_ms: i64, chain: &str) -> i64 {
        let certificate = StoredCertificate {
            subject: AcmeSubject {
                directory: String::new(),
                names: String::new(),
            },
            chain: chain.to_owned(),
            sealed_key: Vec::new(),
            not_before_ms,
            not_after_ms,
            obtained_ms,
        };
        renewal_due_ms(&certificate, obtained_ms)
    }

    #[test]
    fn a_clock_that_is_far_ahead_costs_no_flood_of_certificates() {
        let (not_after_ms, ahead_ms) = (NOW_MS + 90 * DAY_MS, NOW_MS + 80 * DAY_MS);
        let due = due_ms(NOW_MS, not_after_ms, ahead_ms, "");
        assert_eq!(due, ahead_ms + 15 * DAY_MS);
    }

    #[test]
    fn a_clock_that_was_far_ahead_and_is_put_right_keeps_nothing_waiting() {
        let ahead_ms = NOW_MS + 800 * DAY_MS;
        let certificate = StoredCertificate {
            subject: AcmeSubject {
                directory: String::new(),
                names: String::new(),
            },
            chain: String::new(),
            sealed_key: Vec::new(),
            not_before_ms: NOW_MS,
            not_after_ms: NOW_MS + 90 * DAY_MS,
            obtained_ms: ahead_ms,
        };
        assert!(renewal_due_ms(&certificate, NOW_MS) <= NOW_MS + 60 * DAY_MS);
        let none = AcmeFailures::default();
        let kind = FailureKind::Refused;
        let failed = after_failure(&none, kind, None, String::new(), ahead_ms);
        assert_eq!(next_ms(&failed, 0, NOW_MS), NOW_MS);
    }

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life_or_a_little_earlier() {
        for days in [6, 90, 365, 365 * 10] {
            let life_ms = days * DAY_MS;
            let due = |chain: &str| due_ms(NOW_MS, NOW_MS + life_ms, NOW_MS, chain) - NOW_MS;
            let dues: Vec<i64> = (0..200).map(|n| due(&format!("chain {n}"))).collect();
            let (earliest, latest) = (*dues.iter().min().unwrap(), *dues.iter().max().unwrap());
            assert!(latest <= life_ms / 3 * 2, "{days}");
            assert!(earliest >= life_ms / 3 * 2 - life_ms / 24, "{days}");
            assert!(latest - earliest > life_ms / 30, "they are spread: {days}");
            assert_eq!(due("chain 7"), dues[7], "always the same");
        }
        // A CA may send any dates.
        due_ms(i64::MIN, i64::MAX, NOW_MS, "");
        due_ms(i64::MAX, i64::MIN, i64::MAX, "");
        assert_eq!(due_ms(NOW_MS, NOW_MS, NOW_MS, ""), NOW_MS);
    }

    fn failures_within(
        kind: FailureKind,
        until_ms: i64,
        started_ms: impl Fn(i64) -> i64,
    ) -> Vec<i64> {
        let (mut now_ms, mut known, mut at) = (0, AcmeFailures::default(), Vec::new());
        while now_ms < until_ms {
            at.push(now_ms);
            known = after_failure(&known, kind, None, String::new(), now_ms);
            now_ms = next_ms(&known, started_ms(now_ms), now_ms + 1);
        }
        at
    }

    #[test]
    fn what_a_ca_refuses_it_is_asked_few_times_an_hour_also_by_a_hub_that_restarts_all_the_time() {
        let hour = failures_within(FailureKind::Refused, HOUR_MS, |_| -1);
        assert_eq!(hour.len(), 3);
        let day = failures_within(FailureKind::Refused, DAY_MS, |_| -1);
        assert!((5..10).contains(&day.len()), "{day:?}");
        let restarting = failures_within(FailureKind::Refused, HOUR_MS, |now_ms| now_ms + 1);
        assert_eq!(restarting.len(), 4);
        let away = failures_within(FailureKind::Away, DAY_MS, |_| -1);
        assert!((24..35).contains(&away.len()), "{}", away.len());
    }

    #[test]
    fn a_pause_that_a_ca_asks_for_is_kept_within_a_day_and_no_restart_shortens_it() {
        let told = |told_ms| {
            let none = AcmeFailures::default();
            let told_ms = Some(told_ms);
            after_failure(&none, FailureKind::Refused, told_ms, String::new(), NOW_MS)
        };
        let hours = told(3 * HOUR_MS);
        assert_eq!(hours.next_ms, NOW_MS + 3 * HOUR_MS);
        let restarted_ms = NOW_MS + 1;
        assert_eq!(
            next_ms(&hours, restarted_ms, restarted_ms),
            NOW_MS + 3 * HOUR_MS
        );
        assert_eq!(told(1).next_ms, NOW_MS + REFUSED_PAUSE_MS);
        for odd in [i64::MAX, 4_000 * DAY_MS] {
            assert_eq!(told(odd).next_ms, NOW_MS + DAY_MS);
        }
        assert_eq!(told(i64::MIN).next_ms, NOW_MS + REFUSED_PAUSE_MS);
    }

    #[test]
    fn the_pauses_have_an_end_however_much_failed() {
        let mut known = AcmeFailures {
            failures: u32::MAX - 1,
            ..AcmeFailures::default()
        };
        for _ in 0..3 {
            known = after_failure(&known, FailureKind::Refused, None, String::new(), NOW_MS);
            assert_eq!(known.next_ms, NOW_MS + REFUSED_PAUSE_MS_MAX);
        }
        assert_eq!(known.failures, u32::MAX);
    }
}
