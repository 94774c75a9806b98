//! The calls of programs: what they answer is what their description says, once each.

use std::sync::Arc;

use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::store::{NewDraft, Pairing};
use passerby_hub::system::clock;
use passerby_protocol::CampaignId;
use serde_json::{Value, json};

use crate::console::{Visitor, token};
use crate::stand::Stand;

struct Program<'s> {
    stand: &'s Stand,
    token: String,
}

impl Program<'_> {
    fn call(&self, method: &str, path: &str, body: &Value, key: Option<&str>) -> (u16, Value) {
        let address = self.stand.address(&format!("/api/v1{path}"));
        let mut request = self.stand.client.request(method.parse().unwrap(), address);
        request = request.bearer_auth(&self.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let expected = if status < 300 {
            "application/json"
        } else {
            "application/problem+json"
        };
        assert_eq!(kind, expected, "{path}");
        (
            status,
            serde_json::from_slice(&answer.bytes().unwrap()).unwrap(),
        )
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}

/// Holds a value against a form of the description.
fn fits(value: &Value, schema: &Value, description: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let form = reference.rsplit('/').next().unwrap();
        return fits(
            value,
            &description["components"]["schemas"][form],
            description,
            &format!("{at} ({form})"),
        );
    }
    match schema["type"].as_str().unwrap() {
        "string" => {
            let text = value.as_str().unwrap_or_else(|| panic!("{at}: {value}"));
            if let Some(words) = schema["enum"].as_array() {
                assert!(words.iter().any(|word| word == text), "{at}: {text}");
            }
        }
        "integer" => assert!(value.is_i64() || value.is_u64(), "{at}: {value}"),
        "number" => assert!(value.is_number(), "{at}: {value}"),
        "boolean" => assert!(value.is_boolean(), "{at}: {value}"),
        "array" => {
            for one in value.as_array().unwrap_or_else(|| panic!("{at}: {value}")) {
                fits(one, &schema["items"], description, at);
            }
        }
        "object" => {
            let known = schema["properties"].as_object().unwrap();
            let fields = value.as_object().unwrap_or_else(|| panic!("{at}: {value}"));
            for (name, value) in fields {
                let of = known
                    .get(name)
                    .unwrap_or_else(|| panic!("{at}: nobody describes {name}"));
                let is_required = schema["required"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| one == name);
                if !value.is_null() || is_required {
                    fits(value, of, description, &format!("{at}.{name}"));
                }
            }
            for name in schema["required"].as_array().unwrap() {
                assert!(
                    fields.contains_key(name.as_str().unwrap()),
                    "{at} lacks {name}"
                );
            }
        }
        other => panic!("{at}: {other}"),
    }
}

