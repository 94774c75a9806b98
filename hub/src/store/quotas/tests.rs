use std::thread;

use passerby_protocol::Digest;

use crate::people::{Actor, Role, Scope};
use crate::store::testing::on_each_database;
use crate::store::{
    ClaimBy, ClaimError, FileClaim, NewDraft, NewFile, Quota, QuotaSubject, Room, Store,
    StoreError, Usage, Whose,
};

const NOBODY: Actor = Actor::COMMAND_LINE;

/// Somebody who has joined.
fn person(store: &Store, name: &str) -> Actor {
    let link = store
        .invite(&NOBODY, Role::Publisher, &Scope::ALL, 1)
        .unwrap();
    let id = store.join(&link, name, "nobody's", 1).unwrap();
    Actor::person(id, name.to_owned(), Role::Publisher, Scope::ALL)
}

fn claim(content: &str, size: u64) -> FileClaim {
    FileClaim {
        digest: Digest::of(content.as_bytes()),
        size,
    }
}

fn bring(store: &Store, actor: &Actor, content: &str, size: u64) -> Result<(), ClaimError> {
    store.claim_files(ClaimBy::of(actor), &[claim(content, size)], 1_000)
}

fn set(store: &Store, subject: QuotaSubject, bytes_max: Option<u64>, files_max: Option<u64>) {
    let quota = Quota {
        bytes_max,
        files_max,
    };
    store.set_quota(&NOBODY, subject, quota, 1).unwrap();
}

fn used(store: &Store, subject: QuotaSubject) -> Usage {
    let lines = store.quotas().unwrap();
    lines
        .iter()
        .find(|line| line.subject == subject)
        .unwrap()
        .used
}

/// Whose room was used up.
fn whose(refused: &Result<(), ClaimError>) -> Option<Whose> {
    match refused {
        Err(ClaimError::Full(fault)) => Some(fault.whose),
        _ => None,
    }
}

#[test]
fn what_somebody_brings_counts_once_to_them_and_to_the_hub_until_nobody_uses_it() {
    on_each_database(|database| {
        let store = database.open();
        let (ada, bob) = (person(&store, "Ada"), person(&store, "Bob"));
        let of = |actor: &Actor| QuotaSubject::Person(actor.person_id().unwrap());
        set(&store, QuotaSubject::Everybody, Some(100), None);
        bring(&store, &ada, "a", 60).unwrap();
        // The same again costs nothing, whoever brings it.
        bring(&store, &ada, "a", 60).unwrap();
        bring(&store, &bob, "a", 60).unwrap();
        assert_eq!(whose(&bring(&store, &ada, "b", 41)), Some(Whose::Person));
        bring(&store, &ada, "b", 40).unwrap();
        assert_eq!(store.room_for(&ada, None).unwrap().adding, Some(0));
        assert_eq!(store.room_for(&bob, None).unwrap().adding, Some(100));
        assert_eq!(store.room_for(&NOBODY, None).unwrap().adding, None);
        assert_eq!(
            used(&store, of(&ada)),
            Usage {
                bytes: 100,
                files: 2
            }
        );
        assert_eq!(used(&store, of(&bob)), Usage::default());
        assert_eq!(
            used(&store, QuotaSubject::Hub),
            Usage {
                bytes: 100,
                files: 2
            }
        );
        // A bound of their own takes the place of everybody's, also if it is none.
        set(&store, of(&ada), None, None);
        bring(&store, &ada, "c", 1_000).unwrap();
        store
            .forget_quota(&NOBODY, ada.person_id().unwrap(), 2)
            .unwrap();
        assert_eq!(whose(&bring(&store, &ada, "d", 1)), Some(Whose::Person));
        set(&store, QuotaSubject::Hub, Some(1_150), None);
        assert_eq!(store.room_for(&bob, None).unwrap().adding, Some(50));
        assert_eq!(whose(&bring(&store, &bob, "e", 60)), Some(Whose::Hub));
        assert_eq!(whose(&bring(&store, &NOBODY, "e", 60)), Some(Whose::Hub));
        set(&store, QuotaSubject::Hub, None, Some(3));
        assert_eq!(whose(&bring(&store, &bob, "e", 1)), Some(Whose::Hub));
        assert_eq!(store.room_for(&bob, None).unwrap().adding, Some(0));
        // What was claimed and never named goes, and is counted no more.
        let dropped = store.drop_unnamed(1_000 + 3_600_000).unwrap();
        assert_eq!(dropped.len(), 3);
        store.forget_dropped(&dropped).unwrap();
        assert_eq!(used(&store, QuotaSubject::Hub), Usage::default());
        assert_eq!(used(&store, of(&ada)), Usage::default());
        let nobody = store.set_quota(&NOBODY, QuotaSubject::Person(99), Quota::default(), 1);
        assert!(matches!(nobody, Err(StoreError::OutOfScope)), "{nobody:?}");
    });
}

