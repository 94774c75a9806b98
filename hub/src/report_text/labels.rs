//! What stands beside figures: the name that people know, then the number or digest.

use crate::report_text::columns::cut;
use crate::store::Names;

/// Digits of a digest that stand beside a file's name; `--json` has all.
const DIGEST_DIGITS: usize = 12;

/// Names a screen.
pub(super) fn screen(names: &Names, number: &str, columns: usize) -> String {
    match names.screens.get(number) {
        Some(name) => beside(name, &format!("(screen {number})"), columns),
        None => format!("screen {number}, not known here"),
    }
}

/// Names a campaign of the hub's.
pub(super) fn campaign(names: &Names, folder: &str, columns: usize) -> String {
    match names.campaigns.get(folder) {
        Some(title) if title == folder => cut(folder, columns),
        Some(title) => beside(title, &format!("({folder})"), columns),
        None => cut(&format!("{folder}, never published here"), columns),
    }
}

/// Names a creative of the hub's.
pub(super) fn creative(names: &Names, digest: &str, columns: usize) -> String {
    let start = digest.get(..DIGEST_DIGITS).unwrap_or(digest);
    match names.files_of(digest) {
        Some(files) => beside(&files, start, columns),
        None => beside("a file of no known name", start, columns),
    }
}

/// A name, cut if need be, with a number or the like after it, which is shown whole unless it takes
/// more than half.
fn beside(name: &str, mark: &str, columns: usize) -> String {
    let mark = cut(mark, columns / 2);
    let taken = unicode_width::UnicodeWidthStr::width(mark.as_str()) + 1;
    format!("{} {mark}", cut(name, columns.saturating_sub(taken)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::FileName;

    #[test]
    fn what_has_no_name_says_so_in_words() {
        let mut names = Names::default();
        names.screens.insert("1".into(), "exit A".into());
        names.campaigns.insert("jazz".into(), "爵士之夜".into());
        names.campaigns.insert("tea".into(), "tea".into());
        let file = |file: &str| FileName {
            campaign: "jazz".into(),
            file: file.into(),
        };
        let digest = "0123456789abcdef";
        let files = vec![file("周五.png"), file("friday.png")];
        names.creatives.insert(digest.into(), files);
        assert_eq!(screen(&names, "1", 40), "exit A (screen 1)");
        assert_eq!(screen(&names, "9", 40), "screen 9, not known here");
        assert_eq!(campaign(&names, "jazz", 40), "爵士之夜 (jazz)");
        assert_eq!(campaign(&names, "tea", 40), "tea");
        assert_eq!(campaign(&names, "old", 40), "old, never published here");
        assert_eq!(
            creative(&names, digest, 60),
            "周五.png (jazz), and 1 more 0123456789ab"
        );
        assert_eq!(creative(&names, "ffff", 60), "a file of no known name ffff");
        assert_eq!(campaign(&names, "jazz", 13), "爵士… (jazz)");
    }
}
