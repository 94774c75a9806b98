//! The report as a table for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::store::{Report, Tally};

/// Most chains that are listed; `--json` has more.
const CHAINS_SHOWN: usize = 20;

/// Writes a report as text.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_report(&mut out, report);
    out
}

fn write_report(out: &mut String, report: &Report) -> std::fmt::Result {
    let (scans, visits) = (&report.scans, &report.visits);
    writeln!(
        out,
        "plays   {:>9}   impressions (plays) stored",
        report.plays.tally.total
    )?;
    let off = report.plays.by_display.get("off").copied().unwrap_or(0);
    if off > 0 {
        writeln!(out, "    off {off:>9}   of them while the display was off")?;
    }
    let local = &report.plays.local;
    if local.total > 0 {
        writeln!(
            out,
            "  local {:>9}   of them of folders on the screens themselves",
            local.total
        )?;
    }
    if report.plays.set_aside > 0 {
        writeln!(
            out,
            "  blank {:>9}   of them without a name, since their rows had been refused",
            report.plays.set_aside
        )?;
    }
    let unassigned = &report.plays.unassigned;
    if unassigned.total > 0 {
        let screens: Vec<&str> = unassigned.by_screen.keys().map(String::as_str).collect();
        writeln!(
            out,
            "  apart {:>9}   of what this hub has not given to the screen that says so: {}",
            unassigned.total,
            screens.join(", ")
        )?;
    }
    let missing = &report.plays.missing;
    if missing.total > 0 {
        let reasons: Vec<String> = missing
            .by_reason
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        writeln!(
            out,
            "missing {:>9}   shown, but lost: {}",
            missing.total,
            reasons.join(", ")
        )?;
    }
    if report.plays.undated > 0 {
        writeln!(
            out,
            "undated {:>9}   of these, from boots that never learned the time",
            report.plays.undated
        )?;
    }
    writeln!(
        out,
        "scans   {:>9}   {} fresh, {} late; {} seen, {} confirmed; {} by tools",
        scans.tally.total, scans.fresh, scans.late, scans.seen, scans.confirmed, scans.tools
    )?;
    writeln!(
        out,
        "  apart {:>9}   replays; {} floods, {} unaired, {} expired, {} by robots",
        scans.replays, scans.floods, scans.unaired, scans.expired, scans.robots
    )?;
    writeln!(
        out,
        "    bad {:>9}   {} malformed, {} forged, {} retired",
        scans.bad_tokens, scans.malformed, scans.forged, scans.retired
    )?;
    writeln!(
        out,
        "visits  {:>9}   {} seen, {} confirmed, {} pressed the button; {} by tools",
        visits.tally.total, visits.seen, visits.confirmed, visits.clicks, visits.tools
    )?;
    let presses = visits.presses;
    if visits.floods + presses.tools + presses.strangers > 0 {
        writeln!(
            out,
            "  apart {:>9}   floods; presses: {} by tools on a visit, {} by anybody without one",
            visits.floods, presses.tools, presses.strangers
        )?;
    }
    for (generation, count) in &visits.by_generation {
        match generation.as_str() {
            "0" => writeln!(out, "        {count:>9}   by those who scanned")?,
            times => writeln!(out, "        {count:>9}   through links passed on {times}×")?,
        }
    }
    section(out, "screen", report, |tally| &tally.by_screen)?;
    section(out, "campaign", report, |tally| &tally.by_campaign)?;
    section(out, "creative", report, |tally| &tally.by_creative)?;
    if !report.plays.local.by_campaign.is_empty() {
        writeln!(out, "\n{:>9}  folder on a screen itself", "plays")?;
    }
    for (folder, count) in &report.plays.local.by_campaign {
        writeln!(out, "{count:>9}  {folder}")?;
    }

    if !report.goals.is_empty() {
        writeln!(
            out,
            "\n{:>19} {:>19}  phase",
            "plays / goal", "scans / goal"
        )?;
    }
    for goal in &report.goals {
        let of = |count: u64, goal: Option<u32>| {
            format!(
                "{count} / {}",
                goal.map_or("-".into(), |goal| goal.to_string())
            )
        };
        let (plays, scans) = (
            of(goal.plays, goal.goal_plays),
            of(goal.scans, goal.goal_scans),
        );
        writeln!(
            out,
            "{plays:>19} {scans:>19}  {} · {}",
            goal.campaign, goal.phase
        )?;
    }
    if !report.chains.is_empty() {
        writeln!(out, "\n{:>9} {:>9}  visits by generation", "screen", "play")?;
    }
    for chain in report.chains.iter().take(CHAINS_SHOWN) {
        let generations: Vec<String> = chain.generations.iter().map(u64::to_string).collect();
        writeln!(
            out,
            "{:>9} {:>9}  {}  {}",
            chain.screen,
            chain.play,
            generations.join(" → "),
            chain.campaign
        )?;
    }
    writeln!(
        out,
        "\n{:>9} {:>9}  {:<20}  name",
        "screen", "acked", "last seen"
    )?;
    for screen in &report.screens {
        let seen = screen.last_seen.as_deref().unwrap_or("never");
        writeln!(
            out,
            "{:>9} {:>9}  {seen:<20}  {}",
            screen.screen, screen.acked_through, screen.name
        )?;
    }
    Ok(())
}

fn section<'a>(
    out: &mut String,
    name: &str,
    report: &'a Report,
    by: impl Fn(&'a Tally) -> &'a BTreeMap<String, u64>,
) -> std::fmt::Result {
    let (plays, scans, visits) = (
        by(&report.plays.tally),
        by(&report.scans.tally),
        by(&report.visits.tally),
    );
    let keys: BTreeSet<_> = plays
        .keys()
        .chain(scans.keys())
        .chain(visits.keys())
        .collect();
    if keys.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:>9} {:>9} {:>9}  {name}",
        "plays", "scans", "visits"
    )?;
    for key in keys {
        let count = |counts: &BTreeMap<String, u64>| counts.get(key).copied().unwrap_or(0);
        writeln!(
            out,
            "{:>9} {:>9} {:>9}  {key}",
            count(plays),
            count(scans),
            count(visits)
        )?;
    }
    Ok(())
}
