//! Every page that somebody who passes by may see, in a real Chromium: as wide as phones and a
//! tablet, in both languages, light and dark.
//!
//! `PASSERBY_PICTURES=DIR` keeps a picture of each.

use std::path::PathBuf;

use passerby_hub::people::{Role, Scope};
use passerby_testing::browser::{Browser, Look};

use crate::console::Visitor;
use crate::followers::Fans;
use crate::phone_pages::on_air;
use crate::stand::PHONE;

/// A phone on which pages are looked at.
struct Phone {
    browser: Browser,
    language: &'static str,
    /// Words of Chinese that are no page's but somebody's who wrote them.
    written: Vec<&'static str>,
}

impl Phone {
    fn start(language: &'static str, agent: &str) -> Self {
        let mut browser = Browser::start(Look {
            width_px: 390,
            is_dark: false,
            language,
        });
        browser.call_itself(agent);
        Self {
            browser,
            language,
            written: vec!["中文", "地铁2号线 B口", "三体书店"],
        }
    }

    fn open(&mut self, address: &str, name: &str) {
        self.browser.open(address);
        self.looks_right(name);
    }

    fn press(&mut self, selector: &str, name: &str) {
        self.browser.press(selector);
        self.looks_right(name);
    }

    /// Holds what must hold of the page as it is now.
    fn looks_right(&mut self, name: &str) {
        self.speaks_one_language(name);
        let pictures = std::env::var_os("PASSERBY_PICTURES").map(PathBuf::from);
        let is_chinese = self.language == "zh-CN";
        for (width_px, is_dark) in [(360, is_chinese), (390, !is_chinese), (768, is_chinese)] {
            self.browser.look(Look {
                width_px,
                is_dark,
                language: self.language,
            });
            let found = self.browser.hindrances();
            assert_eq!(found, Vec::<String>::new(), "{name} at {width_px}");
            assert!(self.browser.overflow_px() <= 0, "{name} at {width_px}");
            let small = self.browser.evaluate(
                "[...document.querySelectorAll('a.go, button, summary, input:not([type=hidden]):not([type=checkbox])')]
                    .filter(one => one.offsetParent && one.getBoundingClientRect().height < 44)
                    .map(one => one.outerHTML)",
            );
            assert_eq!(small, serde_json::json!([]), "{name} at {width_px}");
            self.is_legible_with_large_letters(&format!("{name} at {width_px}"));
            if let Some(folder) = &pictures {
                std::fs::create_dir_all(folder).unwrap();
                let dark = if is_dark { "-dark" } else { "" };
                let language = &self.language[..2];
                let file = folder.join(format!("{name}-{language}-{width_px}{dark}.png"));
                self.browser.picture(&file);
            }
        }
    }

    /// Whoever has letters twice as large sees all of them so, with room between the lines.
    fn is_legible_with_large_letters(&mut self, name: &str) {
        self.browser
            .evaluate("document.documentElement.style.fontSize = '200%'");
        assert!(self.browser.overflow_px() <= 0, "{name}, letters of 200 %");
        let wrong = self.browser.evaluate(
            "[...document.querySelectorAll('main *')].filter(one => {
                const style = getComputedStyle(one), size = parseFloat(style.fontSize);
                const is_text = one.innerText && one.offsetParent;
                return is_text && (size < 24 || parseFloat(style.lineHeight) < 1.1 * size);
            }).map(one => one.outerHTML.slice(0, 120))",
        );
        assert_eq!(wrong, serde_json::json!([]), "{name}, letters of 200 %");
        self.browser
            .evaluate("document.documentElement.style.fontSize = ''");
    }

    /// No page says in one language what it says in the other elsewhere.
    fn speaks_one_language(&mut self, name: &str) {
        let mut text = self.browser.text();
        for written in &self.written {
            text = text.replace(written, "");
        }
        let line = if self.language == "zh-CN" {
            text.lines().find(|line| has_english_words(line))
        } else {
            let is_chinese = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
            text.lines().find(|line| line.contains(is_chinese))
        };
        assert_eq!(line, None, "{name} in {}", self.language);
    }
}

/// Whether three words of English stand one behind the other.
fn has_english_words(line: &str) -> bool {
    let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic());
    let words: Vec<&str> = line.split(' ').collect();
    words.windows(3).any(|three| three.iter().all(is_word))
}

