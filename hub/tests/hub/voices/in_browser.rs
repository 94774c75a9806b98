//! A voice in a real Chromium: from the landing page to the answer, and every page of it in both
//! languages, light and dark, on phones and a tablet.

use passerby_hub::people::{Role, Scope};
use passerby_testing::browser::{Browser, Look};

use crate::console::Visitor;
use crate::stand::PHONE;
use crate::voices::{SENTENCE, on_air, photograph};

/// What must hold of every page that a browser shows.
fn looks_right(browser: &mut Browser, name: &str) {
    assert_eq!(browser.hindrances(), Vec::<String>::new(), "{name}");
    assert!(browser.overflow_px() <= 0, "{name}");
    if let Some(folder) = std::env::var_os("PASSERBY_PICTURES") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        browser.picture(&folder.join(format!("voice-{name}.png")));
    }
}

/// Looks at a page as it is in both languages, light and dark, on phones and a tablet.
fn looks_right_everywhere(browser: &mut Browser, address: &str, name: &str) {
    for (width_px, is_dark, language) in [
        (360, false, "zh-CN"),
        (390, true, "en"),
        (768, false, "en"),
        (768, true, "zh-CN"),
    ] {
        browser.look(Look {
            width_px,
            is_dark,
            language,
        });
        browser.open(address);
        let dark = if is_dark { "-dark" } else { "" };
        looks_right(browser, &format!("{name}-{width_px}-{language}{dark}"));
    }
    browser.look(Look {
        width_px: 390,
        is_dark: false,
        language: "zh-CN",
    });
    browser.open(address);
}

#[test]
fn in_browsers_somebody_says_something_with_a_picture_reads_the_answer_and_erases_it() {
    let (stand, terminal, assignment) = on_air();
    let mut writer = Browser::start(Look {
        width_px: 390,
        is_dark: false,
        language: "zh-CN",
    });
    writer.call_itself(PHONE);
    writer.open(&stand.address(&terminal.scan_path(assignment, 5)));
    looks_right(&mut writer, "landing");
    looks_right_everywhere(&mut writer, &stand.address("/privacy/book"), "privacy");
    writer.open(&stand.address(&terminal.scan_path(assignment, 5)));
    writer.press(".speak a.go");
    let form = writer
        .evaluate("location.href")
        .as_str()
        .unwrap()
        .to_owned();
    looks_right_everywhere(&mut writer, &form, "form");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("IMG_0001.jpg");
    std::fs::write(&file, photograph()).unwrap();
    writer.fill("sentence", SENTENCE);
    writer.fill("name", "李雷");
    writer.choose("picture", &[&file]);
    writer.evaluate("document.querySelector('[name=agree]').click()");
    writer.press("form button.go");
    assert!(writer.text().contains("收到了，谢谢"), "{}", writer.text());
    looks_right(&mut writer, "sent");
    writer.press(".kept a");
    let own = writer
        .evaluate("location.href")
        .as_str()
        .unwrap()
        .to_owned();
    assert!(writer.text().contains(SENTENCE) && writer.text().contains("等待阅读"));
    let width = "document.querySelector('figure img').decode().then(() => document.querySelector('figure img').naturalWidth)";
    assert_eq!(writer.evaluate(width), 1_600);
    looks_right_everywhere(&mut writer, &own, "mine");

    let ada = Visitor::signed_in(&stand, "Ada", Role::Publisher, &Scope::ALL);
    let mut publisher = Browser::start(Look {
        width_px: 390,
        is_dark: false,
        language: "en",
    });
    publisher.open(&stand.address("/console/sign-in"));
    let cookie = format!(
        "document.cookie = 'passerby={}; path=/'",
        ada.session.unwrap()
    );
    publisher.evaluate(&cookie);
    publisher.open(&stand.address("/console"));
    looks_right(&mut publisher, "console-overview");
    publisher.press(".notice.warn a");
    assert!(publisher.text().contains(SENTENCE), "{}", publisher.text());
    let voices = stand.address("/console/campaigns/book/voices");
    looks_right_everywhere(&mut publisher, &voices, "console");
    publisher.fill("text", "下周六签售，欢迎来！");
    publisher.press("details form button.main");
    assert!(publisher.text().contains("已回复"), "{}", publisher.text());
    looks_right(&mut publisher, "console-answered");

    writer.open(&own);
    assert!(
        writer.text().contains("下周六签售，欢迎来！"),
        "{}",
        writer.text()
    );
    looks_right_everywhere(&mut writer, &own, "answered");
    writer.press("form button.go");
    assert!(writer.text().contains("已删除"), "{}", writer.text());
    looks_right(&mut writer, "erased");
    writer.open(&own);
    assert!(!writer.text().contains(SENTENCE) && writer.text().contains("你已删除"));
}
