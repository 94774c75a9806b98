//! A list that changed while somebody read it page by page does not end without a word.

use passerby_hub::people::{Actor, Right, Role, Scope};
use serde_json::Value;

use crate::console::{Visitor, token};
use crate::stand::Stand;

#[test]
fn a_list_that_changed_begins_anew_and_says_so() {
    let stand = Stand::start();
    let store = stand.hub().store;
    store.set_scan_base("HTTPS://HUB.EXAMPLE", 1).unwrap();
    store.add_screen(&Actor::COMMAND_LINE, "Exit B", 1).unwrap();
    stand.publish(&stand.campaign(
        "jazz",
        "title = 'Friday jazz'\ntarget = 'https://cafe.example'\n",
        &[[9; 3]],
    ));
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let begun = ada.post("/console/drafts/jazz/begin", &[]);
    assert_eq!(begun.status(), 303, "{}", begun.text().unwrap());
    let said = ["This list has changed", "这个列表变了"];
    for (path, after, there) in [
        ("/console/campaigns", "zzz", "Friday jazz"),
        ("/console/drafts", "zzz", "Friday jazz"),
        ("/console/screens", "4000", "Exit B"),
        ("/console/screens", "x", "Exit B"),
        ("/console/times", "4000", "Exit B"),
        ("/console/times", "x", "Exit B"),
    ] {
        for (language, said) in ["en", "zh-CN"].into_iter().zip(said) {
            ada.language = language;
            let page = ada.get(&format!("{path}?after={after}")).text().unwrap();
            assert!(page.contains(said), "{path} {after}: {page}");
            assert!(page.contains(there), "{path} {after}: {page}");
            let whole = ada.get(path).text().unwrap();
            assert!(!whole.contains(said), "{path}: {whole}");
        }
    }
    // What is found by nothing is said as it was.
    ada.language = "en";
    let page = ada.get("/console/campaigns?q=nobody&after=zzz");
    let page = page.text().unwrap();
    assert!(page.contains("No campaign is like that."), "{page}");
}

#[test]
fn a_program_is_told_of_a_row_that_is_not_there() {
    let stand = Stand::start();
    let store = stand.hub().store;
    store.set_scan_base("HTTPS://HUB.EXAMPLE", 1).unwrap();
    for name in ["Exit B", "Exit C"] {
        store.add_screen(&Actor::COMMAND_LINE, name, 1).unwrap();
    }
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let get = |path: &str| -> (u16, Value) {
        let address = stand.address(&format!("/api/v1{path}"));
        let answer = stand.client.get(address).bearer_auth(&bearer).send();
        let answer = answer.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().unwrap();
        (status, serde_json::from_str(&text).unwrap())
    };
    for path in [
        "/people?after=4000",
        "/quotas?after=nobody",
        "/report?by=day&after=2020-01-01",
        "/sources?after=nobody",
        "/screens?after=x",
        "/times?after=x",
    ] {
        let (status, problem) = get(path);
        assert_eq!(status, 422, "{path}: {problem}");
        let title = problem["title"].as_str().unwrap();
        assert!(title.contains("begin again without after"), "{problem}");
    }
    // Behind a screen that is gone are those with larger numbers, and behind the last one none.
    let (status, rest) = get("/screens?after=1");
    assert_eq!(
        (status, rest["screens"][0]["name"].as_str()),
        (200, Some("Exit C"))
    );
    let (status, rest) = get("/screens?after=4000");
    assert_eq!(
        (status, rest["screens"].as_array().unwrap().len()),
        (200, 0)
    );
}
