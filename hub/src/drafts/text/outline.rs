//! What forms show of a text.

use std::collections::BTreeMap;

use jiff::civil::Date;
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::drafts::text::document::{TextFault, parse};

/// The keys of the campaign that forms know; what stands before a dot is the table that it is in.
pub const KEYS: [&str; 36] = [
    "title",
    "target",
    "headline",
    "kind",
    "landing",
    "story",
    "button",
    "share",
    "words.zh.title",
    "words.zh.story",
    "words.zh.button",
    "words.zh.share",
    "words.zh.after",
    "words.zh.question",
    "words.en.title",
    "words.en.story",
    "words.en.button",
    "words.en.share",
    "words.en.after",
    "words.en.question",
    "voices.take",
    "voices.question",
    "advertiser",
    "category",
    "colours.paper",
    "colours.ink",
    "colours.accent",
    "follow.mail",
    "follow.feed",
    "follow.account.name",
    "follow.account.link",
    "follow.account.picture",
    "follow.for_fans.words",
    "follow.for_fans.link",
    "follow.for_fans.offer",
    "follow.for_fans.offer_until",
];
/// Those of them that are switches: `true` where they are on.
pub(super) const SWITCHES: [&str; 2] = ["follow.mail", "follow.feed"];
/// Those that are days.
pub(super) const DAYS: [&str; 1] = ["follow.for_fans.offer_until"];

/// What forms show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The keys that are texts.
    pub keys: BTreeMap<&'static str, String>,
    /// Its stages.
    pub phases: Vec<OutlinePhase>,
    /// Its placements; none where every file airs in turn.
    pub placements: Vec<OutlinePlacement>,
}

/// A stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutlinePhase {
    /// What placements call it.
    pub name: String,
    /// Its first day.
    pub from: Option<Date>,
    /// Its last day.
    pub until: Option<Date>,
}

/// A placement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutlinePlacement {
    /// Its file.
    pub creative: String,
    /// Time on screen.
    pub seconds: Option<i64>,
    /// Its share beside others.
    pub weight: Option<i64>,
    /// Its own line.
    pub headline: Option<String>,
    /// Parts of the week.
    pub dayparts: Vec<String>,
    /// The stages in which it airs; all where there are none.
    pub phases: Vec<String>,
}

/// Whether something airs by its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It begins later.
    Future,
    /// It airs.
    Airing,
    /// It is over: it can never air.
    Ended,
}

impl Standing {
    /// The word for it in calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Future => "future",
            Self::Airing => "airing",
            Self::Ended => "ended",
        }
    }
}

impl Outline {
    /// The text of a key; empty where there is none.
    pub fn get(&self, key: &str) -> &str {
        self.keys.get(key).map_or("", String::as_str)
    }

    /// The stages in which a placement airs.
    pub fn phases_of<'a>(
        &'a self,
        placement: &'a OutlinePlacement,
    ) -> impl Iterator<Item = &'a OutlinePhase> {
        self.phases
            .iter()
            .filter(|phase| placement.phases.is_empty() || placement.phases.contains(&phase.name))
    }

    /// Whether a placement airs on a day, by its dates alone.
    pub fn standing(&self, placement: &OutlinePlacement, today: Date) -> Standing {
        let mut is_any = false;
        let mut begins_later = false;
        for phase in self.phases_of(placement) {
            is_any = true;
            let has_begun = phase.from.is_none_or(|from| from <= today);
            let is_over = phase.until.is_some_and(|until| until < today);
            if has_begun && !is_over {
                return Standing::Airing;
            }
            begins_later |=
                !has_begun && phase.until >= phase.from.filter(|_| phase.until.is_some());
        }
        if begins_later {
            Standing::Future
        } else if is_any || !placement.phases.is_empty() {
            Standing::Ended
        } else {
            Standing::Airing
        }
    }

    /// The first and the last day of a placement, as far as it has one stretch of days.
    pub fn days_of(&self, placement: &OutlinePlacement) -> (Option<Date>, Option<Date>) {
        let mut phases = self.phases_of(placement);
        match (phases.next(), phases.next()) {
            (Some(only), None) => (only.from, only.until),
            _ => (None, None),
        }
    }
}

/// Reads what forms show of a text.
///
/// # Errors
/// It is no TOML.
pub fn outline(text: &str) -> Result<Outline, TextFault> {
    let document = parse(text)?;
    let mut keys = BTreeMap::new();
    for key in KEYS {
        if let Some(found) = said_at(&document, key) {
            keys.insert(key, found);
        }
    }
    Ok(Outline {
        keys,
        phases: tables(&document, "phase").map(phase).collect(),
        placements: tables(&document, "placement").map(placement).collect(),
    })
}

