//! What is known of sources, on both databases.

use passerby_protocol::Digest;

use super::*;
use crate::people::Actor;
use crate::store::Store;
use crate::store::testing::on_each_database;
use crate::system::clock::DAY_MS;

const NOW_MS: i64 = 1_800_000_000_000;
const FEED: TakeRules = TakeRules {
    needs_approval: false,
    replaces: false,
    is_whole: false,
};
const TABLE: TakeRules = TakeRules {
    replaces: true,
    is_whole: true,
    ..FEED
};

fn hash(text: &str) -> [u8; 32] {
    Digest::of(text.as_bytes()).0
}

fn item(names: &[&str], words: &str) -> NewItem {
    NewItem {
        names: names.iter().map(|name| hash(name)).collect(),
        content: hash(words),
        title: words.to_owned(),
        words: "{}".to_owned(),
        order_ms: NOW_MS,
        ends_ms: NOW_MS + 14 * DAY_MS,
        told: None,
    }
}

fn with_source(store: &Store) {
    let source = NewSource {
        name: "cafe".to_owned(),
        kind: SourceKind::Link,
        location: Some("https://cafe.example/feed".to_owned()),
        secret_sha256: None,
        rules: "{}".to_owned(),
    };
    store
        .add_source(&Actor::COMMAND_LINE, &source, NOW_MS)
        .unwrap();
}

fn take(store: &Store, items: &[NewItem], rules: TakeRules) -> (u32, u32, u32) {
    let taken = store
        .take_source_items("cafe", items, rules, NOW_MS)
        .unwrap();
    (taken.new, taken.changed, taken.known)
}

/// The numbers and states, the oldest first.
fn states(store: &Store) -> Vec<(u32, &'static str)> {
    let mut items = store.source_items("cafe", 1_000).unwrap();
    items.reverse();
    items
        .iter()
        .map(|item| (item.number, item.state.word()))
        .collect()
}

#[test]
fn an_item_is_known_again_by_any_of_its_names() {
    on_each_database(|database| {
        let store = database.open();
        with_source(&store);
        let first = item(&["id 1", "link 1", "words 1"], "a");
        assert_eq!(take(&store, std::slice::from_ref(&first), FEED), (1, 0, 0));
        assert_eq!(take(&store, &[first], FEED), (0, 0, 1));
        let other_id = item(&["id 2", "link 1", "words 2"], "b");
        assert_eq!(take(&store, &[other_id], FEED), (0, 0, 1));
        // What is known of it since then counts as well.
        let other_link = item(&["id 2", "link 3", "words 3"], "c");
        assert_eq!(take(&store, &[other_link], FEED), (0, 0, 1));
        let same_twice = [item(&["id 9", "w"], "d"), item(&["id 10", "w"], "d")];
        assert_eq!(take(&store, &same_twice, FEED), (1, 0, 1));
        assert_eq!(states(&store), [(1, "ready"), (2, "ready")]);
        // Numbers go on after a restart, and after the source was removed.
        drop(store);
        let store = database.open();
        store
            .remove_source(&Actor::COMMAND_LINE, "cafe", NOW_MS)
            .unwrap();
        assert!(store.source("cafe").unwrap().is_none());
        with_source(&store);
        assert_eq!(take(&store, &[item(&["id 1"], "a")], FEED), (1, 0, 0));
        assert_eq!(states(&store), [(3, "ready")]);
    });
}

#[test]
fn a_row_that_changes_takes_its_own_place_and_one_that_goes_ends() {
    on_each_database(|database| {
        let store = database.open();
        with_source(&store);
        let rows = [item(&["1"], "a"), item(&["2"], "b")];
        assert_eq!(take(&store, &rows, TABLE), (2, 0, 0));
        let rows = [item(&["1"], "dearer")];
        assert_eq!(take(&store, &rows, TABLE), (0, 1, 0));
        assert_eq!(states(&store), [(1, "ready"), (2, "ended")]);
        let rows = [item(&["1"], "dearer"), item(&["2"], "b")];
        assert_eq!(take(&store, &rows, TABLE), (0, 1, 1), "it is back");
        assert_eq!(states(&store), [(1, "ready"), (2, "ready")]);
        store
            .take_down_source_items(
                &Actor::COMMAND_LINE,
                "cafe",
                &WhichItems::Only(vec![2]),
                NOW_MS,
            )
            .unwrap();
        let rows = [item(&["1"], "dearer"), item(&["2"], "again")];
        assert_eq!(take(&store, &rows, TABLE), (0, 0, 2), "it is down for good");
    });
}

