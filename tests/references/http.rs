//! http.md: the calls of the hub and of the local page.

use passerby_hub::server;
use passerby_protocol::http_call::{HttpCall, HttpChapter};

use crate::page::{entry, paragraph, table};

/// The whole page.
pub(crate) fn page() -> String {
    let [phones, terminals, publishers, console, programs] = server::calls();
    let local = passerby::local_page::reference();
    let chapters = [phones, terminals, publishers, console, programs, local];
    let chapters: Vec<String> = chapters.iter().map(chapter).collect();
    format!("# HTTP\n\n{}", chapters.join("\n"))
}

fn chapter(chapter: &HttpChapter) -> String {
    let rows: Vec<[String; 3]> = chapter
        .calls
        .iter()
        .map(|call| {
            [
                format!("`{} {}`", call.method.word(), path(chapter.base, call)),
                call.does.to_owned(),
                statuses(call),
            ]
        })
        .collect();
    let notes: String = chapter.notes.iter().map(|note| entry(0, note)).collect();
    format!(
        "## {}\n\n{}\n{}{}{notes}",
        chapter.title,
        paragraph(&chapter.intro),
        table(["call", "does", "answers"], &rows),
        if notes.is_empty() { "" } else { "\n" },
    )
}

/// A path with what differs in capital letters.
fn path(base: &str, call: &HttpCall) -> String {
    let pieces = call.path.split(['{', '}']).enumerate();
    let path: String = pieces
        .map(|(at, piece)| match at % 2 {
            0 => piece.to_owned(),
            _ => piece.to_uppercase(),
        })
        .collect();
    format!("{base}{path}{}", call.query)
}

fn statuses(call: &HttpCall) -> String {
    let statuses: Vec<String> = call.statuses.iter().map(u16::to_string).collect();
    statuses.join(", ")
}
