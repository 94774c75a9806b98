//! People, links, sessions, second steps and tokens, on both databases.

use std::collections::BTreeSet;

use super::*;
use crate::people::{OneTimeKey, Right, Secret};
use crate::store::testing::on_each_database;
use crate::system::clock::DAY_MS;

/// Makes somebody.
fn join(store: &Store, name: &str, role: Role) -> i64 {
    let link = store
        .invite(&Actor::COMMAND_LINE, role, &Scope::ALL, 1)
        .unwrap();
    store.join(&link, name, "kept", 2).unwrap()
}

#[test]
fn a_link_works_once_until_it_is_too_old_and_looking_at_it_uses_nothing_up() {
    on_each_database(|database| {
        let store = database.open();
        let first = store.first_link(1).unwrap().unwrap();
        let link = store.first_link(2).unwrap().unwrap();
        assert!(
            store.invitation(&first, 3).unwrap().is_none(),
            "one at a time"
        );
        for _ in 0..3 {
            assert_eq!(
                store.invitation(&link, 3).unwrap().unwrap().role,
                Role::Owner
            );
        }
        assert!(
            store
                .invitation(&link, 2 + INVITATION_MS)
                .unwrap()
                .is_none()
        );
        assert!(matches!(
            store.join(&link, "Ada", "kept", 2 + INVITATION_MS),
            Err(PeopleError::LinkOver)
        ));
        let id = store.join(&link, "Ada", "kept", 4).unwrap();
        assert!(matches!(
            store.join(&link, "Eve", "kept", 5),
            Err(PeopleError::LinkOver)
        ));
        assert!(store.first_link(6).unwrap().is_none(), "there is an owner");
        let (ada, kept) = store.person_named(" ADA ").unwrap().unwrap();
        assert_eq!((ada.id, ada.role, kept.as_str()), (id, Role::Owner, "kept"));
        assert!(!database_has(&store, link.as_str()));
    });
}

/// Whether a text is in a column where a secret could be.
fn database_has(store: &Store, secret: &str) -> bool {
    store
        .read(|tx| {
            tx.exists(
                "SELECT 1 FROM audit WHERE subject LIKE ?1 OR detail LIKE ?1",
                values![format!("%{secret}%")],
            )
        })
        .unwrap()
}

#[test]
fn a_name_is_taken_once_and_a_refused_one_does_not_use_the_link_up() {
    on_each_database(|database| {
        let store = database.open();
        join(&store, "李雷", Role::Owner);
        join(&store, "Ada", Role::Viewer);
        let link = store
            .invite(&Actor::COMMAND_LINE, Role::Viewer, &Scope::ALL, 3)
            .unwrap();
        assert!(matches!(
            store.join(&link, "aDA", "kept", 4),
            Err(PeopleError::NameTaken)
        ));
        assert!(store.join(&link, "Eve", "kept", 5).is_ok());
        let names: Vec<_> = store
            .people()
            .unwrap()
            .into_iter()
            .map(|who| who.name)
            .collect();
        assert_eq!(names, ["Ada", "Eve", "李雷"]);
    });
}

#[test]
fn the_last_owner_stays_one() {
    on_each_database(|database| {
        let store = database.open();
        let ada = join(&store, "Ada", Role::Owner);
        let all = &Actor::COMMAND_LINE;
        let viewer = (Role::Viewer, &Scope::ALL);
        assert!(matches!(
            store.change_person(all, ada, viewer, 3),
            Err(PeopleError::LastOwner)
        ));
        assert!(matches!(
            store.remove_person(all, ada, 3),
            Err(PeopleError::LastOwner)
        ));
        let eve = join(&store, "Eve", Role::Owner);
        store.change_person(all, ada, viewer, 4).unwrap();
        assert!(matches!(
            store.remove_person(all, eve, 5),
            Err(PeopleError::LastOwner)
        ));
        let bound = Scope {
            screens: Some(BTreeSet::from(["north".to_owned()])),
            campaigns: None,
        };
        assert!(matches!(
            store.change_person(all, eve, (Role::Owner, &bound), 6),
            Err(PeopleError::BoundOwner)
        ));
        store
            .change_person(all, ada, (Role::Viewer, &bound), 6)
            .unwrap();
        assert_eq!(store.person(ada).unwrap().unwrap().scope, bound);
        store.remove_person(all, ada, 7).unwrap();
        assert!(store.person(ada).unwrap().is_none());
        assert!(matches!(
            store.remove_person(all, ada, 8),
            Err(PeopleError::Unknown)
        ));
    });
}

