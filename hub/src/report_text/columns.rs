//! Columns of a table in a window, in which Chinese characters take two.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Ends a text that was cut.
const CUT: char = '…';

/// Returns a text that takes so many columns: filled up with blanks, or cut.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let mut padded = cut(text, columns);
    let missing = columns.saturating_sub(padded.width());
    padded.extend(std::iter::repeat_n(' ', missing));
    padded
}

/// Returns a text that takes at most so many columns.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut cut, mut taken) = (String::new(), 1);
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > columns {
            break;
        }
        cut.push(c);
    }
    cut.push(CUT);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_latin_names_fill_the_same_columns() {
        assert_eq!(padded("爵士之夜", 10), "爵士之夜  ");
        assert_eq!(padded("jazz", 10), "jazz      ");
        assert_eq!(padded("爵士之夜", 8), "爵士之夜");
        // A wide character that would be parted is left out as a whole.
        assert_eq!(padded("爵士之夜", 7), "爵士之…");
        assert_eq!(padded("爵士之夜", 6), "爵士… ");
        assert_eq!(padded("jazz night", 5), "jazz…");
        for columns in 1..12 {
            for text in ["爵士之夜", "a爵b士c之", "e\u{301}cole d'été", "𠮷野家"] {
                assert_eq!(
                    padded(text, columns).width(),
                    columns,
                    "{text} in {columns}"
                );
            }
        }
    }
}
