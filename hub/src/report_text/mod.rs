//! The report as a table for people.

pub mod breakdown;
pub mod chains;
mod columns;
pub mod kinds;
mod labels;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::store::{Conversions, Names, Report, Tally};

/// Most chains that are listed; `--json` has more.
const CHAINS_SHOWN: usize = 20;
/// As long as the longest label.
const LABEL_COLUMNS: usize = 26;
/// Columns that a name takes beside the figures of a section. With them a line has 100.
const NAME_COLUMNS: usize = 69;
/// Columns that a campaign's name takes beside a goal or a chain.
const SHORT_NAME_COLUMNS: usize = 40;

/// Writes a report as text.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_report(&mut out, report);
    out
}

fn write_report(out: &mut String, report: &Report) -> std::fmt::Result {
    let (plays, scans, visits) = (&report.plays, &report.scans, &report.visits);
    row(
        out,
        "plays",
        plays.tally.total,
        "impressions (plays) stored",
    )?;
    let off = plays.by_display.get("off").copied().unwrap_or(0);
    if off > 0 {
        row(out, "  off", off, "of them while the display was off")?;
    }
    if plays.local.total > 0 {
        let told = "of them of folders on the screens themselves";
        row(out, "  from local folders", plays.local.total, told)?;
    }
    if plays.set_aside > 0 {
        let told = "of them without a name, since their rows had been refused";
        row(out, "  without content", plays.set_aside, told)?;
    }
    let unassigned = &plays.unassigned;
    if unassigned.total > 0 {
        let screens: Vec<&str> = unassigned.by_screen.keys().map(String::as_str).collect();
        let told = format!(
            "of what this hub has not given to the screen that says so: {}",
            screens.join(", ")
        );
        row(out, "  not assigned by this hub", unassigned.total, &told)?;
    }
    let missing = &plays.missing;
    if missing.total > 0 {
        let reasons: Vec<String> = missing
            .by_reason
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        let told = format!("shown, but lost: {}", reasons.join(", "));
        row(out, "missing", missing.total, &told)?;
    }
    if plays.undated > 0 {
        let told = "of these, from boots that never learned the time";
        row(out, "undated", plays.undated, told)?;
    }
    let told = format!(
        "{} fresh, {} late; {} seen, {} confirmed; {} by tools",
        scans.fresh, scans.late, scans.seen, scans.confirmed, scans.tools
    );
    row(out, "scans", scans.tally.total, &told)?;
    let told = format!(
        "replays; {} floods, {} unaired, {} expired, {} by robots",
        scans.floods, scans.unaired, scans.expired, scans.robots
    );
    row(out, "  not counted", scans.replays, &told)?;
    let told = format!(
        "{} malformed, {} forged, {} retired",
        scans.malformed, scans.forged, scans.retired
    );
    row(out, "  bad codes", scans.bad_tokens, &told)?;
    let told = format!(
        "{} seen, {} confirmed, {} pressed the button; {} by tools",
        visits.seen, visits.confirmed, visits.clicks, visits.tools
    );
    row(out, "visits", visits.tally.total, &told)?;
    let presses = visits.presses;
    if visits.floods + presses.tools + presses.strangers > 0 {
        let told = format!(
            "floods; presses: {} by tools on a visit, {} by anybody without one",
            presses.tools, presses.strangers
        );
        row(out, "  not counted", visits.floods, &told)?;
    }
    for (generation, &count) in &visits.by_generation {
        let told = match generation.as_str() {
            "0" => "by those who scanned".to_owned(),
            times => format!("through links passed on {times}×"),
        };
        row(out, "", count, &told)?;
    }
    let told = "links passed on, and opened by somebody else";
    row(out, "shares", report.shares.tally.total, told)?;
    let told = format!("said to publishers; {} answered", report.voices.answered);
    row(out, "voices", report.voices.tally.total, &told)?;
    let fans = report.fans.counts;
    if fans.new > 0 {
        let told = format!(
            "follow by mail; {} ever, {} left; came back {}×",
            fans.new, fans.gone, fans.returns
        );
        row(out, "fans", fans.total, &told)?;
    }
    conversions(out, report)?;
    let sections: [(_, Named, Counted); 3] = [
        ("screen", labels::screen, |tally| &tally.by_screen),
        ("campaign", labels::campaign, |tally| &tally.by_campaign),
        ("creative", labels::creative, |tally| &tally.by_creative),
    ];
    for (name, named, by) in sections {
        section(out, name, report, named, by)?;
    }
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
            labels::campaign(&report.names, goal.campaign.as_str(), SHORT_NAME_COLUMNS),
            goal.phase
        )?;
    }
    if !report.chains.is_empty() {
        writeln!(out, "\n{:>9} {:>9}  visits by generation", "screen", "play")?;
    }
    for chain in report.chains.iter().take(CHAINS_SHOWN) {
        let generations: Vec<String> = chain.generations.iter().map(u64::to_string).collect();
        let mut came_of_it = String::new();
        for (count, of) in [(chain.conversions, "conversions"), (chain.fans, "fans")] {
            if count > 0 {
                came_of_it += &format!("; {count} {of}");
            }
        }
        writeln!(
            out,
            "{:>9} {:>9}  {}{came_of_it}  {}",
            chain.screen,
            chain.play,
            generations.join(" → "),
            labels::campaign(&report.names, &chain.campaign, SHORT_NAME_COLUMNS)
        )?;
    }
    writeln!(
        out,
        "\n{:>9}  {:>18}  {:<20}  name",
        "screen", "last play received", "last seen"
    )?;
    for screen in &report.screens {
        let seen = screen.last_seen.as_deref().unwrap_or("never");
        writeln!(
            out,
            "{:>9}  {:>18}  {seen:<20}  {}",
            screen.screen, screen.acked_through, screen.name
        )?;
    }
    Ok(())
}

