//! Lists of screens, on both databases.

use super::*;
use crate::people::Role;
use crate::store::testing::on_each_database;
use passerby_protocol::Digest;

fn held_to(group: &str) -> Actor {
    let scope = Scope {
        screens: Some(BTreeSet::from([group.to_owned()])),
        campaigns: None,
    };
    Actor::person(1, "Ada".into(), Role::Operator, scope)
}

fn numbers(rows: &[ScreenRow]) -> Vec<u32> {
    rows.iter().map(|row| row.screen.get()).collect()
}

#[test]
fn screens_are_found_by_words_group_tag_state_and_page() {
    on_each_database(|database| {
        let store = database.open();
        let all = &Actor::COMMAND_LINE;
        for name in ["Exit A", "Exit B", "出口 丙", "50% off", "Bar"] {
            store.add_screen(all, name, 0).unwrap();
        }
        let number = |n| ScreenNumber::new(n).unwrap();
        let change = |screen, group: &str, tags: &[&str]| {
            let change = ScreenChange {
                name: None,
                group: Some(Some(group.to_owned())),
                tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
                ..ScreenChange::default()
            };
            store
                .change_screen(all, number(screen), &change, 1)
                .unwrap();
        };
        change(1, "north", &["4K", "window"]);
        change(2, "north", &[]);
        change(3, "south", &["4K"]);
        store.admit(number(1), &Digest::of(b"one").0, 1).unwrap();
        store.revoke_screen(all, number(5), false, 2).unwrap();
        let find = |filter: ScreenFilter, scope: &Scope| {
            numbers(&store.screen_list(&filter, scope, 100, 5).unwrap())
        };
        let text = |text: &str| ScreenFilter {
            text: text.into(),
            ..ScreenFilter::default()
        };
        assert_eq!(find(ScreenFilter::default(), &Scope::ALL), [1, 2, 3, 4, 5]);
        assert_eq!(find(text("exit"), &Scope::ALL), [1, 2]);
        assert_eq!(find(text("出口"), &Scope::ALL), [3]);
        assert_eq!(find(text("50%"), &Scope::ALL), [4]);
        assert_eq!(find(text("%"), &Scope::ALL), [4]);
        assert_eq!(find(text("2"), &Scope::ALL), [2]);
        let of_tag = ScreenFilter {
            tag: Some("4K".into()),
            ..ScreenFilter::default()
        };
        assert_eq!(find(of_tag.clone(), &Scope::ALL), [1, 3]);
        assert_eq!(find(of_tag, held_to("south").scope()), [3]);
        let north = ScreenFilter {
            group: Some("north".into()),
            ..ScreenFilter::default()
        };
        assert_eq!(find(north.clone(), &Scope::ALL), [1, 2]);
        assert_eq!(find(north, held_to("south").scope()), [0_u32; 0]);
        let state = |state| ScreenFilter {
            state: Some(state),
            ..ScreenFilter::default()
        };
        assert_eq!(find(state(ScreenState::Revoked), &Scope::ALL), [5]);
        assert_eq!(find(state(ScreenState::Silent), &Scope::ALL), [1]);
        assert_eq!(find(state(ScreenState::Waiting), &Scope::ALL), [2, 3, 4]);
        let page = ScreenFilter {
            after: Some(number(2)),
            ..ScreenFilter::default()
        };
        let page = store.screen_list(&page, &Scope::ALL, 2, 5).unwrap();
        assert_eq!(numbers(&page), [3, 4]);
        let counts = store.screen_counts(&Scope::ALL, 5).unwrap();
        assert_eq!(
            (counts.all, counts.silent, counts.waiting, counts.revoked),
            (5, 1, 3, 1)
        );
        assert_eq!(
            store
                .screen_counts(held_to("north").scope(), 5)
                .unwrap()
                .all,
            2
        );
        let (groups, tags) = store.screen_words(&Scope::ALL).unwrap();
        assert_eq!(
            (groups.join(" "), tags.join(" ")),
            ("north south".into(), "4K window".into())
        );
    });
}

#[test]
fn nobody_changes_a_screen_or_takes_one_into_a_group_that_is_not_theirs() {
    on_each_database(|database| {
        let store = database.open();
        let all = &Actor::COMMAND_LINE;
        let (screen, _) = store.add_screen(all, "Exit A", 0).unwrap();
        let into = |group: &str| ScreenChange {
            group: Some(Some(group.to_owned())),
            ..ScreenChange::default()
        };
        let north = held_to("north");
        let refused = |result: Result<()>| assert!(matches!(result, Err(StoreError::OutOfScope)));
        refused(store.change_screen(&north, screen, &into("north"), 1));
        store.change_screen(all, screen, &into("north"), 2).unwrap();
        store
            .change_screen(&north, screen, &into("north"), 3)
            .unwrap();
        refused(store.change_screen(&north, screen, &into("south"), 4));
        assert!(
            store
                .revoke_screen(&held_to("south"), screen, false, 5)
                .is_err()
        );
        assert!(
            store
                .screen_row(screen, held_to("south").scope(), 5)
                .unwrap()
                .is_none()
        );
        assert_eq!(
            store
                .screen_row(screen, north.scope(), 5)
                .unwrap()
                .unwrap()
                .group,
            "north"
        );
        let verbs: Vec<_> = store.audit(None, "", 9).unwrap();
        let verbs: Vec<_> = verbs.iter().map(|line| line.verb.as_str()).collect();
        assert_eq!(verbs, ["screen.change", "screen.add"]);
    });
}
