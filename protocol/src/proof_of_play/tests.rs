use passerby_testing::random_cases;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::Assignment;
use crate::plays::GapReason;

const EPOCH: Epoch = Epoch(0xABC);

fn device(seed: u8) -> DeviceKey {
    DeviceKey::from_seed(&[seed; 32])
}

fn content(at: u8) -> PlayContent {
    PlayContent {
        assignment: Assignment::new(u32::from(at)).expect("in range"),
        campaign: format!("campaign {at}"),
        creative: Digest([at; 32]),
    }
}

/// What the plays of a proof are made of.
#[derive(Debug, Clone)]
struct Made {
    number: u32,
    content: PlayContent,
    boot: String,
    start_boot_ms: u64,
    visible_ms: u64,
    outcome: u8,
}

fn made(seq: u64) -> Made {
    Made {
        number: 5_000 + u32::try_from(seq).expect("small"),
        content: content(u8::try_from(seq % 3).expect("small")),
        boot: format!("boot-{}", seq / 4),
        start_boot_ms: seq * 10_000,
        visible_ms: 10_000,
        outcome: u8::try_from(seq % 5).expect("small"),
    }
}

fn row(seq: u64, made: &Made) -> PlayRow<'_> {
    PlayRow {
        seq,
        number: made.number,
        content: &made.content,
        boot: &made.boot,
        start_boot_ms: made.start_boot_ms,
        visible_ms: made.visible_ms,
        outcome: made.outcome,
        display: 1,
    }
}

fn sealed_at(seq: u64) -> Sealed {
    Sealed {
        boot: format!("boot-{}", seq / 4),
        boot_ms: (seq + 1) * 10_000,
        wall_ms: None,
    }
}

fn anchor(boot: u64) -> Anchor {
    Anchor {
        boot: format!("boot-{boot}"),
        boot_ms: 0,
        wall_ms: 1_800_000_000_000,
    }
}

fn gap(after_seq: u64) -> Gap {
    Gap {
        after_seq,
        reason: GapReason::Disk,
        plays: 7,
        boot: "boot-0".into(),
        from_boot_ms: 1,
        until_boot_ms: 2,
    }
}

/// Writes a proof of segments with so many plays each; of the first `left_out` of them only the
/// headers.
fn proof_of(
    segments: &[u64],
    left_out: usize,
    key: &DeviceKey,
    play: impl Fn(u64) -> Made,
) -> String {
    let mut text = head_line(EPOCH);
    let (mut previous, mut next, mut plays) = (NOTHING_BEFORE, 1, 0);
    for (at, &rows) in segments.iter().enumerate() {
        let (first_seq, last_seq) = (next, next + rows - 1);
        let mut hasher = SegmentHasher::new(EPOCH, first_seq, &previous);
        let mut lines = SegmentLines::default();
        for seq in first_seq..=last_seq {
            let made = play(seq);
            let play = row(seq, &made);
            lines.add(&play, hasher.add(&play));
        }
        let header = SegmentHeader {
            key: key.public(),
            epoch: EPOCH,
            screen: ScreenNumber::new(7),
            hub: Some("https://hub.example".into()),
            first_seq,
            last_seq,
            previous,
            hash: hasher.hash(),
            after: None,
            anchors: vec![anchor(0)],
            gaps: if at == 1 {
                vec![gap(first_seq - 1)]
            } else {
                Vec::new()
            },
            sealed: sealed_at(last_seq),
            open: at + 1 == segments.len(),
        };
        let sealed = SealedSegment::seal(header, key);
        previous = sealed.header.hash;
        next = last_seq + 1;
        if at < left_out {
            text += &header_line(SealedSegment {
                header: SegmentHeader { ..sealed.header },
                signature: sealed.signature,
            });
        } else {
            plays += rows;
            text += &lines.under(sealed, hasher.boots());
        }
    }
    let totals = Totals {
        key: key.public(),
        epoch: EPOCH,
        left_out: left_out as u64,
        segments: segments.len() as u64,
        plays,
        hash: previous,
        anchors: vec![anchor(0), anchor(1)],
        gaps: vec![gap(next - 1)],
        sealed: sealed_at(next - 1),
    };
    text + &final_line(totals, key)
}

