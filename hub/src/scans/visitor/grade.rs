//! Judges by its user agent what kind of program opened a link.
//!
//! Invariants: no person is taken for a robot, if need be at the price of a robot that is taken for
//! a person; a judgement looks at 490 bytes of it and keeps nothing. The corpus in
//! `tests/hub/agents` holds both, with agents that were really seen.

use std::borrow::Cow;
use std::cell::Cell;

use crate::scans::visitor::names::{
    CHORES, CHORES_OF_BROWSERS, ENGINES, INNOCENT, PLATFORMS, PREVIEWS, ROBOTS, TOOLS,
    WORDS_OF_APPS,
};

/// What is looked at of a longer user agent, in bytes: its beginning says what device it is, its
/// end what program. Together they stay under the 512 bytes above which iscrawl takes anything for
/// a browser.
const HEAD_BYTES_MAX: usize = 300;
const TAIL_BYTES_MAX: usize = 190;

/// What kind of program opened a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// A browser, so most likely a person.
    Browser,
    /// A plain HTTP client; counted, and told apart in reports.
    Tool,
    /// A crawler or the preview of a chat program; counted apart.
    Robot,
}

impl Grade {
    /// Judges a user agent. Unknown and empty ones are tools: not proven robots, and not proven
    /// people.
    pub fn of_agent(agent: &str) -> Self {
        let lower = excerpt(agent.trim()).to_ascii_lowercase();
        // An app on a phone may be called Scanner or Feed, and somebody holds the phone.
        let on_device = PLATFORMS.iter().any(|name| lower.contains(name));
        let words = own_words(&lower);
        let has_any = |names: &[&str]| names.iter().any(|name| words.contains(name));
        let draws = has_any(ENGINES);
        if has_any(&["bot", "crawl", "spider"]) || has_any(ROBOTS) {
            return Self::Robot;
        }
        if begins_with_any(&lower, TOOLS) {
            return Self::Tool;
        }
        let apps: &[&str] = if on_device { WORDS_OF_APPS } else { &[] };
        if begins_with_any(&lower, PREVIEWS) || says_crawler(&without(&words, apps)) {
            return Self::Robot;
        }
        let claims_browser = lower.starts_with("mozilla/");
        if claims_browser && adds_itself(&words, draws) {
            return Self::Robot;
        }
        let does_chores = match (claims_browser, draws) {
            (false, false) => has_any(CHORES) || has_any(CHORES_OF_BROWSERS),
            _ => has_any(CHORES_OF_BROWSERS),
        };
        if does_chores && !on_device {
            return Self::Robot;
        }
        if draws || claims_browser && on_device {
            return Self::Browser;
        }
        Self::Tool
    }
}

/// Tells whether an agent begins with one of these names as a whole.
fn begins_with_any(lower: &str, names: &[&str]) -> bool {
    names
        .iter()
        .filter_map(|name| lower.strip_prefix(name))
        .any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || "-_".contains(next)))
}

/// Tells whether a name stands where browsers have none: after `compatible`, though it is not
/// Internet Explorer, or in the engine's own comment.
fn adds_itself(words: &str, draws: bool) -> bool {
    if words.contains("(khtml, like gecko;") {
        return true;
    }
    let compatible = words.contains("compatible;") || words.contains("(compatible)");
    let borrowed = ["msie", "konqueror", "omniweb", "compatible; u;"];
    let is_borrowed = borrowed.iter().any(|name| words.contains(name));
    compatible && !is_borrowed && (!draws || words.contains("webkit"))
}

/// Asks iscrawl for the words that robots use of themselves; whether there is an engine is asked
/// elsewhere.
///
/// Version 1.2 remembers answers by address, length and the first and last eight bytes of the text,
/// so another agent at a reused address could get the answer of the one before, and who can choose
/// agents could choose whose. A count behind every text makes each of them look new.
fn says_crawler(words: &str) -> bool {
    thread_local!(static ASKED: Cell<u32> = const { Cell::new(0) });
    let count = ASKED.get();
    ASKED.set(count.wrapping_add(1));
    iscrawl::is_crawler(&format!("{words} gecko {:08}", count % 100_000_000))
}

/// Returns an agent without what holds a robot's word and is none: the names of devices, `@`
/// without a mail address, `http` without a web address.
fn own_words(lower: &str) -> String {
    let mut words = String::with_capacity(lower.len());
    let mut rest = lower;
    while let Some(at) = rest.find(['(', '[']) {
        let (before, comment) = rest.split_at(at);
        let (comment, after) = comment.split_at(comment_length(comment));
        words.push_str(before);
        words.push_str(if is_device(before, comment) {
            "()"
        } else {
            comment
        });
        rest = after;
    }
    words.push_str(rest);
    words = without(&words, INNOCENT).into_owned();
    if !has_mail_address(&words) {
        words = without(&words, &["@"]).into_owned();
    }
    if !words.contains("http://") && !words.contains("https://") {
        words = without(&words, &["http"]).into_owned();
    }
    words
}

