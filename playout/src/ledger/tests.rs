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
            .record(&new, &mut FairShare::default())
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

#[test]
fn an_anchor_dates_earlier_plays_of_its_boot_and_no_others() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 2);
    assert!(
        ledger
            .plays_since(None)
            .expect("reads")
            .iter()
            .all(|play| play.wall_ms.is_none())
    );
    ledger
        .anchor(&Anchor {
            boot: "boot-2".into(),
            boot_ms: 0,
            wall_ms: 5,
        })
        .expect("writes");
    assert!(
        ledger
            .plays_since(None)
            .expect("reads")
            .iter()
            .all(|play| play.wall_ms.is_none())
    );
    ledger
        .anchor(&Anchor {
            boot: "boot-1".into(),
            boot_ms: 20_000,
            wall_ms: 1_800_000_020_000,
        })
        .expect("writes");
    let dates: Vec<Option<i64>> = ledger
        .plays_since(None)
        .expect("reads")
        .iter()
        .map(|play| play.wall_ms)
        .collect();
    assert_eq!(dates, [Some(1_800_000_000_000), Some(1_800_000_010_000)]);
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
    ledger.record(&new, &mut shares).expect("records");
    drop(ledger);
    assert_eq!(
        open(folder.path()).shares().expect("reads").pick(&claims),
        Some(1)
    );
}
