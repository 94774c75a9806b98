//! What must hold after every step, and what must hold of everything at the end of a day.

use std::path::Path;

use passerby_playout::hub_link::back_off::BACKOFF_MS_MAX;
use passerby_playout::identity::device_key;
use passerby_playout::ledger::{ACKED_ROWS_KEPT, DatedPlay, Ledger, NewPlay};
use passerby_protocol::PlayNumber;
use passerby_protocol::plays::{Gap, GapReason, Play};
use passerby_protocol::proof_of_play::Verifier;

use crate::disk::Left;
use crate::hub::{Hub, HubRow};
use crate::machine::MachineClock;
use crate::terminal::Terminal;
use crate::truth::{Life, Shown, Truth};

/// How wrong a date may be that an honest hub or a time service gave, in milliseconds: half of the
/// longest way to the hub and back, and what a terminal lets pass before it learns anew.
pub(crate) const DATE_ERROR_MS: u64 = 32_500;

macro_rules! hold {
    ($holds:expr, $($reason:tt)+) => {
        if !$holds {
            return Err(format!($($reason)+));
        }
    };
}

/// What costs nothing to ask, after every step. `now_boot_ms` is the boot's clock.
pub(crate) fn of_terminal(
    terminal: &Terminal,
    now_boot_ms: u64,
    hub: &impl Hub,
    truth: &Truth,
) -> Result<(), String> {
    let (ledger, life) = (terminal.ledger(), &truth.lives[terminal.life]);
    let (last, acked) = (ledger.last_seq(), ledger.acked_through());
    let committed = life.rows.len() as u64;
    hold!(
        ledger.epoch() == life.epoch,
        "the ledger is of another epoch than its disk"
    );
    hold!(
        last == committed,
        "{committed} plays were committed, and the newest row of the ledger is {last}"
    );
    hold!(
        acked <= last,
        "rows up to {acked} are acknowledged, of {last}"
    );
    let on_hub = hub.last_seq(ledger.epoch());
    hold!(
        truth.hub_restores > 0 || acked <= on_hub,
        "the ledger takes rows up to {acked} for sent, and the hub has them up to {on_hub}"
    );
    let held = terminal.held.len();
    hold!(
        held <= terminal.settings.held_max,
        "{held} plays wait in memory"
    );
    hold!(
        held == 0
            || ledger.is_holding()
            || terminal.is_unannounced
            || terminal.settings.commit_ms == 0,
        "{held} plays are held, and the file does not say so"
    );
    match terminal.send_state.next_at_ms() {
        Some(at_ms) => hold!(
            at_ms <= now_boot_ms + BACKOFF_MS_MAX,
            "sending waits for {} ms",
            at_ms - now_boot_ms
        ),
        None => hold!(
            terminal.flight.is_none(),
            "a batch is on its way after the hub said stop"
        ),
    }
    Ok(())
}

/// A number that was handed out is larger than all before it on this disk.
pub(crate) fn of_number(truth: &mut Truth, life: usize, number: PlayNumber) -> Result<(), String> {
    let newest = &mut truth.lives[life].newest_number;
    if let Some(before) = *newest {
        hold!(
            number > before,
            "number {number} comes after {before} of the same disk"
        );
    }
    *newest = Some(number);
    Ok(())
}

/// Times come only from what vouches for them and are right.
pub(crate) fn of_date(
    truth: &Truth,
    shown: &Shown,
    wall_ms: Option<i64>,
    whose: &str,
) -> Result<(), String> {
    let Some(wall_ms) = wall_ms else {
        return Ok(());
    };
    let boot = &shown.play.start.boot;
    hold!(
        truth.vouched.contains(boot),
        "{whose} dates a play of boot {boot}, in which nobody knew the time"
    );
    let error_ms = wall_ms.abs_diff(shown.began_ms);
    hold!(
        error_ms <= DATE_ERROR_MS || truth.misled.contains(boot),
        "{whose} dates play {} {error_ms} ms wrong",
        shown.play.number
    );
    Ok(())
}

