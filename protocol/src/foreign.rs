//! Words that somebody else chose, made fit for a screen, a log, a page or a line on the operator's
//! window.
//!
//! Invariants: what comes out has no characters that move the cursor, ring, hide or turn text
//! around; a line has a stated length. Joiners stay where a script or an emoji needs them: between
//! two characters that can be seen, the first of which is none of Latin, Greek, Cyrillic or CJK,
//! where they would only make two equal texts different.

use std::borrow::Cow;

/// Returns words as one line of at most `chars_max` characters. Line ends and other blanks become
/// single spaces, and what cannot be seen is left out.
pub fn one_line(words: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut chars = 0;
    for word in words.split(|c: char| c.is_whitespace() || c.is_control()) {
        let seen = visible_within(word, chars_max - chars);
        if seen.is_empty() {
            continue;
        }
        if chars > 0 {
            if chars + 1 >= chars_max {
                break;
            }
            line.push(' ');
            chars += 1;
        }
        for c in seen.chars().take(chars_max - chars) {
            line.push(c);
            chars += 1;
        }
        if chars >= chars_max {
            break;
        }
    }
    // The cut may have parted a joiner from what it joins, or a flag from its end.
    if !line.ends_with(END_OF_TAGS) {
        let cut = line.trim_end_matches(|c| is_joiner(c) || is_tag(c)).len();
        line.truncate(cut);
    }
    line
}

/// Longest piece of a text that an error names, in bytes as it is quoted.
const QUOTED_BYTES_MAX: usize = 100;

/// Returns a text in quotes for an error, its odd characters escaped; of a long one its beginning.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        let escaped = c.escape_debug();
        if quoted.len() + escaped.len() > QUOTED_BYTES_MAX {
            quoted.push_str("…\"");
            return quoted;
        }
        quoted.extend(escaped);
    }
    quoted.push('"');
    quoted
}

/// Returns words with their lines as they are: without what cannot be seen, and with tabs as
/// spaces.
pub fn plain_lines(words: &str) -> String {
    let lines: Vec<String> = words
        .replace("\r\n", "\n")
        .split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        .map(|line| visible(&line.replace('\t', " ")))
        .collect();
    lines.join("\n")
}

/// Tells whether words have characters that [`one_line`] and [`plain_lines`] leave out.
pub fn has_hidden(words: &str) -> bool {
    visible(words) != words
}

/// Returns words as they are when nothing in them is hidden, and else as one line without it: for
/// what may have been kept before it was checked where it came in.
pub fn plain(words: &str) -> Cow<'_, str> {
    let is_simple = words.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if is_simple || !has_hidden(words) {
        Cow::Borrowed(words)
    } else {
        Cow::Owned(one_line(words, words.len()))
    }
}

/// Returns words with everything in them that cannot be seen written out, such as `\u{202e}`: for
/// names, of which two may look alike and be different.
pub fn escaped(words: &str) -> Cow<'_, str> {
    if !has_hidden(words) {
        return Cow::Borrowed(words);
    }
    let mut seen = String::with_capacity(words.len() + 8);
    for c in words.chars() {
        if c.is_control() || is_hidden(c) || is_joiner(c) || is_tag(c) {
            seen.extend(c.escape_unicode());
        } else {
            seen.push(c);
        }
    }
    Cow::Owned(seen)
}

/// Leaves out what cannot be seen, and joiners that join nothing.
fn visible(words: &str) -> String {
    visible_within(words, usize::MAX)
}

/// Does so until there are so many characters.
fn visible_within(words: &str, chars_max: usize) -> String {
    let mut seen = String::with_capacity(words.len().min(chars_max));
    let mut chars = 0;
    let mut rest = words
        .chars()
        .filter(|&c| !c.is_control() && !is_hidden(c))
        .peekable();
    // What the flag of a region is written with, after its black flag.
    let mut in_flag = false;
    while let Some(c) = rest.next() {
        in_flag = c == BLACK_FLAG || in_flag && is_tag(c);
        let is_fit = if is_tag(c) {
            in_flag
        } else if is_joiner(c) {
            let is_between = rest
                .peek()
                .is_some_and(|&next| !is_joiner(next) && !is_tag(next) && !next.is_whitespace());
            is_between && seen.chars().next_back().is_some_and(joins)
        } else {
            true
        };
        if is_fit {
            seen.push(c);
            chars += 1;
            if chars >= chars_max {
                break;
            }
        }
    }
    seen
}

const BLACK_FLAG: char = '\u{1f3f4}';
const END_OF_TAGS: char = '\u{e007f}';

/// Zero width non-joiner and joiner: Persian and the scripts of India are written with them, and
/// emoji of several parts.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

const fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

/// Tells whether a joiner after this character can mean something: scripts from Hebrew on, symbols
/// and emoji, their variation selectors and skin tones.
const fn joins(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{1cff}' | '\u{2190}'..='\u{2bff}' | '\u{a800}'..='\u{abff}' | '\u{fb1d}'..='\u{fe0f}'
        | '\u{fe70}'..='\u{fefc}' | '\u{10a00}'..='\u{16fff}' | '\u{1e800}'..='\u{1faff}' | '\u{e0020}'..='\u{e007f}')
}