#[test]
fn uploads_at_the_same_time_never_take_more_room_than_there_is() {
    on_each_database(|database| {
        let store = database.open();
        let ada = person(&store, "Ada");
        set(&store, QuotaSubject::Everybody, Some(1_000), Some(40));
        set(&store, QuotaSubject::Hub, Some(950), None);
        let taken: usize = thread::scope(|scope| {
            let uploads: Vec<_> = (0..4)
                .map(|thread| {
                    let (store, ada) = (&store, &ada);
                    scope.spawn(move || {
                        let tries = (0..15).map(|at| {
                            let content = format!("{thread} {at}");
                            match bring(store, ada, &content, 25) {
                                Ok(()) => 1,
                                Err(ClaimError::Full(_)) => 0,
                                Err(error) => panic!("{error}"),
                            }
                        });
                        tries.sum::<usize>()
                    })
                })
                .collect();
            uploads.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(taken, 38);
        assert_eq!(
            used(&store, QuotaSubject::Hub),
            Usage {
                bytes: 950,
                files: 38
            }
        );
    });
}

#[test]
fn a_slot_has_room_for_what_was_agreed_and_no_more() {
    on_each_database(|database| {
        let store = database.open();
        let day = crate::system::clock::date_of(1_000);
        let slot = crate::store::NewSlot {
            name: "agency".to_owned(),
            campaign: "agency".parse().unwrap(),
            first: day,
            last: day,
            pieces_max: 9,
            kinds: [crate::store::SlotKind::Picture].into(),
            targets: crate::store::ChosenScreens::default(),
        };
        let id = store.open_slot(&NOBODY, &slot, None, 1_000).unwrap();
        set(&store, QuotaSubject::Slot(id), Some(50), None);
        let file = |name: &str, content: &str| NewFile {
            name: name.to_owned(),
            digest: Digest::of(content.as_bytes()),
            size: 30,
            media_type: "image/png",
        };
        let new = NewDraft {
            files: vec![file("a.png", "a"), file("b.png", "a")],
            group: "agency".to_owned(),
            ..NewDraft::default()
        };
        store
            .make_draft(&NOBODY, &slot.campaign, &new, 1_000)
            .unwrap();
        assert_eq!(
            used(&store, QuotaSubject::Slot(id)),
            Usage {
                bytes: 30,
                files: 1
            }
        );
        // An upload is told before it is read, and one in place of what is there may take its room.
        let room =
            |into: Option<&passerby_protocol::CampaignId>| store.room_for(&NOBODY, into).unwrap();
        let of_slot = room(Some(&slot.campaign));
        assert_eq!(of_slot.adding, Some(20));
        assert_eq!((of_slot.bytes(false), of_slot.bytes(true)), (20, 50));
        assert_eq!(of_slot.whose, Some(Whose::Slot));
        assert_eq!(room(None), Room::default());
        assert_eq!(room(Some(&"other".parse().unwrap())), Room::default());
        set(&store, QuotaSubject::Hub, Some(60), None);
        let of_both = room(Some(&slot.campaign));
        assert_eq!(
            (of_both.bytes(false), of_both.whose),
            (20, Some(Whose::Slot))
        );
        set(&store, QuotaSubject::Slot(id), Some(50), Some(1));
        assert_eq!(room(Some(&slot.campaign)).bytes(false), 0);
        set(&store, QuotaSubject::Hub, None, None);
        set(&store, QuotaSubject::Slot(id), Some(50), None);
        let more = crate::store::DraftChange {
            add: vec![file("c.png", "c")],
            ..crate::store::DraftChange::default()
        };
        let refused = store.change_draft(&NOBODY, &slot.campaign, None, &more, 1_000);
        assert!(
            matches!(&refused, Err(crate::store::DraftError::Quota(fault)) if fault.whose == Whose::Slot),
            "{refused:?}"
        );
    });
}
