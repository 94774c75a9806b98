//! Keys and placements, changed in a text.

use toml_edit::{Array, ArrayOfTables, Datetime, DocumentMut, Item, Table, TableLike, Value};

use crate::drafts::text::document::{TextFault, parse};
use crate::drafts::text::outline::{DAYS, SWITCHES, said_at};

/// What the form of one placement says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlacementForm {
    /// Its own line; none for that of the campaign.
    pub headline: Option<String>,
    /// Time on screen.
    pub seconds: Option<i64>,
    /// Its share beside others.
    pub weight: Option<i64>,
    /// Parts of the week.
    pub dayparts: Vec<String>,
}

/// Has keys of the campaign say these texts; an empty one takes its key out.
///
/// # Errors
/// The text is no TOML.
pub fn set_keys(text: &str, keys: &[(&str, &str)]) -> Result<String, TextFault> {
    let mut document = parse(text)?;
    for (key, said) in keys {
        let whole = (*key == "target").then(|| with_scheme(said));
        let said: &str = whole.as_deref().unwrap_or(said);
        if said_at(&document, key).unwrap_or_default() == said {
            continue;
        }
        let value = value_of(key, said);
        let (path, name) = key.rsplit_once('.').unwrap_or(("", key));
        // No table is made for what is not there anyway.
        if value.is_none() && said_at(&document, key).is_none() {
            continue;
        }
        if let Some(table) = table_at(&mut document, path) {
            set(table, name, value);
        }
        if path.starts_with("follow") {
            drop_empty(&mut document, path);
        }
    }
    Ok(document.to_string())
}

/// A link as people type it, `cafe.example/friday`, becomes one that phones open. What may be
/// something else stays as it is, and is told where it does harm.
fn with_scheme(target: &str) -> String {
    let target = target.trim();
    let host = target.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-');
    let is_host = name.contains('.') && name.split('.').all(is_part);
    if is_host && port.parse::<u16>().is_ok() {
        format!("https://{target}")
    } else {
        target.to_owned()
    }
}

/// The table at the end of a path, made where there is none; `None` where something else is there.
fn table_at<'d>(document: &'d mut DocumentMut, path: &str) -> Option<&'d mut dyn TableLike> {
    let mut table: &mut dyn TableLike = document.as_table_mut();
    let mut names = path.split('.').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        let mut made = Table::new();
        // One that holds tables alone needs no line of its own.
        made.set_implicit(names.peek().is_some());
        let item = table.entry(name).or_insert(Item::Table(made));
        table = item.as_table_like_mut()?;
    }
    Some(table)
}

/// Has a placement say what its form does.
///
/// # Errors
/// The text is no TOML.
pub fn set_placement(
    text: &str,
    airing: &[String],
    at: usize,
    form: &PlacementForm,
) -> Result<String, TextFault> {
    let mut document = parse(text)?;
    let placements = explicit(&mut document, airing);
    if let Some(table) = placements.get_mut(at) {
        set(table, "headline", form.headline.as_deref().map(Value::from));
        set(table, "seconds", form.seconds.map(Value::from));
        set(table, "weight", form.weight.map(Value::from));
        let dayparts = (!form.dayparts.is_empty())
            .then(|| Value::Array(form.dayparts.iter().collect::<Array>()));
        set(table, "dayparts", dayparts);
    }
    Ok(document.to_string())
}

/// Takes placements out; their files stay.
///
/// # Errors
/// The text is no TOML.
pub fn remove_placements(
    text: &str,
    airing: &[String],
    chosen: &[usize],
) -> Result<String, TextFault> {
    let mut document = parse(text)?;
    let placements = explicit(&mut document, airing);
    let mut at = 0;
    placements.retain(|_| {
        at += 1;
        !chosen.contains(&(at - 1))
    });
    Ok(document.to_string())
}

/// Adds a placement for each of these files.
///
/// # Errors
/// The text is no TOML.
pub fn air(text: &str, airing: &[String], files: &[String]) -> Result<String, TextFault> {
    let mut document = parse(text)?;
    let placements = explicit(&mut document, airing);
    for file in files {
        placements.push(of_file(file));
    }
    Ok(document.to_string())
}

/// The placements, each as a table of its own; where there were none, one for each file that airs.
pub(super) fn explicit<'d>(
    document: &'d mut DocumentMut,
    airing: &[String],
) -> &'d mut ArrayOfTables {
    let slot = document
        .entry("placement")
        .or_insert_with(|| Item::ArrayOfTables(airing.iter().map(|file| of_file(file)).collect()));
    as_tables(slot)
}

/// An array of tables, whichever way it was written.
pub(super) fn as_tables(slot: &mut Item) -> &mut ArrayOfTables {
    if !slot.is_array_of_tables() {
        let taken = std::mem::take(slot);
        let tables = taken.into_array_of_tables().unwrap_or_default();
        *slot = Item::ArrayOfTables(tables);
    }
    match slot {
        Item::ArrayOfTables(tables) => tables,
        _ => unreachable!("it was just made one"),
    }
}

fn of_file(file: &str) -> Table {
    let mut table = Table::new();
    table.insert("creative", toml_edit::value(file));
    table
}

/// What a key says, as its value; a day that is none stays a text, which the checker names.
fn value_of(key: &str, said: &str) -> Option<Value> {
    if SWITCHES.contains(&key) {
        return (said == "true").then(|| Value::from(true));
    }
    if DAYS.contains(&key)
        && let Ok(day) = said.parse::<Datetime>()
    {
        return Some(Value::from(day));
    }
    (!said.is_empty()).then(|| Value::from(said))
}

