//! Every page, form and call for every role, held against what each role is for.

use passerby_hub::people::{Right, Role, Scope};
use passerby_hub::server::{self, Rule};

use crate::console::{Visitor, location, token};
use crate::stand::Stand;

/// Whether a role is for this, written down without looking at the table that the hub asks.
fn is_for(role: Role, method: &str, path: &str) -> bool {
    use Role::{Contributor, Operator, Owner, Publisher, Viewer};
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let path = path.strip_prefix("/console").unwrap_or(path);
    let subject = path
        .trim_start_matches('/')
        .split(['/', '.'])
        .next()
        .unwrap();
    let roles: &[Role] = match (subject, method) {
        ("" | "account" | "me", _) => &[Owner, Operator, Publisher, Contributor, Viewer],
        ("screens", "GET") => &[Owner, Operator, Publisher, Viewer],
        // Whoever may look may ask for a newer look.
        ("screens", "POST") if path.ends_with("/frame") => &[Owner, Operator, Publisher, Viewer],
        ("screens" | "pair" | "pairings" | "quotas", _) => &[Owner, Operator],
        ("privacy", "GET") => &[Owner, Operator, Publisher, Contributor, Viewer],
        ("privacy", _) => &[Owner],
        ("campaigns", _) if path.contains("/voices") => &[Owner, Publisher],
        ("campaigns" | "sources", "GET") => &[Owner, Operator, Publisher, Contributor, Viewer],
        ("campaigns" | "sources", _) => &[Owner, Publisher],
        ("drafts", "POST") if path.ends_with("/publish") || path.ends_with("/return") => {
            &[Owner, Publisher]
        }
        ("slots", "POST") if path.ends_with("/files") || path.ends_with("/begin") => {
            &[Owner, Publisher, Contributor]
        }
        ("slots", "GET") => &[Owner, Operator, Publisher, Contributor, Viewer],
        ("slots", _) => &[Owner, Operator, Publisher],
        ("drafts" | "new" | "imports", _) => &[Owner, Publisher, Contributor],
        ("report" | "times", _) => &[Owner, Operator, Publisher, Viewer],
        ("alerts" | "emergency" | "emergencies", _) => &[Owner, Operator],
        ("people" | "invitations" | "mail", _) => &[Owner],
        ("audit", _) => &[Owner, Operator],
        other => panic!("who is {other:?} for?"),
    };
    roles.contains(&role)
}

/// A path with things that are not there.
fn filled(path: &str) -> String {
    let path = path.replace("{screen}", "4000").replace("{person}", "4000");
    let path = path
        .replace("{campaign}", "nothing")
        .replace("{placement}", "1")
        .replace("{alert}", "4000")
        .replace("{slot}", "4000")
        .replace("{voice}", "nothing")
        .replace("{film}", "4000");
    let path = path
        .replace("{source}", "nothing")
        .replace("{emergency}", "4000");
    let path = path.replace("{place}", "0").replace("{number}", "1");
    path.replace("{link}", &"0".repeat(64))
        .replace("{token}", &"0".repeat(64))
        .replace("{id}", &"0".repeat(64))
}

#[test]
fn each_role_may_do_what_it_is_for_and_nothing_else() {
    let stand = Stand::start();
    let rules = server::rules();
    assert!(rules.len() > 55, "{}", rules.len());
    Visitor::signed_in(&stand, "the last one", Role::Owner, &Scope::ALL);
    let mut tried = 0;
    for role in Role::ALL {
        let mut visitor = Visitor::signed_in(&stand, role.word(), role, &Scope::ALL);
        let csrf = visitor.csrf();
        assert!(!csrf.is_empty());
        let bearer = token(&stand, role.word(), role, &Right::ALL);
        for (method, path, rule) in &rules {
            let whole = filled(path);
            if *rule == Rule::Open {
                continue;
            }
            let response = if path.starts_with("/api/") {
                let method = method.parse().unwrap();
                let request = stand.client.request(method, stand.address(&whole));
                request.bearer_auth(&bearer).send().unwrap()
            } else if *method == "GET" {
                visitor.get(&whole)
            } else {
                visitor.post_plain(&whole, &[("csrf", &csrf)])
            };
            let status = response.status().as_u16();
            let said = format!(
                "{role}: {method} {path} answers {status} {}",
                location(&response)
            );
            if *rule == Rule::HalfSignedIn {
                assert_eq!((status, &*location(&response)), (303, "/console"), "{said}");
            } else if is_for(role, method, path) {
                assert!(!matches!(status, 401 | 403 | 405 | 500..), "{said}");
                assert!(
                    !location(&response).starts_with("/console/sign-in"),
                    "{said}"
                );
            } else {
                assert_eq!(status, 403, "{said}");
            }
            tried += 1;
        }
    }
    assert!(tried > 250, "{tried}");
}

