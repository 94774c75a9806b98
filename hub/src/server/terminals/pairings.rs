//! Which pairing codes wait, and which of them gives way when there is no place left.
//!
//! A screen that shows a code asks about it every two seconds, so a code that nobody asks about
//! again is no screen's. That goes also for a code that the database has from before the hub
//! started, and about which nobody has asked since. Among those that are asked about, networks
//! share the places: of the one that has most, the newest code goes.
//!
//! Where several processes share a database, each hears a part of the questions. So that none takes
//! the code of a screen that asks another one, each tells the database now and then that it was
//! asked about a code ([`Pairings::asked`]). Of which network a code is, only those processes know
//! that were asked about it.
//!
//! Invariants: at most [`PLACES`] codes are remembered; which networks they came from is known in
//! memory alone, as pseudonyms of one day; `now` is an argument.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::keys::pairing_code::PairingCode;
use crate::scans::visitor::{Network, Networks, Width};
use crate::store::{PENDING_MAX, PendingCode};

/// Most codes that are remembered: as many as the database lets wait.
const PLACES: usize = PENDING_MAX;
/// After so long a screen has asked a second time, in milliseconds.
const SECOND_MS: i64 = 5_000;
/// After so long without a question a screen is switched off or has no network, in milliseconds. It
/// waits for up to a minute after an answer that there is no place.
const QUIET_MS: i64 = 90_000;
/// How often other processes are told that a code is still asked about, in milliseconds.
const TELL_MS: i64 = 30_000;

/// The codes.
pub(crate) struct Pairings {
    started_ms: i64,
    asked: Mutex<HashMap<PairingCode, Waiting>>,
}

struct Waiting {
    networks: Networks,
    opened_ms: i64,
    asked_ms: i64,
    is_repeated: bool,
    /// When other processes were last told of a question.
    told_ms: Option<i64>,
}

impl Pairings {
    /// Begins when the hub does: nobody has asked about any code.
    pub(crate) fn new(started_ms: i64) -> Self {
        Self {
            started_ms,
            asked: Mutex::default(),
        }
    }

    /// Notes that a screen asked about a code that waits. Returns whether it is time to tell other
    /// processes.
    pub(crate) fn asked(&self, code: &PairingCode, networks: &Networks, now_ms: i64) -> bool {
        let mut codes = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = codes.get_mut(code) {
            known.asked_ms = now_ms;
            known.is_repeated = true;
            let is_due = known
                .told_ms
                .is_none_or(|told_ms| (now_ms - told_ms).abs() >= TELL_MS);
            if is_due {
                known.told_ms = Some(now_ms);
            }
            return is_due;
        }
        if codes.len() >= PLACES {
            let oldest = codes.iter().min_by_key(|(_, waiting)| waiting.asked_ms);
            if let Some(oldest) = oldest.map(|(code, _)| code.clone()) {
                codes.remove(&oldest);
            }
        }
        codes.insert(
            code.clone(),
            Waiting {
                networks: *networks,
                opened_ms: now_ms,
                asked_ms: now_ms,
                is_repeated: false,
                told_ms: None,
            },
        );
        false
    }

    /// Forgets a code that has been claimed, or is over.
    pub(crate) fn ended(&self, code: &PairingCode) {
        let mut codes = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        codes.remove(code);
    }

    /// Returns which of the codes that wait gives way to a new one, and forgets it; `None` when the
    /// newcomer's own network has as many as any.
    pub(crate) fn give_way(
        &self,
        pending: &[PendingCode],
        newcomer: &Networks,
        now_ms: i64,
    ) -> Option<PairingCode> {
        let mut codes = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        learn(pending, &mut codes);
        let code = (self.asked_about_nowhere(pending, &codes, now_ms))
            .or_else(|| once_asked(&codes, now_ms))
            .or_else(|| quiet(&codes, now_ms))
            .or_else(|| of_the_largest_share(&codes, newcomer))?
            .clone();
        codes.remove(&code);
        Some(code)
    }

    /// A code about which nobody has asked this process, and not for long or never again another
    /// one, once every screen has had the time to.
    fn asked_about_nowhere<'p>(
        &self,
        pending: &'p [PendingCode],
        codes: &HashMap<PairingCode, Waiting>,
        now_ms: i64,
    ) -> Option<&'p PairingCode> {
        if now_ms < self.started_ms + SECOND_MS {
            return None;
        }
        let mut elsewhere = pending.iter().filter(|one| !codes.contains_key(&one.code));
        elsewhere
            .find(|one| match one.asked_ms {
                Some(asked_ms) => asked_ms <= now_ms - QUIET_MS,
                None => one.opened_ms <= now_ms - SECOND_MS,
            })
            .map(|one| &one.code)
    }
}

