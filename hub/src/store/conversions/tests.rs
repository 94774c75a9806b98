//! What a shop says counts once, where its click came from, and for what it is worth.

use passerby_protocol::{CampaignId, Digest};

use crate::conversions::{Money, Proof, REFUND, Said};
use crate::people::{Actor, Scope};
use crate::store::rollups::tests::{Step, Street};
use crate::store::testing::on_each_database;
use crate::store::{
    ConversionError, ConversionKeyError, KEYS_OF_CAMPAIGN_MAX, KINDS_OF_CAMPAIGN_MAX, Store,
    TakenConversion,
};
use crate::system::clock::{DAY_MS, HOUR_MS};

fn campaign() -> CampaignId {
    "cafe".parse().unwrap()
}

fn said(id: &str, click: Option<&str>, value: &str) -> Said {
    Said {
        id: id.to_owned(),
        kind: "purchase".to_owned(),
        click: click.map(str::to_owned),
        money: Some(Money::parse(value, "CNY").unwrap()),
        at_ms: None,
        order: id.to_owned(),
    }
}

fn refund(id: &str, order: &str, value: Option<&str>) -> Said {
    Said {
        kind: REFUND.to_owned(),
        money: value.map(|value| Money::parse(value, "CNY").unwrap()),
        order: order.to_owned(),
        ..said(id, None, "0")
    }
}

/// A street in which one visitor has pressed a button; their click.
fn pressed(street: &mut Street) -> String {
    for step in [
        Step::Scan {
            screen: 0,
            play: 5,
            visitor: 1,
            grade: 0,
            at: 47,
        },
        Step::Open {
            link: 0,
            visitor: 1,
            grade: 0,
        },
        Step::Press {
            link: 0,
            visitor: 1,
        },
    ] {
        street.take(&step);
    }
    street.clicks.first().expect("a click").clone()
}

fn take(street: &Street, said: &Said, proof: Proof) -> Result<TakenConversion, ConversionError> {
    let store = &street.store;
    store.take_conversion(&campaign(), said, proof, street.now_ms)
}

/// How many count, and what they are worth.
fn counted(store: &Store) -> (u64, String) {
    assert_eq!(store.recount().unwrap(), []);
    let counts = store.report().unwrap().conversions;
    assert_eq!(store.recount().unwrap(), []);
    (counts.tally.total, counts.value.to_string())
}

#[test]
fn a_conversion_that_comes_three_times_counts_once_and_another_one_with_its_id_not() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let click = pressed(&mut street);
        let order = said("order-1", Some(&click), "59.00");
        let first = take(&street, &order, Proof::Key).unwrap();
        assert!(first.is_new && first.has_click);
        for _ in 0..2 {
            let again = take(&street, &order, Proof::Key).unwrap();
            assert_eq!((again.id, again.is_new), (first.id, false));
        }
        for other in [
            said("order-1", Some(&click), "58.00"),
            said("order-1", None, "59.00"),
            Said {
                kind: "sign-up".to_owned(),
                ..order.clone()
            },
            Said {
                money: None,
                ..order
            },
        ] {
            let refused = take(&street, &other, Proof::Key).unwrap_err();
            assert!(matches!(refused, ConversionError::Different), "{refused}");
        }
        assert_eq!(counted(&street.store), (1, "CNY 59.00".to_owned()));
        let lines = street
            .store
            .conversion_list(&campaign(), &Scope::ALL, None, 10)
            .unwrap()
            .unwrap();
        let line = &lines[0];
        assert_eq!(lines.len(), 1);
        assert_eq!(line.screen, Some(street.screens[0].get()));
        assert_eq!((line.play, line.generation), (Some(5), Some(0)));
        assert_eq!(line.creative, Some(Digest([7; 32]).to_string()));
        assert!(line.scanned_ms.is_some() && line.pressed_ms.is_some());
        assert_eq!(line.played_ms, None, "the play has not arrived");
    });
}

#[test]
fn a_conversion_without_a_known_click_stands_apart_and_is_lost_for_nobody() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        pressed(&mut street);
        let unknown = "0".repeat(32);
        for (id, click) in [
            ("1", None),
            ("2", Some("x y")),
            ("3", Some(unknown.as_str())),
        ] {
            let taken = take(&street, &said(id, click, "1.00"), Proof::Key).unwrap();
            assert!(taken.is_new && !taken.has_click);
        }
        assert_eq!(counted(&street.store), (0, String::new()));
        let counts = street.store.report().unwrap().conversions;
        assert_eq!(counts.without_click.total, 3);
        assert_eq!(counts.without_click.value.to_string(), "CNY 3.00");
    });
}