#[test]
fn each_call_answers_what_its_description_says() {
    let stand = Stand::start();
    let terminal = stand.terminal("exit B");
    stand.publish(&stand.campaign(
        "jazz",
        "title = \"Jazz\"\ntarget = \"https://shop.example\"\n",
        &[[200, 10, 10]],
    ));
    drop(terminal);
    let program = Program {
        stand: &stand,
        token: token(&stand, "Ada", Role::Owner, &Right::ALL),
    };
    program.call("POST", "/invitations", &json!({ "role": "viewer" }), None);
    let rule =
        json!({ "name": "North", "mails": ["ops@hub.example"], "dark_hours": "08:00-22:00" });
    let (status, added) = program.call("POST", "/alerts", &rule, None);
    assert_eq!(status, 201, "{added}");
    program.call("POST", "/alerts/1/test", &json!({}), None);
    let source = json!({ "source": "cafe", "approval": true, "must": ["soup"] });
    let (status, added) = program.call("POST", "/sources", &source, None);
    assert_eq!(status, 201, "{added}");
    let sent = stand.client.post(stand.address("/v1/sources/cafe/items"));
    let sent = sent.bearer_auth(added["secret"].as_str().unwrap());
    let item = json!({ "id": "1", "title": "Soup", "price": "5", "link": "https://shop.example" });
    assert_eq!(sent.body(item.to_string()).send().unwrap().status(), 201);
    let shop = json!({ "name": "Shop" });
    let (status, key) = program.call("POST", "/campaigns/jazz/conversion-keys", &shop, None);
    assert_eq!(status, 201, "{key}");
    let sent = stand.client.post(stand.address("/v1/conversions"));
    let sent = sent.bearer_auth(key["bearer"].as_str().unwrap());
    let order = json!({ "id": "1", "kind": "purchase", "value": "59.00", "currency": "CNY" });
    assert_eq!(sent.body(order.to_string()).send().unwrap().status(), 201);
    let hook = json!({ "name": "CRM", "kind": "json", "events": ["conversion", "share"],
        "url": "https://crm.example/in", "secret": "a secret of theirs" });
    let (status, added) = program.call("POST", "/hooks", &hook, None);
    assert_eq!(status, 201, "{added}");
    program.call("POST", "/drafts/jazz/begin", &Value::Null, None);
    let opening = json!({ "name": "December", "first": "2099-12-01", "last": "2099-12-24", "pieces_max": 2,
        "kinds": ["picture"] });
    let (status, opened) = program.call("POST", "/slots", &opening, None);
    assert_eq!(status, 201, "{opened}");
    let news = json!({ "subject": "New", "body": "It is out." });
    let (status, kept) = program.call("POST", "/campaigns/jazz/news", &news, None);
    assert_eq!(status, 201, "{kept}");
    let description = program.get("/openapi.json");
    assert_eq!(description["openapi"], "3.1.0");
    let me = program.get("/people")["people"][0]["person"].clone();
    let mut seen = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let is_file = [".png", ".jpg", "/archive", "/frame"]
            .iter()
            .any(|end| path.ends_with(end));
        let is_json = path != "/openapi.json" && !is_file;
        let Some(call) = methods.get("get").filter(|_| is_json) else {
            continue;
        };
        let whole = path
            .replace("{screen}", "1")
            .replace("{campaign}", "jazz")
            .replace("{placement}", "1")
            .replace("{person}", &me.to_string())
            .replace("{alert}", "1")
            .replace("{source}", "cafe")
            .replace("{slot}", "1")
            .replace("{news}", "1")
            .replace("{hook}", "1");
        let whole = match path.as_str() {
            "/report/chains" => format!("{whole}?campaign=jazz"),
            _ => whole,
        };
        let schema = &call["responses"]["200"]["content"]["application/json"]["schema"];
        // What is drawn takes its time on a busy machine.
        while program.call("GET", &whole, &Value::Null, None).0 == 503 {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        fits(&program.get(&whole), schema, &description, path);
        seen += 1;
    }
    assert_eq!(seen, 40);
    for (path, body, form) in [
        (
            "/screens/1",
            json!({ "name": "出口 B", "group": "north", "tags": ["4K"] }),
            "Screen",
        ),
        ("/campaigns/jazz", json!({ "group": "north" }), "Campaign"),
        ("/campaigns/jazz/take-off", Value::Null, "TakenOff"),
        ("/screens/1/frame", Value::Null, "LastFrame"),
        ("/screens/1/renew", Value::Null, "EnrolmentToken"),
        ("/alerts", rule.clone(), "Alert"),
        ("/alerts/1", rule, "Alert"),
        ("/alerts/1/test", Value::Null, "AlertTest"),
        (
            "/sources",
            json!({ "source": "shop", "template": { "seconds": 20 } }),
            "NewSource",
        ),
        (
            "/sources/cafe/approve",
            json!({ "items": [1] }),
            "ItemNumbers",
        ),
        (
            "/sources/cafe/take-down",
            json!({ "all": true }),
            "ItemNumbers",
        ),
        ("/sources/cafe/fetch", Value::Null, "Source"),
        ("/sources/cafe/pause", json!({ "paused": true }), "Source"),
        (
            "/emergencies/check",
            json!({ "headline": "Leave", "groups": ["north"], "screens": [1] }),
            "EmergencyScreens",
        ),
        (
            "/emergencies",
            json!({ "headline": "Leave", "everywhere": true }),
            "EmergencyBegun",
        ),
        (
            "/mail",
            json!({ "host": "smtp.hub.example", "port": 465, "encryption": "tls", "user": "hub",
                "password": "s3cret", "from": "hub@hub.example" }),
            "Mail",
        ),
        ("/campaigns/jazz/news", news, "News"),
        ("/campaigns/jazz/news/1/send", Value::Null, "News"),
        ("/campaigns/jazz/news/2/stop", Value::Null, "Stopped"),
        (
            "/campaigns/jazz/followers/erase",
            json!({ "address": "a@b.example" }),
            "Erased",
        ),
        (
            "/campaigns/jazz/conversion-keys",
            json!({ "name": "Another shop" }),
            "MadeConversionKey",
        ),
        ("/hooks", hook, "EventHook"),
        ("/hooks/1", json!({ "paused": true }), "EventHook"),
        ("/hooks/1/again", json!({}), "EventsAgain"),
        ("/slots/1/begin", Value::Null, "Slot"),
        ("/slots/1/invite", Value::Null, "Link"),
        ("/slots/1/close", Value::Null, "Slot"),
        (
            "/privacy",
            json!({ "name": "Chain of Cafés", "contact": "privacy@cafe.example" }),
            "Privacy",
        ),
        ("/screens/1/revoke", json!({ "retire": true }), "Revoked"),
    ] {
        let (status, answer) = program.call("POST", path, &body, None);
        assert!(status < 300, "{path}: {answer}");
        let schema = json!({ "$ref": format!("#/{form}") });
        fits(&answer, &schema, &description, path);
    }
    let log = program.get("/audit?q=token%20test&limit=2");
    assert_eq!(log["lines"].as_array().unwrap().len(), 2, "{log}");
    let older = program.get(&format!("/audit?limit=1&before={}", log["next"]));
    assert!(older["lines"][0]["id"].as_i64() < log["next"].as_i64());
}

