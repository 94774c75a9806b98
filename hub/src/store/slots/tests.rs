use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use passerby_protocol::{CampaignId, Digest};

use crate::people::{Actor, Role, Scope};
use crate::store::testing::on_each_database;
use crate::store::{
    ChosenScreens, DraftChange, DraftError, NewDraft, NewFile, NewSlot, ScreenChange, SlotError,
    SlotFault, SlotKind, SlotState, Store, StoreError,
};
use crate::system::clock::{self, DAY_MS};

const OWNER: Actor = Actor::COMMAND_LINE;
/// 2026-12-01, at noon in UTC.
const NOW_MS: i64 = 1_796_126_400_000;

fn today() -> Date {
    clock::date_of(NOW_MS)
}

fn slot(name: &str) -> NewSlot {
    NewSlot {
        name: name.to_owned(),
        campaign: name.parse().unwrap(),
        first: today().checked_add(2.days()).unwrap(),
        last: today().checked_add(9.days()).unwrap(),
        pieces_max: 2,
        kinds: BTreeSet::from([SlotKind::Picture]),
        targets: ChosenScreens::default(),
    }
}

fn id(name: &str) -> CampaignId {
    name.parse().unwrap()
}

fn file(name: &str) -> NewFile {
    NewFile {
        name: name.to_owned(),
        digest: Digest::of(name.as_bytes()),
        size: 1,
        media_type: "image/png",
    }
}

fn draft_of(slot: &NewSlot, files: &[&str]) -> NewDraft {
    let (from, until) = (slot.first, slot.last);
    NewDraft {
        text: format!("title = 'x'\n[[phase]]\nname = 'p'\nfrom = {from}\nuntil = {until}\n"),
        files: files.iter().map(|name| file(name)).collect(),
        group: slot.name.clone(),
        targets: slot.targets.clone(),
    }
}

/// Somebody who is held to the slots that they are given.
fn contributor(store: &Store, name: &str) -> i64 {
    let scope = Scope {
        screens: None,
        campaigns: Some(BTreeSet::new()),
    };
    let link = store
        .invite(&OWNER, Role::Contributor, &scope, NOW_MS)
        .unwrap();
    store.join(&link, name, "nobody's", NOW_MS).unwrap()
}

fn actor(store: &Store, person: i64) -> Actor {
    store.person(person).unwrap().unwrap().actor()
}

#[test]
fn a_contributor_hands_in_to_a_slot_of_theirs_while_it_is_open_and_to_nothing_else() {
    on_each_database(|database| {
        let store = database.open();
        let agency = contributor(&store, "agency");
        let new = slot("december");
        let number = store.open_slot(&OWNER, &new, Some(agency), NOW_MS).unwrap();
        let by = actor(&store, agency);
        assert_eq!(store.slots(by.scope(), None, 9).unwrap().len(), 1);
        store
            .make_draft(&by, &new.campaign, &draft_of(&new, &["a.png"]), NOW_MS)
            .unwrap();
        let other = store.make_draft(&by, &id("other"), &draft_of(&new, &[]), NOW_MS);
        assert!(
            matches!(other, Err(DraftError::Slot(SlotFault::NotItsCampaign))),
            "{other:?}"
        );
        let add = |names: &[&str]| DraftChange {
            add: names.iter().map(|name| file(name)).collect(),
            ..DraftChange::default()
        };
        let change = |by: &Actor, names: &[&str], now_ms| {
            store.change_draft(by, &new.campaign, None, &add(names), now_ms)
        };
        let film = change(&by, &["clip.mp4"], NOW_MS);
        assert!(
            matches!(&film, Err(DraftError::Slot(SlotFault::Kind(name))) if name == "clip.mp4"),
            "{film:?}"
        );
        let many = change(&by, &["b.png", "c.png"], NOW_MS);
        assert!(matches!(many, Err(DraftError::Slot(SlotFault::TooMany(2)))));
        change(&by, &["b.png"], NOW_MS).unwrap();
        let elsewhere = DraftChange {
            targets: Some(ChosenScreens {
                groups: BTreeSet::from(["cafés".to_owned()]),
                ..ChosenScreens::default()
            }),
            ..DraftChange::default()
        };
        let moved = store.change_draft(&by, &new.campaign, None, &elsewhere, NOW_MS);
        assert!(matches!(moved, Err(DraftError::Slot(SlotFault::Screens))));
        store
            .submit_draft(&by, &new.campaign, None, "", NOW_MS)
            .unwrap();
        let known = store.slot(number, by.scope()).unwrap().unwrap();
        assert_eq!((known.pieces, known.is_submitted), (2, true));
        // Its last day is over: the contributor changes nothing, and the publisher may.
        let later_ms = NOW_MS + 11 * DAY_MS;
        assert_eq!(known.state(clock::date_of(later_ms)), SlotState::Ended);
        let late = change(&by, &["b.png"], later_ms);
        assert!(matches!(late, Err(DraftError::Slot(SlotFault::Closed))));
        let deleted = store.delete_draft(&by, &new.campaign, later_ms);
        assert!(matches!(deleted, Err(DraftError::Slot(SlotFault::Closed))));
        change(&OWNER, &["b.png"], later_ms).unwrap();
        // Closed before its time.
        store.close_slot(&OWNER, number, NOW_MS).unwrap();
        let closed = store.submit_draft(&by, &new.campaign, None, "", NOW_MS);
        assert!(matches!(closed, Err(DraftError::Slot(SlotFault::Closed))));
        let verbs: Vec<String> = store
            .audit(None, "slot.", 9)
            .unwrap()
            .into_iter()
            .map(|line| line.verb)
            .collect();
        assert_eq!(verbs, ["slot.close", "slot.open"]);
    });
}

