//! A breakdown as a table for people, as JSON for programs, and as CSV for spreadsheets.

use std::fmt::Write as _;

use passerby_protocol::csv;
use passerby_protocol::csv::Cell;
use serde_json::{Map, Value, json};

use crate::conversions::Worth;
use crate::report_text::columns::padded;
use crate::report_text::labels;
use crate::store::{Breakdown, By, FanCounts, Figures, FileName, Key, Names};

/// Columns that what a row is about takes. With the figures a line has 100.
const LABEL_COLUMNS: usize = 33;
/// A tenth of an hour, in milliseconds.
const TENTH_MS: u64 = 360_000;

/// Writes a breakdown as text.
pub fn text(breakdown: &Breakdown) -> String {
    let mut out = format!("{}\n\n", heading(breakdown));
    let label = padded(by_word(breakdown.by), LABEL_COLUMNS);
    // Writing to a String does not fail.
    let _ = writeln!(
        out,
        "{label} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "plays", "visible h", "scans", "visits", "presses", "shares", "convers."
    );
    for (key, figures) in &breakdown.rows {
        let worth = breakdown.worth_of(key);
        line(&mut out, &key_label(key, breakdown), figures, &worth);
    }
    let worth = breakdown.worth_of_all();
    line(&mut out, "total", &breakdown.total, &worth);
    let fans = breakdown.fans;
    if fans != FanCounts::default() {
        let (total, new, gone, returns) = (fans.total, fans.new, fans.gone, fans.returns);
        let _ = writeln!(
            out,
            "\nfans by mail: {total}; new {new}, gone {gone}, came back {returns}"
        );
    }
    out
}

fn line(out: &mut String, label: &str, figures: &Figures, worth: &Worth) {
    let worth = if worth.is_empty() {
        String::new()
    } else {
        format!("  {worth}")
    };
    let tenths = figures.visible_ms / TENTH_MS;
    let hours = format!("{}.{}", tenths / 10, tenths % 10);
    let _ = writeln!(
        out,
        "{} {:>10} {hours:>10} {:>8} {:>8} {:>8} {:>8} {:>8}{worth}",
        padded(label, LABEL_COLUMNS),
        figures.plays,
        figures.scans,
        figures.visits,
        figures.presses,
        figures.shares,
        figures.conversions
    );
}

/// Says what was counted.
fn heading(breakdown: &Breakdown) -> String {
    let filter = &breakdown.filter;
    let mut words = format!("by {}", by_word(breakdown.by));
    let is_by_time = matches!(breakdown.by, By::Day | By::Hour | By::Weekday);
    if is_by_time || filter.from.is_some() || filter.until.is_some() {
        words += &format!(", time zone {}", breakdown.time_zone);
    }
    if let Some(from) = filter.from {
        words += &format!(", from {from}");
    }
    if let Some(until) = filter.until {
        words += &format!(", until {until}");
    }
    if let Some(campaign) = &filter.campaign {
        words += &format!(", campaign {campaign}");
    }
    if let Some(screen) = filter.screen {
        words += &format!(", screen {screen}");
    }
    words
}

const fn by_word(by: By) -> &'static str {
    match by {
        By::Day => "day",
        By::Hour => "hour",
        By::Weekday => "weekday",
        By::Screen => "screen",
        By::Campaign => "campaign",
        By::Creative => "creative",
    }
}

fn key_label(key: &Key, breakdown: &Breakdown) -> String {
    let names = &breakdown.names;
    match key {
        Key::Screen(number) => labels::screen(names, &number.to_string(), LABEL_COLUMNS),
        Key::Campaign(folder) => labels::campaign(names, folder, LABEL_COLUMNS),
        Key::Creative(digest) => labels::creative(names, digest, LABEL_COLUMNS),
        Key::LocalCampaign(folder) => format!("{folder}, a folder on a screen"),
        other => plain_words(other, breakdown.by),
    }
}

/// Names what has no number and no name of its own.
fn plain_words(key: &Key, by: By) -> String {
    match key {
        Key::Day(date) => date.to_string(),
        Key::Hour(hour) => format!("{hour:02}:00 to {:02}:00", hour + 1),
        Key::Weekday(day) => weekday(*day).to_owned(),
        Key::Undated => "without a date".to_owned(),
        Key::SetAside => "without content, their rows were refused".to_owned(),
        Key::Local if by == By::Campaign => "other folders on the screens".to_owned(),
        _ => "folders on the screens themselves".to_owned(),
    }
}

/// Names a weekday, from 0 = Monday.
fn weekday(day: i8) -> &'static str {
    const WEEKDAYS: [&str; 7] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let day = usize::try_from(day).unwrap_or(0);
    WEEKDAYS[day % WEEKDAYS.len()]
}