#[test]
fn a_screen_is_paired_by_a_call_and_the_same_call_again_changes_nothing() {
    let stand = Stand::start();
    let program = Program {
        stand: &stand,
        token: token(
            &stand,
            "Ada",
            Role::Operator,
            &[Right::ChangeScreens, Right::SeeScreens],
        ),
    };
    let store = Arc::new(stand.hub());
    let code = "ABCD1234".parse().unwrap();
    let shown = store
        .store
        .pair(&code, &[1; 32], "", clock::now_ms(), || true, |_| None);
    assert_eq!(shown.unwrap(), Pairing::Waiting);
    let asked = json!({ "code": "abcd-1234", "name": "exit B", "group": "north" });
    assert_eq!(
        program
            .call("POST", "/pairings", &json!({ "code": "abcd" }), None)
            .0,
        400
    );
    assert_eq!(
        program
            .call(
                "POST",
                "/pairings",
                &json!({ "code": "ZZZZ9999", "name": "x" }),
                None
            )
            .0,
        404
    );
    let first = program.call("POST", "/pairings", &asked, Some("one"));
    assert_eq!(first, (201, json!({ "screen": 1 })));
    assert_eq!(
        program.call("POST", "/pairings", &asked, Some("one")),
        first
    );
    assert_eq!(
        program.call("POST", "/pairings", &asked, Some("two")).0,
        409,
        "another call"
    );
    let other = json!({ "code": "abcd-1234", "name": "exit C" });
    assert_eq!(
        program.call("POST", "/pairings", &other, Some("one")).0,
        422
    );
    assert_eq!(
        program.get("/screens")["screens"].as_array().unwrap().len(),
        1
    );
    let renewed = program.call("POST", "/screens/1/renew", &Value::Null, Some("three"));
    assert_eq!(renewed.0, 201);
    let again = program.call("POST", "/screens/1/renew", &Value::Null, Some("three"));
    assert_eq!(again.0, 409, "a secret is shown once: {}", again.1);
    let long = "k".repeat(101);
    assert_eq!(
        program
            .call("POST", "/screens/1", &json!({}), Some(&long))
            .0,
        400
    );
    assert_eq!(
        program
            .call("POST", "/screens/1", &json!({ "nmae": "x" }), None)
            .0,
        400
    );
}

