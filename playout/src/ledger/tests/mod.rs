//! What a ledger keeps, over restarts, acknowledgements and older forms.

mod damage;
mod keeping;

use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, PlayContent};
use passerby_protocol::{Assignment, Digest};

use super::*;
use crate::content::catalog::ItemKey;
use crate::schedule::rotation::accounts::{Contender, WEIGHT_ONE};
use crate::schedule::rotation::{Booked, Class, VirtualTimes};
use crate::system::clock::Moment;

fn moment(boot_ms: u64, wall_ms: Option<i64>) -> Moment {
    Moment {
        boot: "boot-1".into(),
        boot_ms,
        wall_ms,
    }
}

fn play(ledger: &mut Ledger, boot_ms: u64, wall_ms: Option<i64>) -> NewPlay {
    NewPlay {
        number: ledger.next_number().expect("numbers"),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "cafe".into(),
            creative: Digest([1; 32]),
        },
        start: moment(boot_ms, wall_ms),
        visible_ms: 10_000,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    }
}

fn record(ledger: &mut Ledger, count: u64) {
    for at in 0..count {
        let new = play(ledger, at * 10_000, None);
        ledger
            .record(&new, "main", &mut History::default(), &Booked::default())
            .expect("records");
    }
}

fn open(folder: &Path) -> Ledger {
    Ledger::open(folder).expect("opens").0
}

#[test]
fn recorded_plays_are_there_after_a_restart_and_numbers_go_on_unused() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 3);
    let (epoch, used) = (ledger.epoch(), ledger.next_number().expect("numbers"));
    drop(ledger);
    let mut ledger = open(folder.path());
    assert_eq!(
        (ledger.epoch(), ledger.last_seq(), ledger.waiting()),
        (epoch, 3, 3)
    );
    assert!(ledger.next_number().expect("numbers") > used);
}

/// When each play was, as far as is known.
fn dates(ledger: &Ledger) -> Vec<Option<i64>> {
    let plays = ledger.plays_since(None).expect("reads");
    plays.iter().map(|play| play.wall_ms).collect()
}

#[test]
fn an_anchor_dates_earlier_plays_of_its_boot_and_no_others() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 2);
    assert!(dates(&ledger).iter().all(Option::is_none));
    ledger
        .anchor(&Anchor {
            boot: "boot-2".into(),
            boot_ms: 0,
            wall_ms: 5,
        })
        .expect("writes");
    assert!(dates(&ledger).iter().all(Option::is_none));
    ledger
        .anchor(&Anchor {
            boot: "boot-1".into(),
            boot_ms: 20_000,
            wall_ms: 1_800_000_020_000,
        })
        .expect("writes");
    assert_eq!(
        dates(&ledger),
        [Some(1_800_000_000_000), Some(1_800_000_010_000)]
    );
    assert_eq!(
        ledger
            .plays_since(Some(1_800_000_000_001))
            .expect("reads")
            .len(),
        1
    );
}

#[test]
fn the_cursor_goes_forward_on_acks_and_back_when_the_hub_lost_some() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 5);
    assert_eq!(ledger.acknowledge(4).expect("writes"), 4);
    assert_eq!(ledger.waiting_plays(10).expect("reads").0.len(), 1);
    assert_eq!(ledger.acknowledge(1).expect("writes"), 1);
    assert_eq!(
        ledger
            .waiting_plays(2)
            .expect("reads")
            .0
            .iter()
            .map(|play| play.seq)
            .collect::<Vec<_>>(),
        [2, 3]
    );
    assert_eq!(
        ledger.acknowledge(99).expect("writes"),
        5,
        "no hub can acknowledge what was never recorded"
    );
}

#[test]
fn a_quarantined_row_travels_empty_and_stays_in_its_place() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 3);
    ledger.quarantine(2).expect("writes");
    let (plays, _) = ledger.waiting_plays(10).expect("reads");
    assert_eq!(
        plays.iter().map(|play| play.seq).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(
        (plays[1].visible_ms, plays[1].content.campaign.as_str()),
        (0, "quarantined")
    );
}

