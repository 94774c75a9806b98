//! Tables for spreadsheets: CSV by RFC 4180, in UTF-8 with a byte order mark, since without one
//! Excel takes the machine's own code page.
//!
//! Invariant: no text is run. One that a spreadsheet would take for a formula gets an apostrophe
//! before it, as OWASP advises under "CSV Injection"; numbers stay numbers. What cannot be seen is
//! written out.

use std::fmt::Write as _;

use crate::foreign;

/// Stands before the first line.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One field.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// What somebody wrote, or what a program writes in words.
    Text(&'a str),
    /// A count or a number.
    Number(u64),
}

/// Writes the first line: the names of the columns.
pub fn head(names: &[&str]) -> String {
    let cells: Vec<Cell<'_>> = names.iter().map(|name| Cell::Text(name)).collect();
    format!("{BYTE_ORDER_MARK}{}", row(&cells))
}

/// Writes a line.
pub fn row(cells: &[Cell<'_>]) -> String {
    let mut line = String::new();
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        match cell {
            Cell::Text(text) => push_text(&mut line, text),
            Cell::Number(number) => _ = write!(line, "{number}"),
        }
    }
    line.push_str("\r\n");
    line
}

fn push_text(line: &mut String, text: &str) {
    let text = &written_out(text);
    // Some spreadsheets read full-width signs as they read their own, and pass over blanks before
    // either.
    let first = text.trim_start_matches(' ').chars().next();
    let is_formula = first.is_some_and(|first| "=+-@\t\r\n＝＋－＠".contains(first));
    let mark = if is_formula { "'" } else { "" };
    if text.contains([',', ';', '"', '\t', '\r', '\n', ' ']) {
        let _ = write!(line, "\"{mark}{}\"", text.replace('"', "\"\""));
    } else {
        let _ = write!(line, "{mark}{text}");
    }
}

/// A text of several lines with what cannot be seen written out.
fn written_out(text: &str) -> String {
    const BREAKS: [char; 3] = ['\t', '\r', '\n'];
    let pieces = text.split_inclusive(BREAKS).map(|piece| {
        let (words, end) = piece.split_at(piece.trim_end_matches(BREAKS).len());
        format!("{}{end}", foreign::escaped(words))
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_each_is_one_cell() {
        for (text, cell) in [
            ("新品上市", "新品上市"),
            ("=1+2", "'=1+2"),
            ("+86 10", "\"'+86 10\""),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1+2", "\"' =1+2\""),
            ("\t=1+2", "\"'\t=1+2\""),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("＝1+2", "'＝1+2"),
            ("春, \"夏\"", "\"春, \"\"夏\"\"\""),
            ("a;=1", "\"a;=1\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1\u{202e}2", "'=1\\u{202e}2"),
            ("\u{202e}=1", "\\u{202e}=1"),
            ("", ""),
        ] {
            assert_eq!(
                row(&[Cell::Text(text), Cell::Number(7)]),
                format!("{cell},7\r\n"),
                "{text:?}"
            );
        }
        assert_eq!(head(&["campaign", "count"]), "\u{feff}campaign,count\r\n");
    }
}
