//! Every page, form and call for every role, held against what each role is for.

use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::server::{self, Rule};
use passerby_hub::store::ScreenChange;
use passerby_hub::system::clock;

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
        // News is for who runs the campaign, and so is whom they write to.
        ("campaigns", "GET") if path.contains("/news") || path.ends_with("/followers.csv") => {
            &[Owner, Publisher]
        }
        ("campaigns", "GET") if path.ends_with("/followers") || path.contains("/conversion") => {
            &[Owner, Operator, Publisher, Viewer]
        }
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
        ("hooks", _) => &[Owner, Publisher],
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
        .replace("{film}", "4000")
        .replace("{key}", "4000")
        .replace("{hook}", "4000");
    let path = path
        .replace("{source}", "nothing")
        .replace("{emergency}", "4000");
    let path = path.replace("{place}", "0").replace("{number}", "1");
    let path = path.replace("{news}", "4000");
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

#[test]
fn whoever_is_held_to_screens_takes_nothing_off_others() {
    let stand = Stand::start();
    let (north, south) = (stand.terminal("north"), stand.terminal("south"));
    let in_north = ScreenChange {
        group: Some(Some("north".to_owned())),
        ..ScreenChange::default()
    };
    let change = |change: &ScreenChange| {
        let (store, screen) = (stand.hub().store, north.credentials.screen);
        store
            .change_screen(&Actor::COMMAND_LINE, screen, change, clock::now_ms())
            .unwrap();
    };
    change(&in_north);
    let of_north = Scope {
        screens: Some(["north".to_owned()].into()),
        campaigns: None,
    };
    let mut bo = Visitor::signed_in(&stand, "Bo", Role::Publisher, &of_north);
    let toml = "title = \"Jazz\"\ntarget = \"https://shop.example\"\n";
    let jazz = stand.campaign("jazz", toml, &[[200, 10, 10]]);
    stand.publish(&jazz);
    let airs_on = |terminal| stand.manifest(terminal).campaigns.len();
    let off = "/console/campaigns/jazz/take-off";
    let refused = bo.post(off, &[]);
    assert_eq!(refused.status(), 403);
    let said = refused.text().unwrap();
    assert!(said.contains("screens of others"), "{said}");
    // Nor by publishing it for their own alone.
    let draft = "/console/drafts/jazz";
    let begun = bo.post(&format!("{draft}/begin"), &[]);
    assert_eq!(location(&begun), draft);
    let revision = bo.revision(draft);
    let own = [("group", "north"), ("revision", revision.as_str())];
    let chosen = bo.post(&format!("{draft}/screens"), &own);
    assert_eq!(chosen.status(), 303, "{}", chosen.text().unwrap());
    bo.looked_at(draft);
    let publish = |bo: &mut Visitor<'_>| {
        let revision = bo.revision(draft);
        bo.post(&format!("{draft}/publish"), &[("revision", &revision)])
    };
    let refused = publish(&mut bo);
    assert_eq!(refused.status(), 422);
    let said = refused.text().unwrap();
    assert!(
        said.contains("It airs on screens that are in no group"),
        "{said}"
    );
    assert_eq!((airs_on(&north), airs_on(&south)), (1, 1));
    // What airs on theirs alone is theirs.
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    assert_eq!(publish(&mut ada).status(), 303);
    assert_eq!((airs_on(&north), airs_on(&south)), (1, 0));
    assert_eq!(publish(&mut bo).status(), 303);
    assert_eq!(bo.post(off, &[]).status(), 303);
    assert_eq!(airs_on(&north), 0);
}