#[test]
fn the_hubs_high_water_mark_raises_numbers_for_good() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let floor = PlayNumber::new(PlayNumber::MAX - 10).expect("in range");
    ledger.raise_numbers(floor).expect("writes");
    drop(ledger);
    let mut ledger = open(folder.path());
    assert_eq!(ledger.next_number().expect("numbers"), floor);
    for _ in 0..10 {
        ledger.next_number().expect("numbers");
    }
    assert!(matches!(
        ledger.next_number(),
        Err(LedgerError::NumbersExhausted)
    ));
}

#[test]
fn a_folder_that_cannot_be_written_gets_one_clear_error() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").expect("writes");
    let error = Ledger::open(&file)
        .err()
        .expect("a file is no folder")
        .to_string();
    assert!(
        error.contains("ledger.sqlite") && error.contains("data.dir"),
        "{error}"
    );
}

/// A zone's history in which `aired` was booked once, while both could air.
fn booked(history: &mut History, aired: usize, length_ms: u64) {
    let accounts = &mut history.accounts;
    let contenders = ["a", "b"].map(|name| Contender {
        account: accounts.open(&ItemKey::from(name.to_owned())),
        rate: WEIGHT_ONE,
        length_ms,
        floats: false,
    });
    accounts.book(Class::Scheduled, &contenders, aired, length_ms);
}

/// Who airs next.
fn next_of(mut history: History) -> Option<usize> {
    let accounts = &mut history.accounts;
    let contenders = ["a", "b"].map(|name| Contender {
        account: accounts.open(&ItemKey::from(name.to_owned())),
        rate: WEIGHT_ONE,
        length_ms: 10_000,
        floats: false,
    });
    let ranks = accounts.ranks(Class::Scheduled, &contenders);
    (0..contenders.len()).min_by_key(|&at| ranks[at])
}

#[test]
fn shares_are_what_they_were_before_the_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let mut history = History::default();
    booked(&mut history, 0, 10_000);
    let new = play(&mut ledger, 0, None);
    ledger
        .record(&new, "main", &mut history, &Booked::default())
        .expect("records");
    drop(ledger);
    let history = open(folder.path()).history("main").expect("reads");
    assert_eq!(next_of(history), Some(1));
}

#[test]
fn each_zone_keeps_its_own_account_and_zones_that_are_gone_are_forgotten() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let (mut main, mut ticker) = (History::default(), History::default());
    for turn in 0..3 {
        for (zone, history, aired) in [("main", &mut main, 0), ("ticker", &mut ticker, 1)] {
            booked(history, aired, 10_000);
            let new = play(&mut ledger, turn * 10_000, None);
            ledger
                .record(&new, zone, history, &Booked::default())
                .expect("records");
        }
    }
    drop(ledger);
    let mut ledger = open(folder.path());
    let virtual_times = |ledger: &Ledger, zone| {
        ledger
            .history(zone)
            .expect("reads")
            .accounts
            .virtual_times()
    };
    assert_eq!(
        virtual_times(&ledger, "main"),
        main.accounts.virtual_times()
    );
    assert_eq!(
        virtual_times(&ledger, "ticker"),
        ticker.accounts.virtual_times()
    );
    assert_eq!(next_of(ledger.history("main").expect("reads")), Some(1));
    assert_eq!(next_of(ledger.history("ticker").expect("reads")), Some(0));
    ledger.keep_zones(&["main"]).expect("forgets");
    assert_eq!(
        virtual_times(&ledger, "main"),
        main.accounts.virtual_times()
    );
    assert_eq!(virtual_times(&ledger, "ticker"), VirtualTimes::default());
}

