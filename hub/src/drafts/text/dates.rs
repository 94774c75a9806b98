//! The days on which placements air, as stages of their campaign.
//!
//! A placement has no dates of its own: it names stages. So each stretch of days that a form asks
//! for is a stage called after its days, and what has no dates airs in a stage without any, once
//! there are others.

use jiff::civil::Date;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

use crate::drafts::text::document::{TextFault, parse};
use crate::drafts::text::edit::{as_tables, explicit, set};

/// What the stage without dates is called.
const ALWAYS: &str = "always";

/// A stretch of days; open at an end that is not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

impl Dates {
    /// What its stage is called.
    fn name(self) -> String {
        match (self.from, self.until) {
            (None, None) => ALWAYS.to_owned(),
            (Some(from), None) => format!("from {from}"),
            (None, Some(until)) => format!("until {until}"),
            (Some(from), Some(until)) => format!("{from} to {until}"),
        }
    }

    /// Tells whether a stage of this name was made here.
    fn is_name(name: &str) -> bool {
        let date = |text: &str| text.parse::<Date>().is_ok();
        name == ALWAYS
            || name.strip_prefix("from ").is_some_and(date)
            || name.strip_prefix("until ").is_some_and(date)
            || name
                .split_once(" to ")
                .is_some_and(|(from, until)| date(from) && date(until))
    }
}

/// Has placements air on these days and on no others.
///
/// # Errors
/// The text is no TOML.
pub fn set_dates(
    text: &str,
    airing: &[String],
    chosen: &[usize],
    dates: Dates,
) -> Result<String, TextFault> {
    let mut document = parse(text)?;
    let names = phase_names(&document);
    let is_open = dates == Dates::default();
    if is_open && names.is_empty() {
        return Ok(text.to_owned());
    }
    let name = dates.name();
    let mut needed = vec![(name.clone(), dates)];
    for (at, placement) in explicit(&mut document, airing).iter_mut().enumerate() {
        if chosen.contains(&at) {
            set(placement, "phases", Some(list(&name)));
        } else if names.is_empty() && placement.get("phases").is_none() {
            // It aired always, and would now air in the new stage alone.
            set(placement, "phases", Some(list(ALWAYS)));
            if needed.len() == 1 {
                needed.push((ALWAYS.to_owned(), Dates::default()));
            }
        }
    }
    for (name, dates) in needed {
        if !names.contains(&name) {
            phases(&mut document).push(phase(&name, dates));
        }
    }
    tidy(&mut document);
    Ok(document.to_string())
}

/// Adds a stage with these days, in which all airs that names no other.
///
/// # Errors
/// The text is no TOML.
pub fn add_stage(text: &str, name: &str, dates: Dates) -> Result<String, TextFault> {
    let mut document = parse(text)?;
    phases(&mut document).push(phase(name, dates));
    Ok(document.to_string())
}

fn list(name: &str) -> Value {
    Value::Array(std::iter::once(name).collect::<Array>())
}

fn phases(document: &mut DocumentMut) -> &mut ArrayOfTables {
    let slot = document
        .entry("phase")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    as_tables(slot)
}

fn phase_names(document: &DocumentMut) -> Vec<String> {
    let mut document = document.clone();
    let names = phases(&mut document).iter();
    let names = names.filter_map(|phase| phase.get("name")?.as_str().map(str::to_owned));
    names.collect()
}

fn phase(name: &str, dates: Dates) -> Table {
    let mut table = Table::new();
    table.insert("name", toml_edit::value(name));
    for (key, date) in [("from", dates.from), ("until", dates.until)] {
        let date = date.and_then(|date| date.to_string().parse::<toml_edit::Datetime>().ok());
        if let Some(date) = date {
            table.insert(key, toml_edit::value(date));
        }
    }
    table
}

/// Takes stages out that were made here and that no placement names any more. Where one is left
/// that has no dates, and no other, nothing is said of stages at all.
fn tidy(document: &mut DocumentMut) {
    let named: Vec<String> = explicit(document, &[])
        .iter()
        .filter_map(|placement| placement.get("phases")?.as_array().cloned())
        .flat_map(|names| {
            let names = names
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned));
            names.collect::<Vec<_>>()
        })
        .collect();
    let phases = phases(document);
    phases.retain(|phase| {
        let name = phase.get("name").and_then(Item::as_str).unwrap_or_default();
        !Dates::is_name(name) || named.iter().any(|known| known == name)
    });
    let only_open = phases.len() == 1
        && phases.get(0).is_some_and(|phase| {
            let name = phase.get("name").and_then(Item::as_str);
            name == Some(ALWAYS) && phase.len() == 1
        });
    if only_open || phases.is_empty() {
        document.remove("phase");
        for placement in explicit(document, &[]).iter_mut() {
            placement.remove("phases");
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::drafts::text::outline::{Standing, outline};

    fn december() -> Dates {
        Dates {
            from: Some(date(2026, 12, 1)),
            until: Some(date(2026, 12, 24)),
        }
    }

    #[test]
    fn one_picture_gets_dates_and_the_others_air_always_as_before() {
        let airing = ["a.png".to_owned(), "b.png".to_owned()];
        let text = set_dates("title = 'Jazz'\n", &airing, &[0], december()).unwrap();
        let found = outline(&text).unwrap();
        let on = |day| -> Vec<Standing> {
            let placements = found.placements.iter();
            placements.map(|one| found.standing(one, day)).collect()
        };
        use Standing::{Airing, Ended, Future};
        assert_eq!(on(date(2026, 11, 30)), [Future, Airing], "{text}");
        assert_eq!(on(date(2026, 12, 24)), [Airing, Airing]);
        assert_eq!(on(date(2026, 12, 25)), [Ended, Airing]);
        let airing_files = ["a.png".to_owned(), "b.png".to_owned()];
        let names: Vec<String> = airing_files.to_vec();
        passerby_protocol::Campaign::parse("campaign.toml", &text, &names).unwrap();
        let again = set_dates(&text, &airing, &[0], Dates::default()).unwrap();
        assert!(!again.contains("phase"), "{again}");
    }

    #[test]
    fn stages_that_somebody_wrote_stay_and_those_that_nobody_names_go() {
        let own = "title = 'Jazz'\n[[phase]]\nname = 'launch' # ours\nfrom = 2026-12-01\n[[placement]]\ncreative = 'a.png'\n[[placement]]\ncreative = 'b.png'\nphases = ['launch']\n";
        let until = Dates {
            from: None,
            until: Some(date(2026, 12, 31)),
        };
        let text = set_dates(own, &[], &[0], until).unwrap();
        assert!(
            text.contains("# ours") && text.contains("\"until 2026-12-31\""),
            "{text}"
        );
        let text = set_dates(&text, &[], &[0], december()).unwrap();
        assert!(!text.contains("until 2026-12-31") && text.contains("2026-12-01 to 2026-12-24"));
        let found = outline(&text).unwrap();
        assert_eq!(found.placements[1].phases, ["launch"]);
        assert_eq!(
            set_dates("title = 'x'\n", &[], &[0], Dates::default()).unwrap(),
            "title = 'x'\n"
        );
    }
}
