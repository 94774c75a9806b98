//! What the report of a campaign begins with, in words.

use std::fmt::Write as _;

use passerby_protocol::campaign::Kind;

use crate::store::{KindReport, Reproduction};

/// As long as the longest label.
const LABEL_COLUMNS: usize = 26;

/// Writes three figures of a campaign as text.
pub fn text(report: &KindReport) -> String {
    let mut out = String::new();
    for (label, value, told) in lines(report) {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{label:<LABEL_COLUMNS$} {value:>9}   {told}");
    }
    out
}

/// A dash, and why there is no figure.
fn none(label: &'static str, why: &str) -> (&'static str, String, String) {
    (label, "-".to_owned(), why.to_owned())
}

/// Labels, figures, and what they mean.
fn lines(report: &KindReport) -> [(&'static str, String, String); 3] {
    match report.kind {
        Kind::Event => [burst(report), tail(report), readers(report)],
        Kind::Fans => [
            returning(report),
            followers(report),
            regeneration(report.regeneration),
        ],
        Kind::Combined => [burst(report), went_on(report), followers(report)],
    }
}

fn burst(report: &KindReport) -> (&'static str, String, String) {
    match &report.burst {
        Some(burst) => (
            "burst",
            burst.scans.to_string(),
            format!(
                "scans in the hour that had the most, from {}; {} within 24 hours, {} within 48, of {}",
                burst.hour.strftime("%Y-%m-%d %H:%M"),
                burst.day,
                burst.two_days,
                burst.of
            ),
        ),
        None => none("burst", "nobody has scanned yet"),
    }
}

fn tail(report: &KindReport) -> (&'static str, String, String) {
    match &report.tail {
        Some(tail) => (
            "tail",
            tail.scans.to_string(),
            format!("scans after {}, of {}", tail.last_day, tail.of),
        ),
        None => none("tail", "it is not over, or has no last day"),
    }
}

fn readers(report: &KindReport) -> (&'static str, String, String) {
    match &report.tail {
        Some(tail) => (
            "after-story",
            tail.readers.to_string(),
            format!("pages opened after {}", tail.last_day),
        ),
        None => none("after-story", "it is not over, or has no last day"),
    }
}

fn returning(report: &KindReport) -> (&'static str, String, String) {
    match (&report.returning, &report.followers) {
        (Some(found), Some(known)) => (
            "returning",
            known.returned.to_string(),
            format!(
                "of {} who follow have come back and were known; of {} others, by day, {} scanned again on the same day",
                known.total, found.of, found.people
            ),
        ),
        (Some(found), None) => (
            "returning",
            found.people.to_string(),
            format!(
                "people scanned again on the same day, of {}; whether they come on another day is not known \
                 without their consent",
                found.of
            ),
        ),
        (None, _) => none("returning", "nobody has scanned yet"),
    }
}

fn followers(report: &KindReport) -> (&'static str, String, String) {
    match &report.followers {
        Some(found) => (
            "followers",
            found.total.to_string(),
            format!(
                "follow by mail; {} came and {} left within thirty days",
                found.new, found.gone
            ),
        ),
        None => none("followers", "people cannot follow this campaign here"),
    }
}

fn regeneration(found: Option<Reproduction>) -> (&'static str, String, String) {
    match found {
        Some(found) => (
            "regeneration",
            format!("{:.2}", found.estimate.value),
            format!(
                "new people by each who brings any; {:.2} to {:.2} in 95 of 100 cases",
                found.estimate.low, found.estimate.high
            ),
        ),
        None => none(
            "regeneration",
            "no link that was passed on is seven days old",
        ),
    }
}

fn went_on(report: &KindReport) -> (&'static str, String, String) {
    match &report.went_on {
        Some(found) => (
            "went on",
            found.chains.to_string(),
            format!(
                "chains of the burst were passed on in the fans' phase; they began on {} of its {} days; of {} people \
                 of the burst who came to follow {} stayed",
                found.days, found.of_days, found.followed, found.stayed
            ),
        ),
        None => none(
            "went on",
            "no phase has begun in which people are asked to follow",
        ),
    }
}
