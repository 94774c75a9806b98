//! Batches that are packed, sent and read, and batches that are none.

use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;
use crate::plays::SET_ASIDE;
use crate::{Assignment, Digest};

fn plays() -> impl Strategy<Value = Vec<Play>> {
    let row = (
        0..=PlayNumber::MAX,
        0u8..3,
        0u8..2,
        0u64..1 << 40,
        0..=PLAY_MS_MAX,
        0..Outcome::ALL.len(),
        0..Display::ALL.len(),
    );
    (1u64..1 << 40, prop::collection::vec(row, 0..50)).prop_map(|(first_seq, rows)| {
        rows.into_iter()
            .zip(first_seq..)
            .map(
                |((number, content, boot, start_boot_ms, visible_ms, outcome, display), seq)| {
                    Play {
                        seq,
                        number: PlayNumber::new(number).expect("in range"),
                        content: PlayContent {
                            assignment: Assignment::new(u32::from(content)).expect("in range"),
                            campaign: format!("c{content}"),
                            creative: Digest([content; 32]),
                        },
                        boot: format!("boot{boot}"),
                        start_boot_ms,
                        visible_ms,
                        outcome: Outcome::ALL[outcome],
                        display: Display::ALL[display],
                    }
                },
            )
            .collect()
    })
}

proptest! {
    #![proptest_config(random_cases(256))]

    #[test]
    fn what_is_packed_unpacks_the_same(plays in plays()) {
        let batch = PlayBatch::pack(Epoch(1), &plays, Vec::new());
        let json = serde_json::to_vec(&batch).expect("serialises");
        let read: PlayBatch = serde_json::from_slice(&json).expect("reads back");
        prop_assert_eq!(read.unpack(), Ok(plays));
    }

    #[test]
    fn hostile_columns_are_refused_without_a_panic(numbers in prop::collection::vec(any::<i64>(), 0..5), starts in prop::collection::vec(any::<i64>(), 0..5), first_seq: u64) {
        let rows = numbers.len();
        let batch = PlayBatch {
            epoch: Epoch(1), first_seq, anchors: Vec::new(), known: Vec::new(), boots: vec!["b".into()], contents: Vec::new(),
            columns: Columns { number: numbers, content: vec![7; rows], boot: vec![0; rows], start_boot_ms: starts, visible_ms: vec![0; rows], outcome: vec![Outcome::Complete; rows], display: Vec::new() },
            gaps: Vec::new(), gone_through: 0,
        };
        let rows_taken = batch.unpack().map_or(0, |plays| plays.len());
        prop_assert_eq!(rows_taken, 0);
    }
}

#[test]
fn a_batch_has_the_gaps_before_its_own_rows_and_no_others() {
    let gap = |after_seq| Gap {
        after_seq,
        reason: GapReason::Full,
        plays: 3,
        boot: "b".into(),
        from_boot_ms: 1,
        until_boot_ms: 2,
    };
    let rows = [play_of(4), play_of(5)];
    let batch =
        PlayBatch::pack(Epoch(1), &rows, Vec::new()).with_gaps((0..9).map(gap).collect(), 7);
    assert_eq!(batch.gaps, [gap(3), gap(4)]);
    assert_eq!(batch.gone_through, 3);
    assert_eq!(batch.unpack().map(|plays| plays.len()), Ok(2));
    for wrong in [gap(2), gap(5), gap(u64::MAX)] {
        let mut batch = batch.clone();
        batch.gaps = vec![wrong];
        assert!(batch.unpack().is_err());
    }
}

#[test]
fn an_older_hub_gets_the_newest_anchor_of_each_boot_with_rows() {
    let anchor = |boot: &str, boot_ms| Anchor {
        boot: boot.into(),
        boot_ms,
        wall_ms: 1_800_000_000_000,
    };
    let mut anchors = vec![anchor("b", 1), anchor("b", 9), anchor("b", 5)];
    anchors.extend((0..40).map(|at| anchor(&format!("gone {at:02}"), 7)));
    let batch = PlayBatch::pack(Epoch(1), &[play_of(4)], anchors);
    assert_eq!(batch.anchors, [anchor("b", 9)]);
    let known: Vec<&str> = batch.known.iter().map(|known| &*known.boot).collect();
    assert_eq!(known.len(), 1 + BOOTS_REDATED_MAX);
    assert!(batch.unpack().is_ok());
    let by_boot = batch.anchors_by_boot(|boot_ms, _| boot_ms != 9);
    let points = |boot_ms| (boot_ms, 1_800_000_000_000);
    assert_eq!(by_boot["b"].points(), [points(1), points(5)]);
    assert_eq!(by_boot["gone 00"].points(), [points(7)]);

    let single = PlayBatch::pack(Epoch(1), &[play_of(4)], vec![anchor("b", 9)]);
    assert_eq!((single.anchors.len(), single.known.len()), (1, 0));
    let older: PlayBatch =
        serde_json::from_str(&serde_json::to_string(&single).expect("serialises"))
            .expect("reads back");
    assert_eq!(
        older.anchors_by_boot(|_, _| true)["b"].points(),
        [points(9)]
    );
}

/// What is read of a batch in which one list is too long by one, and of the same with the most
/// that it may have.
fn read_with(place: &str, entry: &str, most: usize) -> [Result<PlayBatch, String>; 2] {
    let batch = PlayBatch::pack(Epoch(1), &[play_of(4)], Vec::new());
    let whole = serde_json::to_value(batch).expect("serialises");
    [most + 1, most].map(|length| {
        let list = format!("[{}]", vec![entry; length].join(","));
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let mut whole = whole.clone();
        match place.strip_prefix("columns.") {
            Some(column) => whole["columns"][column] = list,
            None => whole[place] = list,
        }
        serde_json::from_str(&whole.to_string()).map_err(|error| error.to_string())
    })
}

