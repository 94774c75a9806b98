//! How references are written, and the page that is about what this package reads.

use passerby_protocol::campaign::reference;
use passerby_protocol::toml_fields::{AskedKey, Reader, Section};
use passerby_protocol::toml_reference::{Key, KeyTable, key, markdown, numbers_with_commas};
use passerby_testing::references;

#[test]
fn the_keys_of_campaign_toml_are_told_as_they_are_read() {
    let page = reference::page().expect("every key is described");
    let root = passerby_testing::package_folder().join("..");
    references::hold(&root, "campaign-toml.md", &page);
}

fn asked() -> Vec<AskedKey> {
    let read = |root: &Section<'_>| {
        root.integer("seconds", 2..=3_600);
        root.choice("kind", &[("event", 1), ("fans", 2)]);
        root.table("code", |code| code.switch("big"));
    };
    Reader::asked("[code]\n", read).expect("good")
}

fn tables(kind: Key) -> Vec<KeyTable> {
    let code = key("code", "how a code is shown").absent("as usual");
    vec![
        KeyTable::chapter(
            "",
            "## Top",
            vec![key("seconds", "time on screen"), kind, code],
        )
        .notes("The end."),
        KeyTable::nested("code", vec![key("big", "how large").absent("`false`")]),
    ]
}

#[test]
fn keys_are_written_with_what_their_reader_accepts() {
    let kind = key("kind", "what it is")
        .more("A note.")
        .absent("`\"event\"`");
    assert_eq!(
        markdown(&tables(kind), &asked()).expect("whole"),
        "## Top\n\n\
             * `seconds`: time on screen; a whole number from 2 to 3,600; required.\n\
             * `kind`: what it is; one of `\"event\"`, `\"fans\"`. A note. Default: `\"event\"`.\n\
             * `code`: how a code is shown. Default: as usual.\n\
             \x20 * `big`: how large; `true` or `false`. Default: `false`.\n\n\
             The end."
    );
}

#[test]
fn what_is_not_described_not_read_or_described_otherwise_is_named() {
    let told = key("kind", "`\"event\"` or something else").told();
    let mut tables = tables(told);
    tables[0].keys[0].name = "second";
    tables.truncate(1);
    assert_eq!(
        markdown(&tables, &asked()).expect_err("five problems"),
        [
            "code.big is read and not described",
            "kind may be \"fans\", which is not told",
            "second is described and not read",
            "seconds is read and not described",
            "the section code is read and not described",
        ]
    );
}

#[test]
fn numbers_have_commas_unless_they_are_code() {
    assert_eq!(
        numbers_with_commas("10 to 3600000, `1920 or 1080` of RFC5545, 16384."),
        "10 to 3,600,000, `1920 or 1080` of RFC5545, 16,384."
    );
}

#[test]
fn what_a_reader_asks_for_is_told_with_what_it_accepts() {
    let read = |root: &Section<'_>| {
        root.tables("t", 3, |t| t.integer("n", 1..=5));
        if let Some(list) = root.list("l", "words", |word| Ok::<_, String>(word.to_owned())) {
            root.at_most("l", &list, 9);
        }
    };
    let asked = Reader::asked("l = ['a']\n[[t]]\n[[t]]\nn = 1\n", read).expect("good");
    let told: Vec<_> = asked
        .iter()
        .map(|asked| (asked.section.as_str(), asked.key, asked.accepted.as_str()))
        .collect();
    let number = ("t", "n", "a whole number from 1 to 5");
    let sections = ("", "t", "at most 3 sections [[t]]");
    assert_eq!(
        told,
        [sections, number, number, ("", "l", "a list of words")]
    );
    assert!(asked[0].is_section && !asked[3].is_section);
    assert_eq!((asked[0].count_max, asked[3].count_max), (Some(3), Some(9)));
    assert!(
        Reader::asked("x = 1\n", read).is_err(),
        "a text with a mistake"
    );
}
