//! Words that somebody else chose, made fit for a log, a page or a line on the operator's window.
//!
//! Invariant: what comes out is one line of a stated length without characters that move the cursor, ring, hide or turn text
//! around.

/// Returns words as one line of at most `chars_max` characters. Line ends and other blanks become single spaces, and what
/// cannot be seen is left out.
pub fn one_line(words: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut chars = 0;
    for word in words.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut seen = word.chars().filter(|&c| !is_hidden(c)).peekable();
        if seen.peek().is_none() {
            continue;
        }
        if chars > 0 {
            if chars + 1 >= chars_max {
                break;
            }
            line.push(' ');
            chars += 1;
        }
        for c in seen.take(chars_max - chars) {
            line.push(c);
            chars += 1;
        }
        if chars >= chars_max {
            break;
        }
    }
    line
}

/// Characters that show nothing themselves and change how others are shown (Unicode, `Bidi_Control` and others of `Cf`).
const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
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

    proptest! {
        #[test]
        fn whatever_comes_in_one_bounded_line_comes_out(words in any::<String>(), chars_max in 0usize..50) {
            let line = one_line(&words, chars_max);
            prop_assert!(line.chars().count() <= chars_max);
            prop_assert!(!line.chars().any(|c| c.is_control() || is_hidden(c)));
            prop_assert_eq!(line.trim(), &line);
            prop_assert_eq!(one_line(&line, chars_max), line);
        }
    }
}
