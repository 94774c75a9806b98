//! What `passerby plays` says of that which is in no row: plays that are missing, and items that
//! could not be shown.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use passerby_playout::ledger::{FailedItem, Ledger};
use passerby_protocol::csv;
use passerby_protocol::csv::Cell;
use passerby_protocol::plays::Gap;

use crate::cli::failure::Failure;
use crate::cli::json_output::print_json_line;

/// Tells people on standard error how many plays are missing and why, so that no list is taken for
/// whole.
pub(super) fn tell(gaps: &[Gap]) {
    let mut reasons: BTreeMap<_, u64> = BTreeMap::new();
    for gap in gaps {
        *reasons.entry(gap.reason).or_default() += gap.plays;
    }
    for (reason, plays) in reasons {
        let reason = reason.word();
        if plays > 0 {
            eprintln!("at least {plays} plays are in no row: {reason}; see passerby plays --gaps");
        } else {
            eprintln!(
                "plays may be missing, how many is not known: {reason}; see passerby plays --gaps"
            );
        }
    }
}

pub(super) fn print_gaps(ledger: &Ledger, gaps: &[Gap], is_csv: bool) -> Result<(), Failure> {
    let epoch = ledger.epoch().to_string();
    if is_csv {
        line(&csv::head(&[
            "epoch",
            "after_seq",
            "reason",
            "plays_at_least",
            "boot",
            "from",
            "until",
        ]))?;
    }
    for gap in gaps {
        let date = |boot_ms| -> Result<Option<String>, Failure> {
            let wall_ms = ledger
                .wall_at(&gap.boot, boot_ms)
                .map_err(|error| Failure::Start(error.to_string()))?;
            Ok(dated(wall_ms))
        };
        let (from, until) = (date(gap.from_boot_ms)?, date(gap.until_boot_ms)?);
        let reason = gap.reason.word();
        if is_csv {
            line(&csv::row(&[
                Cell::Text(&epoch),
                Cell::Number(gap.after_seq),
                Cell::Text(reason),
                Cell::Number(gap.plays),
                Cell::Text(&gap.boot),
                Cell::Text(&from.unwrap_or_default()),
                Cell::Text(&until.unwrap_or_default()),
            ]))?;
        } else {
            print_json_line(&serde_json::json!({
                "epoch": epoch,
                "after_seq": gap.after_seq,
                "reason": reason,
                "plays_at_least": gap.plays,
                "boot": gap.boot,
                "from": from,
                "until": until,
            }))?;
        }
    }
    Ok(())
}

pub(super) fn print_failures(failures: &[FailedItem], is_csv: bool) -> Result<(), Failure> {
    if is_csv {
        line(&csv::head(&[
            "campaign",
            "placement",
            "creative",
            "reason",
            "first",
            "last",
            "count",
        ]))?;
    }
    for failure in failures {
        let (first, last) = (dated(failure.first_ms), dated(failure.last_ms));
        if is_csv {
            line(&csv::row(&[
                Cell::Text(&failure.campaign),
                Cell::Number(failure.placement),
                Cell::Text(&failure.creative),
                Cell::Text(&failure.reason),
                Cell::Text(&first.unwrap_or_default()),
                Cell::Text(&last.unwrap_or_default()),
                Cell::Number(failure.times),
            ]))?;
        } else {
            print_json_line(&serde_json::json!({
                "campaign": failure.campaign,
                "placement": failure.placement,
                "creative": failure.creative,
                "reason": failure.reason,
                "first": first,
                "last": last,
                "count": failure.times,
            }))?;
        }
    }
    Ok(())
}

fn dated(wall_ms: Option<i64>) -> Option<String> {
    Timestamp::from_millisecond(wall_ms?)
        .ok()
        .map(|at| at.to_string())
}

fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).map_err(unwritable)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "an error is told once and ends here"
)]
fn unwritable(error: std::io::Error) -> Failure {
    Failure::Start(format!("standard output cannot be written: {error}"))
}
