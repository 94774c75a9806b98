//! The figures of chains are those of the rows, and a small chain says what it should.

use std::collections::{BTreeMap, HashMap};

use passerby_protocol::CampaignId;
use passerby_testing::random_cases;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::database::{DatabaseError, values};
use crate::scans::visitor::{Grade, Visitor};
use crate::store::rollups::tests::{Step, Street, step};
use crate::store::testing::on_each_database;
use crate::store::{LinkAnswer, LinkVisitor, Store};
use crate::system::clock::{DAY_MS, HOUR_MS};

const WEEK_MS: i64 = 7 * DAY_MS;

/// A link, with its scan.
#[derive(Debug, Clone)]
struct Link {
    id: i64,
    above: Option<i64>,
    generation: u64,
    made_ms: i64,
    scan: i64,
    screen: u32,
    scanned_ms: i64,
}

/// All links of chains that count.
fn links(store: &Store) -> Vec<Link> {
    let read = store.read(|tx| {
        tx.all(
            "SELECT shares.id, parent, generation, created_ms, scans.id, screen, scanned_ms
             FROM shares JOIN scans ON scans.id = scan WHERE grade < 2 AND standing < 2 ORDER BY shares.id",
            values![],
            |row| {
                Ok::<_, DatabaseError>(Link {
                    id: row.get(0)?,
                    above: row.get(1)?,
                    generation: row.get(2)?,
                    made_ms: row.get(3)?,
                    scan: row.get(4)?,
                    screen: row.get(5)?,
                    scanned_ms: row.get(6)?,
                })
            },
        )
    });
    read.unwrap()
}

/// Compares what is said of the chains of one screen, or of all, with a count of the links.
fn compare(street: &Street, screen: Option<usize>, later_ms: i64) -> Result<(), TestCaseError> {
    let now_ms = street.now_ms + later_ms;
    let screen = screen.map(|screen| street.screens[screen]);
    let campaign: CampaignId = "cafe".parse().unwrap();
    let report = street
        .store
        .chain_report(Some(&campaign), screen, now_ms)
        .unwrap();
    let all: Vec<Link> = links(&street.store)
        .into_iter()
        .filter(|link| screen.is_none_or(|screen| screen.get() == link.screen))
        .collect();
    let by_id: HashMap<i64, &Link> = all.iter().map(|link| (link.id, link)).collect();
    let below: Vec<(&Link, &Link)> = all
        .iter()
        .filter_map(|link| Some((link, by_id[&link.above?])))
        .collect();
    prop_assert_eq!(report.links, all.len() as u64);
    prop_assert_eq!(report.shares, below.len() as u64);
    for line in &report.generations {
        let of = |generation| move |link: &&Link| link.generation == generation;
        prop_assert_eq!(
            line.links,
            all.iter().filter(of(line.generation)).count() as u64
        );
        let brought = below
            .iter()
            .filter(|(_, above)| above.generation == line.generation);
        prop_assert_eq!(line.brought, brought.count() as u64);
    }
    let deepest = below.iter().map(|(link, _)| link.generation).max();
    prop_assert_eq!(report.depth, deepest.unwrap_or(0));
    let after = |from: i64, until: i64| {
        let is_in =
            |(link, _): &&(&Link, &Link)| (from..until).contains(&(link.made_ms - link.scanned_ms));
        below.iter().filter(is_in).count() as u64
    };
    prop_assert_eq!(report.after_scan.hour, after(i64::MIN, HOUR_MS));
    prop_assert_eq!(report.after_scan.day, after(HOUR_MS, DAY_MS));
    prop_assert_eq!(report.after_scan.week, after(DAY_MS, WEEK_MS));
    prop_assert_eq!(report.after_scan.later, after(WEEK_MS, i64::MAX));
    // Days that ended seven days ago or earlier.
    let is_settled = |link: &Link| (link.made_ms / DAY_MS + 1) * DAY_MS + WEEK_MS <= now_ms;
    let settled: Vec<&Link> = all.iter().filter(|link| is_settled(link)).collect();
    let mut brought: BTreeMap<i64, u64> = BTreeMap::new();
    for (link, above) in &below {
        if is_settled(above) && link.made_ms - above.made_ms < WEEK_MS {
            *brought.entry(above.id).or_default() += 1;
        }
    }
    let sum: u64 = brought.values().sum();
    let squares = brought.values().map(|count| count * count).sum();
    let expected = super::interval::of_counts(settled.len() as u64, sum, squares);
    prop_assert_eq!(report.reproduction.map(|found| found.estimate), expected);
    prop_assert_eq!(
        report.by_sharer.map(|found| (found.links, found.brought)),
        (!brought.is_empty()).then_some((brought.len() as u64, sum))
    );
    for place in &report.places {
        let here = below
            .iter()
            .filter(|(link, _)| link.screen == place.screen.get());
        prop_assert_eq!(place.shares, here.count() as u64);
    }
    prop_assert_eq!(report.shares_elsewhere, 0);
    let mut chains: BTreeMap<i64, u64> = BTreeMap::new();
    for (link, _) in &below {
        *chains.entry(link.scan).or_default() += 1;
    }
    prop_assert_eq!(report.chains, chains.len() as u64);
    let mut sizes: Vec<u64> = chains.into_values().collect();
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    let listed: Vec<u64> = report.largest.iter().map(|chain| chain.links).collect();
    prop_assert_eq!(&listed[..], &sizes[..sizes.len().min(super::LARGEST_MAX)]);
    for chain in report.largest.iter().take(super::CHAINS_DRAWN) {
        let told: u64 = chain.nodes.iter().map(|node| node.brought).sum();
        prop_assert_eq!(told + chain.links_left_out, chain.links);
        prop_assert_eq!(chain.links_left_out, 0);
    }
    Ok(())
}

