//! Compares the pages of docs/reference with what the code says of itself.
//!
//! A test makes a page as Markdown with a paragraph, or an entry of a list, on each line. What is
//! held against the file is wrapped as documents are.

use std::fs;
use std::path::Path;

/// Widest line of a page, in characters; tables and headings are as wide as they are.
const COLUMNS_MAX: usize = 120;
/// Has the pages written instead of compared.
const BLESS_VARIABLE: &str = "PASSERBY_BLESS";

/// Compares a page with its file, or writes the file where `PASSERBY_BLESS` is set, as
/// `scripts/references` does.
///
/// # Panics
/// The file says something else; the message has the first line that does.
pub fn hold(root: &Path, name: &str, markdown: &str) {
    let path = root.join("docs/reference").join(name);
    let text = wrapped(markdown);
    if std::env::var_os(BLESS_VARIABLE).is_some() {
        fs::write(&path, &text).expect("the page is written");
        return;
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let (mut old, mut new) = (there.lines(), text.lines());
    for line in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (old, new) => assert_eq!(
                old, new,
                "docs/reference/{name}:{line} is stale; write it anew with scripts/references"
            ),
        }
    }
}

/// Breaks what is wider than a page, but for code, tables and headings.
fn wrapped(markdown: &str) -> String {
    let (mut text, mut is_code) = (String::new(), false);
    for line in markdown.trim_end().lines() {
        let start = line.trim_start();
        let is_fence = start.starts_with("```");
        if is_fence || is_code || start.starts_with(['|', '#']) {
            text += line;
            text.push('\n');
        } else {
            text += &wrapped_line(line);
        }
        is_code ^= is_fence;
    }
    text
}

/// Breaks a line between its words.
fn wrapped_line(line: &str) -> String {
    let start = line.trim_start();
    let indent = line.len() - start.len() + if start.starts_with("* ") { 2 } else { 0 };
    let (mut lines, mut columns) = (line[..line.len() - start.len()].to_owned(), indent);
    for (at, word) in words(start, COLUMNS_MAX - indent).iter().enumerate() {
        let more = word.chars().count() + 1;
        if at > 0 && columns + more > COLUMNS_MAX {
            lines += &format!("\n{}", " ".repeat(indent));
            columns = indent;
        } else if at > 0 {
            lines.push(' ');
        }
        lines += word;
        columns += more;
    }
    lines.push('\n');
    lines
}

/// What stays on one line: words, code that fits, and a number that would begin a line like that of
/// a list with the word before it.
fn words(text: &str, columns_max: usize) -> Vec<String> {
    let (mut words, mut is_code): (Vec<String>, bool) = (Vec::new(), false);
    for word in text.split_whitespace() {
        let number = word.strip_suffix(['.', ')']).unwrap_or_default();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_mark = is_number || ["-", "+", "#", "|"].contains(&word);
        let fits = |last: &str| last.chars().count() + word.chars().count() < columns_max;
        match words.last_mut() {
            Some(last) if (is_mark || is_code) && fits(last) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        is_code ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_never_in_code() {
        let long = "word ".repeat(30);
        let text = wrapped(&format!(
            "# {long}\n\n  * {long}`a b c` 12. {long}\n```\n{long}\n```\n"
        ));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("# {long}"));
        assert!(lines[2].starts_with("  * word") && lines[3].starts_with("    word"));
        assert!(
            lines[2..5]
                .iter()
                .all(|line| line.chars().count() <= COLUMNS_MAX)
        );
        assert!(text.contains("`a b c` 12."), "{text}");
        assert!(text.contains(&format!("```\n{long}\n```\n")), "{text}");
    }
}
