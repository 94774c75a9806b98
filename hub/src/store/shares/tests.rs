//! Links of older hubs, and floods.

use rusqlite::{Connection, params};

use crate::database::{DatabaseError, Lock, values};
use crate::scans::visitor::{Grade, Visitor};
use crate::store::migrations::SQLITE;
use crate::store::rollups::tests::{Step, Street};
use crate::store::shares::below::CHILDREN_MAX;
use crate::store::shares::rows::{Share, share};
use crate::store::testing::on_each_database;
use crate::store::{
    Begun, FILE_NAME, LinkAnswer, LinkOpening, LinkVisitor, Opened, Reached, Result, Store,
};

/// A database of the hub before links had counters, with a link that three friends opened.
fn older(folder: &std::path::Path) -> Connection {
    const BEFORE: usize = 10;
    let older = Connection::open(folder.join(FILE_NAME)).unwrap();
    older.pragma_update(None, "foreign_keys", false).unwrap();
    for step in &SQLITE[..BEFORE] {
        older.execute_batch(step).unwrap();
    }
    older.pragma_update(None, "user_version", BEFORE).unwrap();
    let visitor = |number: u8| [number; 16];
    older
        .execute(
            "INSERT INTO scans (id, screen, play, visitor, grade, assignment, campaign, creative, scanned_ms)
             VALUES (1, 1, 5, ?1, 0, 1, 'cafe', 'aa', 5)",
            [visitor(1)],
        )
        .unwrap();
    for id in 1..=4u8 {
        let (parent, generation) = if id == 1 { (None, 0) } else { (Some(1), 1) };
        older
            .execute(
                "INSERT INTO shares (id, name, scan, parent, generation, made_for, owner, created_ms)
                 VALUES (?1, ?2, 1, ?3, ?4, ?5, ?5, 5)",
                params![id, format!("link{id}"), parent, generation, visitor(id)],
            )
            .unwrap();
    }
    older
}

fn share_of(store: &Store, name: &str) -> Share {
    store.read(|tx| share(tx, name)).unwrap().unwrap()
}

#[test]
fn how_many_links_are_below_one_is_known_without_counting() {
    let folder = tempfile::tempdir().unwrap();
    drop(older(folder.path()));
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(share_of(&store, "link1").children, 3);
    assert_eq!(share_of(&store, "link2").children, 0);
    let has_own = |visitor: u8| {
        let who = LinkVisitor {
            visitor: Visitor([visitor; 16]),
            grade: Grade::Browser,
            is_crowded: false,
        };
        let opened = store.open_share("link1", Some(who), 9).unwrap();
        matches!(opened.map(|opened| opened.answer), Some(LinkAnswer::Own(_)))
    };
    assert!(has_own(5));
    assert_eq!(share_of(&store, "link1").children, 4);
    // Were they counted, there would be far fewer.
    let fill = |children: i64| {
        let full = "UPDATE shares SET children = ?1 WHERE id = 1";
        store.write(Lock::Everything, |tx| tx.execute(full, values![children]))
    };
    fill(CHILDREN_MAX).unwrap();
    assert!(!has_own(6));
    fill(CHILDREN_MAX - 1).unwrap();
    assert!(has_own(8));
    assert!(!has_own(7));
}

#[test]
fn presses_that_an_older_hub_took_for_visits_are_told_from_those_on_a_visit() {
    let folder = tempfile::tempdir().unwrap();
    let database = older(folder.path());
    let day_ms = 1_767_225_600_000_i64;
    // Visited, pressed, seen and confirmed.
    for (visitor, times) in [
        (1u8, [0, 7, 0, 0]),
        (2, [5, 5, 0, 0]),
        (3, [6, 6, 0, 0]),
        (4, [5, 5, 0, 5]),
        (5, [5, 0, 0, 0]),
    ] {
        let times = times.map(|ms| (ms > 0).then_some(day_ms + ms));
        database
            .execute(
                "INSERT INTO visits (share, visitor, visited_ms, clicked_ms, seen_ms, confirmed_ms)
                 VALUES (1, ?1, ifnull(?2, 1), ?3, ?4, ?5)",
                params![[visitor; 16], times[0], times[1], times[2], times[3]],
            )
            .unwrap();
    }
    drop(database);
    let visits = Store::open(folder.path()).unwrap().report().unwrap().visits;
    assert_eq!((visits.tally.total, visits.clicks), (3, 2));
    assert_eq!((visits.confirmed, visits.presses.strangers), (1, 2));
}