#[test]
fn whatever_comes_what_is_said_of_chains_is_what_a_count_of_the_links_gives() {
    on_each_database(|database| {
        let config = ProptestConfig {
            source_file: Some(file!()),
            ..random_cases(8)
        };
        let steps = prop::collection::vec(step(), 1..80);
        TestRunner::new(config)
            .run(&steps, |steps| {
                let database = database.another();
                let mut street = Street::new(&database);
                for step in &steps {
                    street.take(step);
                }
                for later_ms in [0, WEEK_MS, WEEK_MS + DAY_MS, 30 * DAY_MS] {
                    for screen in [None, Some(0), Some(1)] {
                        compare(&street, screen, later_ms)?;
                    }
                }
                prop_assert_eq!(street.store.recount().unwrap(), []);
                Ok(())
            })
            .unwrap();
    });
}

/// Opens a link as somebody new, and returns their own.
fn pass_on(store: &Store, link: &str, visitor: u8, now_ms: i64) -> String {
    let who = |visitor| LinkVisitor {
        visitor: Visitor([visitor; 16]),
        grade: Grade::Browser,
        is_crowded: false,
    };
    let opened = store.open_share(link, Some(who(visitor)), now_ms).unwrap();
    let LinkAnswer::Own(own) = opened.unwrap().answer else {
        panic!("{visitor} has no link of their own");
    };
    store.open_share(&own, Some(who(visitor)), now_ms).unwrap();
    own
}

#[test]
fn a_small_chain_has_its_generations_its_breadth_and_the_mean_of_what_its_people_bring() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        street.take(&Step::Scan {
            screen: 0,
            play: 1,
            visitor: 1,
            grade: 0,
            at: 1,
        });
        let (store, now_ms) = (&street.store, street.now_ms);
        let first: String = store
            .read(|tx| tx.value::<String>("SELECT name FROM shares", values![]))
            .unwrap();
        let who = LinkVisitor {
            visitor: Visitor([1; 16]),
            grade: Grade::Browser,
            is_crowded: false,
        };
        store.open_share(&first, Some(who), now_ms).unwrap();
        // Three friends of who scanned, and two friends of one of these; one comes after ten days.
        let friend = pass_on(store, &first, 2, now_ms);
        pass_on(store, &first, 3, now_ms + DAY_MS);
        pass_on(store, &friend, 4, now_ms + 2 * DAY_MS);
        pass_on(store, &friend, 5, now_ms + 3 * DAY_MS);
        pass_on(store, &first, 6, now_ms + 10 * DAY_MS);
        let campaign = "cafe".parse().unwrap();
        let at = |days: i64| {
            let now_ms = now_ms + days * DAY_MS;
            store.chain_report(Some(&campaign), None, now_ms).unwrap()
        };
        let report = at(40);
        assert_eq!((report.links, report.shares), (6, 5));
        assert_eq!((report.depth, report.breadth), (2, 3));
        let lines: Vec<_> = report
            .generations
            .iter()
            .map(|line| (line.generation, line.links, line.brought))
            .collect();
        assert_eq!(lines, [(0, 1, 3), (1, 3, 2), (2, 2, 0)]);
        let reproduction = report.reproduction.unwrap();
        assert_eq!(
            (reproduction.links, reproduction.brought),
            (6, 4),
            "in seven days"
        );
        let by_sharer = report.by_sharer.unwrap();
        assert_eq!((by_sharer.links, by_sharer.brought), (2, 4));
        assert!((by_sharer.estimate.value - 2.0).abs() < 1e-9);
        let nodes: Vec<_> = report.largest[0]
            .nodes
            .iter()
            .map(|node| (node.above, node.brought))
            .collect();
        assert_eq!(nodes, [(None, 3), (Some(0), 2)]);
        assert_eq!(at(3).reproduction, None, "no link has had seven days");
        let young = at(9).reproduction.unwrap();
        assert_eq!(young.links, 3, "the others have had less than seven days");
        assert!(
            store
                .chain_report(Some(&"other".parse().unwrap()), None, now_ms)
                .is_err()
        );
    });
}
