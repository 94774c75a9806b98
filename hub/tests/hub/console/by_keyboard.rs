//! The console without a pointer.

use passerby_testing::browser::Browser;
use serde_json::json;

use crate::console::in_browser::look;
use crate::stand::Stand;

const DESK_PX: u32 = 1_280;

#[test]
fn somebody_without_a_pointer_comes_in_and_raises_an_emergency() {
    let stand = Stand::start();
    let terminal = stand.terminal("Exit B");
    let mut browser = Browser::start(look(DESK_PX));
    browser.open(&crate::console::ways_in::first_link(&stand));
    // The fields come one behind the other, and enter sends the form.
    browser.fill("name", "Ada");
    browser.tab(false);
    let named = browser.evaluate("document.activeElement.name");
    assert_eq!(named, json!("password"));
    browser.fill("password", "correct horse battery");
    browser.enter();
    assert!(browser.text().contains("Hello, Ada"), "{}", browser.text());
    // The first key leads past everything that is on each page.
    browser.tab(false);
    let skips = browser.evaluate("document.activeElement.getAttribute('href')");
    assert_eq!(skips, json!("#main"));
    browser.open(&stand.address("/console/emergency"));
    browser.fill("headline", "Leave now");
    browser.evaluate("document.querySelector('[name=which][value=all]').click()");
    browser.evaluate("document.querySelector('main form button.main').focus()");
    browser.enter();
    browser.evaluate("document.querySelector('main form.actions button.main').focus()");
    browser.enter();
    let notice = stand.manifest(&terminal).notice.expect("a message");
    assert_eq!(notice.headline, "Leave now");
}
