//! What happens reaches who wants to hear of it, once, in order, and a dead address holds up none.

use std::collections::BTreeSet;

use crate::conversions::Proof;
use crate::database::{DatabaseError, Lock, values};
use crate::people::{Actor, Scope};
use crate::store::rollups::tests::Street;
use crate::store::testing::on_each_database;
use crate::store::{
    AlertWords, ConversionEvent, Event, EventHookSettings, EventKind, HookKind, ShareEvent, Store,
    Which,
};
use crate::system::clock::{DAY_MS, HOUR_MS};

fn settings(name: &str, campaign: Option<&str>) -> EventHookSettings {
    EventHookSettings {
        name: name.to_owned(),
        kind: HookKind::Json,
        events: BTreeSet::from([EventKind::Share]),
        campaign: campaign.map(|campaign| campaign.parse().unwrap()),
        words: AlertWords::English,
        host: None,
    }
}

fn add(store: &Store, settings: &EventHookSettings) -> i64 {
    let actor = Actor::COMMAND_LINE;
    store
        .add_event_hook(&actor, settings, b"sealed", 0)
        .unwrap()
}

fn happens(store: &Store, campaign: &str, times: i64, now_ms: i64) {
    for generation in 1..=times {
        let event = Event::Share(ShareEvent {
            campaign: campaign.to_owned(),
            screen: 1,
            generation,
        });
        let noted = store.write(Lock::Screens(&[]), |tx| {
            super::note(tx, std::slice::from_ref(&event), now_ms)
        });
        noted.unwrap();
    }
}

fn claim(store: &Store, which: Which, now_ms: i64) -> Vec<(i64, Vec<i64>)> {
    let claimed = store.claim_events(which, (10, 50), now_ms).unwrap();
    let claimed = claimed.into_iter().map(|(hook, messages)| {
        let messages = messages.into_iter().map(|message| match message.event {
            Event::Share(share) => share.generation,
            other => panic!("{other:?}"),
        });
        (hook.id, messages.collect())
    });
    claimed.collect()
}

#[test]
fn each_hook_is_told_of_its_campaigns_and_events_once_and_in_order() {
    on_each_database(|database| {
        let street = Street::new(database);
        let store = &street.store;
        let (all, own) = (
            add(store, &settings("all", None)),
            add(store, &settings("own", Some("cafe"))),
        );
        let other = EventHookSettings {
            events: BTreeSet::from([EventKind::Conversion]),
            ..settings("other", None)
        };
        add(store, &other);
        happens(store, "cafe", 2, 10);
        happens(store, "book", 1, 10);
        assert_eq!(
            claim(store, Which::Well, 10),
            [(all, vec![1, 2, 1]), (own, vec![1, 2])]
        );
        assert_eq!(claim(store, Which::Well, 10), [], "nobody else sends them");
        let again = claim(store, Which::Well, 10 + HOUR_MS);
        assert_eq!(again.len(), 2, "whoever had claimed them is gone");
        let ids: Vec<i64> = (1..=5).collect();
        store.events_sent(all, &ids, 20).unwrap();
        assert_eq!(claim(store, Which::Well, 10 + 3 * HOUR_MS), []);
        let hook = store.event_hook(&Scope::ALL, all).unwrap().unwrap();
        assert_eq!((hook.sent, hook.waiting, hook.failures), (5, 0, 0));
        store
            .pause_event_hook(&Actor::COMMAND_LINE, all, true, 30)
            .unwrap();
        happens(store, "book", 1, 40);
        let hook = store.event_hook(&Scope::ALL, all).unwrap().unwrap();
        assert_eq!(hook.waiting, 0, "what is paused hears of nothing");
        store
            .remove_event_hook(&Actor::COMMAND_LINE, all, 50)
            .unwrap();
        assert!(store.event_hook(&Scope::ALL, all).unwrap().is_none());
    });
}

#[test]
fn a_thousand_messages_to_a_dead_address_are_tried_one_at_a_time_beside_all_others() {
    on_each_database(|database| {
        let street = Street::new(database);
        let store = &street.store;
        let sales = EventHookSettings {
            events: BTreeSet::from([EventKind::Conversion]),
            ..settings("dead", None)
        };
        let dead = add(store, &sales);
        let well = add(store, &settings("well", Some("cafe")));
        for number in 0..1_000 {
            let event = Event::Conversion(ConversionEvent {
                campaign: "book".to_owned(),
                id: number.to_string(),
                kind: "purchase".to_owned(),
                order: None,
                value: None,
                currency: None,
                proof: Proof::Key,
                click: None,
                screen: None,
                generation: None,
            });
            let noted = store.write(Lock::Screens(&[]), |tx| {
                super::note(tx, std::slice::from_ref(&event), 10)
            });
            noted.unwrap();
        }
        let mut now_ms = 10;
        let fail = |which, now_ms| {
            let claimed = store.claim_events(which, (10, 50), now_ms).unwrap();
            let (hook, messages) = claimed.iter().find(|(hook, _)| hook.id == dead)?;
            let said = ("nobody is there", false);
            let next = store.event_failed(hook, &messages[0], &messages[1..], said, now_ms);
            Some((messages.len(), next.unwrap()))
        };
        assert_eq!(fail(Which::Well, now_ms), Some((50, 10_010)));
        let mut tries = 1;
        let mut gone = 0;
        while gone < 3 {
            happens(store, "cafe", 1, now_ms);
            assert_eq!(claim(store, Which::Well, now_ms), [(well, vec![1])]);
            let newest: Result<i64, DatabaseError> = store.write(Lock::Screens(&[]), |tx| {
                let newest = "SELECT max(id) FROM event_messages WHERE hook = ?1";
                tx.value(newest, values![well])
            });
            store.events_sent(well, &[newest.unwrap()], now_ms).unwrap();
            let Some((count, next_ms)) = fail(Which::Failing, now_ms) else {
                now_ms += 10_000;
                continue;
            };
            assert_eq!(count, 1);
            assert!(next_ms - now_ms <= 3 * HOUR_MS);
            tries += 1;
            gone = store.dead_events(&Scope::ALL, dead, 10).unwrap().len();
            now_ms = next_ms;
        }
        assert_eq!(tries, 3 * 8, "each is tried eight times");
        // Nobody wants to hear of it after three days.
        now_ms += 4 * DAY_MS;
        assert!(fail(Which::Failing, now_ms).is_none());
        let hook = store.event_hook(&Scope::ALL, dead).unwrap().unwrap();
        assert_eq!((hook.waiting, hook.given_up), (0, 1_000));
        let one = store.dead_events(&Scope::ALL, dead, 1).unwrap()[0].message;
        let actor = Actor::COMMAND_LINE;
        let again = |message| store.send_events_again(&actor, dead, message, now_ms);
        assert_eq!(again(Some(one)).unwrap(), 1);
        assert_eq!(again(None).unwrap(), 999);
        assert_eq!(
            fail(Which::Failing, now_ms).map(|(count, _)| count),
            Some(1)
        );
    });
}