/// Returns a breakdown as JSON. What has no date, screen, campaign or creative has `null` there,
/// and `of` says what it is.
pub fn json(breakdown: &Breakdown) -> Value {
    let filter = &breakdown.filter;
    let rows: Vec<Value> = breakdown
        .rows
        .iter()
        .map(|(key, figures)| {
            let mut row = key_json(key, breakdown);
            row.extend(figures_json(figures));
            row.insert("value".to_owned(), json!(breakdown.worth_of(key)));
            row.insert("fans".to_owned(), json!(breakdown.fans_of(key)));
            Value::Object(row)
        })
        .collect();
    let mut total = figures_json(&breakdown.total);
    total.insert("value".to_owned(), json!(breakdown.worth_of_all()));
    json!({
        "by": by_word(breakdown.by),
        "time_zone": breakdown.time_zone,
        "from": filter.from,
        "until": filter.until,
        "campaign": filter.campaign,
        "screen": filter.screen,
        "rows": rows,
        "total": total,
        "fans": breakdown.fans,
    })
}

fn figures_json(figures: &Figures) -> Map<String, Value> {
    match json!(figures) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn key_json(key: &Key, breakdown: &Breakdown) -> Map<String, Value> {
    let names = &breakdown.names;
    let by = by_word(breakdown.by);
    let key = match key {
        Key::Day(date) => json!({ by: date }),
        Key::Hour(hour) => json!({ by: hour }),
        Key::Weekday(day) => json!({ by: weekday(*day).to_lowercase() }),
        Key::Undated => json!({ by: null, "of": "undated" }),
        Key::Screen(number) => {
            json!({ by: number, "name": names.screens.get(&number.to_string()) })
        }
        Key::Campaign(folder) => {
            json!({ by: folder, "of": "hub", "title": names.campaigns.get(folder) })
        }
        Key::LocalCampaign(folder) => json!({ by: folder, "of": "local", "title": null }),
        Key::Creative(digest) => {
            json!({ by: digest, "of": "hub", "files": files(names, digest) })
        }
        Key::Local => json!({ by: null, "of": "local" }),
        Key::SetAside => json!({ by: null, "of": "set_aside" }),
    };
    match key {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn files<'a>(names: &'a Names, digest: &str) -> &'a [FileName] {
    names.creatives.get(digest).map_or(&[], Vec::as_slice)
}

/// Writes a breakdown as CSV, for spreadsheets.
pub fn csv(breakdown: &Breakdown) -> String {
    let mut figures = vec![
        "plays",
        "visible_ms",
        "scans",
        "visits",
        "presses",
        "shares",
        "conversions",
        "value",
    ];
    // Of creatives they would be nothing but zeros.
    if breakdown.by != By::Creative {
        figures.extend(["fans_new", "fans_gone", "fans_returns"]);
    }
    let about: &[&str] = match breakdown.by {
        By::Day => &["day"],
        By::Hour => &["hour"],
        By::Weekday => &["weekday"],
        By::Screen => &["screen", "name"],
        By::Campaign => &["campaign", "title"],
        By::Creative => &["creative", "files"],
    };
    let mut out = csv::head(&[about, &figures].concat());
    for (key, figures) in &breakdown.rows {
        let about = key_cells(key, breakdown);
        let numbers = [
            figures.plays,
            figures.visible_ms,
            figures.scans,
            figures.visits,
            figures.presses,
            figures.shares,
            figures.conversions,
        ];
        let worth = breakdown.worth_of(key).to_string();
        let mut cells: Vec<Cell<'_>> = about.iter().map(|cell| Cell::Text(cell)).collect();
        cells.extend(numbers.map(Cell::Number));
        cells.push(Cell::Text(&worth));
        if let Some(fans) = breakdown.fans_of(key) {
            cells.extend([fans.new, fans.gone, fans.returns].map(Cell::Number));
        }
        out += &csv::row(&cells);
    }
    out
}

fn key_cells(key: &Key, breakdown: &Breakdown) -> Vec<String> {
    let names = &breakdown.names;
    let known = |name: Option<&String>, otherwise: &str| match name {
        Some(name) => name.clone(),
        None => otherwise.to_owned(),
    };
    let words = |key: &Key| plain_words(key, breakdown.by);
    match key {
        Key::Screen(number) => {
            let name = names.screens.get(&number.to_string());
            vec![number.to_string(), known(name, "not known here")]
        }
        Key::Campaign(folder) => {
            let title = names.campaigns.get(folder);
            vec![folder.clone(), known(title, "never published here")]
        }
        Key::LocalCampaign(folder) => vec![folder.clone(), "a folder on a screen".to_owned()],
        Key::Creative(digest) => {
            let files: Vec<String> = files(names, digest)
                .iter()
                .map(|name| format!("{} ({})", name.file, name.campaign))
                .collect();
            let files = if files.is_empty() {
                "of no known name".to_owned()
            } else {
                files.join(", ")
            };
            vec![digest.clone(), files]
        }
        Key::Local | Key::SetAside => vec![String::new(), words(key)],
        other => vec![words(other)],
    }
}
