//! Slots for contributors: opened, handed in to, approved, on the screens on their days alone.

use jiff::ToSpan as _;
use jiff::civil::Date;
use passerby_hub::people::{Right, Role, Scope};
use passerby_hub::system::clock;
use serde_json::json;

use crate::console::{Visitor, location, token};
use crate::stand::{Stand, png};

fn today() -> Date {
    clock::date_of(clock::now_ms())
}

fn in_days(days: i64) -> String {
    today().checked_add(days.days()).unwrap().to_string()
}

/// Opens a slot and makes the link of its contributor, as an operator.
fn open(operator: &mut Visitor<'_>) -> String {
    let (first, last) = (in_days(0), in_days(6));
    let fields = [
        ("name", "Agency, December"),
        ("first", first.as_str()),
        ("last", last.as_str()),
        ("pieces", "2"),
        ("kind", "picture"),
    ];
    let opened = operator.post("/console/slots", &fields);
    assert_eq!(
        location(&opened),
        "/console/slots/1?done=slot-opened",
        "{}",
        opened.text().unwrap()
    );
    let link = operator.post("/console/slots/1/invite", &[]);
    assert_eq!(link.status(), 201);
    let page = link.text().unwrap();
    let (_, rest) = page.split_once("/console/join/").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

#[test]
fn a_link_makes_a_contributor_of_one_slot_whose_pieces_air_on_its_days_once_approved() {
    let stand = Stand::start();
    let terminal = stand.terminal("Exit B");
    let mut operator = Visitor::signed_in(&stand, "op", Role::Operator, &Scope::ALL);
    let link = open(&mut operator);
    let mut agency = Visitor::new(&stand);
    let joined = agency.post_plain(
        &format!("/console/join/{link}"),
        &[("name", "Agency"), ("password", "correct horse battery")],
    );
    assert_eq!(joined.status(), 303);
    let home = agency.get("/console").text().unwrap();
    assert!(
        home.contains("Slots that you may hand in to") && home.contains("Agency, December"),
        "{home}"
    );
    // Nothing outside the slot is theirs.
    let outside = agency.upload(
        "/console/new",
        &[("title", "mine")],
        &[("files", "a.png", &png([1, 2, 3]))],
    );
    assert_eq!(outside.status(), 404, "{}", outside.text().unwrap());
    let fields = [
        ("target", "https://shop.example/dec"),
        ("note", "for Friday"),
    ];
    let first = png([200, 40, 10]);
    let film = agency.upload(
        "/console/slots/1/files",
        &fields,
        &[
            ("files", "a.png", &first),
            (
                "files",
                "b.svg",
                b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'/>",
            ),
            ("files", "c.png", &png([1, 2, 3])),
        ],
    );
    assert_eq!(film.status(), 422);
    assert!(film.text().unwrap().contains("Most pieces in this slot: 2"));
    let handed_in = agency.upload(
        "/console/slots/1/files",
        &fields,
        &[("files", "a.png", &first)],
    );
    assert_eq!(
        location(&handed_in),
        "/console/slots/1?done=submitted",
        "{}",
        handed_in.text().unwrap()
    );
    assert!(stand.manifest(&terminal).campaigns.is_empty());
    let mut editor = Visitor::signed_in(&stand, "editor", Role::Publisher, &Scope::ALL);
    let draft = "/console/drafts/Agency%2C%20December";
    let published = agency.post(&format!("{draft}/publish"), &[("revision", "1")]);
    assert_eq!(published.status(), 403);
    let page = editor.get(draft).text().unwrap();
    assert!(
        page.contains("Approve and publish") || page.contains("being looked at"),
        "{page}"
    );
    let revision = editor.revision(draft);
    let approved = editor.post(&format!("{draft}/publish"), &[("revision", &revision)]);
    assert!(
        location(&approved).ends_with("?done=published"),
        "{}",
        approved.text().unwrap()
    );
    let manifest = stand.manifest(&terminal);
    let campaign = &manifest.campaigns[0].campaign;
    assert_eq!(campaign.target.as_deref(), Some("https://shop.example/dec"));
    assert_eq!(campaign.phases.len(), 1);
    assert_eq!(campaign.phases[0].from, Some(today()));
    assert_eq!(
        campaign.phases[0].until,
        Some(today().checked_add(6.days()).unwrap())
    );
    // A publisher, too, keeps to the days of the slot.
    let revision = editor.revision(draft);
    let text = "title = \"x\"\n";
    let csrf_text = editor.upload(
        &format!("{draft}/text"),
        &[("revision", &revision), ("text", text)],
        &[],
    );
    assert!(location(&csrf_text).ends_with("?done=saved"));
    let revision = editor.revision(draft);
    let refused = editor.post(&format!("{draft}/publish"), &[("revision", &revision)]);
    assert_eq!(refused.status(), 422);
    let refused = refused.text().unwrap();
    assert!(
        refused.contains("A slot airs on its own days alone"),
        "{refused}"
    );
    // Closed, it takes nothing more, and what airs goes on.
    let closed = operator.post("/console/slots/1/close", &[]);
    assert_eq!(location(&closed), "/console/slots/1?done=slot-closed");
    let late = agency.upload(
        "/console/slots/1/files",
        &fields,
        &[("files", "d.png", &png([9, 9, 9]))],
    );
    assert_eq!(late.status(), 422);
    assert!(late.text().unwrap().contains("This slot is over"));
    assert_eq!(stand.manifest(&terminal).campaigns.len(), 1);
    let log = operator.get("/console/audit.csv").text().unwrap();
    for verb in ["slot.open", "slot.close", "person.invite", "draft.submit"] {
        assert!(log.contains(verb), "{verb}");
    }
}

#[test]
fn programs_open_slots_and_fill_them_by_the_same_rules() {
    let stand = Stand::start();
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let call = |path: &str, body: Vec<u8>| {
        let address = stand.address(&format!("/api/v1{path}"));
        let request = stand.client.post(address).bearer_auth(&bearer);
        let answer = request.body(body).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let opening = |name: &str, kinds: &[&str]| {
        json!({ "name": name, "first": in_days(1), "last": in_days(3), "pieces_max": 1, "kinds": kinds })
            .to_string()
            .into_bytes()
    };
    assert_eq!(call("/slots", opening("a", &["music"])).0, 422);
    assert_eq!(call("/slots", opening("a", &[])).0, 422);
    let (status, opened) = call("/slots", opening("a", &["picture"]));
    assert_eq!(status, 201, "{opened}");
    assert_eq!(call("/slots", opening("a", &["picture"])).0, 409);
    assert_eq!(call("/slots/1/begin", Vec::new()).0, 200);
    let (status, added) = call("/drafts/a/files?name=one.png", png([1, 2, 3]));
    assert_eq!(status, 200, "{added}");
    let (status, refused) = call("/drafts/a/files?name=two.png", png([3, 2, 1]));
    assert_eq!(status, 409, "{refused}");
    assert!(refused.contains("room for 1 pieces"), "{refused}");
    let (status, submitted) = call("/drafts/a/submit", b"{}".to_vec());
    assert_eq!(status, 200, "{submitted}");
    let (status, closed) = call("/slots/1/close", Vec::new());
    assert_eq!(status, 200);
    assert!(closed.contains("\"state\":\"closed\""), "{closed}");
    assert_eq!(call("/slots/1/invite", Vec::new()).0, 404);
    assert_eq!(call("/slots/2/close", Vec::new()).0, 404);
    // The command line does the same.
    let (first, last) = (in_days(0), in_days(2));
    let opened = stand.json(&[
        "slot", "open", "Shop", "--from", &first, "--until", &last, "--kind", "film",
    ]);
    assert_eq!(opened["slot"], 2);
    stand.json(&["slot", "close", "2"]);
    let listed = stand.json(&["slot", "list"]);
    assert_eq!(listed[0]["name"], "Shop");
    assert_eq!(
        (&listed[0]["state"], &listed[1]["pieces"]),
        (&"closed".into(), &1.into())
    );
    assert!(!stand.command(&["slot", "close", "9"]).status.success());
}
