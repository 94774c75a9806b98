//! Codes and shared links with what chat programs and hands put around them.

use serde_json::json;

use crate::stand::{Stand, location, without_click};

const TARGET: &str = "https://cafe.example/tonight";

/// What has been seen behind links.
const TAILS: [&str; 20] = [
    "/",
    ".",
    "%E3%80%82",
    "%EF%BC%89",
    ")",
    "!",
    "%EF%BC%8C%E5%BF%AB%E6%9D%A5",
    "%E2%80%8B",
    "%EF%BB%BF",
    "%20",
    "?fbclid=x",
    "/?fbclid=x",
    "%EF%BC%9F",
    "%E3%80%81",
    "%22",
    "'",
    "%3E",
    "]",
    "%7D",
    "%A1%A3",
];

#[test]
fn codes_with_tails_are_scans_like_any_other_and_each_counts_once() {
    let mut stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = format!("title = \"Café\"\ntarget = \"{TARGET}\"\n");
    stand.publish(&stand.campaign("cafe", &toml, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let path = terminal.scan_path(assignment, 5);
    for tail in TAILS {
        assert_eq!(
            location(&stand.visit(1, &format!("{path}{tail}"))),
            TARGET,
            "{tail}"
        );
    }
    let token = path.trim_start_matches("/Q/");
    for path in [
        format!("//q/{}", token.to_ascii_lowercase()),
        format!("/q/%20{token}"),
        format!("/q/%E2%80%8B{token}."),
        format!("/q/{}%C2%AD{}", &token[..16], &token[16..]),
    ] {
        assert_eq!(location(&stand.visit(1, &path)), TARGET, "{path}");
    }
    for path in [
        format!("{path}0"),
        format!("{path}U"),
        path[..34].to_owned() + "%E3%80%82",
    ] {
        assert_eq!(stand.visit(1, &path).status(), 404, "{path}");
    }
    // What it counted in memory is written when it stops.
    stand.stop();
    let scans = &stand.report()["scans"];
    assert_eq!(
        (&scans["total"], &scans["malformed"]),
        (&json!(1), &json!(3))
    );
}

#[test]
fn shared_links_with_tails_go_into_the_chain_once() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = format!("title = \"Café\"\ntarget = \"{TARGET}\"\nlanding = \"page\"\n");
    stand.publish(&stand.campaign("cafe", &toml, &[[9; 3]]));
    let item = stand.manifest(&terminal).campaigns[0].items[0].clone();
    let scanned = location(&stand.visit(1, &terminal.scan_path(item.assignment, 5)));
    assert_eq!(stand.visit(1, &format!("{scanned}/")).status(), 200);
    let friends = location(&stand.visit(2, &scanned));
    for tail in TAILS {
        let again = location(&stand.visit(2, &format!("{scanned}{tail}")));
        assert_eq!(again, friends, "{tail}");
        let page = stand.visit(2, &format!("{friends}{tail}"));
        assert_eq!(page.status(), 200, "{tail}");
        let page = page.text().unwrap();
        // What is passed on from here is the bare link again.
        assert!(
            page.contains(&format!("content=\"{}{friends}\"", stand.base)),
            "{page}"
        );
        let pressed = stand.visit(2, &format!("{friends}/go{tail}"));
        assert_eq!(without_click(&location(&pressed)), TARGET, "{tail}");
        let picture = stand.visit(2, &format!("/p/{}.jpg{tail}", item.creative));
        assert_eq!(picture.headers()["content-type"], "image/jpeg", "{tail}");
        let claim = stand.visit(2, &format!("/claim/abcd-efgh{tail}"));
        assert_eq!(claim.status(), 200, "{tail}");
    }
    for path in [format!("{scanned}0"), format!("{scanned}/nothing")] {
        assert_eq!(stand.visit(2, &path).status(), 404, "{path}");
    }
    let visits = &stand.report()["visits"];
    assert_eq!(visits["by_generation"], json!({ "0": 1, "1": 1 }));
    assert_eq!(visits["clicks"], 1);
}