/// Writes what shops reported, if they did.
fn conversions(out: &mut String, report: &Report) -> std::fmt::Result {
    let told = &report.conversions;
    let worth = |counted: &Conversions| {
        if counted.value.is_empty() {
            String::new()
        } else {
            format!(" worth {}", counted.value)
        }
    };
    let kinds: Vec<String> = told
        .by_kind
        .iter()
        .map(|(kind, counted)| format!("{} {kind}{}", counted.total, worth(counted)))
        .collect();
    let kinds = if kinds.is_empty() {
        "as shops report them".to_owned()
    } else {
        kinds.join(", ")
    };
    row(out, "conversions", told.tally.total, &kinds)?;
    for (label, counted, means) in [
        (
            "  without a click",
            &told.without_click,
            "or of one that is not known here",
        ),
        (
            "  unsigned",
            &told.unsigned,
            "by links that anybody may open",
        ),
        (
            "  not counted",
            &told.uncounted,
            "of chains that do not count",
        ),
    ] {
        if counted.total > 0 {
            row(
                out,
                label,
                counted.total,
                &format!("{means}{}", worth(counted)),
            )?;
        }
    }
    if told.withdrawn > 0 {
        row(
            out,
            "  withdrawn",
            told.withdrawn,
            "taken back whole, and in no figure above",
        )?;
    }
    Ok(())
}

/// Writes a line with one figure.
fn row(out: &mut String, label: &str, count: u64, told: &str) -> std::fmt::Result {
    writeln!(out, "{label:<LABEL_COLUMNS$} {count:>9}   {told}")
}

/// Returns what stands beside figures for a number, folder or digest.
type Named = fn(&Names, &str, usize) -> String;
/// Returns the counts of one kind.
type Counted = fn(&Tally) -> &BTreeMap<String, u64>;

fn section(
    out: &mut String,
    name: &str,
    report: &Report,
    named: Named,
    by: Counted,
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
            "{:>9} {:>9} {:>9}  {}",
            count(plays),
            count(scans),
            count(visits),
            named(&report.names, key, NAME_COLUMNS)
        )?;
    }
    Ok(())
}