/// Takes out tables of a path in which nothing is left: an account without a name is a mistake.
fn drop_empty(document: &mut DocumentMut, path: &str) {
    let mut names: Vec<&str> = path.split('.').collect();
    while let Some(name) = names.pop() {
        let above = table_at(document, &names.join("."));
        let Some(above) = above else { return };
        let is_empty =
            (above.get(name).and_then(Item::as_table_like)).is_some_and(|table| table.is_empty());
        if is_empty {
            above.remove(name);
        }
    }
}

/// Has a key say something, or nothing; what stands around its value stays.
pub(super) fn set(table: &mut dyn TableLike, key: &str, said: Option<Value>) {
    let Some(said) = said else {
        table.remove(key);
        return;
    };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(known) => {
            let decor = known.decor().clone();
            *known = said;
            *known.decor_mut() = decor;
        }
        None => {
            table.insert(key, Item::Value(said));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Ours.\ntitle = 'Jazz'  # the night\nfuture_key = [1,2]\n\n[colours]\nink = '#ffffff'\n\n# The first.\n[[placement]]\ncreative = 'a.png'\nwhen = \"true\"\n";

    #[test]
    fn a_link_without_its_beginning_is_one_of_https_and_everything_else_is_left() {
        for (typed, kept) in [
            ("cafe.example/friday", "https://cafe.example/friday"),
            (" www.cafe.example ", "https://www.cafe.example"),
            (
                "cafe.example:8443/a?b=c:d",
                "https://cafe.example:8443/a?b=c:d",
            ),
            ("例子.中国", "https://例子.中国"),
            ("https://cafe.example", "https://cafe.example"),
            ("http://cafe.example", "http://cafe.example"),
            ("mailto:a@cafe.example", "mailto:a@cafe.example"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("cafe", "cafe"),
            ("cafe..example", "cafe..example"),
            ("a b.example", "a b.example"),
            ("weixin://dl", "weixin://dl"),
            ("", ""),
        ] {
            assert_eq!(with_scheme(typed), kept);
            let text = set_keys("", &[("target", typed)]).unwrap();
            let line = format!("target = \"{kept}\"\n");
            assert_eq!(text, if kept.is_empty() { "" } else { &line });
        }
    }

    #[test]
    fn a_form_changes_its_keys_and_leaves_comments_and_what_it_does_not_know() {
        let changed = set_keys(
            TEXT,
            &[
                ("title", "Blues"),
                ("target", "https://x.example/"),
                ("colours.ink", ""),
                ("colours.paper", "#000000"),
            ],
        )
        .unwrap();
        for kept in [
            "# Ours.",
            "# the night",
            "future_key = [1,2]",
            "# The first.",
            "when = \"true\"",
        ] {
            assert!(changed.contains(kept), "{kept}: {changed}");
        }
        assert!(changed.contains("title = \"Blues\""));
        assert!(changed.contains("paper = \"#000000\"") && !changed.contains("ink ="));
        let target = changed.find("target = ").unwrap();
        assert!(target < changed.find("[colours]").unwrap(), "{changed}");
        assert_eq!(
            set_keys(TEXT, &[("title", "Jazz"), ("story", "")]).unwrap(),
            TEXT
        );
        assert!(set_keys("title = ", &[]).is_err());
    }

    #[test]
    fn ways_to_follow_are_switched_on_and_off_and_leave_no_empty_table() {
        let on = set_keys(
            "title = 'Jazz'\n[[placement]]\ncreative = 'a.png'\n",
            &[
                ("follow.mail", "true"),
                ("follow.feed", ""),
                ("follow.account.name", "WeChat"),
                ("follow.account.picture", "code.png"),
                ("follow.for_fans.offer", "A tea"),
                ("follow.for_fans.offer_until", "2026-12-24"),
            ],
        )
        .unwrap();
        for line in [
            "mail = true",
            "picture = \"code.png\"",
            "offer_until = 2026-12-24",
        ] {
            assert!(on.contains(line), "{line}: {on}");
        }
        assert!(!on.contains("feed"), "{on}");
        let outline = crate::drafts::text::outline(&on).unwrap();
        assert_eq!(outline.get("follow.mail"), "true");
        assert_eq!(outline.get("follow.for_fans.offer_until"), "2026-12-24");
        let off = set_keys(
            &on,
            &[
                ("follow.mail", ""),
                ("follow.account.name", ""),
                ("follow.account.picture", ""),
                ("follow.for_fans.offer", ""),
                ("follow.for_fans.offer_until", ""),
            ],
        )
        .unwrap();
        assert!(!off.contains("follow"), "{off}");
    }

    #[test]
    fn placements_are_written_out_once_somebody_changes_one_of_them() {
        let airing = ["a.png".to_owned(), "b.png".to_owned()];
        let form = PlacementForm {
            seconds: Some(8),
            dayparts: vec!["mon-fri 07:00-10:00".to_owned()],
            ..PlacementForm::default()
        };
        let changed = set_placement("title = 'Jazz'\n", &airing, 1, &form).unwrap();
        assert_eq!(changed.matches("[[placement]]").count(), 2);
        assert!(
            changed.ends_with(
                "creative = \"b.png\"\nseconds = 8\ndayparts = [\"mon-fri 07:00-10:00\"]\n"
            ),
            "{changed}"
        );
        let changed = remove_placements(&changed, &airing, &[0]).unwrap();
        assert!(!changed.contains("a.png") && changed.contains("b.png"));
        let changed = air(&changed, &airing, &["a.png".to_owned()]).unwrap();
        assert!(changed.contains("a.png"));
        let inline = "placement = [{ creative = 'a.png', weight = 3 }]\n";
        let changed = set_placement(inline, &airing, 0, &form).unwrap();
        assert!(changed.contains("seconds = 8") && !changed.contains("weight"));
    }
}
