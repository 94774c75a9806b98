use super::*;
use passerby_protocol::Digest;

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
        content: Content {
            assignment: Assignment::NONE,
            campaign: "cafe".into(),
            creative: Digest([1; 32]),
        },
        start: moment(boot_ms, wall_ms),
        visible_ms: 10_000,
        outcome: Outcome::Complete,
    }
}

fn record(ledger: &mut Ledger, count: u64) {
    for at in 0..count {
        let new = play(ledger, at * 10_000, None);
        ledger
            .record(&new, "main", &mut FairShare::default())
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
fn a_damaged_file_is_set_aside_and_playing_goes_on_in_a_new_epoch() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 3);
    let epoch = ledger.epoch();
    drop(ledger);
    std::fs::write(
        folder.path().join("ledger.sqlite"),
        b"this is not a database at all, not even nearly one",
    )
    .expect("writes");
    let (mut ledger, note) = Ledger::open(folder.path()).expect("opens");
    assert_ne!(ledger.epoch(), epoch);
    assert!(note.expect("says so").contains("set aside"));
    record(&mut ledger, 1);
    let aside = std::fs::read_dir(folder.path())
        .expect("reads")
        .flatten()
        .any(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("ledger.damaged-")
        });
    assert!(aside);
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

#[test]
fn shares_are_what_they_were_before_the_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let keys = [ItemKey("a".into()), ItemKey("b".into())];
    let claims: Vec<crate::fairness::Claim<'_>> = keys
        .iter()
        .map(|key| crate::fairness::Claim {
            key,
            weight: 1,
            length_ms: 10_000,
        })
        .collect();
    let mut shares = FairShare::default();
    shares.book(&claims, 0, 10_000);
    let new = play(&mut ledger, 0, None);
    ledger.record(&new, "main", &mut shares).expect("records");
    drop(ledger);
    assert_eq!(
        open(folder.path())
            .shares("main")
            .expect("reads")
            .pick(&claims),
        Some(1)
    );
}

#[test]
fn each_zone_keeps_its_own_account_and_zones_that_are_gone_are_forgotten() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let keys = [ItemKey("a".into()), ItemKey("b".into())];
    let claim = |at: usize| crate::fairness::Claim {
        key: &keys[at],
        weight: 1,
        length_ms: 10_000,
    };
    let (mut main, mut ticker) = (FairShare::default(), FairShare::default());
    for turn in 0..3 {
        main.book(&[claim(0)], 0, 10_000);
        let new = play(&mut ledger, turn * 10_000, None);
        ledger.record(&new, "main", &mut main).expect("records");
        ticker.book(&[claim(1)], 0, 4_000);
        let new = play(&mut ledger, turn * 10_000, None);
        ledger.record(&new, "ticker", &mut ticker).expect("records");
    }
    drop(ledger);
    let mut ledger = open(folder.path());
    assert_eq!(ledger.shares("main").expect("reads"), main);
    assert_eq!(ledger.shares("ticker").expect("reads"), ticker);
    ledger.keep_zones(&["main"]).expect("forgets");
    assert_eq!(ledger.shares("main").expect("reads"), main);
    assert_eq!(
        ledger.shares("ticker").expect("reads"),
        FairShare::default()
    );
}

#[test]
fn a_ledger_of_the_first_form_keeps_its_plays_and_accounts() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("ledger.sqlite");
    {
        let mut ledger = open(folder.path());
        record(&mut ledger, 2);
    }
    let old = Connection::open(&path).expect("opens");
    old.execute_batch(
        "DROP TABLE shares; DROP TABLE zones; PRAGMA user_version = 0;
         CREATE TABLE shares (item TEXT PRIMARY KEY, finish INTEGER NOT NULL) STRICT, WITHOUT ROWID;
         INSERT INTO shares VALUES ('local cafe/0', 7000);
         INSERT INTO meta VALUES ('virtual_now', 5000);",
    )
    .expect("goes back to the first form");
    drop(old);
    let expected = FairShare::restore(5_000, [(ItemKey("local cafe/0".into()), 7_000)].into());
    for _ in 0..2 {
        let ledger = open(folder.path());
        assert_eq!(ledger.last_seq(), 2);
        assert_eq!(ledger.shares("main").expect("reads"), expected);
    }
    let newer = Connection::open(&path).expect("opens");
    newer
        .pragma_update(None, "user_version", 99)
        .expect("writes");
    drop(newer);
    let error = Ledger::open(folder.path()).err().expect("is refused");
    assert!(error.to_string().contains("newer Passerby"), "{error}");
}

#[test]
fn a_row_that_is_set_aside_travels_with_an_outcome_that_every_hub_knows() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let mut new = play(&mut ledger, 0, None);
    new.outcome = Outcome::Poster;
    ledger
        .record(&new, "main", &mut FairShare::default())
        .expect("records");
    ledger.quarantine(1).expect("sets aside");
    let (plays, _) = ledger.waiting_plays(10).expect("reads");
    assert_eq!(plays[0].outcome, Outcome::CutShort);
}