#[test]
fn a_ledger_of_an_older_form_keeps_its_plays() {
    let older = [
        "PRAGMA user_version = 0;
         CREATE TABLE shares (item TEXT PRIMARY KEY, finish INTEGER NOT NULL) STRICT, WITHOUT ROWID;
         INSERT INTO shares VALUES ('local cafe/0', 7000);
         INSERT INTO meta VALUES ('virtual_now', 5000);",
        "PRAGMA user_version = 1;
         CREATE TABLE zones (zone TEXT PRIMARY KEY, virtual_now INTEGER NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE shares (
             zone TEXT NOT NULL, item TEXT NOT NULL, finish INTEGER NOT NULL, PRIMARY KEY (zone, item)
         ) STRICT, WITHOUT ROWID;
         INSERT INTO zones VALUES ('main', 5000);
         INSERT INTO shares VALUES ('main', 'local cafe/0', 7000);",
        "PRAGMA user_version = 2;",
    ];
    for form in older {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("ledger.sqlite");
        {
            let mut ledger = open(folder.path());
            record(&mut ledger, 2);
        }
        let old = Connection::open(&path).expect("opens");
        old.execute_batch(
            "DROP TABLE accounts; DROP TABLE turns; DROP TABLE airings; DROP TABLE zones; DROP TABLE gaps;
             ALTER TABLE plays DROP COLUMN display;",
        )
        .and_then(|()| old.execute_batch(form))
        .expect("goes back to an older form");
        drop(old);
        for _ in 0..2 {
            let mut ledger = open(folder.path());
            let plays = ledger.last_seq();
            assert!(plays >= 2);
            assert_eq!(
                ledger
                    .history("main")
                    .expect("reads")
                    .accounts
                    .virtual_times(),
                VirtualTimes::default()
            );
            let new = play(&mut ledger, 50_000, None);
            let recorded = ledger.record(&new, "side", &mut History::default(), &Booked::default());
            assert_eq!(recorded.expect("records"), Some(plays + 1));
        }
        let newer = Connection::open(&path).expect("opens");
        newer
            .pragma_update(None, "user_version", 99)
            .expect("writes");
        drop(newer);
        let error = Ledger::open(folder.path()).err().expect("is refused");
        assert!(error.to_string().contains("newer Passerby"), "{error}");
    }
}

#[test]
fn a_row_that_is_set_aside_travels_with_an_outcome_that_every_hub_knows() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let mut new = play(&mut ledger, 0, None);
    new.outcome = Outcome::Poster;
    ledger
        .record(&new, "main", &mut History::default(), &Booked::default())
        .expect("records");
    ledger.quarantine(1).expect("sets aside");
    let (plays, _) = ledger.waiting_plays(10).expect("reads");
    assert_eq!(plays[0].outcome, Outcome::CutShort);
}

#[test]
fn a_ledger_that_goes_on_under_another_epoch_keeps_what_the_hub_does_not_have() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 6);
    ledger.acknowledge(2).expect("writes");
    let before = ledger.plays_since(None).expect("reads");
    let (epoch, next) = (ledger.epoch(), ledger.next_number().expect("numbers"));
    ledger.begin_anew_at(5).expect("begins anew");
    for _ in 0..2 {
        assert_ne!(ledger.epoch(), epoch);
        assert_eq!((ledger.last_seq(), ledger.acked_through()), (2, 0));
        let after = ledger.plays_since(None).expect("reads");
        for (at, (old, new)) in before[4..].iter().zip(&after).enumerate() {
            assert_eq!(new.play.seq, at as u64 + 1);
            assert_eq!(
                (old.play.number, &old.play.boot, old.play.start_boot_ms),
                (new.play.number, &new.play.boot, new.play.start_boot_ms)
            );
        }
        assert_eq!(after.len(), 2);
        drop(ledger);
        ledger = open(folder.path());
    }
    assert!(ledger.next_number().expect("numbers") > next);
    record(&mut ledger, 1);
    assert_eq!(ledger.last_seq(), 3);
}

#[test]
fn a_hub_moves_the_numbers_on_but_does_not_use_them_up() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let first = ledger.next_number().expect("numbers");
    let number = |above: u32| PlayNumber::new(first.get() + above).expect("in range");
    ledger.follow_numbers(number(1_000)).expect("writes");
    assert_eq!(ledger.next_number().expect("numbers"), number(1_000));
    ledger
        .follow_numbers(PlayNumber::new(PlayNumber::MAX).expect("in range"))
        .expect("is not believed");
    ledger.follow_numbers(number(5)).expect("knows better");
    assert_eq!(ledger.next_number().expect("numbers"), number(1_001));
}
