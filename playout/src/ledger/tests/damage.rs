//! Files that were damaged, and the power cut while one gives way to its successor.

use std::fs;

use passerby_protocol::plays::GapReason;

use super::*;

#[test]
fn a_damaged_file_is_set_aside_and_playing_goes_on_in_a_new_epoch() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 3);
    let epoch = ledger.epoch();
    drop(ledger);
    fs::write(
        folder.path().join("ledger.sqlite"),
        b"this is not a database at all, not even nearly one",
    )
    .expect("writes");
    let (mut ledger, note) = Ledger::open(folder.path()).expect("opens");
    assert_ne!(ledger.epoch(), epoch);
    assert!(note.expect("says so").contains("set aside"));
    record(&mut ledger, 1);
    let aside = fs::read_dir(folder.path())
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

/// Overwrites every page of the file from `first` on, but for each `spared`th.
fn damage(file: &Path, first: usize, spared: usize) {
    const PAGE: usize = 1_024;
    let mut bytes = fs::read(file).expect("reads");
    for (at, page) in bytes.chunks_mut(PAGE).enumerate().skip(first) {
        if at % spared != 0 {
            page.fill(0xA5);
        }
    }
    fs::write(file, bytes).expect("writes");
}

#[test]
fn plays_of_a_damaged_file_that_can_be_read_come_over_once_with_their_numbers_and_dates() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let wall_ms = 1_800_000_000_000;
    let count = 3_000;
    let mut numbers = Vec::new();
    for at in 0..count {
        let new = play(
            &mut ledger,
            at * 10_000,
            Some(wall_ms + i64::try_from(at).expect("small") * 10_000),
        );
        numbers.push(new.number);
        ledger
            .record(&new, "main", &mut History::default(), &Booked::default())
            .expect("records");
    }
    ledger.acknowledge(1_000).expect("acknowledges");
    ledger.see_manifest(7).expect("keeps");
    let (epoch, next) = (ledger.epoch(), ledger.next_number().expect("numbers"));
    drop(ledger);
    // A memory card that lost pages here and there, behind those that describe the tables.
    damage(&folder.path().join("ledger.sqlite"), 48, 3);

    let (mut ledger, note) = Ledger::open(folder.path()).expect("opens");
    let note = note.expect("says so");
    assert_ne!(ledger.epoch(), epoch);
    assert_eq!(
        (ledger.acked_through(), ledger.manifest_seen().ok()),
        (0, Some(7))
    );
    let plays = ledger.plays_since(None).expect("reads");
    let (kept, lost) = (plays.len() as u64, 2_000 - plays.len() as u64);
    assert!(kept > 300 && lost > 300, "{kept} kept, {lost} lost");
    assert!(
        note.contains(&format!("{kept} plays that were not yet on the hub")),
        "{note}"
    );
    assert!(
        ledger.dropped().expect("reads").abs_diff(lost) <= 200,
        "{note}"
    );
    let gaps = ledger.gaps().expect("reads");
    assert!(gaps.len() > 3, "here and there: {gaps:?}");
    let mut between = 0;
    for gap in &gaps {
        assert_eq!(
            (gap.reason, gap.from_boot_ms <= gap.until_boot_ms),
            (GapReason::Damaged, true)
        );
        let of = |seq: u64| {
            numbers
                .iter()
                .position(|number| {
                    *number == plays[usize::try_from(seq).expect("small") - 1].play.number
                })
                .expect("recorded") as u64
        };
        if gap.after_seq > 0 && gap.after_seq < kept {
            assert_eq!(
                gap.plays,
                of(gap.after_seq + 1) - of(gap.after_seq) - 1,
                "exactly those that are missing there"
            );
            assert_eq!(gap.boot, "boot-1");
            between += 1;
        }
    }
    assert!(between > 3);
    let mut before = None;
    for (seq, dated) in (1..).zip(&plays) {
        let at = numbers
            .iter()
            .position(|number| *number == dated.play.number);
        let at = at.expect("a number of one that was recorded");
        assert!(
            at >= 1_000 && before.is_none_or(|before| before < at),
            "once, in order"
        );
        before = Some(at);
        assert_eq!(dated.play.seq, seq, "no gaps");
        assert_eq!(dated.play.content.campaign, "cafe");
        let at_ms = i64::try_from(at).expect("small") * 10_000;
        assert_eq!(dated.wall_ms, Some(wall_ms + at_ms));
    }
    assert!(ledger.next_number().expect("numbers") > next, "never again");
    record(&mut ledger, 2);
    drop(ledger);
    let (ledger, note) = Ledger::open(folder.path()).expect("opens");
    assert_eq!((ledger.last_seq(), note), (kept + 2, None));
}

#[test]
fn a_power_cut_while_a_damaged_file_gives_way_to_its_successor_loses_neither() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 5);
    drop(ledger);
    let file = folder.path().join("ledger.sqlite");
    let next = folder.path().join("ledger.salvaged.sqlite");
    // The damaged file was renamed, its successor not yet.
    fs::rename(&file, &next).expect("renames");
    assert_eq!(open(folder.path()).last_seq(), 5);
    assert!(!next.exists());
    // A successor that was half made is made again.
    fs::write(&next, b"half").expect("writes");
    fs::write(&file, b"no database at all, from its first byte on").expect("writes");
    let (ledger, note) = Ledger::open(folder.path()).expect("opens");
    assert!(note.is_some_and(|note| note.contains("0 plays")));
    assert_eq!(ledger.last_seq(), 0);
}
