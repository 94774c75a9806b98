//! One code, opened from more networks than there are people.

use std::collections::HashSet;

use crate::attack::Attacked;
use crate::stand::{PHONE, location};

/// What may count of a play of which only the hub's guess is known: a minute on the screen.
const GUESSED_MAX: u64 = 600;

#[test]
fn a_code_opened_from_two_thousand_networks_of_one_company_is_a_flood() {
    let mut attacked = Attacked::start("openings of one code");
    let path = attacked.terminal.scan_path(attacked.assignment, 900);
    for network in 0..2_000 {
        let from = format!("2001:db8:7:{network:x}::1");
        let answer = attacked.stand.open_from(&from, PHONE, &path);
        // Everybody gets to the target, as long as the network does not ask too fast.
        assert!([302, 429].contains(&answer.status().as_u16()), "{answer:?}");
    }
    attacked.honest_scan();
    attacked.assert_withstood();
    attacked.stand.stop();
    let scans = &attacked.stand.report()["scans"];
    let count = |name: &str| scans[name].as_u64().unwrap();
    assert!(count("fresh") <= GUESSED_MAX + 1, "{scans:#}");
    assert!(count("floods") > 0, "{scans:#}");
}

#[test]
fn a_code_opened_from_everywhere_counts_for_as_many_as_can_have_stood_there() {
    let attacked = Attacked::start("openings of one code");
    let path = attacked.terminal.scan_path(attacked.assignment, 900);
    let mut networks = HashSet::new();
    for number in 0..2_400_u32 {
        // Every one of another provider.
        let [a, b] = [number / 200, number % 200];
        let from = format!("{}.{}.2.1", 11 + a, b);
        assert!(networks.insert(from.clone()));
        location(&attacked.stand.open_from(&from, PHONE, &path));
    }
    let mut stand = attacked.stand;
    stand.stop();
    let scans = &stand.report()["scans"];
    assert_eq!(scans["fresh"], GUESSED_MAX);
    assert_eq!(scans["floods"], 2_400 - GUESSED_MAX);
    assert_eq!(scans["openings"], 2_400);
    let database = rusqlite::Connection::open(stand.data().join("hub.db")).unwrap();
    let rows = database.query_row("SELECT count(*) FROM scans", [], |row| row.get::<_, u64>(0));
    assert!(rows.unwrap() <= 1_000, "a flood fills the disk");
}

#[test]
fn a_crowd_of_one_station_is_counted_whole() {
    let attacked = Attacked::start("openings of one code");
    // A hundred and forty phones behind the one address that their provider gives a station.
    for (phone, play) in (0..140).zip((900..910).cycle()) {
        let agent = format!("{PHONE} Model/{phone}");
        let path = attacked.terminal.scan_path(attacked.assignment, play);
        location(&attacked.stand.open_from("198.51.100.7", &agent, &path));
    }
    let scans = &attacked.stand.report()["scans"];
    assert_eq!(
        (&scans["fresh"], &scans["floods"]),
        (&140.into(), &0.into())
    );
}
