use passerby_protocol::{CampaignId, Digest};

use crate::people::{Actor, Role, Scope};
use crate::publish::conversion::Reason;
use crate::store::testing::on_each_database;
use crate::store::{
    CLAIM_MS, ClaimedFilm, Draft, DraftChange, DraftError, FILMS_OF_ONE_MAX, FilmState, MadeFilm,
    NewDraft, NewFile, Store,
};

fn id(name: &str) -> CampaignId {
    name.parse().unwrap()
}

fn film(name: &str, content: &str) -> NewFile {
    NewFile {
        name: name.to_owned(),
        digest: Digest::of(content.as_bytes()),
        size: content.len() as u64,
        media_type: "video/quicktime",
    }
}

fn person(number: i64) -> Actor {
    Actor::person(
        number,
        format!("person {number}"),
        Role::Publisher,
        Scope::ALL,
    )
}

fn make(store: &Store, actor: &Actor, name: &str, files: &[NewFile]) {
    let new = NewDraft {
        files: files.to_vec(),
        ..NewDraft::default()
    };
    store.make_draft(actor, &id(name), &new, 1_000).unwrap();
}

fn draft(store: &Store, name: &str) -> Draft {
    store.draft(&id(name), &Scope::ALL).unwrap().unwrap()
}

fn claim(store: &Store, claim: &str, now_ms: i64) -> ClaimedFilm {
    store.claim_film(claim, now_ms).unwrap().unwrap()
}

fn made(content: &str) -> MadeFilm<'static> {
    MadeFilm {
        digest: Digest::of(content.as_bytes()),
        size: content.len() as u64,
        media_type: "video/mp4",
        told: "",
    }
}

#[test]
fn a_film_that_was_made_takes_the_place_of_what_came_and_is_known_again() {
    on_each_database(|database| {
        let store = database.open();
        let ada = person(1);
        let picture = NewFile {
            media_type: "image/png",
            ..film("a.png", "picture")
        };
        make(&store, &ada, "jazz", &[film("clip.mov", "old"), picture]);
        let before = draft(&store, "jazz");
        assert_eq!(before.films.len(), 1);
        assert!(before.has_open_films());
        let taken = claim(&store, "one", 2_000);
        assert_eq!((&*taken.name, taken.size), ("clip.mov", 3));
        assert!(store.claim_film("two", 2_000).unwrap().is_none());
        let reasons = [Reason::Codec, Reason::Hdr];
        assert!(store.film_goes_on(&taken, (420, &reasons), 3_000).unwrap());
        let running = &draft(&store, "jazz").films[0];
        assert_eq!((running.state, running.permille), (FilmState::Running, 420));
        assert_eq!(running.reasons, reasons);
        assert!(store.put_film(&taken, made("new"), 4_000).unwrap());
        let after = draft(&store, "jazz");
        assert_eq!(after.revision, before.revision);
        let clip = after.files.iter().find(|file| file.name == "clip.mov");
        assert_eq!(clip.unwrap().digest, Digest::of(b"new"));
        assert_eq!(after.films[0].state, FilmState::Made);
        assert!(!after.has_open_films());
        // The same film once more, in another draft, and what was made of it.
        make(
            &store,
            &ada,
            "blues",
            &[film("b.mov", "old"), film("c.mp4", "new")],
        );
        let again = draft(&store, "blues");
        assert!(
            again
                .files
                .iter()
                .all(|file| file.digest == Digest::of(b"new"))
        );
        assert!(!again.has_open_films());
        assert!(store.claim_film("three", 9_000).unwrap().is_none());
        // Nobody needs the original any more.
        let dropped = store.drop_unnamed(10_000).unwrap();
        assert_eq!(dropped, [Digest::of(b"old")]);
    });
}

#[test]
fn a_claim_that_nobody_renews_goes_to_the_next_and_counts_for_nothing_any_more() {
    on_each_database(|database| {
        let store = database.open();
        make(&store, &person(1), "jazz", &[film("clip.mov", "old")]);
        let lost = claim(&store, "one", 1_000);
        assert!(
            store
                .claim_film("two", 1_000 + CLAIM_MS - 1)
                .unwrap()
                .is_none()
        );
        assert!(store.film_goes_on(&lost, (1, &[]), 5_000).unwrap());
        assert!(store.claim_film("two", 1_000 + CLAIM_MS).unwrap().is_none());
        let next = claim(&store, "two", 5_000 + CLAIM_MS);
        assert_eq!(next.id, lost.id);
        assert!(!store.film_goes_on(&lost, (2, &[]), 30_000).unwrap());
        assert!(!store.put_film(&lost, made("other"), 30_000).unwrap());
        store.fail_film(&lost, "not mine", 30_000).unwrap();
        assert_eq!(draft(&store, "jazz").films[0].state, FilmState::Running);
        assert!(store.put_film(&next, made("new"), 30_000).unwrap());
        // Processes that end over a film do not go on for ever.
        make(&store, &person(1), "rock", &[film("b.mov", "bad")]);
        let mut now_ms = 40_000;
        let mut taken = 0;
        while store.claim_film("again", now_ms).unwrap().is_some() {
            taken += 1;
            now_ms += CLAIM_MS;
        }
        assert_eq!(taken, 5);
        let failed = &draft(&store, "rock").films[0];
        assert_eq!(failed.state, FilmState::Failed);
        assert!(failed.told.contains("several times"), "{}", failed.told);
    });
}

