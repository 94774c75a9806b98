//! The fields for what a campaign's page says in one language, and fields of several lines.

use maud::{Markup, html};

use crate::server::console::asker::Asker;
use crate::server::console::layout::Line;

/// The keys of the words in Chinese: title, story, button, share, after, question.
pub(super) const CHINESE: [&str; 6] = [
    "words.zh.title",
    "words.zh.story",
    "words.zh.button",
    "words.zh.share",
    "words.zh.after",
    "words.zh.question",
];
/// Those of the words in English.
pub(super) const ENGLISH: [&str; 6] = [
    "words.en.title",
    "words.en.story",
    "words.en.button",
    "words.en.share",
    "words.en.after",
    "words.en.question",
];

/// What the page for phones says in one language.
pub(super) fn page_words(
    asker: &Asker,
    value: &impl Fn(&str) -> String,
    legend: [&'static str; 2],
    [title, story, button, share, after, question]: &[&'static str; 6],
) -> Markup {
    let line = |key: &'static str, label| Line::text(key, asker.say(label), &value(key)).markup();
    html! {
        details {
            summary { (asker.say(legend)) }
            p.hint { (asker.say(["不填就用上面的话。", "Left empty, the words above stand there."])) }
            (line(title, ["标题", "Title"]))
            (area(story, asker.say(["手机页面上的几句话", "A few sentences for the page on phones"]), &value(story), 4))
            (line(button, ["按钮", "Button"]))
            (area(share, asker.say(["转发时的话", "Words that go with a shared link"]), &value(share), 2))
            (area(after, asker.say(["结束以后的话", "What it says once it is over"]), &value(after), 3))
            (line(question, ["问路人的话", "What passers-by are asked"]))
        }
    }
}

/// A field with several lines.
pub(super) fn area(name: &str, label: &str, value: &str, rows: u32) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            // What is first on a line of its own is not the text's.
            textarea id=(name) name=(name) rows=(rows) autocomplete="off" spellcheck="false" { "\n" (value) }
        }
    }
}
