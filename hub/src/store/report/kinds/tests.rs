//! The figures of each kind are those of the rows, whatever came and in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use passerby_protocol::campaign::Campaign;
use passerby_testing::random_cases;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::database::{DatabaseError, Lock, values};
use crate::scans::visitor::Visitor;
use crate::store::rollups::tests::{START_MS, Step, Street, step};
use crate::store::testing::on_each_database;
use crate::store::{By, FanCounts, Filter, KindReport, NewFollower, PhoneToRemember, Store};
use crate::system::clock;
use crate::system::clock::{DAY_MS, HOUR_MS};

/// The day on which steps begin.
const FIRST: Date = date(2028, 3, 1);

fn publish(store: &Store, toml: &str) {
    let text = format!("title = 'x'\ntarget = 'https://cafe.example/'\n{toml}");
    let campaign = Campaign::parse("campaign.toml", &text, &["a.png".into()]).unwrap();
    let body = serde_json::to_string(&campaign).unwrap();
    let changed = store.write(Lock::Everything, |tx| {
        tx.execute(
            "UPDATE campaigns SET body = ?1 WHERE id = 'cafe'",
            values![&body],
        )
    });
    assert_eq!(changed.unwrap(), 1);
}

fn report(store: &Store, now_ms: i64) -> KindReport {
    let campaign = "cafe".parse().unwrap();
    let report = store.kind_report(&campaign, &TimeZone::UTC, now_ms);
    report.unwrap().unwrap()
}

/// When scans and visits of chains that count were, and by whom scans were.
struct Rows {
    scans: Vec<(i64, [u8; 16])>,
    visits: Vec<i64>,
    /// When each chain's scan and its newest link were.
    chains: Vec<(i64, i64)>,
}