/// Rows that the hub has are plays that were shown, each as it was.
pub(crate) fn of_rows(
    truth: &Truth,
    hub: &impl Hub,
    life: usize,
    from_seq: u64,
    is_poison: impl Fn(PlayNumber) -> bool,
) -> Result<(), String> {
    let epoch = truth.lives[life].epoch;
    let there = hub.ledger(epoch, from_seq);
    let mut seqs: Vec<u64> = there.rows.iter().map(|row| row.play.seq).collect();
    seqs.extend(&there.refused);
    seqs.sort_unstable();
    let expected: Vec<u64> = (from_seq.max(1)..=there.last_seq).collect();
    hold!(
        seqs == expected,
        "the hub's cursor is at {}, and from {from_seq} on it has {} rows and refused {}",
        there.last_seq,
        there.rows.len(),
        there.refused.len()
    );
    for row in &there.rows {
        let seq = row.play.seq;
        let number = row.play.number;
        let times = hub.times_of(&row.play);
        hold!(times == 1, "the hub has play {number} {times} times");
        let committed = truth.committed.get(&(epoch, seq));
        let shown = committed.into_iter().flatten().map(|&at| &truth.shown[at]);
        let Some(shown) = shown.into_iter().find(|shown| is_same(&row.play, shown)) else {
            return Err(format!(
                "the hub has row {seq}, number {number}, which was never shown so"
            ));
        };
        hold!(
            is_empty(&row.play) == is_poison(number),
            "row {seq}, number {number}, is {} on the hub",
            if is_empty(&row.play) {
                "set aside without need"
            } else {
                "there although it cannot be"
            }
        );
        of_date(truth, shown, row.wall_ms, "the hub")?;
    }
    for &seq in &there.refused {
        let committed = truth.committed.get(&(epoch, seq));
        let is_right = committed
            .into_iter()
            .flatten()
            .any(|&at| hub.has(&truth.shown[at].play));
        hold!(
            is_right,
            "the hub refused row {seq}, which it does not have"
        );
    }
    Ok(())
}

/// Every play that is in no row since it was held for too long is in a gap at its place, as far as
/// rows are kept.
fn of_gaps(ledger: &Ledger, life: &Life, first_seq: u64) -> Result<(), String> {
    let gaps = ledger.gaps().map_err(|error| error.to_string())?;
    let written: u64 = gaps.iter().map(|gap| gap.plays).sum();
    let dropped = ledger.dropped().map_err(|error| error.to_string())?;
    let is_kept = |gap: &&Gap| gap.reason == GapReason::Disk && gap.after_seq >= first_seq;
    for gap in gaps.iter().filter(is_kept) {
        let missed = life.missed.iter();
        let missed = missed.filter(|&&after_seq| after_seq == gap.after_seq);
        let missed = missed.count() as u64;
        // What is not written yet may come to the newest gap.
        let is_open = gap.after_seq == ledger.last_seq();
        hold!(
            missed == gap.plays || is_open && missed > gap.plays,
            "{missed} plays are missing after row {}, and the ledger says {}",
            gap.after_seq,
            gap.plays
        );
    }
    let kept = gaps.iter().filter(is_kept);
    let kept: u64 = kept.map(|gap| gap.plays).sum::<u64>() + dropped - written;
    let missed = life.missed.iter();
    let missed = missed.filter(|&&after_seq| after_seq >= first_seq).count() as u64;
    hold!(
        kept == missed,
        "{missed} plays are missing, and the ledger says {kept}"
    );
    Ok(())
}

/// How a program leaves its ledger that ends now.
pub(crate) fn left(terminal: &Terminal, is_closed: bool) -> Result<Option<Left>, String> {
    let ledger = terminal.ledger();
    if is_closed {
        let gaps = ledger.gaps().map_err(|error| error.to_string())?;
        return Ok(Some(Left::Closed(gaps)));
    }
    let is_told = ledger.is_holding() && !ledger.is_in_doubt();
    let is_cut_off = !terminal.held.is_empty() && is_told;
    Ok(is_cut_off.then(|| Left::Interrupted(ledger.last_seq())))
}

/// A ledger that was opened again says that plays may be missing where some were held, and nothing
/// of the kind after an end in good order.
pub(crate) fn of_start(ledger: &Ledger, left: Option<Left>) -> Result<(), String> {
    let gaps = ledger.gaps().map_err(|error| error.to_string())?;
    match left {
        Some(Left::Closed(before)) => hold!(
            gaps == before,
            "the program ended in good order with gaps {before:?}, and starts with {gaps:?}"
        ),
        Some(Left::Interrupted(after_seq)) => {
            let is_it =
                |gap: &Gap| gap.after_seq == after_seq && gap.reason == GapReason::Interrupted;
            hold!(
                gaps.iter().any(is_it),
                "plays were held when the program ended after row {after_seq}, and the ledger does not say so"
            );
        }
        None => {}
    }
    Ok(())
}