fn without<'a>(text: &'a str, words: &[&str]) -> Cow<'a, str> {
    let mut rest = Cow::from(text);
    for word in words {
        if rest.contains(word) {
            rest = rest.replace(word, " ").into();
        }
    }
    rest
}

/// Returns the length of the comment that a text begins with, comments within it included.
fn comment_length(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, letter) in text.bytes().enumerate() {
        match letter {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

/// Tells whether a comment names a device, whose maker may call it what they like: the platform of
/// Android, or what the apps of Meta say of a phone.
fn is_device(before: &str, comment: &str) -> bool {
    let names_device = comment.contains("android")
        || comment.contains("; adr ")
        || comment.starts_with("[fb")
        || before.trim_end().ends_with("android");
    let names_robot = ["compatible;", "://", "-google/"];
    names_device && !names_robot.iter().any(|sign| comment.contains(sign))
}

/// Tells whether there is an `@` between a name and a domain. Browsers write versions after it, and
/// Chinese apps channels.
fn has_mail_address(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let (name, domain) = (&text[..at], &text[at + 1..]);
        let end = domain.find(|next: char| !next.is_ascii_alphanumeric() && !".-_".contains(next));
        let domain = &domain[..end.unwrap_or(domain.len())];
        let domain = domain.trim_end_matches('.');
        let is_named = name.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        let is_domain = domain.rsplit_once('.').is_some_and(|(_, top)| {
            top.len() >= 2 && top.bytes().all(|letter| letter.is_ascii_lowercase())
        });
        is_named && is_domain
    })
}

fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= HEAD_BYTES_MAX + TAIL_BYTES_MAX {
        return text.into();
    }
    let (mut head, mut tail) = (HEAD_BYTES_MAX, text.len() - TAIL_BYTES_MAX);
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    while !text.is_char_boundary(tail) {
        tail += 1;
    }
    format!("{} {}", &text[..head], &text[tail..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_that_differ_only_in_their_middle_are_judged_apart() {
        // Alike in length, beginning and end, and one right after the other at the same address.
        let person = "mozilla/5.0 (linux; android 14) applewebkit/537.36 geckoxx/2.1 safari/537.36";
        let robot = person.replace("geckoxx", "preview");
        for _ in 0..50 {
            assert!(!says_crawler(person));
            assert!(says_crawler(&robot));
        }
    }

    #[test]
    fn word_of_robots_counts_where_robots_have_it() {
        let phone = |model: &str, end: &str| {
            format!(
                "Mozilla/5.0 (Linux; Android 14; {model}) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/126.0.0.0 Mobile Safari/537.36{end}"
            )
        };
        let grades = [
            ("Bot Preview Monitor", "", Grade::Browser),
            ("Fetch (5G) crawler", "", Grade::Browser),
            ("Pixel 8", " QRScanner/2.1", Grade::Browser),
            ("Pixel 8", " Scrapbook/3 NewsFeed", Grade::Browser),
            ("Pixel 8", " BingPreview/1.0b", Grade::Robot),
            ("Pixel 8", " App/me@my_phone_1.2", Grade::Browser),
            ("Pixel 8", " (compatible; Someone/1.0)", Grade::Robot),
            ("Pixel 8", " someone@mail.example", Grade::Robot),
            ("Pixel 8", "; Someonespider", Grade::Robot),
            ("compatible; Somebot", "", Grade::Robot),
        ];
        for (model, end, grade) in grades {
            let agent = phone(model, end);
            assert_eq!(Grade::of_agent(&agent), grade, "{agent}");
        }
    }

    #[test]
    fn empty_unknown_and_odd_agents_are_tools() {
        for agent in [
            "",
            " ",
            "x",
            "SomethingElse/1.0",
            "Mozilla/5.0",
            "(",
            ")))",
            "[((",
            "@",
            "三体",
        ] {
            assert_eq!(Grade::of_agent(agent), Grade::Tool, "{agent}");
        }
    }

    #[test]
    fn of_a_long_agent_beginning_and_end_are_looked_at() {
        let filler = "三体".repeat(10_000);
        let grade = |end: &str| Grade::of_agent(&format!("app;{filler};{end}"));
        assert_eq!(grade("Mozilla/5.0 AppleWebKit/605.1.15"), Grade::Browser);
        assert_eq!(grade("Somebot/1.0"), Grade::Robot);
        assert_eq!(grade(""), Grade::Tool);
    }
}
