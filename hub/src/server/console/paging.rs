//! Long lists on several pages.

use std::ops::Range;

use maud::{Markup, html};

use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::layout::number;

/// The field that says with which row a page begins, from 1.
const ROW: &str = "row";

/// Some rows of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    start: usize,
    count: usize,
    rows_max: usize,
}

impl Page {
    /// The rows that are asked for, of so many, and no more than fit on a page; the first ones
    /// unless a row is named.
    pub(crate) fn of(fields: &Fields, count: usize, rows_max: usize) -> Self {
        Self::with_row(fields.get(ROW).parse().unwrap_or(1), count, rows_max)
    }

    /// The same; the last ones unless a row is named.
    pub(crate) fn from_the_end(fields: &Fields, count: usize, rows_max: usize) -> Self {
        Self::with_row(fields.get(ROW).parse().unwrap_or(count), count, rows_max)
    }

    fn with_row(asked: usize, count: usize, rows_max: usize) -> Self {
        // Whoever asks for what is past the end sees the last page.
        let last = count.saturating_sub(1) / rows_max * rows_max;
        let start = asked.saturating_sub(1) / rows_max * rows_max;
        Self {
            start: start.min(last),
            count,
            rows_max,
        }
    }

    /// Their places in the list.
    pub(crate) fn rows(self) -> Range<usize> {
        self.start..self.count.min(self.start + self.rows_max)
    }

    /// Leads to the pages before and after; says nothing where there is one page.
    pub(crate) fn links(self, asker: &Asker, path: &str, fields: &[(&str, &str)]) -> Markup {
        if self.count <= self.rows_max {
            return html! {};
        }
        let rows = self.rows();
        let at = |start: usize| {
            let row = (start + 1).to_string();
            let all: Vec<_> = fields
                .iter()
                .copied()
                .chain([(ROW, row.as_str())])
                .collect();
            asker.at(&path_with(path, &all))
        };
        html! {
            p.soft {
                (asker.say(["第 ", "Rows "])) (number(rows.start as u64 + 1)) "–" (number(rows.end as u64))
                (asker.say([" 行，共 ", " of "])) (number(self.count as u64)) (asker.say([" 行", ""]))
            }
            div.foot {
                @if rows.start > 0 {
                    a.button href=(at(rows.start - self.rows_max)) { (asker.say(["上一页", "Page before"])) }
                } @else { span {} }
                @if rows.end < self.count {
                    a.button href=(at(rows.end)) { (asker.say(["下一页", "Next page"])) }
                }
            }
        }
    }
}

/// Said above a list that begins at its start, since the row behind which it was to begin is gone.
pub(crate) fn began_again(asker: &Asker) -> Markup {
    html! { p.notice { (asker.say([
        "这个列表变了，找不到要接着显示的那一行，所以从头显示。",
        "This list has changed, and the row to go on behind is gone. Here is its start.",
    ])) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_on_one_page_and_what_is_asked_wrongly_is_on_one_as_well() {
        let rows = |row: &str, count: usize| {
            let fields = Fields::of_pairs(vec![(ROW.to_owned(), row.to_owned())]);
            Page::of(&fields, count, 100).rows()
        };
        assert_eq!(rows("", 0), 0..0);
        assert_eq!(rows("", 100), 0..100);
        assert_eq!(rows("1", 101), 0..100);
        assert_eq!(rows("101", 101), 100..101);
        assert_eq!(rows("150", 1_000), 100..200);
        for wrong in ["0", "-1", "x", "99999999999999999999999"] {
            assert_eq!(rows(wrong, 1_000), 0..100, "{wrong}");
        }
        assert_eq!(rows("5000", 1_000), 900..1_000);
        assert_eq!(rows("5000", 200), 100..200);
        let newest = Page::from_the_end(&Fields::of_pairs(Vec::new()), 250, 100);
        assert_eq!(newest.rows(), 200..250);
    }
}