fn rows(store: &Store) -> Rows {
    let read = store.read(|tx| {
        Ok::<_, DatabaseError>(Rows {
            scans: tx.all(
                "SELECT scanned_ms, visitor FROM scans WHERE grade < 2 AND standing < 2",
                values![],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?,
            visits: tx.all(
                "SELECT visited_ms FROM visits JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
                 WHERE scans.grade < 2 AND standing < 2",
                values![],
                |row| row.get::<i64>(0),
            )?,
            chains: tx.all(
                "SELECT scanned_ms, max(created_ms) FROM shares JOIN scans ON scans.id = scan
                 WHERE grade < 2 AND standing < 2 AND parent IS NOT NULL GROUP BY scans.id, scanned_ms",
                values![],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?,
        })
    });
    read.unwrap()
}

fn day_of(at_ms: i64) -> Date {
    let at = Timestamp::from_millisecond(at_ms).unwrap();
    at.to_zoned(TimeZone::UTC).date()
}

/// Compares the burst with the scans that are its.
fn compare_burst(report: &KindReport, scans: &[i64]) -> Result<(), TestCaseError> {
    let Some(burst) = &report.burst else {
        prop_assert!(scans.is_empty());
        return Ok(());
    };
    let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
    for scan in scans {
        *hours.entry(scan / HOUR_MS).or_default() += 1;
    }
    let most = *hours.values().max().unwrap();
    let hour = hours.iter().find(|(_, count)| **count == most).unwrap().0;
    let begins = Timestamp::from_millisecond(hour * HOUR_MS).unwrap();
    prop_assert_eq!(burst.scans, most);
    prop_assert_eq!(burst.hour, begins.to_zoned(TimeZone::UTC).datetime());
    // The first day begins with the quarter of an hour of the first scan.
    let first = scans.iter().min().unwrap() / (HOUR_MS / 4) * (HOUR_MS / 4);
    let within = |days: i64| {
        let of = scans.iter().filter(|scan| **scan < first + days * DAY_MS);
        of.count() as u64
    };
    prop_assert_eq!((burst.day, burst.two_days), (within(1), within(2)));
    prop_assert_eq!(burst.of, scans.len() as u64);
    Ok(())
}

#[test]
fn whatever_comes_the_figures_of_each_kind_are_those_of_the_rows() {
    on_each_database(|database| {
        let config = ProptestConfig {
            source_file: Some(file!()),
            ..random_cases(8)
        };
        let steps = prop::collection::vec(step(), 1..60);
        TestRunner::new(config)
            .run(&steps, |steps| {
                let database = database.another();
                let mut street = Street::new(&database);
                for step in &steps {
                    street.take(step);
                }
                let store = &street.store;
                let rows = rows(store);
                let scans: Vec<i64> = rows.scans.iter().map(|scan| scan.0).collect();

                // Over at midnight, before pages are opened and after most codes are.
                publish(
                    store,
                    &format!("kind = 'event'\n[[phase]]\nname = 'a'\nuntil = {FIRST}\n"),
                );
                let event = report(store, street.now_ms);
                compare_burst(&event, &scans)?;
                let end_ms = clock::end_of(Some(FIRST), 0);
                let after = |of: &[i64]| of.iter().filter(|at_ms| **at_ms >= end_ms).count() as u64;
                let tail = event.tail.unwrap();
                prop_assert_eq!(
                    (tail.scans, tail.readers),
                    (after(&scans), after(&rows.visits))
                );
                prop_assert_eq!(tail.of, scans.len() as u64);

                publish(store, "kind = 'fans'\n");
                let fans = report(store, street.now_ms);
                let mut people: BTreeMap<[u8; 16], u64> = BTreeMap::new();
                for (_, visitor) in &rows.scans {
                    *people.entry(*visitor).or_default() += 1;
                }
                let returning = fans.returning.unwrap();
                prop_assert_eq!(returning.of, people.len() as u64);
                let twice = people.values().filter(|count| **count > 1).count() as u64;
                prop_assert_eq!(returning.people, twice);
                prop_assert_eq!(fans.followers, None);

                let toml = format!(
                    "kind = 'combined'\nlanding = 'page'\n[[phase]]\nname = 'a'\nuntil = {FIRST}\n\
                     [[phase]]\nname = 'b'\nfrom = {}\nlanding = 'follow'\n",
                    FIRST.tomorrow().unwrap()
                );
                publish(store, &toml);
                let combined = report(store, street.now_ms);
                let begins_ms = clock::end_of(Some(FIRST), 0);
                let burst: Vec<i64> = scans
                    .iter()
                    .copied()
                    .filter(|at_ms| *at_ms < begins_ms)
                    .collect();
                compare_burst(&combined, &burst)?;
                let went_on = combined.went_on.unwrap();
                let on: Vec<i64> = rows
                    .chains
                    .iter()
                    .filter(|(scanned_ms, newest_ms)| {
                        *scanned_ms < begins_ms && *newest_ms >= begins_ms
                    })
                    .map(|(scanned_ms, _)| *scanned_ms)
                    .collect();
                prop_assert_eq!(went_on.chains, on.len() as u64);
                let days = |of: &[i64]| {
                    of.iter()
                        .map(|at_ms| day_of(*at_ms))
                        .collect::<BTreeSet<_>>()
                        .len() as u64
                };
                prop_assert_eq!((went_on.days, went_on.of_days), (days(&on), days(&burst)));
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn what_is_not_over_has_no_tail_and_what_has_no_phase_to_follow_in_went_nowhere() {
    on_each_database(|database| {
        let street = Street::new(database);
        let store = &street.store;
        assert!(START_MS < street.now_ms);
        publish(store, "kind = 'event'\n");
        assert_eq!(report(store, street.now_ms).tail, None, "it has no end");
        publish(
            store,
            "kind = 'event'\n[[phase]]\nname = 'a'\nuntil = 2199-01-01\n",
        );
        assert_eq!(report(store, street.now_ms).tail, None, "it is not over");
        assert_eq!(
            report(store, street.now_ms).burst,
            None,
            "nobody has scanned"
        );
        publish(store, "kind = 'combined'\n");
        assert_eq!(report(store, street.now_ms).went_on, None);
    });
}

/// Has people scan, follow, come back and leave: of eight who follow, by what they do.
fn people(street: &mut Street) {
    for at in 0..24_u8 {
        let before = street.links().len();
        street.take(&Step::Scan {
            screen: usize::from(at % 8 == 7),
            play: u32::from(at) + 1,
            visitor: at,
            grade: 0,
            at: i64::from(at) + 8,
        });
        assert_eq!(street.links().len(), before + 1, "{at}");
        let link = street.links().last().unwrap().clone();
        street.take(&Step::Open {
            link: before,
            visitor: at,
            grade: 0,
        });
        let (store, now_ms) = (&street.store, street.now_ms);
        // Every third comes anew; the others are among those who came before, once or twice.
        if at % 3 == 0 {
            let name = format!("name of {at}");
            let new = NewFollower {
                name: &name,
                address_hmac: &[at; 32],
                mailbox_hmac: &[at; 32],
                sealed: b"sealed",
                language: "en",
                consent: 1,
                phone_hmac: Some(&[at; 32]),
            };
            store
                .ask_to_follow(&link, Visitor([at; 16]), new, now_ms)
                .unwrap();
            if at != 21 {
                assert!(
                    store
                        .confirm_follower(&name, PhoneToRemember::AsAsked, now_ms)
                        .unwrap()
                );
            }
        } else {
            let phone = [at / 6 * 3; 32];
            for _ in 0..2 {
                store.greet(&phone, &link, now_ms).unwrap();
            }
        }
        if at == 10 || at == 20 {
            let name = format!("name of {}", at - 4);
            assert_eq!(store.leave(&name, now_ms).unwrap(), at == 10);
        }
        if at == 13 {
            assert!(store.leave("name of 0", now_ms).unwrap());
        }
    }
}

/// Those who follow, or did: when the scan was that brought them, when they joined, and when they
/// left.
type Fact = (i64, i64, Option<i64>);

#[test]
fn who_follows_comes_back_leaves_and_stayed_are_those_of_the_rows() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        publish(&street.store, "kind = 'fans'\nlanding = 'page'\n");
        let store = &street.store;
        assert_eq!(report(store, street.now_ms).followers, None, "nobody can");
        publish(
            store,
            "kind = 'fans'\nlanding = 'page'\n[follow]\nmail = true\n",
        );
        let nobody = report(store, street.now_ms).followers.unwrap();
        assert_eq!((nobody.total, nobody.returned), (0, 0));
        people(&mut street);
        let (store, now_ms) = (&street.store, street.now_ms);
        let (facts, visits, returns): (Vec<Fact>, Vec<i64>, i64) = store
            .read(|tx| {
                let facts = tx.all(
                    "SELECT scanned_ms, joined_ms, gone_ms FROM follow_facts",
                    values![],
                    |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
                )?;
                let visits = tx.all(
                    "SELECT visits FROM followers WHERE confirmed_ms IS NOT NULL",
                    values![],
                    |row| row.get::<i64>(0),
                )?;
                let returns = tx.value(
                    "SELECT CAST(sum(returns) AS BIGINT) FROM follow_returns",
                    values![],
                )?;
                Ok::<_, DatabaseError>((facts, visits, returns))
            })
            .unwrap();
        let count =
            |is: &dyn Fn(&Fact) -> bool| facts.iter().filter(|fact| is(fact)).count() as u64;
        let follows = |fact: &Fact| fact.2.is_none();
        let found = report(store, now_ms).followers.unwrap();
        assert_eq!(found.total, count(&follows));
        assert_eq!((found.total, found.new, found.gone), (5, 7, 2));
        let returned = visits.iter().filter(|visits| **visits > 1).count() as u64;
        assert_eq!((found.returned, returned > 0), (returned, true));
        // Whoever has left came back too, and nobody twice by one scan.
        let still: i64 = visits.iter().map(|visits| visits - 1).sum();
        assert!(still < returns && returns <= 16, "{still} {returns}");
        // Long after, nobody is new.
        let later = report(store, now_ms + 31 * DAY_MS).followers.unwrap();
        assert_eq!((later.total, later.new, later.gone), (5, 0, 0));

        let toml = format!(
            "kind = 'combined'\nlanding = 'page'\n[[phase]]\nname = 'a'\nuntil = {FIRST}\n\
             [[phase]]\nname = 'b'\nfrom = {}\nlanding = 'follow'\n[follow]\nmail = true\n",
            FIRST.tomorrow().unwrap()
        );
        publish(store, &toml);
        let combined = report(store, now_ms);
        assert_eq!(combined.followers, Some(found));
        let begins_ms = clock::end_of(Some(FIRST), 0);
        let is_of_burst = |fact: &Fact| fact.0 < begins_ms;
        let went_on = combined.went_on.unwrap();
        assert_eq!(went_on.followed, count(&is_of_burst));
        let stayed = count(&|fact| is_of_burst(fact) && follows(fact));
        assert_eq!(went_on.stayed, stayed);
        assert!(0 < stayed && stayed < went_on.followed && went_on.followed < 7);

        // Whoever can follow no more goes on to be counted.
        publish(store, "kind = 'fans'\n");
        assert_eq!(report(store, now_ms).followers, Some(found));
        compare_rows(store, returns);
    });
}

/// Compares the rows of breakdowns, and the chains of the report, with all of it.
fn compare_rows(store: &Store, returns: i64) {
    let all = FanCounts {
        total: 5,
        new: 7,
        gone: 2,
        returns: returns.unsigned_abs(),
    };
    let zone = TimeZone::get("Asia/Kathmandu").unwrap();
    for by in [By::Day, By::Hour, By::Weekday, By::Screen, By::Campaign] {
        let rows = store.breakdown(by, &Filter::default(), &zone).unwrap();
        assert_eq!(rows.fans, all);
        let sums = rows.rows.iter().fold((0, 0, 0), |sums, (key, _)| {
            let fans = rows.fans_of(key).unwrap();
            (sums.0 + fans.new, sums.1 + fans.gone, sums.2 + fans.returns)
        });
        assert_eq!(sums, (all.new, all.gone, all.returns), "{by:?}");
    }
    let creatives = store.breakdown(By::Creative, &Filter::default(), &zone);
    assert_eq!(creatives.unwrap().fan_moves.len(), 0);
    let report = store.report().unwrap();
    assert_eq!(report.fans.counts, all);
    assert_eq!(report.fans.by_campaign["cafe"], all);
    let fans: u64 = report.chains.iter().map(|chain| chain.fans).sum();
    assert_eq!(fans, all.total, "each by the scan that brought them");
    assert!(report.chains.iter().all(|chain| chain.fans < 2));
}
