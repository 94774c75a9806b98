//! The two languages of pages, and who reads which.
//!
//! Whoever adds a text writes it in both, side by side, Chinese first: `say(["屏幕", "Screens"])`.

use axum::http::{HeaderMap, Uri, header};

/// The cookie with the language that somebody chose.
pub(crate) const COOKIE: &str = "passerby-language";

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    /// Picks the text in this language.
    pub(crate) const fn say(self, [chinese, english]: [&'static str; 2]) -> &'static str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    /// As pages name it to browsers.
    pub(crate) const fn tag(self) -> &'static str {
        self.say(["zh-CN", "en"])
    }

    /// The word for it in addresses and cookies.
    pub(crate) const fn word(self) -> &'static str {
        self.say(["zh", "en"])
    }

    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// What it calls itself.
    pub(crate) const fn own_name(self) -> &'static str {
        self.say(["中文", "English"])
    }

    /// Finds one by its word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::Chinese, Self::English]
            .into_iter()
            .find(|language| language.word() == word)
    }

    /// The one that was chosen, else the first that the browser asks for of those that there are.
    pub(crate) fn of(headers: &HeaderMap, chosen: Option<&str>) -> Self {
        if let Some(chosen) = chosen.and_then(Self::of_word) {
            return chosen;
        }
        let asked = headers.get(header::ACCEPT_LANGUAGE);
        let asked = asked.and_then(|value| value.to_str().ok()).unwrap_or("");
        let mut best = (Self::English, -1.0);
        for part in asked.split(',').take(20) {
            let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
            let weight: f32 = weight.trim().parse().unwrap_or(0.0);
            let tag = tag.trim().to_ascii_lowercase();
            let language = match tag.split('-').next() {
                Some("zh") => Self::Chinese,
                Some("en") => Self::English,
                _ => continue,
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

/// The language that somebody chose on a page.
pub(crate) fn chosen(uri: &Uri) -> Option<Language> {
    let words = uri.query()?.split('&').take(20);
    let mut words = words.filter_map(|word| word.strip_prefix("lang="));
    words.find_map(Language::of_word)
}

/// The language that a phone asks for; `None` where it says nothing, as most programs do.
pub(crate) fn asked(headers: &HeaderMap, uri: &Uri) -> Option<Language> {
    chosen(uri).or_else(|| {
        headers
            .contains_key(header::ACCEPT_LANGUAGE)
            .then(|| Language::of(headers, None))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_browser_chooses_unless_its_owner_has() {
        let of = |asked: &str, chosen| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, asked.parse().unwrap());
            Language::of(&headers, chosen)
        };
        assert_eq!(of("zh-CN,zh;q=0.9,en;q=0.8", None), Language::Chinese);
        assert_eq!(of("en-GB,zh;q=0.5", None), Language::English);
        assert_eq!(of("de, zh;q=0.2, en;q=0.1", None), Language::Chinese);
        assert_eq!(of("fr", None), Language::English);
        assert_eq!(of("en", Some("zh")), Language::Chinese);
        assert_eq!(of("en", Some("<script>")), Language::English);
    }

    #[test]
    fn whoever_chose_a_language_gets_it_and_whoever_says_nothing_chooses_none() {
        let of = |query: &str, accepts: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(accepts) = accepts {
                headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepts));
            }
            let uri: Uri = format!("/s/x{query}").parse().unwrap();
            asked(&headers, &uri)
        };
        assert_eq!(of("", None), None);
        assert_eq!(of("", Some("zh-CN")), Some(Language::Chinese));
        assert_eq!(of("?lang=en", Some("zh-CN")), Some(Language::English));
        assert_eq!(of("?a=b&lang=zh", None), Some(Language::Chinese));
        assert_eq!(
            of("?lang=%3Cscript%3E", Some("fr")),
            Some(Language::English)
        );
    }
}