#[test]
fn what_anybody_may_say_is_marked_counts_once_a_click_and_gives_way_to_the_shop() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let click = pressed(&mut street);
        let open = |id: &str, click: Option<&str>, value: &str| {
            take(&street, &said(id, click, value), Proof::OpenLink)
        };
        assert!(open("squatted", Some(&click), "1.00").unwrap().is_new);
        assert!(!open("squatted", Some(&click), "9.00").unwrap().is_new);
        for refused in [
            open("another", Some(&click), "1.00"),
            open("another", None, "1.00"),
        ] {
            assert!(matches!(refused.unwrap_err(), ConversionError::NoClick));
        }
        assert_eq!(counted(&street.store), (0, String::new()));
        let counts = street.store.report().unwrap().conversions;
        assert_eq!((counts.unsigned.total, counts.withdrawn), (1, 0));
        // Whoever guesses a shop's next order number keeps its order out of nothing.
        let own = said("squatted", Some(&click), "59.00");
        assert!(take(&street, &own, Proof::Key).unwrap().is_new);
        assert_eq!(counted(&street.store), (1, "CNY 59.00".to_owned()));
        let counts = street.store.report().unwrap().conversions;
        assert_eq!(counts.unsigned.total, 0);
        let linked = take(&street, &said("squatted", None, "1"), Proof::SignedLink);
        assert!(!linked.unwrap().is_new, "a link mends nothing");
    });
}

#[test]
fn what_is_taken_back_takes_off_where_its_order_was_counted() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let click = pressed(&mut street);
        let key = |said: &Said| take(&street, said, Proof::Key);
        key(&said("order-1", Some(&click), "59.00")).unwrap();
        key(&said("order-2", Some(&click), "10.00")).unwrap();
        assert!(key(&refund("r-1", "order-1", Some("9.00"))).unwrap().is_new);
        assert!(!key(&refund("r-1", "order-1", Some("9.00"))).unwrap().is_new);
        assert_eq!(counted(&street.store), (2, "CNY 60.00".to_owned()));
        let other = key(&refund("r-1", "order-1", Some("8.00"))).unwrap_err();
        assert!(matches!(other, ConversionError::Different));
        let much = key(&refund("r-2", "order-1", Some("50.01"))).unwrap_err();
        assert!(matches!(much, ConversionError::TooMuch));
        let unknown = key(&refund("r-2", "order-9", None)).unwrap_err();
        assert!(matches!(unknown, ConversionError::UnknownOrder));
        // The same id as its order's, and no amount: all that is left.
        assert!(key(&refund("order-1", "order-1", None)).unwrap().is_new);
        assert!(!key(&refund("order-1", "order-1", None)).unwrap().is_new);
        let gone = key(&refund("r-3", "order-1", None)).unwrap_err();
        assert!(matches!(gone, ConversionError::TooMuch));
        assert_eq!(counted(&street.store), (1, "CNY 10.00".to_owned()));
        assert_eq!(street.store.report().unwrap().conversions.withdrawn, 1);
        let by_link = take(&street, &refund("r-4", "order-2", None), Proof::SignedLink);
        assert!(matches!(by_link.unwrap_err(), ConversionError::NeedsKey));
    });
}

#[test]
fn a_moment_that_cannot_be_is_refused_and_kinds_have_an_end() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let click = pressed(&mut street);
        let at = |at_ms: i64| Said {
            at_ms: Some(at_ms),
            ..said("order-1", Some(&click), "1")
        };
        let now_ms = street.now_ms;
        let refused = |said: &Said| take(&street, said, Proof::Key).unwrap_err();
        assert!(matches!(
            refused(&at(now_ms + HOUR_MS)),
            ConversionError::InFuture
        ));
        assert!(matches!(
            refused(&at(now_ms - HOUR_MS)),
            ConversionError::BeforeClick
        ));
        for at_ms in [now_ms - 401 * DAY_MS, -1, i64::MIN / 2] {
            assert!(matches!(refused(&at(at_ms)), ConversionError::TooOld));
        }
        // Shops' clocks may be a little off.
        assert!(take(&street, &at(now_ms + 60_000), Proof::Key).is_ok());
        for number in 1..KINDS_OF_CAMPAIGN_MAX {
            let kind = Said {
                kind: format!("kind-{number}"),
                ..said(&format!("of-{number}"), None, "1")
            };
            take(&street, &kind, Proof::Key).unwrap();
        }
        let more = Said {
            kind: "one-more".to_owned(),
            ..said("of-more", None, "1")
        };
        assert!(matches!(refused(&more), ConversionError::TooManyKinds));
    });
}

