use std::collections::BTreeSet;

use passerby_protocol::{CampaignId, Digest};

use crate::database::{Lock, values};
use crate::people::{Actor, Role, Scope};
use crate::store::testing::on_each_database;
use crate::store::{
    ChosenScreens, ClaimBy, DraftChange, DraftError, DraftState, FileClaim, NewDraft, NewFile,
    Store, StoreError,
};

const ADA: Actor = Actor::COMMAND_LINE;

fn id(name: &str) -> CampaignId {
    name.parse().unwrap()
}

fn file(name: &str, content: &str) -> NewFile {
    NewFile {
        name: name.to_owned(),
        digest: Digest::of(content.as_bytes()),
        size: content.len() as u64,
        media_type: "image/png",
    }
}

fn make(store: &Store, name: &str, files: &[NewFile]) {
    let new = NewDraft {
        text: "title = 'Jazz'\n".to_owned(),
        files: files.to_vec(),
        ..NewDraft::default()
    };
    store.make_draft(&ADA, &id(name), &new, 1_000).unwrap();
}

#[test]
fn a_change_is_made_to_what_its_maker_has_seen_or_refused_with_who_was_first() {
    on_each_database(|database| {
        let store = database.open();
        make(&store, "jazz", &[file("a.png", "a")]);
        let text = |text: &str| DraftChange {
            text: Some(text.to_owned()),
            ..DraftChange::default()
        };
        let next = store.change_draft(&ADA, &id("jazz"), Some(1), &text("title = 'B'\n"), 2_000);
        assert_eq!(next.unwrap(), 2);
        let late = store.change_draft(&ADA, &id("jazz"), Some(1), &text("title = 'C'\n"), 3_000);
        assert!(
            matches!(&late, Err(DraftError::Changed { by, at_ms: 2_000 }) if by == "command line"),
            "{late:?}"
        );
        let draft = store.draft(&id("jazz"), &Scope::ALL).unwrap().unwrap();
        assert_eq!(
            (draft.row.text.as_str(), draft.revision),
            ("title = 'B'\n", 2)
        );
        let change = DraftChange {
            add: vec![file("b.png", "b"), file("a.png", "other")],
            ..DraftChange::default()
        };
        store
            .change_draft(&ADA, &id("jazz"), None, &change, 4_000)
            .unwrap();
        let draft = store.draft(&id("jazz"), &Scope::ALL).unwrap().unwrap();
        let names: Vec<_> = draft
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.digest))
            .collect();
        assert_eq!(
            names,
            [("a.png", Digest::of(b"other")), ("b.png", Digest::of(b"b"))]
        );
        assert!(matches!(
            store.make_draft(&ADA, &id("jazz"), &NewDraft::default(), 1),
            Err(DraftError::Taken(_))
        ));
        store.delete_draft(&ADA, &id("jazz"), 5_000).unwrap();
        assert_eq!(store.draft(&id("jazz"), &Scope::ALL).unwrap(), None);
    });
}

#[test]
fn what_was_handed_in_waits_until_it_is_changed_or_sent_back() {
    on_each_database(|database| {
        let store = database.open();
        make(&store, "jazz", &[]);
        let state = || {
            let draft = store.draft(&id("jazz"), &Scope::ALL).unwrap().unwrap();
            (draft.row.state, draft.note)
        };
        store
            .submit_draft(&ADA, &id("jazz"), Some(1), "for Friday", 2)
            .unwrap();
        assert_eq!(state(), (DraftState::Submitted, "for Friday".to_owned()));
        assert_eq!(store.drafts_waiting(&Scope::ALL).unwrap(), 1);
        assert_eq!(
            store
                .drafts(Some(DraftState::Submitted), "", &Scope::ALL, 9)
                .unwrap()
                .len(),
            1
        );
        store
            .return_draft(&ADA, &id("jazz"), "too dark", 3)
            .unwrap();
        assert_eq!(state(), (DraftState::Draft, "too dark".to_owned()));
        assert!(matches!(
            store.return_draft(&ADA, &id("jazz"), "", 4),
            Err(DraftError::NotSubmitted)
        ));
        store.submit_draft(&ADA, &id("jazz"), None, "", 5).unwrap();
        store
            .change_draft(&ADA, &id("jazz"), None, &DraftChange::default(), 6)
            .unwrap();
        assert_eq!(state().0, DraftState::Draft);
        let verbs: Vec<String> = store
            .audit(None, "draft", 9)
            .unwrap()
            .into_iter()
            .map(|line| line.verb)
            .collect();
        assert_eq!(
            verbs,
            [
                "draft.change",
                "draft.submit",
                "draft.return",
                "draft.submit",
                "draft.make"
            ]
        );
    });
}