/// Takes in what other processes have told: which codes still wait, and about which of them they
/// were asked. Without any word of what waits, nothing is known to have ended.
fn learn(pending: &[PendingCode], codes: &mut HashMap<PairingCode, Waiting>) {
    if pending.is_empty() {
        return;
    }
    let told: HashMap<&PairingCode, Option<i64>> = (pending.iter())
        .map(|one| (&one.code, one.asked_ms))
        .collect();
    codes.retain(|code, _| told.contains_key(code));
    for (code, waiting) in codes {
        if let Some(Some(asked_ms)) = told.get(code) {
            waiting.asked_ms = waiting.asked_ms.max(*asked_ms);
            waiting.is_repeated = true;
        }
    }
}

fn once_asked(codes: &HashMap<PairingCode, Waiting>, now_ms: i64) -> Option<&PairingCode> {
    codes
        .iter()
        .filter(|(_, waiting)| !waiting.is_repeated && waiting.opened_ms <= now_ms - SECOND_MS)
        .min_by_key(|(_, waiting)| waiting.opened_ms)
        .map(|(code, _)| code)
}

fn quiet(codes: &HashMap<PairingCode, Waiting>, now_ms: i64) -> Option<&PairingCode> {
    codes
        .iter()
        .filter(|(_, waiting)| waiting.asked_ms <= now_ms - QUIET_MS)
        .min_by_key(|(_, waiting)| waiting.asked_ms)
        .map(|(code, _)| code)
}