#[test]
fn every_page_for_phones_fits_is_readable_and_speaks_one_language() {
    let (fans, [picture, film]) = on_air();
    let stand = &fans.stand;
    for (visitor, language) in [(1, "zh-CN"), (2, "en")] {
        let is_chinese = language == "zh-CN";
        let mut phone = Phone::start(language, PHONE);
        let scan = |assignment, play: u32| {
            let path = fans.terminal.scan_path(assignment, play + 50 * visitor);
            stand.address(&path)
        };
        phone.open(&scan(film, 1), "film");
        phone.open(&scan(picture, 2), "landing");
        let link = phone.browser.evaluate("location.href");
        let link = link.as_str().unwrap().to_owned();
        let sentence = if is_chinese {
            "下雨天遇见一本书！"
        } else {
            "Out shopping, and still buying books!"
        };
        moment(&mut phone, &link, sentence);
        let mut friend = Phone::start(language, &format!("{PHONE} Friend"));
        friend.written.push(sentence);
        friend.open(&link, "friend");
        friend.press(".report button", "reported");
        voice(&mut phone, &link, sentence);
        phone.open(&format!("{link}/follow"), "follow");
        phone.browser.fill("mail", "li@b.example");
        phone
            .browser
            .evaluate("document.querySelector('form').noValidate = true");
        phone.press("form button.go", "follow-wrong");
        let address = format!("li{visitor}@b.example");
        phone.browser.fill("mail", &address);
        for name in ["agree", "remember"] {
            let tick = format!("document.querySelector('[name={name}]').click()");
            phone.browser.evaluate(&tick);
        }
        phone.press("form button.go", "follow-asked");
        let own = stand.address(&fans.private_link(&address));
        phone.open(&own, "fan-confirm");
        phone.press("form button.go", "fan-confirmed");
        phone.open(&scan(picture, 3), "greeted");
        phone.browser.press(".told a");
        phone
            .browser
            .evaluate("document.querySelector('details').open = true");
        phone.looks_right("fan");
        let code = phone
            .browser
            .evaluate("document.querySelector('p.code').textContent");
        redeem(&mut phone, &fans, code.as_str().unwrap());
        phone.open(&own, "fan-used");
        phone.press("form[action*=forget] button", "fan-forgotten");
        phone.browser.open(&own);
        phone.press("form[action*=leave] button", "fan-left");
        phone.open(&own, "fan-gone");
        for (path, name) in [
            ("/privacy", "privacy"),
            ("/privacy/book", "privacy-campaign"),
            ("/", "home"),
            ("/claim/ABCD1234", "claim"),
            ("/s/abcdefgh", "unknown-link"),
            ("/Q/ABCDEFGH", "bad-code"),
            ("/nothing", "nothing"),
        ] {
            phone.open(&stand.address(path), name);
        }
    }
}

/// Tells a friend: the form, what is wrong with it, the card, and the private page.
fn moment(phone: &mut Phone, link: &str, sentence: &'static str) {
    phone.open(&format!("{link}/moment"), "moment");
    phone.browser.fill("sentence", "www.shop.example");
    phone
        .browser
        .evaluate("document.querySelector('[name=agree]').click()");
    phone.press("form button.go", "moment-wrong");
    phone.written.push(sentence);
    phone.browser.fill("sentence", sentence);
    phone
        .browser
        .evaluate("document.querySelector('[name=agree]').click()");
    phone.browser.press("form button.go");
    phone
        .browser
        .evaluate("document.querySelector('details').open = true");
    phone
        .browser
        .evaluate("document.querySelector('figure img').decode()");
    phone.looks_right("card");
    let mine = phone
        .browser
        .evaluate("document.querySelector('p.address').textContent");
    phone.open(mine.as_str().unwrap(), "moment-mine");
}

/// Says something to the publisher: the form, what is wrong with it, and what became of it.
fn voice(phone: &mut Phone, link: &str, sentence: &str) {
    phone.open(&format!("{link}/voice"), "voice");
    phone.browser.fill("sentence", "www.shop.example");
    phone
        .browser
        .evaluate("document.querySelector('[name=agree]').click()");
    phone.press("form button.go", "voice-wrong");
    phone.browser.fill("sentence", sentence);
    phone
        .browser
        .evaluate("document.querySelector('[name=agree]').click()");
    phone.press("form button.go", "voice-sent");
    phone.press(".kept a", "voice-mine");
    phone.press("form button.go", "voice-erased");
}

/// Redeems a code: as it should be, once more, and another one.
fn redeem(phone: &mut Phone, fans: &Fans, code: &str) {
    let name = format!("Bo {}", phone.language);
    let mut publisher = Visitor::signed_in(&fans.stand, &name, Role::Publisher, &Scope::ALL);
    let csrf = publisher.csrf();
    let path = "/console/campaigns/book/followers/word";
    let page = publisher.post_plain(path, &[("csrf", &csrf)]);
    let page = page.text().unwrap();
    let word = page.split("role=\"status\"").nth(1).unwrap();
    let word = word.split("<strong>").nth(1).unwrap();
    let word = word.split('<').next().unwrap().to_owned();
    phone.open(&fans.stand.address("/redeem"), "redeem");
    for (code, name) in [
        (code, "redeemed"),
        (code, "redeemed-before"),
        ("AAAA-BBBB", "redeem-wrong"),
    ] {
        phone.browser.fill("code", code);
        phone.browser.fill("word", &word);
        phone.press("form button.go", name);
    }
}