#[test]
fn nobody_has_to_do_with_drafts_of_other_groups() {
    on_each_database(|database| {
        let store = database.open();
        let north = Scope {
            screens: None,
            campaigns: Some(BTreeSet::from(["north".to_owned()])),
        };
        let agency = Actor::person(1, "agency".into(), Role::Contributor, north.clone());
        let of = |group: &str| NewDraft {
            group: group.to_owned(),
            ..NewDraft::default()
        };
        store
            .make_draft(&agency, &id("ours"), &of("north"), 1)
            .unwrap();
        let other = store.make_draft(&agency, &id("theirs"), &of("south"), 1);
        assert!(matches!(
            other,
            Err(DraftError::Store(StoreError::OutOfScope))
        ));
        store
            .make_draft(&ADA, &id("theirs"), &of("south"), 1)
            .unwrap();
        let seen: Vec<_> = store
            .drafts(None, "", &north, 9)
            .unwrap()
            .into_iter()
            .map(|row| row.campaign)
            .collect();
        assert_eq!(seen, [id("ours")]);
        assert_eq!(store.draft(&id("theirs"), &north).unwrap(), None);
        let change = store.change_draft(&agency, &id("theirs"), None, &DraftChange::default(), 2);
        assert!(matches!(
            change,
            Err(DraftError::Store(StoreError::OutOfScope))
        ));
        let targets = ChosenScreens {
            groups: BTreeSet::from(["cafés".to_owned()]),
            ..ChosenScreens::default()
        };
        assert_eq!(store.screens_for(&targets).unwrap(), Some(0));
        assert_eq!(store.screens_for(&ChosenScreens::default()).unwrap(), None);
    });
}

#[test]
fn a_file_goes_once_nobody_names_or_claims_it_and_is_not_named_while_it_goes() {
    on_each_database(|database| {
        let store = database.open();
        let (kept, gone) = (file("a.png", "kept"), file("b.png", "gone"));
        make(&store, "jazz", &[kept, gone.clone()]);
        assert_eq!(store.uses_of(gone.digest, &Scope::ALL).unwrap(), ["jazz"]);
        let remove = DraftChange {
            remove: vec!["b.png".to_owned()],
            ..DraftChange::default()
        };
        store
            .change_draft(&ADA, &id("jazz"), None, &remove, 1_000)
            .unwrap();
        let claimed = [FileClaim {
            digest: gone.digest,
            size: gone.size,
        }];
        let claim = |now_ms| store.claim_files(ClaimBy::Nobody, &claimed, now_ms);
        claim(1_000).unwrap();
        assert_eq!(store.drop_unnamed(2_000).unwrap(), []);
        let later_ms = 1_000 + 3_600_000;
        assert_eq!(store.drop_unnamed(later_ms).unwrap(), [gone.digest]);
        assert!(claim(later_ms).is_err());
        let add = DraftChange {
            add: vec![gone.clone()],
            ..DraftChange::default()
        };
        assert!(matches!(
            store.change_draft(&ADA, &id("jazz"), None, &add, later_ms),
            Err(DraftError::Claim(_))
        ));
        // A process that was killed here left it marked.
        assert_eq!(store.drop_unnamed(later_ms).unwrap(), [gone.digest]);
        store.forget_dropped(&[gone.digest]).unwrap();
        claim(later_ms).unwrap();
        store
            .change_draft(&ADA, &id("jazz"), None, &add, later_ms)
            .unwrap();
        let rows: i64 = store
            .write(Lock::Everything, |tx| {
                Ok::<_, StoreError>(tx.value("SELECT count(*) FROM creatives", values![])?)
            })
            .unwrap();
        assert_eq!(rows, 2);
    });
}
