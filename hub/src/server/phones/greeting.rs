//! What is said to somebody who asked to be remembered on the phone.

use maud::{Markup, html};

use crate::server::language::Language;

/// What stands above the page.
pub(crate) struct Greeting {
    /// How often they were here, with this time.
    pub(crate) visits: u64,
    /// The path of their own page.
    pub(crate) path: String,
    /// Whether the campaign keeps something for them.
    pub(crate) has_more: bool,
}

impl Greeting {
    pub(super) fn markup(&self, language: Language) -> Markup {
        html! {
            section.told {
                p { strong { (again(self.visits, language)) } }
                @if self.has_more {
                    a.go.quiet href=(self.path) rel="nofollow" { (language.say(["给你留了点东西", "Something is kept for you"])) }
                } @else {
                    p { a href=(self.path) rel="nofollow" { (language.say(["你的页面", "Your page"])) } }
                }
                form method="post" action=(format!("{}/forget", self.path)) {
                    button.plain { (language.say(["不再在这部手机上记住我", "Forget me on this phone"])) }
                }
            }
        }
    }
}

/// «Good to see you again», with which time it is.
pub(super) fn again(visits: u64, language: Language) -> String {
    match (language, visits) {
        (Language::Chinese, 0 | 1) => "很高兴见到你".to_owned(),
        (Language::Chinese, _) => format!("又见面了，这是第 {visits} 次"),
        (Language::English, 0 | 1) => "Good to see you".to_owned(),
        (Language::English, 2) => "Good to see you again, for the second time".to_owned(),
        (Language::English, 3) => "Good to see you again, for the third time".to_owned(),
        (Language::English, _) => format!("Good to see you again, for the {}", ordinal(visits)),
    }
}

fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending} time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_hears_which_time_it_is() {
        let said = |visits| again(visits, Language::English);
        assert!(said(2).ends_with("second time") && said(3).ends_with("third time"));
        assert!(said(11).ends_with("11th time") && said(22).ends_with("22nd time"));
        assert_eq!(again(3, Language::Chinese), "又见面了，这是第 3 次");
    }
}