#[test]
fn a_long_answer_comes_whole_also_to_a_call_with_a_key() {
    let stand = Stand::start();
    let program = Program {
        stand: &stand,
        token: token(&stand, "Ada", Role::Owner, &Right::ALL),
    };
    let name: CampaignId = "long".parse().unwrap();
    let draft = NewDraft {
        text: format!("title = 'Long'\n# {}\n", "much to say, ".repeat(6_000)),
        ..NewDraft::default()
    };
    let store = stand.hub().store;
    store
        .make_draft(&Actor::COMMAND_LINE, &name, &draft, clock::now_ms())
        .unwrap();
    let asked = json!({ "screens": [] });
    let (status, said) = program.call("POST", "/drafts/long", &asked, Some("one"));
    assert_eq!(status, 200, "{said}");
    assert_eq!(said["text"], draft.text.as_str());
    assert!(said.to_string().len() > 64 << 10, "longer than is kept");
    // Made once, whatever became of the answer.
    let again = program.call("POST", "/drafts/long", &asked, Some("one"));
    assert_eq!(again.0, 409, "{}", again.1);
    let title = again.1["title"].as_str().unwrap();
    assert!(title.contains("too long to be kept"), "{title}");
}

#[test]
fn there_is_nothing_at_an_address_that_nobody_can_read() {
    let stand = Stand::start();
    let program = Program {
        stand: &stand,
        token: token(&stand, "Ada", Role::Owner, &Right::ALL),
    };
    for (method, path) in [
        ("GET", "/drafts/%ff"),
        ("POST", "/drafts/jazz/films/x/again"),
        ("POST", "/drafts/jazz/versions/99999999999999999999"),
        ("GET", "/screens/%ff"),
        ("GET", "/people/x"),
    ] {
        // Problem details, as everything that is not done.
        let answer = program.call(method, path, &json!({}), None);
        assert_eq!(answer.0, 404, "{path}: {}", answer.1);
    }
    let mut ada = Visitor::signed_in(&stand, "Bo", Role::Owner, &Scope::ALL);
    ada.language = "zh-CN";
    // A day that no clock shows is said in the language of the page.
    let never = ada.get("/console/report?from=9999-12-31&until=9999-12-31");
    assert_eq!(never.status(), 422);
    let said = never.text().unwrap();
    assert!(said.contains("请换一天"), "{said}");
    for path in ["/console/drafts/%ff", "/console/screens/%ff/frame.jpg"] {
        let page = ada.get(path);
        assert_eq!(page.status(), 404, "{path}");
        let said = page.text().unwrap();
        assert!(said.contains("这里什么都没有"), "{said}");
    }
}

#[test]
fn tokens_end_and_guesses_at_them_do_too() {
    let stand = Stand::start();
    let store = stand.hub().store;
    let (actor, now_ms) = (Actor::COMMAND_LINE, clock::now_ms());
    let link = store
        .invite(&actor, Role::Owner, &Scope::ALL, now_ms)
        .unwrap();
    let id = store.join(&link, "Ada", "nobody's", now_ms).unwrap();
    let rights = Right::ALL.into_iter().collect();
    let over = store
        .make_token(&actor, (id, "over"), &rights, now_ms - 1, now_ms - 10)
        .unwrap();
    let works = store
        .make_token(&actor, (id, "works"), &rights, now_ms + 3_600_000, now_ms)
        .unwrap();
    let status = |token: &str| {
        Program {
            stand: &stand,
            token: token.to_owned(),
        }
        .call("GET", "/me", &Value::Null, None)
        .0
    };
    assert_eq!(status(over.as_str()), 401);
    assert_eq!(status("nonsense"), 401);
    assert_eq!(status(works.as_str()), 200);
    let program = Program {
        stand: &stand,
        token: works.as_str().to_owned(),
    };
    let tokens = program.get("/me/tokens");
    let handle = tokens["tokens"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        program
            .call(
                "DELETE",
                &format!("/me/tokens/{handle}"),
                &Value::Null,
                None
            )
            .0,
        200
    );
    assert_eq!(status(works.as_str()), 401);
    let guesses: Vec<u16> = (0..80)
        .map(|_| status("0123456789abcdefghjkmnpqrstvwxyz"))
        .collect();
    assert_eq!(guesses.last(), Some(&429));
}