#[test]
fn figures_stay_when_the_play_comes_last_when_a_chain_ceases_to_count_and_when_rows_are_pruned() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let click = pressed(&mut street);
        take(&street, &said("order-1", Some(&click), "59.00"), Proof::Key).unwrap();
        let all = street.store.report().unwrap().conversions;
        street.take(&Step::Plays {
            screen: 0,
            boot: 0,
            plays: 7,
            anchor: Some(0),
            is_again: false,
        });
        assert_eq!(street.store.recount().unwrap(), []);
        // The screen's plays say that its code was not shown then, or was: either way it adds up.
        let judged = street.store.report().unwrap().conversions;
        assert_eq!(
            judged.tally.total + judged.uncounted.total,
            all.tally.total + all.uncounted.total
        );
        let before = street.store.report().unwrap().conversions;
        street.now_ms += 200 * DAY_MS;
        let pruned = street.store.prune(182, 180, street.now_ms, |_| {}).unwrap();
        assert_eq!(pruned.rows.of(crate::store::Table::Conversions), 1);
        assert_eq!(street.store.report().unwrap().conversions, before);
        assert_eq!(street.store.recount().unwrap(), []);
        let long_ago = Said {
            at_ms: Some(street.now_ms - 200 * DAY_MS),
            ..said("order-1", Some(&click), "59.00")
        };
        let again = take(&street, &long_ago, Proof::Key).unwrap_err();
        assert!(matches!(again, ConversionError::TooOld), "{again}");
        let gone = take(&street, &refund("r", "order-1", None), Proof::Key).unwrap_err();
        assert!(matches!(gone, ConversionError::UnknownOrder));
    });
}

#[test]
fn a_key_works_until_it_is_revoked_and_there_are_not_too_many() {
    on_each_database(|database| {
        let street = Street::new(database);
        let (store, now_ms, actor) = (&street.store, street.now_ms, Actor::COMMAND_LINE);
        let add = |name: &str, byte: u8| {
            store.add_conversion_key(&actor, &campaign(), name, (&[byte; 32], b"sealed"), now_ms)
        };
        let key = add("shop", 1).unwrap();
        assert!(matches!(
            add("shop", 2).unwrap_err(),
            ConversionKeyError::NameTaken
        ));
        let holder = store.conversion_key_holder(&[1; 32], now_ms).unwrap();
        let holder = holder.unwrap();
        assert_eq!((holder.key, holder.campaign), (key, campaign()));
        assert_eq!(store.conversion_key_holder(&[9; 32], now_ms).unwrap(), None);
        assert_eq!(store.sealed_link_secrets(&campaign()).unwrap().len(), 1);
        for _ in 0..2 {
            store
                .revoke_conversion_key(&actor, &campaign(), key, now_ms)
                .unwrap();
        }
        assert_eq!(store.conversion_key_holder(&[1; 32], now_ms).unwrap(), None);
        assert!(store.sealed_link_secrets(&campaign()).unwrap().is_empty());
        let other = "other".parse().unwrap();
        assert!(
            store
                .revoke_conversion_key(&actor, &other, key, now_ms)
                .is_err()
        );
        for number in 0..KEYS_OF_CAMPAIGN_MAX {
            let byte = u8::try_from(number + 10).unwrap();
            add(&format!("shop {number}"), byte).unwrap();
        }
        assert!(matches!(
            add("one more", 99).unwrap_err(),
            ConversionKeyError::TooMany
        ));
        let lines = store.conversion_keys(&campaign(), &Scope::ALL).unwrap();
        let lines = lines.unwrap();
        assert_eq!(lines.len(), KEYS_OF_CAMPAIGN_MAX + 1);
        assert!(lines.last().unwrap().revoked_ms.is_some());
        assert_eq!(
            lines.last().unwrap().used_ms,
            Some(now_ms / HOUR_MS * HOUR_MS)
        );
        assert!(
            store
                .conversion_keys(&other, &Scope::ALL)
                .unwrap()
                .is_none()
        );
    });
}