#[test]
fn a_film_that_is_left_comes_back_and_one_that_nobody_wants_is_called_off() {
    on_each_database(|database| {
        let store = database.open();
        let ada = person(1);
        make(
            &store,
            &ada,
            "jazz",
            &[film("a.mov", "a"), film("b.mov", "b")],
        );
        for round in 0..9 {
            let left = claim(&store, "one", 1_000 + round);
            store
                .leave_film(&left, "the disk is full", 1_001 + round)
                .unwrap();
        }
        let films = draft(&store, "jazz").films;
        assert!(films.iter().any(|film| film.told == "the disk is full"));
        let taken = claim(&store, "two", 2_000);
        let (campaign, other) = (id("jazz"), films.iter().find(|one| one.id != taken.id));
        let other = other.unwrap().id;
        store
            .call_film_off(&ada, (&campaign, other), 3_000)
            .unwrap();
        store
            .call_film_off(&ada, (&campaign, taken.id), 3_000)
            .unwrap();
        assert!(!store.film_goes_on(&taken, (9, &[]), 3_000).unwrap());
        assert!(!store.put_film(&taken, made("new"), 3_000).unwrap());
        assert!(!draft(&store, "jazz").has_open_films());
        assert!(matches!(
            store.call_film_off(&ada, (&campaign, other), 3_000),
            Err(DraftError::FilmElsewhere(FilmState::CalledOff))
        ));
        store
            .try_film_again(&ada, (&campaign, other), 4_000)
            .unwrap();
        assert!(draft(&store, "jazz").has_open_films());
        assert!(matches!(
            store.try_film_again(&ada, (&campaign, other), 4_000),
            Err(DraftError::FilmElsewhere(FilmState::Waiting))
        ));
        // Whoever has nothing to do with the draft has nothing to do with its films.
        let scope = Scope {
            screens: None,
            campaigns: Some(["north".to_owned()].into()),
        };
        let stranger = Actor::person(7, "Eve".into(), Role::Publisher, scope);
        let refused = store.call_film_off(&stranger, (&campaign, other), 4_000);
        assert!(matches!(refused, Err(DraftError::Store(_))), "{refused:?}");
        // Taken out of the draft, it is not made ready.
        let change = DraftChange {
            remove: vec!["a.mov".to_owned(), "b.mov".to_owned()],
            ..DraftChange::default()
        };
        store
            .change_draft(&ada, &campaign, None, &change, 5_000)
            .unwrap();
        assert!(store.claim_film("three", 6_000).unwrap().is_none());
        assert!(draft(&store, "jazz").films.is_empty());
    });
}

#[test]
fn people_have_their_turns_and_nobody_has_more_films_waiting_than_they_may() {
    on_each_database(|database| {
        let store = database.open();
        let many: Vec<NewFile> = (0..FILMS_OF_ONE_MAX)
            .map(|at| film(&format!("{at}.mov"), &format!("of one {at}")))
            .collect();
        make(&store, &person(1), "many", &many);
        let more = DraftChange {
            add: vec![film("more.mov", "more")],
            ..DraftChange::default()
        };
        let refused = store.change_draft(&person(1), &id("many"), None, &more, 2_000);
        assert!(
            matches!(refused, Err(DraftError::TooManyFilms)),
            "{refused:?}"
        );
        make(&store, &person(2), "one", &[film("own.mov", "own")]);
        let first = claim(&store, "a", 3_000);
        assert_eq!(first.campaign, id("many"));
        store.keep_film(&first, 3_001).unwrap();
        let second = claim(&store, "b", 3_002);
        assert_eq!(second.campaign, id("one"));
        store.keep_film(&second, 3_003).unwrap();
        assert_eq!(claim(&store, "c", 3_004).campaign, id("many"));
        // What is known to be well is not looked at once more.
        let own = DraftChange {
            add: vec![film("own.mov", "own")],
            ..DraftChange::default()
        };
        store
            .change_draft(&person(2), &id("one"), None, &own, 4_000)
            .unwrap();
        assert!(!draft(&store, "one").has_open_films());
    });
}