/// The newest code of the network that has most, looked for from the widest networks to the
/// narrowest. As soon as the newcomer is in another one, that one must have at least two more than
/// the newcomer's own, or nothing is won.
fn of_the_largest_share<'a>(
    codes: &'a HashMap<PairingCode, Waiting>,
    newcomer: &Networks,
) -> Option<&'a PairingCode> {
    let mut group: Vec<(&PairingCode, &Waiting)> = codes.iter().collect();
    let mut is_own = true;
    for width in Width::ALL.into_iter().rev() {
        // How many codes each network has, and when the newest of them was opened.
        let mut shares: HashMap<Network, (usize, i64)> = HashMap::new();
        for (_, waiting) in &group {
            let share = shares.entry(waiting.networks.of(width)).or_default();
            *share = (share.0 + 1, share.1.max(waiting.opened_ms));
        }
        let own = newcomer.of(width);
        let own_share = shares.get(&own).map_or(0, |share| share.0);
        let (largest, (share, _)) = shares
            .into_iter()
            .max_by_key(|&(network, (share, newest_ms))| (share, network == own, newest_ms))?;
        if is_own && largest != own {
            if share < own_share + 2 {
                return None;
            }
            is_own = false;
        }
        group.retain(|(_, waiting)| waiting.networks.of(width) == largest);
    }
    let newest = group
        .into_iter()
        .max_by_key(|(_, waiting)| waiting.opened_ms);
    newest.filter(|_| !is_own).map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::scans::visitor::Trace;

    fn from(ip: &str) -> Networks {
        let trace = Trace {
            ip: ip.parse::<IpAddr>().unwrap(),
            agent: String::new(),
            languages: String::new(),
        };
        trace.networks(&[0; 32])
    }

    fn code(number: usize) -> PairingCode {
        format!("{number:08}").parse().unwrap()
    }

    /// Codes that are asked about twice, in the order of their numbers.
    fn waiting(from_where: &[&str]) -> Pairings {
        let pairings = Pairings::new(0);
        for (at, ip) in (0..).zip(from_where) {
            for _ in 0..2 {
                pairings.asked(&code(at), &from(ip), i64::try_from(at).unwrap());
            }
        }
        pairings
    }

    #[test]
    fn a_code_that_nobody_asked_about_again_goes_first_and_then_one_that_has_become_quiet() {
        let pairings = waiting(&["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        let stranger = from("2001:db8::1");
        pairings.asked(&code(8), &stranger, 100);
        pairings.asked(&code(9), &stranger, 90);
        let at = |now_ms| pairings.give_way(&[], &stranger, now_ms);
        assert_eq!(at(90 + SECOND_MS), Some(code(9)));
        assert_eq!(at(100 + SECOND_MS), Some(code(8)));
        assert_eq!(at(1 + QUIET_MS), Some(code(0)));
        assert_eq!(at(1 + QUIET_MS), Some(code(1)));
    }

    #[test]
    fn a_code_from_before_the_start_goes_first_unless_somebody_has_asked_since() {
        let started_ms = 1_000;
        let pairings = Pairings::new(started_ms);
        let network = from("192.0.2.1");
        let pending = |number, opened_ms| PendingCode {
            code: code(number),
            opened_ms,
            asked_ms: None,
        };
        // The third was opened a moment ago, and nobody has noted that yet.
        let pending = [pending(1, 10), pending(2, 20), pending(3, 9_000)];
        pairings.asked(&code(1), &network, started_ms + 1);
        pairings.asked(&code(1), &network, started_ms + 2);
        let at = |now_ms| pairings.give_way(&pending, &network, now_ms);
        assert_eq!(at(started_ms + SECOND_MS - 1), None);
        assert_eq!(at(started_ms + SECOND_MS), Some(code(2)));
        pairings.asked(&code(2), &network, started_ms + SECOND_MS);
        pairings.asked(&code(2), &network, started_ms + SECOND_MS);
        assert_eq!(at(started_ms + SECOND_MS), None);
    }

    #[test]
    fn a_code_that_another_process_is_asked_about_stays_and_one_that_has_ended_there_is_forgotten()
    {
        let pairings = Pairings::new(0);
        let network = from("192.0.2.1");
        let pending = |number, asked_ms| PendingCode {
            code: code(number),
            opened_ms: 10,
            asked_ms,
        };
        // Asked about once here, and again there.
        pairings.asked(&code(1), &network, 10);
        assert!(!pairings.asked(&code(4), &network, 10), "not yet again");
        assert!(pairings.asked(&code(4), &network, 20));
        assert!(!pairings.asked(&code(4), &network, 20 + TELL_MS - 1));
        assert!(pairings.asked(&code(4), &network, 20 + TELL_MS));
        let now_ms = 20 + TELL_MS;
        let give_way = |pending: &[PendingCode], now_ms| {
            pairings.give_way(pending, &from("2001:db8::1"), now_ms)
        };
        let all = [
            pending(1, Some(now_ms)),
            pending(2, Some(now_ms)),
            pending(3, None),
        ];
        assert_eq!(give_way(&all, now_ms), Some(code(3)));
        assert_eq!(give_way(&all[..2], now_ms), None);
        assert_eq!(give_way(&all[..2], now_ms + QUIET_MS), Some(code(2)));
        assert_eq!(give_way(&all[..1], now_ms + QUIET_MS), Some(code(1)));
        // The fourth waits no longer.
        assert!(pairings.asked.lock().unwrap().is_empty());
    }

    #[test]
    fn the_network_with_most_codes_gives_its_newest_away_at_each_width() {
        for (crowd, newcomer) in [
            (
                ["2001:db8:1:1::1", "2001:db8:1:1::2", "2001:db8:1:1::3"],
                "2001:db8:1:2::1",
            ),
            (
                ["2001:db8:1:1::1", "2001:db8:1:2::2", "2001:db8:1:3::3"],
                "2001:db8:1:ff00::1",
            ),
            (
                ["2001:db8:1:1::1", "2001:db8:1:100::2", "2001:db8:1:200::3"],
                "2001:db8:2::1",
            ),
            (
                ["2001:db8:1::1", "2001:db8:2::2", "2001:db8:3::3"],
                "2001:db9::1",
            ),
            (["192.0.2.1", "192.0.2.1", "192.0.2.1"], "192.0.2.2"),
            (["192.0.2.1", "192.0.2.2", "192.0.2.3"], "192.0.3.1"),
            (["192.0.1.1", "192.0.2.2", "192.0.3.3"], "192.1.2.1"),
            (
                ["2001:db8:1::1", "2001:db8:2::2", "2001:db8:3::3"],
                "192.1.2.1",
            ),
        ] {
            let pairings = waiting(&crowd);
            let gives_way = |newcomer: &str| pairings.give_way(&[], &from(newcomer), 5);
            assert_eq!(gives_way(crowd[0]), None, "{crowd:?}");
            assert_eq!(gives_way(newcomer), Some(code(2)), "{crowd:?}");
            assert_eq!(gives_way(newcomer), Some(code(1)), "{crowd:?}");
            assert_eq!(gives_way(newcomer), None, "{crowd:?}");
        }
    }

    #[test]
    fn no_more_codes_are_remembered_than_there_are_places() {
        let pairings = Pairings::new(0);
        for number in 0..2 * PLACES {
            pairings.asked(&code(number), &from("192.0.2.1"), 0);
        }
        assert_eq!(pairings.asked.lock().unwrap().len(), PLACES);
        pairings.ended(&code(2 * PLACES - 1));
        assert_eq!(pairings.asked.lock().unwrap().len(), PLACES - 1);
    }
}