/// The whole ledger is what was committed: contents, numbers, dates, and nothing missing.
pub(crate) fn of_ledger(
    terminal: &Terminal,
    truth: &Truth,
    is_poison: impl Fn(PlayNumber) -> bool,
) -> Result<Vec<DatedPlay>, String> {
    let life = &truth.lives[terminal.life];
    let ledger = terminal.ledger();
    let rows = ledger.plays_since(None);
    let rows = rows.map_err(|error| error.to_string())?;
    let first = rows
        .first()
        .map_or(life.rows.len() as u64 + 1, |row| row.play.seq);
    let acked = ledger.acked_through();
    of_gaps(ledger, life, first)?;
    hold!(
        first == 1 || first + ACKED_ROWS_KEPT <= acked + 1,
        "rows before {first} are gone, and only those up to {acked} are acknowledged"
    );
    let expected = (1..)
        .zip(&life.rows)
        .skip(usize::try_from(first - 1).unwrap_or(usize::MAX));
    let expected: Vec<(u64, &usize)> = expected.collect();
    hold!(
        rows.len() == expected.len(),
        "the ledger has {} rows, and {} were committed",
        rows.len(),
        expected.len()
    );
    for (row, (seq, &at)) in rows.iter().zip(expected) {
        let shown = &truth.shown[at];
        hold!(row.play.seq == seq, "row {seq} is missing in the ledger");
        hold!(
            is_same(&row.play, shown),
            "row {seq} of the ledger is not what was shown"
        );
        hold!(
            is_empty(&row.play) || row.play.display == shown.play.display,
            "row {seq} of the ledger forgot the display"
        );
        hold!(
            !is_empty(&row.play) || is_poison(row.play.number),
            "row {seq} was set aside without need"
        );
        of_date(truth, shown, row.wall_ms, "the ledger")?;
    }
    Ok(rows)
}

/// A proof of all the plays that are kept, `rows` of them, verifies, and one key has signed it.
pub(crate) fn of_proof(
    ledger: &Ledger,
    folder: &Path,
    clock: &MachineClock,
    rows: u64,
) -> Result<(), String> {
    let key = device_key::load(folder).map_err(|error| error.to_string())?;
    let key = key.ok_or("the disk has no device key")?;
    let mut proof = Vec::new();
    let exported = ledger.export_proof(folder, &key, clock, None, &mut proof);
    let exported = exported.map_err(|error| format!("no proof: {error}"))?;
    hold!(
        exported.plays == rows && exported.changed.is_empty(),
        "a proof of {rows} plays is {exported:?}"
    );
    let mut verifier = Verifier::new(&[key.public()], false);
    for line in proof.split_inclusive(|&byte| byte == b'\n') {
        verifier.line(line.strip_suffix(b"\n").unwrap_or(line));
    }
    let verdict = verifier.finish(true);
    hold!(
        verdict.is_good() && verdict.tally.all.plays == rows,
        "the proof does not verify: {:?}",
        verdict.faults
    );
    Ok(())
}

/// Hub = ledger: each row of the ledger is on the hub with the same number, content and time, or
/// was refused there.
pub(crate) fn hub_is_ledger(
    rows: &[DatedPlay],
    hub: &[HubRow],
    refused: &[u64],
    truth: &Truth,
) -> Result<(), String> {
    let mut on_hub = hub.iter().peekable();
    for row in rows {
        let seq = row.play.seq;
        let Some(there) = on_hub.next_if(|there| there.play.seq == seq) else {
            // A late copy of a batch may have brought it under the name that the ledger had before.
            hold!(
                refused.contains(&seq),
                "row {seq} is not on the hub, and was not refused"
            );
            continue;
        };
        hold!(
            there.play == row.play,
            "row {seq} differs: {:?} here, {:?} on the hub",
            row.play,
            there.play
        );
        if let (Some(here), Some(there)) = (row.wall_ms, there.wall_ms)
            && !truth.misled.contains(&*row.play.boot)
        {
            let differ_ms = here.abs_diff(there);
            hold!(
                differ_ms <= 2 * DATE_ERROR_MS,
                "row {seq} has two dates, {differ_ms} ms apart"
            );
        }
        hold!(
            there.wall_ms.is_none() || row.wall_ms.is_some(),
            "row {seq} has a date on the hub alone"
        );
    }
    hold!(
        on_hub.next().is_none(),
        "the hub has rows that the ledger has not"
    );
    Ok(())
}

/// A row travels empty when it was set aside.
pub(crate) fn is_empty(play: &Play) -> bool {
    play.content.is_set_aside()
}

fn is_same(play: &Play, shown: &Shown) -> bool {
    let NewPlay {
        number,
        content,
        start,
        visible_ms,
        outcome,
        ..
    } = &shown.play;
    let is_there =
        play.number == *number && play.boot == *start.boot && play.start_boot_ms == start.boot_ms;
    is_there
        && (is_empty(play)
            || (play.content == *content
                && play.visible_ms == *visible_ms
                && play.outcome == *outcome))
}