#[test]
fn sessions_end_with_time_with_the_password_and_with_the_person() {
    on_each_database(|database| {
        let store = database.open();
        join(&store, "Eve", Role::Owner);
        let ada = join(&store, "Ada", Role::Viewer);
        let begin = |now_ms| {
            store
                .begin_session(ada, "Safari", now_ms)
                .unwrap()
                .0
                .sha256()
        };
        let is_in = |session: &[u8; 32], now_ms| store.session(session, now_ms).unwrap().is_some();
        let (one, other) = (begin(10), begin(20));
        assert!(is_in(&one, 30) && !is_in(&[0; 32], 30));
        assert!(!is_in(&one, 10 + 7 * DAY_MS), "idle");
        for day in 1..30 {
            assert_eq!(is_in(&other, 20 + day * DAY_MS), day < 30, "day {day}");
        }
        assert!(!is_in(&other, 20 + SESSION_MS), "too old");
        let (one, other) = (begin(40), begin(50));
        store
            .set_password(&Actor::COMMAND_LINE, ada, "new", Some(&one), 60)
            .unwrap();
        assert!(is_in(&one, 70) && !is_in(&other, 70));
        store.end_session(&one).unwrap();
        assert!(!is_in(&one, 80));
        let last = begin(90);
        store.remove_person(&Actor::COMMAND_LINE, ada, 100).unwrap();
        assert!(!is_in(&last, 110));
        assert!(store.begin_session(ada, "", 120).is_err());
    });
}

#[test]
fn nobody_has_more_than_so_many_sessions() {
    on_each_database(|database| {
        let store = database.open();
        let ada = join(&store, "Ada", Role::Owner);
        let sessions: Vec<_> = (0..SESSIONS_MAX + 3)
            .map(|n| {
                store
                    .begin_session(ada, "x", 10 + i64::try_from(n).unwrap())
                    .unwrap()
                    .0
            })
            .collect();
        assert_eq!(store.sessions_of(ada, 100).unwrap().len(), SESSIONS_MAX);
        assert!(store.session(&sessions[0].sha256(), 100).unwrap().is_none());
        let newest = sessions.last().unwrap().sha256();
        assert!(store.session(&newest, 100).unwrap().is_some());
        let ended = store
            .end_other_sessions(&Actor::COMMAND_LINE, ada, &newest, 101)
            .unwrap();
        assert_eq!(ended, u64::try_from(SESSIONS_MAX).unwrap() - 1);
        assert_eq!(store.sessions_of(ada, 102).unwrap().len(), 1);
    });
}

