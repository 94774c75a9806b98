//! Names of files and folders: their normal form, their order, and those that no person made.
//!
//! Invariants: two names that look the same to a person are one name here, whichever system wrote
//! them; the order of names is total and the same on every machine.

use std::borrow::Cow;
use std::cmp::Ordering;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Returns a name in the normal form in which names are compared and stored: NFC (Unicode Standard
/// Annex 15). macOS writes names decomposed, other systems leave them as they were typed, mostly
/// composed.
pub fn normal_form(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(name)
}

/// Tells whether two names are one but for the way in which accents are written.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || normal_form(one) == normal_form(other)
}

/// Tells whether a name is that of a file or folder which an operating system, a file manager, a
/// network disk or an editor makes for itself: nobody's creative, nobody's campaign, and nothing to
/// complain about. All hidden names are.
pub fn is_system_file(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with('.')
        || name.starts_with("~$")
        || name.ends_with('~')
        || SYSTEM_ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || SYSTEM_NAMES.contains(&lower.as_str())
        // The custom icon of a folder on macOS.
        || name == "Icon\r"
}

/// Endings of what editors leave beside a file, in lower case.
const SYSTEM_ENDINGS: [&str; 3] = [".swp", ".swo", ".swx"];
/// Whole names, in lower case.
const SYSTEM_NAMES: [&str; 14] = [
    // Windows.
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "$recycle.bin",
    "recycler",
    "system volume information",
    // macOS, in archives and on foreign disks; its other files are hidden ones.
    "__macosx",
    "network trash folder",
    "temporary items",
    // Network disks.
    "@eadir",
    "#recycle",
    "#snapshot",
    // Linux.
    "lost+found",
];

/// Compares two names as a person expects them in a list: numbers as numbers (`Slide2` before
/// `Slide10`), letters in either case and full-width ones beside each other, accents after the
/// plain letter, `Slide.png` before `Slide (2).png`. Names that differ in nothing else are ordered
/// by their characters.
pub fn natural_order(one: &str, other: &str) -> Ordering {
    // icu_collator does more, and makes all of Bevy be built with other features; natord skips
    // blanks, and alphanumeric-sort counts in floats.
    let folded = |name: &str| {
        let plain = DecomposingNormalizerBorrowed::new_nfkd().normalize(name);
        plain.to_lowercase()
    };
    let (one_folded, other_folded) = (folded(one), folded(other));
    compare_runs(stem(&one_folded), stem(&other_folded))
        .then_with(|| compare_runs(&one_folded, &other_folded))
        .then_with(|| normal_form(one).cmp(&normal_form(other)))
        .then_with(|| one.cmp(other))
}

/// Sorts what has names in their natural order.
pub fn sort_naturally<T>(list: &mut [T], name: impl Fn(&T) -> &str) {
    list.sort_by(|one, other| natural_order(name(one), name(other)));
}

/// Compares two texts run by run: runs of digits by their value, however long, others character by
/// character.
fn compare_runs(mut one: &str, mut other: &str) -> Ordering {
    loop {
        let (one_digits, one_rest) = split_digits(one);
        let (other_digits, other_rest) = split_digits(other);
        match (one_digits.is_empty(), other_digits.is_empty()) {
            (true, true) => {
                let (mut one_chars, mut other_chars) = (one.chars(), other.chars());
                match (one_chars.next(), other_chars.next()) {
                    (None, None) => return Ordering::Equal,
                    (first, second) if first == second => {
                        (one, other) = (one_chars.as_str(), other_chars.as_str());
                    }
                    (first, second) => return first.cmp(&second),
                }
            }
            (false, false) => {
                let one_value = one_digits.trim_start_matches('0');
                let other_value = other_digits.trim_start_matches('0');
                let ordering = one_value
                    .len()
                    .cmp(&other_value.len())
                    .then_with(|| one_value.cmp(other_value));
                if ordering != Ordering::Equal {
                    return ordering;
                }
                (one, other) = (one_rest, other_rest);
            }
            (true, false) => return before_digits(one),
            (false, true) => return before_digits(other).reverse(),
        }
    }
}

/// How a text that begins with no digit compares with one that does.
fn before_digits(text: &str) -> Ordering {
    let first = text.chars().next();
    first.map_or(Ordering::Less, |first| first.cmp(&'0'))
}

/// Splits the ASCII digits from the start of a text; the folded form of others is these.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// A name without its ending.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    fn sorted(names: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        sort_naturally(&mut names, |name| name);
        names
    }

    #[test]
    fn numbers_are_ordered_as_numbers() {
        for expected in [
            [
                "Slide1.jpg",
                "Slide2.jpg",
                "Slide10.jpg",
                "Slide11.jpg",
                "Slide100.jpg",
            ]
            .as_slice(),
            &["1.png", "2.png", "10.png"],
            &["IMG_0009.JPG", "IMG_0010.JPG", "IMG_0100.JPG"],
            &["第1页.png", "第2页.png", "第10页.png"],
            &["a1b2.png", "a1b10.png", "a2b1.png"],
            // Without an ending before with more words, and letters in any case beside each other.
            &["Slide.png", "Slide (2).png", "Slide (10).png", "Slide1.png"],
            &["apple.png", "Banana.png", "cherry.png"],
            // Full-width digits are digits.
            &["菜单９.png", "菜单１０.png"],
            // A number past every machine word.
            &[
                "a99999999999999999999999999998.png",
                "a99999999999999999999999999999.png",
            ],
        ] {
            let mut turned: Vec<&str> = expected.to_vec();
            turned.reverse();
            assert_eq!(sorted(&turned), expected);
        }
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        assert!(is_same("Caf\u{e9}.png", "Cafe\u{301}.png"));
        assert!(is_same("\u{304c}.png", "\u{304b}\u{3099}.png"));
        assert!(!is_same("Cafe.png", "Caf\u{e9}.png"));
        assert_eq!(normal_form("Cafe\u{301}"), "Caf\u{e9}");
    }

    #[test]
    fn what_machines_leave_is_told_from_what_people_name() {
        for system in [
            "._poster.png",
            ".DS_Store",
            ".Trashes",
            ".Spotlight-V100",
            ".stfolder",
            "__MACOSX",
            "Thumbs.db",
            "THUMBS.DB",
            "ehthumbs.db",
            "desktop.ini",
            "$RECYCLE.BIN",
            "System Volume Information",
            "@eaDir",
            "#recycle",
            "lost+found",
            "~$menu.pptx",
            "campaign.toml~",
            "campaign.toml.swp",
        ] {
            assert!(is_system_file(system), "{system}");
        }
        for personal in [
            "poster.png",
            "campaign.toml",
            "~poster.png",
            "$5 off.png",
            "#1.png",
            "@home",
        ] {
            assert!(!is_system_file(personal), "{personal}");
        }
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn the_order_is_total(names in prop::collection::vec("[a-cA-C0-3０１é. ()-]{0,8}", 3)) {
            let [a, b, c] = [&names[0], &names[1], &names[2]];
            prop_assert_eq!(natural_order(a, b), natural_order(b, a).reverse());
            prop_assert_eq!(natural_order(a, b) == Ordering::Equal, a == b);
            if natural_order(a, b) != Ordering::Greater && natural_order(b, c) != Ordering::Greater {
                prop_assert_ne!(natural_order(a, c), Ordering::Greater);
            }
        }
    }
}
