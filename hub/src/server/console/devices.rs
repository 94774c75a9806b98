//! What people call the device behind a session: its browser and its system, as far as it says so.

use crate::server::language::Language;

/// Browsers, by a word that each says of itself; who says a word of another one as well comes
/// first.
const BROWSERS: [(&str, [&str; 2]); 9] = [
    ("MicroMessenger", ["微信", "WeChat"]),
    ("Edg", ["Edge", "Edge"]),
    ("OPR/", ["Opera", "Opera"]),
    ("SamsungBrowser", ["三星浏览器", "Samsung Internet"]),
    ("Firefox", ["Firefox", "Firefox"]),
    ("FxiOS", ["Firefox", "Firefox"]),
    ("CriOS", ["Chrome", "Chrome"]),
    ("Chrome", ["Chrome", "Chrome"]),
    ("Safari", ["Safari", "Safari"]),
];
/// Systems, likewise.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];
/// As much of what is not known as is shown, in characters.
const UNKNOWN_CHARS_MAX: usize = 60;

/// Names a device; one that says nothing known of itself is called as it calls itself.
pub(crate) fn called(language: Language, client: &str) -> String {
    let browser = BROWSERS.iter().find(|(word, _)| client.contains(word));
    let browser = browser.map(|(_, names)| language.say(*names));
    let system = SYSTEMS.iter().find(|(word, _)| client.contains(word));
    let system = system.map(|(_, name)| *name);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => client.chars().take(UNKNOWN_CHARS_MAX).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_systems_are_told_from_what_they_say_and_others_are_named_as_they_are() {
        for (client, named) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36",
                "Chrome · Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1",
                "Safari · iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 MicroMessenger/8.0",
                "微信 · Android",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0",
                "Edge · Windows",
            ),
            ("curl/8.0", "curl/8.0"),
            ("", ""),
        ] {
            assert_eq!(called(Language::Chinese, client), named);
        }
        let long = "x".repeat(300);
        assert_eq!(called(Language::English, &long).len(), UNKNOWN_CHARS_MAX);
    }
}