fn proof() -> String {
    proof_of(&[4, 3, 5], 0, &device(1), made)
}

fn verify_with(text: &[u8], expected: &[PublicKey]) -> Verdict {
    let mut verifier = Verifier::new(expected, true);
    let ended = text.last() == Some(&b'\n');
    let lines = text.strip_suffix(b"\n").unwrap_or(text);
    if !text.is_empty() {
        for line in lines.split(|&byte| byte == b'\n') {
            if !verifier.line(line) {
                break;
            }
        }
    }
    verifier.finish(ended)
}

fn verify(text: &str) -> Verdict {
    verify_with(text.as_bytes(), &[])
}

/// What is wrong with a file, as lines of a report.
fn told(text: &str) -> Vec<String> {
    let faults = verify(text).faults;
    let tell = |fault: Fault| format!("line {}: {}", fault.line, fault.message);
    faults.into_iter().map(tell).collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_proof_that_was_left_alone_is_good_and_adds_up() {
    let verdict = verify(&proof());
    assert_eq!(verdict.faults, []);
    assert_eq!((verdict.first_seq, verdict.last_seq), (Some(1), Some(12)));
    assert_eq!(verdict.keys, [(device(1).public(), 12)]);
    assert_eq!(verdict.screens.len(), 1);
    let tally = &verdict.tally;
    assert_eq!((tally.all.plays, tally.all.visible_ms), (12, 120_000));
    assert_eq!(tally.by_campaign["campaign 1"].plays, 4);
    // Plays 1 to 7 are of the two boots that are dated; 8 to 12 of others.
    assert_eq!(tally.undated, 5);
    assert_eq!(tally.from_ms, Some(1_800_000_010_000));
    assert_eq!(tally.until_ms, Some(1_800_000_080_000));
    assert_eq!(verdict.gaps, [gap(4), gap(12)]);
}

#[test]
fn segments_may_be_left_out_at_the_beginning_and_are_said_to_be() {
    let verdict = verify(&proof_of(&[4, 3, 5], 2, &device(1), made));
    assert_eq!(verdict.faults, []);
    assert_eq!((verdict.first_seq, verdict.left_out), (Some(8), 2));
    let nothing = verify(&proof_of(&[], 0, &device(1), made));
    assert_eq!(nothing.faults, []);
    assert_eq!(nothing.tally.all.plays, 0);
}

proptest! {
    #![proptest_config(random_cases(2_000))]

    #[test]
    fn any_byte_that_changes_is_found(at: Index, flip in 1u8..=255) {
        let mut bytes = proof().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let verdict = verify_with(&bytes, &[]);
        prop_assert!(!verdict.is_good(), "byte {at}");
        prop_assert!(verdict.faults[0].line > 0);
    }

    #[test]
    fn any_byte_that_is_added_or_taken_out_is_found(at: Index, byte: u8, adds: bool) {
        let mut bytes = proof().into_bytes();
        let at = at.index(bytes.len());
        if adds {
            bytes.insert(at, byte);
        } else {
            bytes.remove(at);
        }
        prop_assert!(!verify_with(&bytes, &[]).is_good(), "byte {at}");
    }

    #[test]
    fn any_line_that_is_moved_doubled_or_taken_out_is_found(from: Index, to: Index, how in 0..3) {
        let mut lines = lines(&proof());
        let line = lines[from.index(lines.len())].clone();
        if how != 2 {
            lines.remove(from.index(lines.len()));
        }
        if how != 1 {
            let to = to.index(lines.len() + 1);
            lines.insert(to, line);
        }
        let text = joined(&lines);
        prop_assume!(text != proof());
        prop_assert!(!verify(&text).is_good(), "{text}");
    }

    #[test]
    fn a_file_that_ends_early_is_found(at: Index) {
        let bytes = proof().into_bytes();
        let at = at.index(bytes.len());
        prop_assert!(!verify_with(&bytes[..at], &[]).is_good(), "at {at}");
    }

    #[test]
    fn nothing_that_anybody_writes_makes_it_panic(text in "(\\[[0-9,\"a-f]{0,40}\\]|[ -~]{0,40}|\n){0,12}", head: bool) {
        let text = if head { head_line(EPOCH) + &text } else { text };
        let text = if head { text } else { text + "x" };
        let verdict = verify(&text);
        prop_assert!(!verdict.is_good());
    }

    #[test]
    fn every_particular_of_a_play_is_in_its_hash(change in 0..8) {
        let mut other = made(3);
        let before = row(3, &made(3)).leaf(EPOCH);
        let mut seq = 3;
        match change {
            0 => other.number += 1,
            1 => other.content.campaign.push('x'),
            2 => other.content.creative = Digest([9; 32]),
            3 => other.content.assignment = Assignment::NONE,
            4 => other.boot.push('x'),
            5 => other.start_boot_ms += 1,
            6 => other.visible_ms += 1,
            _ => seq += 1,
        }
        let assigned = change != 3 || made(3).content.assignment != Assignment::NONE;
        prop_assert_eq!(row(seq, &other).leaf(EPOCH) != before, assigned);
        prop_assert_ne!(row(3, &made(3)).leaf(Epoch(1)), before);
    }
}

#[test]
fn a_changed_play_is_named_with_its_line() {
    let changed = proof().replacen("[6,5006,", "[6,5996,", 1);
    assert_eq!(
        told(&changed),
        ["line 9: play 6 was changed after it was signed"]
    );
    // Whoever writes its check anew as well still has no signature for it.
    let mut other = made(6);
    other.visible_ms = 9_999;
    let forged = proof_of(&[4, 3, 5], 0, &device(1), |seq| {
        if seq == 6 { other.clone() } else { made(seq) }
    });
    let mut lines = lines(&proof());
    lines[8] = forged.lines().nth(8).expect("a play").to_owned();
    assert_eq!(
        told(&joined(&lines)),
        ["line 7: plays 5 to 7 are not those that were signed"]
    );
}

#[test]
fn what_is_missing_is_named_with_its_line() {
    let whole = lines(&proof());
    let without = |gone: std::ops::Range<usize>| {
        let mut lines = whole.clone();
        lines.drain(gone);
        told(&joined(&lines))
    };
    assert_eq!(
        without(8..9),
        ["line 9: play 6 is missing before this line; somebody took it out"]
    );
    assert_eq!(
        without(8..10),
        ["line 7: plays 6 to 7 are missing at the end of this segment; somebody took it out"]
    );
    assert_eq!(
        without(6..10)[0],
        "line 7: plays 5 to 7 are missing before this line; a segment was taken out"
    );
    assert!(without(16..17)[0].starts_with("line 16: the file ends here"));
    assert!(
        without(10..16)[0].starts_with("line 11: the proof was signed with 12 plays in 3 segments")
    );
    let mut lines = whole.clone();
    lines[8] = "[6,5006,0".to_owned();
    let faults = told(&joined(&lines));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("play 6 should be here"), "{faults:?}");
    lines = whole;
    lines.insert(8, "{}".to_owned());
    let faults = told(&joined(&lines));
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn a_segment_that_is_taken_out_with_its_totals_made_up_again_still_breaks_the_chain() {
    let (one, two) = (
        lines(&proof()),
        lines(&proof_of(&[4, 3, 5], 0, &device(1), |seq| Made {
            visible_ms: 9_000,
            ..made(seq)
        })),
    );
    // The middle of another ledger's story, signed by the same key.
    let mut mixed = one;
    mixed[6..10].clone_from_slice(&two[6..10]);
    let faults = told(&joined(&mixed));
    assert!(
        faults[0].contains("chain of hashes is broken"),
        "{faults:?}"
    );
}

#[test]
fn only_the_keys_that_were_asked_for_are_taken() {
    let text = proof();
    let (own, other) = (device(1).public(), device(2).public());
    assert!(verify_with(text.as_bytes(), &[other, own]).is_good());
    let verdict = verify_with(text.as_bytes(), &[other]);
    assert_eq!(verdict.faults.len(), 4, "three segments and the end");
    assert!(verdict.faults[0].message.contains(&own.to_string()));
    // Cut off by somebody who signs the new end with a key of their own.
    let whole = lines(&text);
    let theirs = lines(&proof_of(&[4, 3], 0, &device(2), made));
    let mut cut = whole[..10].to_vec();
    cut.push(theirs.last().expect("an end").clone());
    let faults = told(&joined(&cut));
    assert!(faults[0].contains("another device"), "{faults:?}");
}

#[test]
fn what_cannot_be_is_told_even_if_the_device_signed_it() {
    let with = |play: fn(u64) -> Made| told(&proof_of(&[4], 0, &device(1), play));
    let twice = with(|seq| Made {
        number: 5_001,
        ..made(seq)
    });
    assert_eq!(twice.len(), 3, "{twice:?}");
    assert!(
        twice[0].contains("number 5001, which another play"),
        "{twice:?}"
    );
    let crowded = with(|seq| Made {
        start_boot_ms: 1,
        boot: "one".into(),
        ..made(seq)
    });
    assert_eq!(crowded, Vec::<String>::new(), "four at a time may be");
    let crowded = told(&proof_of(&[9], 0, &device(1), |seq| Made {
        start_boot_ms: 1,
        boot: "one".into(),
        ..made(seq)
    }));
    assert!(
        crowded[0].starts_with("line 2: plays 1 to 9 overlap"),
        "{crowded:?}"
    );
    let later = with(|seq| Made {
        boot: "boot-1".into(),
        visible_ms: 70_000,
        ..made(seq)
    });
    assert!(
        later
            .iter()
            .any(|fault| fault.contains("after the file was made")),
        "{later:?}"
    );
}

#[test]
fn two_files_that_tell_one_play_differently_are_a_fork() {
    let trace = |text: &str| verify(text).trace;
    let whole = trace(&proof());
    assert_eq!(forks(&whole, &whole), []);
    // Sealed at other places, it is still the same story.
    let other_cuts = trace(&proof_of(&[6, 6], 1, &device(1), made));
    assert_eq!(forks(&whole, &other_cuts), []);
    let told_anew = trace(&proof_of(&[5, 7], 0, &device(1), |seq| match seq {
        6.. => Made {
            outcome: 4,
            number: made(seq).number + 1,
            ..made(seq)
        },
        _ => made(seq),
    }));
    let found = forks(&whole, &told_anew);
    assert_eq!(found.len(), 7);
    assert_eq!(
        found[0],
        Fork {
            seq: 6,
            line: 9,
            other_line: 9
        }
    );
    let left_out = trace(&proof_of(&[4, 3, 5], 2, &device(1), |seq| Made {
        visible_ms: 9_999,
        ..made(seq)
    }));
    assert_eq!(forks(&whole, &left_out)[0].seq, 1);
}

#[test]
fn other_forms_and_other_files_are_told_apart() {
    let newer = proof().replacen("\"passerby_proof\":1", "\"passerby_proof\":2", 1);
    assert!(told(&newer)[0].contains("form 2"));
    assert!(told("epoch,seq,play\n")[0].contains("--format proof"));
    assert_eq!(told(""), ["line 0: the file is empty"]);
    let longest = format!("{}{}\n", head_line(EPOCH), "x".repeat(LINE_BYTES_MAX + 1));
    assert!(told(&longest)[0].contains("longer than 4,194,304 bytes"));
}

#[test]
fn a_hub_believes_a_key_only_from_the_screen_that_holds_it() {
    let screen = |number| ScreenNumber::new(number).expect("in range");
    let vouched = device(1).vouch(screen(7));
    assert!(vouched.is_held_by(screen(7)));
    assert!(
        !vouched.is_held_by(screen(8)),
        "said again by another screen"
    );
    let stolen = Vouched {
        key: device(2).public(),
        ..vouched
    };
    assert!(!stolen.is_held_by(screen(7)));
    let text = serde_json::to_string(&device(1).vouch(screen(7))).expect("JSON");
    assert!(text.starts_with(&format!("{{\"key\":\"{}\"", device(1).public())));
    assert!(
        !format!("{:?}", device(1)).contains("010101"),
        "the seed is not printed"
    );
}

#[test]
fn numbers_are_grouped_as_people_read_them() {
    let texts = [0, 999, 1_000, 81_233, 1_234_567].map(grouped);
    assert_eq!(texts, ["0", "999", "1,000", "81,233", "1,234,567"]);
}
