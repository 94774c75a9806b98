//! The whole way in a real browser, as wide as a phone: scan, follow, confirm, be known again,
//! leave.

use passerby_testing::browser::{Browser, Look};

use crate::followers::{Fans, TOML};
use crate::stand::PHONE;

/// What must hold of every page that a browser shows.
fn looks_right(browser: &mut Browser, name: &str) {
    assert_eq!(browser.hindrances(), Vec::<String>::new(), "{name}");
    assert!(browser.overflow_px() <= 0, "{name}");
    if let Some(folder) = std::env::var_os("PASSERBY_PICTURES") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        browser.picture(&folder.join(format!("phone-{name}.png")));
    }
}

#[test]
fn somebody_scans_follows_confirms_is_known_again_and_leaves() {
    let toml = format!("{TOML}[words.en]\ntitle = 'The Three-Body Problem'\n")
        .replace("[follow]", "story = '四百光年之外。'\n[follow]");
    let fans = Fans::start(&toml);
    for (is_dark, language, visitor) in [(false, "zh-CN", 1), (true, "en", 2)] {
        let name = |page: &str| format!("fan-{page}-{}", &language[..2]);
        let mut phone = Browser::start(Look {
            width_px: 390,
            is_dark,
            language,
        });
        phone.call_itself(PHONE);
        let scan = |play: u32| {
            let path = fans
                .terminal
                .scan_path(fans.assignment, play + 50 * visitor);
            fans.stand.address(&path)
        };
        phone.open(&scan(1));
        looks_right(&mut phone, &name("landing"));
        phone.press(".follow a.go");
        looks_right(&mut phone, &name("form"));
        let address = format!("li{visitor}@b.example");
        phone.fill("mail", &address);
        phone.evaluate("document.querySelector('[name=agree]').click()");
        phone.evaluate("document.querySelector('[name=remember]').click()");
        phone.press("form button.go");
        looks_right(&mut phone, &name("asked"));
        let own = fans.private_link(&address);
        phone.open(&fans.stand.address(&own));
        looks_right(&mut phone, &name("confirm"));
        phone.press("form button.go");
        looks_right(&mut phone, &name("confirmed"));
        phone.open(&scan(2));
        let text = phone.text();
        let again = if is_dark {
            "Good to see you again"
        } else {
            "又见面了"
        };
        assert!(text.contains(again), "{text}");
        looks_right(&mut phone, &name("greeted"));
        phone.press(".told a");
        phone.evaluate("document.querySelector('details').open = true");
        looks_right(&mut phone, &name("own"));
        phone.press("button.plain");
        looks_right(&mut phone, &name("left"));
        phone.open(&scan(3));
        assert!(!phone.text().contains(again), "{}", phone.text());
        phone.open(&fans.stand.address("/redeem"));
        looks_right(&mut phone, &name("redeem"));
    }
    assert_eq!(fans.fans()["gone"], 2);
}
