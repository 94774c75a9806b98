//! An emergency message takes the place of another one only where somebody has seen that one.

use passerby_hub::people::{Actor, Right, Role, Scope};
use serde_json::{Value, json};

use crate::console::{Visitor, token};
use crate::stand::Stand;

const EVERYWHERE: [(&str, &str); 3] = [("headline", "Leave now"), ("body", ""), ("which", "all")];

#[test]
fn what_airs_now_is_said_before_it_is_replaced_and_the_log_names_it() {
    let stand = Stand::start();
    let terminal = stand.terminal("Exit B");
    let store = stand.hub().store;
    store.add_screen(&Actor::COMMAND_LINE, "Exit C", 1).unwrap();
    let bearer = token(&stand, "Grace", Role::Owner, &Right::ALL);
    let call = |path: &str, body: &Value| -> (u16, Value) {
        let address = stand.address(&format!("/api/v1{path}"));
        let request = stand.client.post(address).bearer_auth(&bearer);
        let answer = request.body(body.to_string()).send().unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().unwrap();
        (status, serde_json::from_str(&text).unwrap())
    };
    let covers = || {
        stand
            .manifest(&terminal)
            .notice
            .map(|notice| notice.headline)
    };
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let page = ada.post("/console/emergency/check", &EVERYWHERE);
    let page = page.text().unwrap();
    assert!(page.contains("Air it now"), "{page}");
    assert!(!page.contains("would be replaced"), "{page}");
    // Grace is quicker: what Ada confirms then is not what she saw.
    let smoke = json!({ "headline": "Smoke in hall 3", "screens": [1] });
    let (status, begun) = call("/emergencies", &smoke);
    assert_eq!(status, 201, "{begun}");
    assert_eq!(begun["replaced"], json!([]));
    let smoke = begun["emergency"].as_i64().unwrap();
    let page = ada.post("/console/emergency", &EVERYWHERE);
    assert_eq!(page.status(), 200);
    let page = page.text().unwrap();
    for said in [
        "Another emergency message airs there now",
        "Smoke in hall 3",
        "Grace",
        "1 screen",
        "Replace it and air this now",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(covers().as_deref(), Some("Smoke in hall 3"));
    ada.language = "zh-CN";
    let page = ada.post("/console/emergency/check", &EVERYWHERE);
    let page = page.text().unwrap();
    for said in ["正在播另一条紧急消息", "Smoke in hall 3", "替换并立即播出"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // A program says as well what it knows of.
    let (status, checked) = call(
        "/emergencies/check",
        &json!({ "headline": "Leave", "everywhere": true }),
    );
    assert_eq!(status, 200);
    assert_eq!(checked["screens"][0]["covered_by"], smoke);
    assert_eq!(checked["screens"][1].get("covered_by"), None);
    let unseen = json!({ "headline": "Leave", "everywhere": true, "replaces": [] });
    assert_eq!(call("/emergencies", &unseen).0, 409);
    assert_eq!(covers().as_deref(), Some("Smoke in hall 3"));
    let seen = smoke.to_string();
    let mut fields = EVERYWHERE.to_vec();
    fields.push(("replaces", &seen));
    let begun = ada.post("/console/emergency", &fields);
    assert_eq!(begun.status(), 303, "{}", begun.text().unwrap());
    assert_eq!(covers().as_deref(), Some("Leave now"));
    let airing = store.airing_emergencies(&Scope::ALL).unwrap();
    assert_eq!((airing.len(), airing[0].screens), (1, 2));
    let log = ada.get("/console/audit").text().unwrap();
    let chinese = format!("2 块屏幕，替换了紧急消息 {smoke}：Leave now");
    assert!(log.contains(&chinese), "{log}");
    ada.language = "en";
    let log = ada.get("/console/audit").text().unwrap();
    let english = format!("2 screens, in place of emergency {smoke}: Leave now");
    assert!(log.contains(&english), "{log}");
}