#[test]
fn what_would_air_outside_the_days_of_its_slot_is_not_handed_in() {
    on_each_database(|database| {
        let store = database.open();
        let agency = contributor(&store, "agency");
        let new = slot("december");
        store.open_slot(&OWNER, &new, Some(agency), NOW_MS).unwrap();
        let by = actor(&store, agency);
        store
            .make_draft(&by, &new.campaign, &draft_of(&new, &["a.png"]), NOW_MS)
            .unwrap();
        for (text, is_good) in [
            ("title = 'x'\n".to_owned(), false),
            (
                format!("title = 'x'\n[[phase]]\nname = 'p'\nfrom = {}\n", new.first),
                false,
            ),
            (
                format!(
                    "title = 'x'\n[[phase]]\nname = 'p'\nfrom = {}\nuntil = {}\n",
                    today(),
                    new.last
                ),
                false,
            ),
            (
                format!(
                    "title = 'x'\n[[phase]]\nname = 'p'\nfrom = {}\nuntil = {}\n",
                    new.last, new.last
                ),
                true,
            ),
        ] {
            let change = DraftChange {
                text: Some(text.clone()),
                ..DraftChange::default()
            };
            store
                .change_draft(&by, &new.campaign, None, &change, NOW_MS)
                .unwrap();
            let handed_in = store.submit_draft(&by, &new.campaign, None, "", NOW_MS);
            assert_eq!(handed_in.is_ok(), is_good, "{text}: {handed_in:?}");
        }
    });
}

#[test]
fn a_slot_is_opened_for_screens_of_ones_own_and_under_a_name_of_its_own() {
    on_each_database(|database| {
        let store = database.open();
        let (screen, _) = store.add_screen(&OWNER, "Exit B", NOW_MS).unwrap();
        let change = ScreenChange {
            group: Some(Some("south".to_owned())),
            ..ScreenChange::default()
        };
        store
            .change_screen(&OWNER, screen, &change, NOW_MS)
            .unwrap();
        let link = store
            .invite(
                &OWNER,
                Role::Publisher,
                &Scope {
                    screens: Some(BTreeSet::from(["north".to_owned()])),
                    campaigns: Some(BTreeSet::from(["north".to_owned()])),
                },
                NOW_MS,
            )
            .unwrap();
        let north = store.join(&link, "north", "nobody's", NOW_MS).unwrap();
        let by = actor(&store, north);
        let on = |screens: &[u32], groups: &[&str]| NewSlot {
            targets: ChosenScreens {
                screens: screens.iter().map(|_| screen).collect(),
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            },
            ..slot("ours")
        };
        for new in [on(&[], &[]), on(&[1], &[]), on(&[], &["south"])] {
            let opened = store.open_slot(&by, &new, None, NOW_MS);
            assert!(matches!(opened, Err(SlotError::OtherScreens)), "{new:?}");
        }
        let number = store
            .open_slot(&by, &on(&[], &["north"]), None, NOW_MS)
            .unwrap();
        // Whoever opened it has to do with it from then on.
        let now = actor(&store, north);
        assert!(store.slot(number, now.scope()).unwrap().is_some());
        let taken = store.open_slot(&OWNER, &slot("ours"), None, NOW_MS);
        assert!(matches!(taken, Err(SlotError::NameTaken(_))), "{taken:?}");
        let over = NewSlot {
            last: today().yesterday().unwrap(),
            first: today().yesterday().unwrap(),
            ..slot("over")
        };
        assert!(matches!(
            store.open_slot(&OWNER, &over, None, NOW_MS),
            Err(SlotError::Days)
        ));
        let publisher = store.open_slot(&OWNER, &slot("for-publishers"), Some(north), NOW_MS);
        assert!(matches!(publisher, Err(SlotError::Contributor)));
        let link = store.invite_to_slot(&now, number, NOW_MS).unwrap();
        let invited = store.join(&link, "new one", "nobody's", NOW_MS).unwrap();
        let invited = actor(&store, invited);
        assert_eq!(invited.role(), Role::Contributor);
        assert_eq!(store.slots(invited.scope(), None, 9).unwrap().len(), 1);
        assert!(matches!(
            store.close_slot(&invited, number + 1, NOW_MS),
            Err(SlotError::Store(StoreError::OutOfScope))
        ));
    });
}