#[test]
fn lists_that_are_too_long_are_refused_while_they_are_read() {
    let content = r#"{"assignment":0,"campaign":"","creative":"0000000000000000000000000000000000000000000000000000000000000000"}"#;
    let gap =
        r#"{"after_seq":0,"reason":0,"plays":0,"boot":"","from_boot_ms":0,"until_boot_ms":0}"#;
    for (place, entry, most) in [
        ("boots", r#""""#, BATCH_PLAYS_MAX),
        ("contents", content, BATCH_PLAYS_MAX),
        (
            "anchors",
            r#"{"boot":"","boot_ms":0,"wall_ms":0}"#,
            BATCH_PLAYS_MAX + 1,
        ),
        (
            "known",
            r#"{"boot":"","anchors":[]}"#,
            BATCH_PLAYS_MAX + BOOTS_REDATED_MAX,
        ),
        ("gaps", gap, BATCH_PLAYS_MAX * GapReason::ALL.len()),
        ("columns.number", "0", BATCH_PLAYS_MAX),
        ("columns.content", "0", BATCH_PLAYS_MAX),
        ("columns.boot", "0", BATCH_PLAYS_MAX),
        ("columns.start_boot_ms", "0", BATCH_PLAYS_MAX),
        ("columns.visible_ms", "0", BATCH_PLAYS_MAX),
        ("columns.outcome", "0", BATCH_PLAYS_MAX),
        ("columns.display", "0", BATCH_PLAYS_MAX),
    ] {
        let [too_many, as_many] = read_with(place, entry, most);
        let why = too_many.expect_err(place);
        assert!(
            why.contains(&format!("a list of at most {most}")),
            "{place}: {why}"
        );
        assert!(as_many.is_ok(), "{place}");
    }
    let known = |points: usize| {
        let points = vec!["[0,0]"; points].join(",");
        read_with(
            "known",
            &format!(r#"{{"boot":"","anchors":[{points}]}}"#),
            1,
        )[1]
        .is_ok()
    };
    assert!(known(BOOT_ANCHORS_MAX) && !known(BOOT_ANCHORS_MAX + 1));
}

#[test]
fn texts_that_are_too_long_are_refused_while_they_are_read() {
    let long = |bytes: usize| "x".repeat(bytes);
    for (place, entry, most) in [
        ("boots", r#""TEXT""#, BOOT_BYTES_MAX),
        (
            "anchors",
            r#"{"boot":"TEXT","boot_ms":0,"wall_ms":0}"#,
            BOOT_BYTES_MAX,
        ),
        ("known", r#"{"boot":"TEXT","anchors":[]}"#, BOOT_BYTES_MAX),
        (
            "gaps",
            r#"{"after_seq":0,"reason":0,"plays":0,"boot":"TEXT","from_boot_ms":0,"until_boot_ms":0}"#,
            BOOT_BYTES_MAX,
        ),
        (
            "contents",
            r#"{"assignment":0,"campaign":"TEXT","creative":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
            CAMPAIGN_BYTES_MAX,
        ),
    ] {
        let read = |bytes| read_with(place, &entry.replace("TEXT", &long(bytes)), 1)[1].clone();
        let why = read(most + 1).expect_err(place);
        assert!(why.contains("a text of at most"), "{place}: {why}");
        assert!(read(most).is_ok(), "{place}");
    }
}

fn play_of(seq: u64) -> Play {
    Play {
        seq,
        number: PlayNumber::new(1).expect("in range"),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "c".into(),
            creative: Digest([0; 32]),
        },
        boot: "b".into(),
        start_boot_ms: 0,
        visible_ms: 1,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    }
}

#[test]
fn names_that_could_write_over_a_report_are_refused_by_their_row_and_unseen_boots_with_the_batch() {
    let named = |campaign: &str, boot: &str| {
        let mut play = play_of(5);
        (play.content.campaign, play.boot) = (campaign.to_owned(), boot.to_owned());
        PlayBatch::pack(Epoch(1), &[play_of(4), play], Vec::new())
    };
    for good in ["三体 launch", "a", SET_ASIDE] {
        assert!(named(good, "b").unpack().is_ok(), "{good}");
    }
    for bad in [
        "",
        "\u{1b}[2J",
        "a\nplays 9",
        "a\u{9b}2J",
        "../x",
        &"x".repeat(65),
    ] {
        let refused = named(bad, "b").unpack();
        let row = BatchError::Row {
            seq: 5,
            reason: "campaign name",
        };
        assert_eq!(refused, Err(row), "{bad:?}");
    }
    for bad in ["\u{1b}c", "b\n", "b\u{202e}"] {
        let refused = named("a", bad).unpack();
        let row = BatchError::Row {
            seq: 5,
            reason: "boot id",
        };
        assert_eq!(refused, Err(row), "{bad:?}");
        let mut batch = named("a", "b");
        batch.anchors = vec![Anchor {
            boot: bad.to_owned(),
            boot_ms: 1,
            wall_ms: 1,
        }];
        assert!(matches!(batch.unpack(), Err(BatchError::Malformed(_))));
    }
}

#[test]
fn rows_after_a_gap_wait_for_the_next_batch() {
    let batch = PlayBatch::pack(Epoch(1), &[play_of(4), play_of(5), play_of(9)], Vec::new());
    assert_eq!(batch.unpack().expect("good").len(), 2);
}