#[test]
fn a_flood_begins_nothing_and_those_who_came_before_go_on() {
    let folder = tempfile::tempdir().unwrap();
    drop(older(folder.path()));
    let store = Store::open(folder.path()).unwrap();
    let who = |visitor: u8, is_crowded| LinkVisitor {
        visitor: Visitor([visitor; 16]),
        grade: Grade::Browser,
        is_crowded,
    };
    let reach = |visitor, is_crowded| {
        let who = who(visitor, is_crowded);
        (store.reach("link2", who, Reached::Confirmed, 9)).unwrap()
    };
    // The link is the second one's, who has opened nothing yet.
    assert_eq!(reach(9, true), Begun::Nothing, "another's link");
    assert_eq!(reach(2, true), Begun::Nothing, "begun before the flood");
    assert_eq!(reach(2, true), Begun::Nothing, "once");
    let free = "UPDATE shares SET owner = NULL WHERE name = 'link3'";
    store
        .write(Lock::Everything, |tx| tx.execute(free, &[]))
        .unwrap();
    let strange = |is_crowded| {
        let who = who(9, is_crowded);
        (store.reach("link3", who, Reached::Confirmed, 9)).unwrap()
    };
    assert_eq!(strange(true), Begun::Flood);
    assert_eq!(strange(false), Begun::New);
    assert_eq!(strange(true), Begun::Nothing);
    let tool = LinkVisitor {
        grade: Grade::Tool,
        ..who(4, false)
    };
    let reached = store.reach("link4", tool, Reached::Confirmed, 9);
    assert_eq!(reached.unwrap(), Begun::Nothing);
    let confirmed = "SELECT count(*) FROM visits WHERE confirmed_ms IS NOT NULL";
    let confirmed: Result<u8, DatabaseError> = store.read(|tx| tx.value(confirmed, &[]));
    assert_eq!(confirmed.unwrap(), 2, "a tool shows no page");
}

/// Two chains of one scan each, and the links that begin them.
fn two_chains(street: &mut Street) -> [String; 2] {
    for (play, visitor) in [(1, 1), (2, 7)] {
        street.take(&Step::Scan {
            screen: 0,
            play,
            visitor,
            grade: 0,
            at: 1,
        });
    }
    let names = street.store.read(|tx| {
        let sql = "SELECT shares.name FROM shares JOIN scans ON scans.id = scan ORDER BY play";
        tx.all(sql, values![], |row| row.get::<String>(0))
    });
    names.unwrap().try_into().unwrap()
}

/// What opening a link led to, in a word, and what was begun by it.
fn told(opened: Result<Option<Opened>>, names: &mut Vec<String>) -> (String, Option<Begun>) {
    match opened.unwrap() {
        None => ("nowhere".to_owned(), None),
        Some(Opened { answer, begun }) => match answer {
            LinkAnswer::Page(facts) if facts.is_own => ("own page".to_owned(), Some(begun)),
            LinkAnswer::Page(_) => ("page".to_owned(), Some(begun)),
            LinkAnswer::Own(name) => {
                let at = names.iter().position(|known| *known == name);
                let at = at.unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
                (format!("link {at}"), Some(begun))
            }
        },
    }
}

#[test]
fn links_that_are_opened_at_the_same_time_lead_where_each_would_alone() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let [first, second] = two_chains(&mut street);
        let (store, now_ms) = (&street.store, street.now_ms);
        let who = |visitor: u8, is_crowded| {
            Some(LinkVisitor {
                visitor: Visitor([visitor; 16]),
                grade: Grade::Browser,
                is_crowded,
            })
        };
        let mut names = Vec::new();
        let mut open = |asked: &[(&str, Option<LinkVisitor>)]| -> Vec<_> {
            let asked = asked.iter().map(|&(name, who)| LinkOpening { name, who });
            let opened = store.open_shares(&asked.collect::<Vec<_>>(), now_ms);
            let told = opened.into_iter().map(|opened| told(opened, &mut names));
            told.collect()
        };
        let is = |what: &str, begun| (what.to_owned(), begun);
        let asked = [
            (&*first, who(1, false)),
            (&*first, who(2, false)),
            (&*first, who(2, false)),
            // Its first visitor is another one than it was made for.
            (&*second, who(2, false)),
            (&*first, None),
            ("nowhere", who(3, false)),
            (&*first, who(3, false)),
            (&*first, who(4, true)),
            (&*second, who(7, false)),
            (&*second, who(2, true)),
        ];
        let answers = [
            is("own page", Some(Begun::Nothing)),
            is("link 0", Some(Begun::New)),
            is("link 0", Some(Begun::Nothing)),
            is("own page", Some(Begun::New)),
            is("page", Some(Begun::Nothing)),
            is("nowhere", None),
            is("link 1", Some(Begun::New)),
            is("page", Some(Begun::Flood)),
            is("link 2", Some(Begun::New)),
            is("own page", Some(Begun::Nothing)),
        ];
        assert_eq!(open(&asked), answers);
        assert_eq!(share_of(store, &first).children, 2);
        assert_eq!(share_of(store, &second).children, 1);
        assert_eq!(store.recount().unwrap(), []);
        // More than go into one transaction, all of one link.
        let crowd: Vec<_> = (10..180)
            .map(|visitor| (&*first, who(visitor, false)))
            .collect();
        let answers = open(&crowd);
        for (at, (answer, begun)) in answers.into_iter().enumerate() {
            assert_eq!(
                (answer, begun),
                (format!("link {}", at + 3), Some(Begun::New))
            );
        }
        assert_eq!(share_of(store, &first).children, 172);
        assert_eq!(store.recount().unwrap(), []);
        assert_eq!(
            open(&[
                ("nowhere", None),
                (&*first, None),
                ("nowhere", who(3, false))
            ]),
            [
                is("nowhere", None),
                is("page", Some(Begun::Nothing)),
                is("nowhere", None)
            ]
        );
    });
}
