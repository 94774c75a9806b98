//! What became of shares, as a table for people, as JSON for programs, and as CSV for spreadsheets.

use std::fmt::Write as _;

use passerby_protocol::ScreenNumber;
use passerby_protocol::csv;
use passerby_protocol::csv::Cell;
use serde_json::{Value, json};

use crate::report_text::columns::cut;
use crate::store::{ChainReport, Reproduction};

/// Columns that a name takes.
const NAME_COLUMNS: usize = 50;

/// Writes what became of shares as text.
pub fn text(report: &ChainReport) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_text(&mut out, report);
    out
}

fn write_text(out: &mut String, report: &ChainReport) -> std::fmt::Result {
    write!(out, "chains of shares")?;
    if let Some(campaign) = &report.campaign {
        write!(out, ", campaign {campaign}")?;
    }
    if let Some(screen) = report.screen {
        write!(out, ", screen {screen}")?;
    }
    writeln!(out, "\n")?;
    let estimate = |out: &mut String, label: &str, found: Option<Reproduction>| match found {
        Some(found) => writeln!(
            out,
            "{label:<26} {:>9.2}   {:.2} to {:.2} in 95 of 100 cases; {} by {} links made until {}",
            found.estimate.value,
            found.estimate.low,
            found.estimate.high,
            found.brought,
            found.links,
            found.until
        ),
        None => writeln!(out, "{label:<26} {:>9}   no link is seven days old", "-"),
    };
    estimate(out, "reproduction number", report.reproduction)?;
    estimate(out, "  of those who share", report.by_sharer)?;
    let line = |out: &mut String, label: &str, count: u64, told: &str| {
        writeln!(out, "{label:<26} {count:>9}   {told}")
    };
    line(
        out,
        "shares",
        report.shares,
        "links passed on, and opened by somebody else",
    )?;
    line(out, "links", report.links, "these, and those of scans")?;
    line(out, "depth", report.depth, "the highest generation")?;
    line(
        out,
        "breadth",
        report.breadth,
        "the most links in one generation after the scans",
    )?;
    let after = &report.after_scan;
    line(out, "within an hour", after.hour, "shares after their scan")?;
    line(out, "within a day", after.day, "shares, later than that")?;
    line(
        out,
        "within seven days",
        after.week,
        "shares, later than that",
    )?;
    line(out, "later", after.later, "shares")?;
    writeln!(
        out,
        "\n{:>10} {:>9} {:>9}",
        "generation", "links", "brought"
    )?;
    for line in &report.generations {
        writeln!(
            out,
            "{:>10} {:>9} {:>9}",
            line.generation, line.links, line.brought
        )?;
    }
    writeln!(
        out,
        "\n{:>9} {:>9} {:>9}  began at",
        "scans", "shares", "depth"
    )?;
    for place in &report.places {
        writeln!(
            out,
            "{:>9} {:>9} {:>9}  {}",
            place.scans,
            place.shares,
            place.depth,
            self::place(place.name.as_ref(), place.screen)
        )?;
    }
    if report.shares_elsewhere > 0 {
        writeln!(
            out,
            "{:>9} {:>9} {:>9}  further screens",
            "", report.shares_elsewhere, ""
        )?;
    }
    writeln!(
        out,
        "\n{:>9} {:>9}  {:<20}  the largest of {} chains began at",
        "shares", "depth", "began", report.chains
    )?;
    for chain in &report.largest {
        writeln!(
            out,
            "{:>9} {:>9}  {:<20}  {}",
            chain.links,
            chain.depth,
            chain.began,
            place(chain.name.as_ref(), chain.screen)
        )?;
    }
    Ok(())
}

fn place(name: Option<&String>, screen: ScreenNumber) -> String {
    match name {
        Some(name) => cut(&format!("{name} (screen {screen})"), NAME_COLUMNS),
        None => format!("screen {screen}, not known here"),
    }
}

/// Returns it as JSON.
pub fn json(report: &ChainReport) -> Value {
    json!(report)
}

/// Writes it as CSV: a line a figure, by what it is of.
pub fn csv(report: &ChainReport) -> String {
    let mut out = csv::head(&["of", "which", "figure", "count"]);
    let mut line = |of: &str, which: &str, figure: &str, count: u64| {
        out += &csv::row(&[
            Cell::Text(of),
            Cell::Text(which),
            Cell::Text(figure),
            Cell::Number(count),
        ]);
    };
    line("all", "", "links", report.links);
    line("all", "", "shares", report.shares);
    line("all", "", "depth", report.depth);
    line("all", "", "breadth", report.breadth);
    line("all", "", "chains", report.chains);
    if let Some(found) = report.reproduction {
        line("seven days old", "", "links", found.links);
        line("seven days old", "", "brought", found.brought);
    }
    if let Some(found) = report.by_sharer {
        line("seven days old", "", "sharers", found.links);
    }
    let after = &report.after_scan;
    line("after the scan", "within an hour", "shares", after.hour);
    line("after the scan", "within a day", "shares", after.day);
    line("after the scan", "within seven days", "shares", after.week);
    line("after the scan", "later", "shares", after.later);
    for of in &report.generations {
        let which = of.generation.to_string();
        line("generation", &which, "links", of.links);
        line("generation", &which, "brought", of.brought);
    }
    for place in &report.places {
        let which = self::place(place.name.as_ref(), place.screen);
        line("screen", &which, "scans", place.scans);
        line("screen", &which, "shares", place.shares);
        line("screen", &which, "depth", place.depth);
    }
    for chain in &report.largest {
        line("chain", &chain.began, "shares", chain.links);
        line("chain", &chain.began, "depth", chain.depth);
    }
    out
}