#[test]
fn what_waits_airs_once_it_is_approved_and_never_once_it_was_taken_down() {
    on_each_database(|database| {
        let store = database.open();
        with_source(&store);
        let rules = TakeRules {
            needs_approval: true,
            ..FEED
        };
        let items = [item(&["1"], "a"), item(&["2"], "b"), item(&["3"], "c")];
        take(&store, &items, rules);
        let approve =
            |which| store.approve_source_items(&Actor::COMMAND_LINE, "cafe", &which, NOW_MS);
        assert_eq!(approve(WhichItems::Only(vec![1])).unwrap(), [1]);
        assert!(matches!(
            approve(WhichItems::Only(vec![1])),
            Err(SourceError::NoItem { number: 1, .. })
        ));
        store
            .take_down_source_items(
                &Actor::COMMAND_LINE,
                "cafe",
                &WhichItems::Only(vec![2]),
                NOW_MS,
            )
            .unwrap();
        assert_eq!(approve(WhichItems::All).unwrap(), [3]);
        store
            .fail_source_item("cafe", 3, "no disk", NOW_MS)
            .unwrap();
        assert_eq!(approve(WhichItems::All).unwrap(), [0_u32; 0]);
        assert_eq!(approve(WhichItems::Only(vec![3])).unwrap(), [3]);
        assert_eq!(
            states(&store),
            [(1, "ready"), (2, "taken-down"), (3, "ready")]
        );
        assert!(matches!(
            store.approve_source_items(&Actor::COMMAND_LINE, "shop", &WhichItems::All, NOW_MS),
            Err(SourceError::Unknown(_))
        ));
    });
}

#[test]
fn all_but_the_newest_end_and_so_does_what_is_past_its_time() {
    on_each_database(|database| {
        let store = database.open();
        with_source(&store);
        let items: Vec<NewItem> = (0..5)
            .map(|number: i64| NewItem {
                order_ms: NOW_MS - number * DAY_MS,
                ends_ms: if number == 0 {
                    NOW_MS + 5
                } else {
                    NOW_MS + DAY_MS
                },
                ..item(&[&number.to_string()], &number.to_string())
            })
            .collect();
        take(&store, &items, FEED);
        assert_eq!(store.end_source_items("cafe", 3, NOW_MS).unwrap(), 2);
        assert_eq!(store.end_source_items("cafe", 3, NOW_MS).unwrap(), 0);
        let of = |state| move |(_, own): &(u32, &str)| *own == state;
        assert_eq!(states(&store).into_iter().filter(of("ready")).count(), 3);
        assert_eq!(store.end_source_items("cafe", 3, NOW_MS + 5).unwrap(), 1);
        assert_eq!(states(&store)[0], (1, "ended"));
    });
}

#[test]
fn a_source_that_brings_ever_more_is_held_to_so_many_a_day() {
    on_each_database(|database| {
        let store = database.open();
        with_source(&store);
        let items: Vec<NewItem> = (0..DAY_ITEMS_MAX + 10)
            .map(|number| item(&[&number.to_string()], &number.to_string()))
            .collect();
        let taken = store
            .take_source_items("cafe", &items, FEED, NOW_MS)
            .unwrap();
        assert_eq!((i64::from(taken.new), taken.too_many), (DAY_ITEMS_MAX, 10));
        let taken = store
            .take_source_items("cafe", &items, FEED, NOW_MS + DAY_MS)
            .unwrap();
        assert_eq!((taken.new, taken.too_many), (10, 0));
    });
}

#[test]
fn a_source_is_due_when_it_is_to_be_fetched_or_something_ends() {
    on_each_database(|database| {
        let store = database.open();
        with_source(&store);
        let due = |now_ms| store.due_sources(now_ms).unwrap().len();
        assert_eq!(due(NOW_MS), 1);
        let outcome = FetchOutcome {
            fetch_ms: NOW_MS + 1_000,
            ..FetchOutcome::default()
        };
        store.source_fetched("cafe", &outcome, NOW_MS).unwrap();
        store.plan_source("cafe", true, NOW_MS).unwrap();
        assert_eq!((due(NOW_MS), due(NOW_MS + 1_000)), (0, 1));
        take(&store, &[item(&["1"], "a")], FEED);
        store.plan_source("cafe", true, NOW_MS).unwrap();
        assert_eq!(due(NOW_MS), 1, "there is something to make");
        store
            .fail_source_item("cafe", 1, "it is bad", NOW_MS)
            .unwrap();
        store
            .pause_source(&Actor::COMMAND_LINE, "cafe", true, NOW_MS)
            .unwrap();
        store.plan_source("cafe", true, NOW_MS).unwrap();
        assert_eq!(due(NOW_MS + 365 * DAY_MS), 0, "it is paused");
        assert_eq!(
            store.source_items("cafe", 9).unwrap()[0].told.as_deref(),
            Some("it is bad")
        );
        let failed = FetchOutcome {
            problem: Some("away".to_owned()),
            ..outcome
        };
        store.source_fetched("cafe", &failed, NOW_MS).unwrap();
        store.source_fetched("cafe", &failed, NOW_MS).unwrap();
        let source = store.source("cafe").unwrap().unwrap();
        assert_eq!(
            (source.failures, source.problem.as_deref()),
            (2, Some("away"))
        );
    });
}