#[test]
fn with_a_second_step_a_session_opens_nothing_before_it_and_each_code_works_once() {
    on_each_database(|database| {
        let store = database.open();
        let ada = join(&store, "Ada", Role::Owner);
        let all = &Actor::COMMAND_LINE;
        let now_ms = 1_767_225_600_000;
        let key = OneTimeKey::new();
        assert_eq!(
            store
                .begin_second_step(all, ada, &key, "000000x", now_ms)
                .unwrap(),
            None
        );
        let code = key.code_at(now_ms);
        let recovery = store
            .begin_second_step(all, ada, &key, &code, now_ms)
            .unwrap()
            .unwrap();
        let (half, is_whole) = store.begin_session(ada, "x", now_ms).unwrap();
        assert!(!is_whole);
        assert!(
            !store
                .session(&half.sha256(), now_ms)
                .unwrap()
                .unwrap()
                .is_whole
        );
        let step = |code: &str, now_ms| {
            store
                .second_step(ada, &half.sha256(), code, now_ms)
                .unwrap()
        };
        assert_eq!(
            step(&code, now_ms),
            SecondStep::Wrong,
            "it was used already"
        );
        let later_ms = now_ms + 60_000;
        let SecondStep::Done(whole) = step(&key.code_at(later_ms), later_ms) else {
            panic!("a new code");
        };
        assert_ne!(whole, half);
        assert!(store.session(&half.sha256(), later_ms).unwrap().is_none());
        assert!(
            store
                .session(&whole.sha256(), later_ms)
                .unwrap()
                .unwrap()
                .is_whole
        );

        let (half, _) = store.begin_session(ada, "x", later_ms).unwrap();
        let with_recovery = || {
            store
                .second_step(ada, &half.sha256(), &recovery[0], later_ms)
                .unwrap()
        };
        assert!(matches!(with_recovery(), SecondStep::Done(_)));
        assert_eq!(with_recovery(), SecondStep::Wrong);
        assert_eq!(store.recovery_codes_left(ada).unwrap(), recovery.len() - 1);
        let (half, _) = store.begin_session(ada, "x", later_ms).unwrap();
        let late_ms = later_ms + 11 * 60_000;
        assert!(store.session(&half.sha256(), late_ms).unwrap().is_none());

        let link = store.reset_link(all, ada, later_ms).unwrap();
        assert_eq!(
            store
                .invitation(&link, later_ms)
                .unwrap()
                .unwrap()
                .resets
                .as_deref(),
            Some("Ada")
        );
        assert_eq!(
            store.join(&link, "ignored", "newer", later_ms).unwrap(),
            ada
        );
        assert!(store.session(&whole.sha256(), later_ms).unwrap().is_none());
        let (person, kept) = store.person_named("Ada").unwrap().unwrap();
        assert_eq!((person.has_second_step, kept.as_str()), (false, "newer"));
    });
}

#[test]
fn tokens_have_an_end_and_no_more_rights_than_their_person() {
    on_each_database(|database| {
        let store = database.open();
        join(&store, "Eve", Role::Owner);
        let ada = join(&store, "Ada", Role::Operator);
        let all = &Actor::COMMAND_LINE;
        let rights = BTreeSet::from([Right::SeeScreens, Right::ChangeScreens]);
        let secret = store
            .make_token(all, (ada, "script"), &rights, 1_000, 10)
            .unwrap();
        let actor = |now_ms| {
            store
                .token_use(&secret.sha256(), now_ms)
                .unwrap()
                .map(|by| by.actor)
        };
        let by = actor(20).unwrap();
        assert!(by.may(Right::ChangeScreens) && !by.may(Right::SeeReports));
        assert_eq!(by.named(), "Ada (token script)");
        assert_eq!(actor(1_000), None, "its time is over");
        assert_eq!(store.tokens_of(ada, 30).unwrap()[0].used_ms, Some(20));
        store
            .change_person(all, ada, (Role::Viewer, &Scope::ALL), 40)
            .unwrap();
        assert!(!actor(50).unwrap().may(Right::ChangeScreens));
        let handle = store.tokens_of(ada, 60).unwrap()[0].handle;
        assert!(
            store.end_token(all, ada + 1, &handle, 60).is_err(),
            "not theirs"
        );
        store.end_token(all, ada, &handle, 60).unwrap();
        assert_eq!(actor(70), None);
        assert!(Secret::parse("x").is_none());
    });
}

#[test]
fn a_call_with_a_key_is_made_once_and_answered_the_same() {
    on_each_database(|database| {
        let store = database.open();
        let begin = |key: &str, asked: u8, now_ms| {
            store
                .begin_call(&[1; 32], key, &[asked; 32], now_ms)
                .unwrap()
        };
        assert_eq!(begin("a", 1, 10), Asked::New);
        assert_eq!(begin("a", 1, 11), Asked::Unfinished);
        let answer = KeptAnswer {
            status: 201,
            body: "{}".into(),
        };
        store.end_call(&[1; 32], "a", Some(&answer)).unwrap();
        assert_eq!(begin("a", 1, 12), Asked::Answered(answer));
        assert_eq!(begin("a", 2, 13), Asked::Other);
        assert_eq!(begin("b", 2, 14), Asked::New);
        store.end_call(&[1; 32], "b", None).unwrap();
        assert_eq!(begin("b", 3, 15), Asked::New);
        assert_eq!(begin("a", 2, 10 + DAY_MS), Asked::New, "a day later");
    });
}
