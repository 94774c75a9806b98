//! What is kept of people: the pages that say so, the record of processing, and who runs the hub.

use passerby_hub::people::{Role, Scope};
use serde_json::json;

use crate::console::Visitor;
use crate::voices::{on_air, opened};

#[test]
fn privacy_pages_say_what_a_campaign_uses_and_who_keeps_it() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    for path in [
        link.clone(),
        format!("{link}/voice"),
        format!("{link}/moment"),
    ] {
        let page = stand.visit(1, &path).text().unwrap();
        assert!(page.contains("/privacy/book"), "{path}: {page}");
    }
    let page = |path: &str| {
        let page = stand.visit(1, path);
        assert_eq!(page.status(), 200, "{path}");
        let page = page.text().unwrap();
        assert!(page.len() < 14 << 10 && !page.contains("<script"), "{path}");
        page
    };
    let voices = "对发布者说的一句话";
    let of_book = page("/privacy/book");
    for words in [voices, "三体书店", "还没有写明", "180 天"] {
        assert!(of_book.contains(words), "{words}: {of_book}");
    }
    assert!(page("/privacy?lang=zh").contains(voices));
    stand.publish(&stand.campaign(
        "plain",
        "title = 'Plain'\ntarget = 'https://x.example/'\n",
        &[[1; 3]],
    ));
    let of_plain = page("/privacy/plain");
    assert!(
        of_plain.contains("pseudonym") && !of_plain.contains("a sentence"),
        "{of_plain}"
    );
    assert_eq!(stand.visit(1, "/privacy/nothing").status(), 404);
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    assert!(
        ada.get("/console")
            .text()
            .unwrap()
            .contains("Nobody has said who runs this hub")
    );
    let fields = [
        ("name", "街角科技 Corner Ltd"),
        ("contact", "privacy@corner.example"),
    ];
    assert_eq!(ada.post("/console/privacy", &fields[..1]).status(), 422);
    assert_eq!(ada.post("/console/privacy", &fields).status(), 303);
    assert!(
        !ada.get("/console")
            .text()
            .unwrap()
            .contains("Nobody has said")
    );
    let of_book = page("/privacy/book?lang=en");
    for (_, words) in fields {
        assert!(of_book.contains(words), "{words}: {of_book}");
    }
    let record = stand.json(&["privacy"]);
    assert_eq!(record["operator"]["contact"], "privacy@corner.example");
    let used: Vec<_> = record["processings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["id"].as_str().unwrap(), line["campaigns"].clone()))
        .collect();
    assert_eq!(
        used,
        [
            ("counting", json!(["book", "plain"])),
            ("conversions", json!(["book"])),
            ("moments", json!(["book"])),
            ("voices", json!(["book"])),
            ("followers", json!([])),
            ("phones", json!([])),
        ]
    );
    let csv = stand.command(&["privacy", "--csv"]).stdout;
    let csv = String::from_utf8(csv).unwrap();
    assert!(
        csv.lines().count() == 7 && csv.contains("Corner Ltd"),
        "{csv}"
    );
    let set = stand.command(&["privacy", "--operator", "A", "--contact", "B"]);
    assert!(
        set.status.success()
            && String::from_utf8(set.stdout)
                .unwrap()
                .starts_with("by A, B")
    );
}