#[test]
fn whoever_is_not_in_is_led_to_the_way_in_and_programs_are_told() {
    let stand = Stand::start();
    Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let mut nobody = Visitor::new(&stand);
    for (at, (method, path, rule)) in server::rules().into_iter().enumerate() {
        let whole = filled(&path);
        if rule == Rule::Open {
            continue;
        }
        if path.starts_with("/api/") {
            let method = method.parse().unwrap();
            let answer = stand
                .client
                .request(method, stand.address(&whole))
                // One network has only so many tries.
                .header("x-forwarded-for", format!("198.51.100.{}", at % 250))
                .send()
                .unwrap();
            assert_eq!(answer.status(), 401, "{path}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        } else {
            let answer = match method {
                "GET" => nobody.get(&whole),
                _ => nobody.post_plain(&whole, &[("csrf", "")]),
            };
            assert_eq!(answer.status(), 303, "{method} {path}");
            assert!(location(&answer).starts_with("/console/sign-in"), "{path}");
        }
    }
}

#[test]
fn a_token_does_only_what_it_was_made_for() {
    let stand = Stand::start();
    let of_rights: Vec<(Right, String)> = Right::ALL
        .into_iter()
        .map(|right| (right, token(&stand, "Ada", Role::Owner, &[right])))
        .collect();
    let mut tried = 0;
    for (method, path, rule) in server::rules() {
        let (Rule::May(needed), true) = (rule, path.starts_with("/api/")) else {
            continue;
        };
        for (right, bearer) in &of_rights {
            let request = stand
                .client
                .request(method.parse().unwrap(), stand.address(&filled(&path)));
            let status = request
                .bearer_auth(bearer)
                .send()
                .unwrap()
                .status()
                .as_u16();
            assert_eq!(
                status != 403,
                *right == needed,
                "{right:?}: {method} {path} answers {status}"
            );
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn whoever_is_held_to_groups_sees_and_changes_nothing_else() {
    let stand = Stand::start();
    let store = stand.hub().store;
    let actor = passerby_hub::people::Actor::COMMAND_LINE;
    for (name, group) in [("of the north", "north"), ("of the south", "south")] {
        let (screen, _) = store.add_screen(&actor, name, 1).unwrap();
        let change = passerby_hub::store::ScreenChange {
            group: Some(Some(group.to_owned())),
            ..Default::default()
        };
        store.change_screen(&actor, screen, &change, 1).unwrap();
        stand.publish(&stand.campaign(
            &format!("jazz-{group}"),
            "title = \"Jazz\"\ntarget = \"https://shop.example\"\n",
            &[[200, 10, 10]],
        ));
        let id = format!("jazz-{group}").parse().unwrap();
        store.group_campaign(&actor, &id, Some(group), 1).unwrap();
    }
    let north = |words: &str| Some(std::collections::BTreeSet::from([words.to_owned()]));
    let scope = Scope {
        screens: north("north"),
        campaigns: north("north"),
    };
    let mut operator = Visitor::signed_in(&stand, "op", Role::Operator, &scope);
    let mut publisher = Visitor::signed_in(&stand, "pub", Role::Publisher, &scope);
    let list = operator.get("/console/screens").text().unwrap();
    assert!(list.contains("of the north") && !list.contains("of the south"));
    assert_eq!(operator.get("/console/screens/1").status(), 200);
    assert_eq!(operator.get("/console/screens/2").status(), 404);
    for path in [
        "/console/screens/2",
        "/console/screens/2/revoke",
        "/console/screens/2/renew",
    ] {
        let fields = [("name", "mine"), ("group", "north"), ("tags", "")];
        assert_eq!(operator.post(path, &fields).status(), 404, "{path}");
    }
    let moved = operator.post(
        "/console/screens/1",
        &[("name", "x"), ("group", "south"), ("tags", "")],
    );
    assert_eq!(moved.status(), 422);
    let list = publisher.get("/console/campaigns").text().unwrap();
    assert!(list.contains("jazz-north") && !list.contains("jazz-south"));
    assert_eq!(publisher.get("/console/campaigns/jazz-south").status(), 404);
    assert_eq!(
        publisher
            .post("/console/campaigns/jazz-south/take-off", &[])
            .status(),
        404
    );
    for (query, status) in [
        ("", 200),
        ("?campaign=jazz-south&screen=1", 404),
        ("?campaign=jazz-north&screen=2", 404),
        ("?campaign=jazz-north&screen=1", 200),
    ] {
        let answer = publisher.get(&format!("/console/report{query}"));
        assert_eq!(answer.status(), status, "{query}");
        assert!(!answer.text().unwrap().contains("of the south"), "{query}");
    }
    assert_eq!(publisher.get("/console/report.csv").status(), 404);
    let taken = publisher.post("/console/campaigns/jazz-north/take-off", &[]);
    assert_eq!(
        location(&taken),
        "/console/campaigns/jazz-north?done=taken-off"
    );
    let live = stand.json(&["report"])["names"]["campaigns"].clone();
    assert!(live["jazz-south"].is_string());
}
