//! What screens would show of drafts, before they are published, for those who work on them.

use passerby_hub::people::{Right, Role, Scope};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::console::{Visitor, location, token};
use crate::previews::{at_last, size_of};
use crate::stand::{Stand, png};

const PATH: &str = "/console/drafts/cafe";

/// Begins a draft of two pictures.
fn begin(visitor: &mut Visitor<'_>, group: &str) {
    let made = visitor.upload(
        "/console/new",
        &[
            ("title", "cafe"),
            ("target", "https://shop.example/cafe"),
            ("group", group),
        ],
        &[
            ("files", "a.png", &png([9; 3])),
            ("files", "b.png", &png([120, 30, 60])),
        ],
    );
    assert!(location(&made).starts_with(PATH), "{made:?}");
}

/// The page of a placement once both of its pictures are drawn; it does not come again by itself.
fn placement(visitor: &mut Visitor<'_>, place: usize) -> String {
    loop {
        let page = visitor.get(&format!("{PATH}/placements/{place}"));
        let page = page.text().unwrap();
        if !page.contains("look again in some seconds") {
            return page;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn picture(visitor: &mut Visitor<'_>, rest: &str) -> Vec<u8> {
    let answer = at_last(|| visitor.get(&format!("{PATH}/preview/{rest}")));
    assert_eq!(answer.headers()["content-type"], "image/png", "{rest}");
    answer.bytes().unwrap().to_vec()
}

#[test]
fn a_draft_is_seen_as_screens_will_show_it_lying_and_standing_with_the_verdict_on_its_code() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    begin(&mut ada, "");
    let page = ada.get(PATH).text().unwrap();
    assert!(page.contains("/console/drafts/cafe/preview/1\""), "{page}");
    assert!(page.contains("See it as a screen shows it"), "{page}");
    let page = placement(&mut ada, 1);
    let verdict = "it was read back from this very picture";
    assert_eq!(page.matches(verdict).count(), 2, "{page}");
    for shape in ["landscape", "portrait"] {
        let picture = format!("{PATH}/preview/1/picture.png?shape={shape}&amp;revision=");
        assert!(page.contains(&picture), "{page}");
    }
    let lying = picture(&mut ada, "1/picture.png");
    assert_eq!(size_of(&lying), (1_920, 1_080));
    let standing = picture(&mut ada, "1/picture.png?shape=portrait");
    assert_eq!(size_of(&standing), (1_080, 1_920));
    ada.language = "zh";
    let page = at_last(|| ada.get(&format!("{PATH}/preview/1")));
    assert!(page.text().unwrap().contains("码扫得出来"));
    ada.language = "en";
    assert_eq!(ada.get(&format!("{PATH}/preview/2")).status(), 404);

    // A changed draft looks otherwise, and a published one as its draft did.
    let other = png([40, 200, 90]);
    let replaced = ada.upload(
        &format!("{PATH}/files"),
        &[("replace", "yes")],
        &[("files", "b.png", &other)],
    );
    assert!(location(&replaced).ends_with("?done=uploaded"));
    let changed = picture(&mut ada, "1/picture.png");
    assert_ne!(changed, lying);
    let revision = ada.revision(PATH);
    let published = ada.post(&format!("{PATH}/publish"), &[("revision", &revision)]);
    assert!(
        location(&published).ends_with("?done=published"),
        "{published:?}"
    );
    let shown = at_last(|| ada.get("/console/campaigns/cafe/preview/2/picture.png"));
    assert_eq!(shown.bytes().unwrap().to_vec(), changed);
}

#[test]
fn programs_get_it_too_and_a_draft_that_cannot_be_read_says_why() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    begin(&mut ada, "");
    let bearer = token(&stand, "Bob", Role::Owner, &Right::ALL);
    let ask = |path: &str| {
        at_last(|| {
            let address = stand.address(&format!("/api/v1/drafts/cafe/placements/{path}"));
            let request = stand.client.get(address);
            request.bearer_auth(&bearer).send().unwrap()
        })
    };
    let said = |answer: Response| -> (u16, Value) {
        let status = answer.status().as_u16();
        let text = answer.text().unwrap();
        (status, serde_json::from_str(&text).unwrap())
    };
    let (status, facts) = said(ask("2/preview?width=640&height=360"));
    assert_eq!((status, &facts["width_px"]), (200, &json!(640)), "{facts}");
    assert!(facts["code"]["modules"].as_u64().unwrap() >= 21, "{facts}");
    let drawn = ask("2/preview.png?width=640&height=360").bytes().unwrap();
    assert_eq!(size_of(&drawn), (640, 360));
    for path in ["0/preview", "3/preview.png", "x/preview"] {
        assert_eq!(ask(path).status(), 404, "{path}");
    }
    for (text, mistake) in [
        ("title = \"cafe\"\nfuture = 1\n", "future"),
        ("title = \n", "campaign.toml"),
    ] {
        let revision = ada.revision(PATH);
        let fields = [("revision", revision.as_str()), ("text", text)];
        let kept = ada.upload(&format!("{PATH}/text"), &fields, &[]);
        assert!(location(&kept).ends_with("?done=saved"), "{kept:?}");
        let page = ada.get(&format!("{PATH}/preview/0")).text().unwrap();
        assert!(
            page.contains("cannot be read as it is") && page.contains(mistake),
            "{page}"
        );
        assert!(!page.contains("picture.png"), "{page}");
        let picture = ada.get(&format!("{PATH}/preview/0/picture.png"));
        assert_eq!(picture.status(), 404);
        let (status, problem) = said(ask("1/preview"));
        assert_eq!(status, 422, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(mistake), "{detail}");
        assert!(!detail.contains("source-work"), "{detail}");
    }
}

#[test]
fn nobody_sees_a_preview_of_a_draft_that_is_none_of_theirs() {
    let stand = Stand::start();
    stand.terminal("one");
    let of = |campaigns: &str| Scope {
        campaigns: Some([campaigns.to_owned()].into()),
        ..Scope::ALL
    };
    let mut east = Visitor::signed_in(&stand, "east", Role::Contributor, &of("east"));
    let mut west = Visitor::signed_in(&stand, "west", Role::Publisher, &of("west"));
    let mut viewer = Visitor::signed_in(&stand, "viewer", Role::Viewer, &of("east"));
    begin(&mut east, "east");
    for path in [
        format!("{PATH}/placements/0"),
        format!("{PATH}/preview/0"),
        format!("{PATH}/preview/0/picture.png"),
    ] {
        assert_eq!(at_last(|| east.get(&path)).status(), 200, "{path}");
        assert_eq!(west.get(&path).status(), 404, "{path}");
        assert_eq!(viewer.get(&path).status(), 403, "{path}");
        // Who may not see screens learns of none, also not how large it is.
        let of_screen = east.get(&format!("{path}?screen=1"));
        let is_page = path.contains("placements");
        assert_eq!(of_screen.status() == 404, !is_page, "{path}");
    }
}