/// What a key says that may be in a table: a text, `true` for a switch that is on, or a day.
pub(super) fn said_at(document: &DocumentMut, key: &str) -> Option<String> {
    let value = value_at(document, key)?;
    if SWITCHES.contains(&key) {
        return value.as_bool().filter(|on| *on).map(|on| on.to_string());
    }
    if DAYS.contains(&key) {
        return value.as_datetime().map(ToString::to_string);
    }
    value.as_str().map(str::to_owned)
}

fn value_at<'d>(document: &'d DocumentMut, key: &str) -> Option<&'d Item> {
    let (path, key) = key.rsplit_once('.').unwrap_or(("", key));
    let mut table: &dyn TableLike = document.as_table();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        table = table.get(name)?.as_table_like()?;
    }
    table.get(key)
}

fn tables<'d>(
    document: &'d DocumentMut,
    key: &str,
) -> Box<dyn Iterator<Item = &'d dyn TableLike> + 'd> {
    match document.get(key) {
        Some(Item::ArrayOfTables(tables)) => {
            Box::new(tables.iter().map(|table| table as &dyn TableLike))
        }
        Some(Item::Value(Value::Array(values))) => Box::new(
            values
                .iter()
                .filter_map(|value| value.as_inline_table().map(|table| table as &dyn TableLike)),
        ),
        _ => Box::new(std::iter::empty()),
    }
}

fn text_of(table: &dyn TableLike, key: &str) -> Option<String> {
    table.get(key)?.as_str().map(str::to_owned)
}

fn date_of(table: &dyn TableLike, key: &str) -> Option<Date> {
    table.get(key)?.as_datetime()?.to_string().parse().ok()
}

fn texts_of(table: &dyn TableLike, key: &str) -> Vec<String> {
    let array = table.get(key).and_then(Item::as_array);
    array.map_or_else(Vec::new, |array| {
        let texts = array.iter().filter_map(|value| value.as_str());
        texts.map(str::to_owned).collect()
    })
}

fn phase(table: &dyn TableLike) -> OutlinePhase {
    OutlinePhase {
        name: text_of(table, "name").unwrap_or_default(),
        from: date_of(table, "from"),
        until: date_of(table, "until"),
    }
}

fn placement(table: &dyn TableLike) -> OutlinePlacement {
    let whole = |key| table.get(key).and_then(Item::as_integer);
    OutlinePlacement {
        creative: text_of(table, "creative").unwrap_or_default(),
        seconds: whole("seconds"),
        weight: whole("weight"),
        headline: text_of(table, "headline"),
        dayparts: texts_of(table, "dayparts"),
        phases: texts_of(table, "phases"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn forms_show_what_a_text_says_and_whether_it_can_air() {
        let text = "title = 'Jazz'\ncolours = { ink = '#ffffff' }\nkind = 3\n\
            [[phase]]\nname = 'now'\nfrom = 2026-12-01\nuntil = 2026-12-24\n\
            [[phase]]\nname = 'later'\nfrom = 2027-01-01\n\
            [[placement]]\ncreative = 'a.png'\nphases = ['now']\nseconds = 8\n\
            [[placement]]\ncreative = 'b.png'\nphases = ['later']\n\
            [[placement]]\ncreative = 'c.png'\n";
        let found = outline(text).unwrap();
        assert_eq!(
            (found.get("title"), found.get("colours.ink")),
            ("Jazz", "#ffffff")
        );
        assert_eq!((found.get("kind"), found.get("target")), ("", ""));
        let on = |day| -> Vec<Standing> {
            let placements = found.placements.iter();
            placements.map(|one| found.standing(one, day)).collect()
        };
        use Standing::{Airing, Ended, Future};
        assert_eq!(on(date(2026, 12, 24)), [Airing, Future, Airing]);
        assert_eq!(on(date(2026, 12, 25)), [Ended, Future, Future]);
        assert_eq!(on(date(2026, 11, 1)), [Future, Future, Future]);
        assert_eq!(found.placements[0].seconds, Some(8));
        let days = found.days_of(&found.placements[0]);
        assert_eq!(days, (Some(date(2026, 12, 1)), Some(date(2026, 12, 24))));
        assert_eq!(found.days_of(&found.placements[2]), (None, None));
        let bare = outline("").unwrap();
        let any = OutlinePlacement::default();
        assert_eq!(bare.standing(&any, date(2026, 1, 1)), Airing);
        assert_eq!(outline("title = ").unwrap_err().line, 1);
    }
}