/// Characters that show nothing themselves and change how others are shown (Unicode, `Bidi_Control`
/// and others of `Cf`, and the letters that are blank).
const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e001f}' | '\u{e0080}'..='\u{e0fff}'
    ) && !matches!(c, '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    #[test]
    fn words_become_one_plain_line() {
        assert_eq!(one_line("the hub\r\n is\tdown \n", 80), "the hub is down");
        assert_eq!(one_line("\u{1b}[2Jgone\u{7}", 80), "[2Jgone");
        assert_eq!(one_line("pay\u{202e}fdp.exe", 80), "payfdp.exe");
        assert_eq!(one_line("店铺 暂停", 4), "店铺 暂");
        assert_eq!(one_line("ab cd", 3), "ab");
        assert_eq!(
            (one_line("", 9), one_line("\n\u{200b}\n", 9)),
            (String::new(), String::new())
        );
    }

    #[test]
    fn plain_words_stay_as_they_are_and_others_lose_what_is_not_to_be_seen() {
        for words in ["三体  launch", "café", "", "a. b"] {
            assert!(!has_hidden(words), "{words:?}");
            assert_eq!(plain(words), words);
        }
        for (words, line) in [
            ("\u{1b}[2J\nroot", "[2J root"),
            ("a\u{9b}31m", "a 31m"),
            ("pay\u{202e}fdp", "payfdp"),
        ] {
            assert!(has_hidden(words), "{words:?}");
            assert_eq!(plain(words), line);
        }
    }

    #[test]
    fn names_that_only_look_alike_are_told_apart() {
        for name in ["三体", "=12", "می\u{200c}خواهم", "👩\u{200d}👧"] {
            assert_eq!(escaped(name), name);
        }
        for (name, seen) in [
            ("=1\u{202e}2", "=1\\u{202e}2"),
            ("a\u{200b}", "a\\u{200b}"),
            ("pay\u{200d}pal", "pay\\u{200d}pal"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
        ] {
            assert_eq!(escaped(name), seen);
        }
    }

    #[test]
    fn lines_stay_and_what_turns_or_hides_them_goes() {
        let turned = "Leave\u{202e} now\r\nUse\tthe \u{2066}stairs\u{2069}\u{200f}\u{61c}.\u{2028}Gather\u{1b}[2J outside";
        assert_eq!(
            plain_lines(turned),
            "Leave now\nUse the stairs.\nGather[2J outside"
        );
        for hidden in "\u{200b}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{206a}\u{61c}\u{ad}\u{feff}\u{fff9}\u{e0001}\u{e0041}\u{3164}\u{115f}\u{9b}\u{7f}"
            .chars()
        {
            let words = format!("a{hidden}b");
            assert_eq!(plain_lines(&words), "ab", "{:x}", u32::from(hidden));
            assert_eq!(one_line(&words, 9).replace(' ', ""), "ab");
            assert!(has_hidden(&words));
        }
    }

    #[test]
    fn what_a_script_or_an_emoji_needs_stays() {
        for written in [
            // Persian, with a joiner that parts.
            "می\u{200c}خواهم",
            // Hindi and Sinhala, with one that joins.
            "क्\u{200d}ष",
            "ශ්\u{200d}රී",
            // A family, a flag of a rainbow, of England, a heart with a selector, a skin tone.
            "👩\u{200d}👩\u{200d}👧",
            "🏳\u{fe0f}\u{200d}🌈",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "👩🏽\u{200d}🚀",
            "❤\u{fe0f}",
            // A variant of a Chinese character.
            "葛\u{e0100}",
        ] {
            assert_eq!(one_line(written, 80), written);
            assert_eq!(plain_lines(written), written);
            assert!(!has_hidden(written));
        }
    }

    #[test]
    fn joiners_that_join_nothing_go() {
        assert_eq!(one_line("pay\u{200d}pal", 80), "paypal");
        assert_eq!(one_line("\u{200d}می\u{200c} \u{200c}", 80), "می");
        assert_eq!(one_line("👩\u{200d}\u{200d}👧", 80), "👩\u{200d}👧");
        assert_eq!(one_line("店\u{200c}铺", 80), "店铺");
        // Nothing stands at the end of a line that was cut there.
        assert_eq!(one_line("👩\u{200d}👧", 2), "👩");
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn whatever_comes_in_one_bounded_line_comes_out(words in any::<String>(), chars_max in 0usize..50) {
            let line = one_line(&words, chars_max);
            prop_assert!(line.chars().count() <= chars_max);
            prop_assert!(!line.chars().any(|c| c.is_control() || is_hidden(c)));
            prop_assert_eq!(line.trim(), &line);
            prop_assert_eq!(one_line(&line, chars_max), line);
        }

        #[test]
        fn plain_lines_stay_plain(words in "[a\u{200d}\u{200c}\u{202e}\u{e0067}🏴👩می \n\t\r]{0,30}") {
            let lines = plain_lines(&words);
            prop_assert!(!lines.chars().any(|c| c != '\n' && (c.is_control() || is_hidden(c))));
            prop_assert_eq!(plain_lines(&lines), lines);
            let line = one_line(&words, 20);
            prop_assert_eq!(one_line(&line, 20), line);
        }
    }
}
