//! What became of shares, in the console, for programs and on the command line.

use passerby_hub::people::{Right, Role, Scope};
use serde_json::Value;

use crate::console::{Visitor, token};
use crate::stand::{Stand, location};

/// A campaign whose page people pass on: who scans has three friends open it, and the first of
/// these has two. Returns the links, the scan's first.
pub(crate) fn passed_on(stand: &Stand) -> Vec<String> {
    let terminal = stand.terminal("Exit B");
    stand.publish(&stand.campaign(
        "book",
        "title = 'Books'\nkind = 'fans'\ntarget = 'https://shop.example/'\nlanding = 'page'\n",
        &[[200, 80, 40]],
    ));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let open = |visitor: u8, path: &str| {
        let own = location(&stand.visit(visitor, path));
        assert_eq!(stand.visit(visitor, &own).status(), 200);
        own
    };
    let mut links = vec![open(1, &terminal.scan_path(assignment, 5))];
    for visitor in 2..=4 {
        links.push(open(visitor, &links[0]));
    }
    for visitor in 5..=6 {
        links.push(open(visitor, &links[1]));
    }
    links
}

fn chains(stand: &Stand) -> Value {
    stand.json(&["report", "--chains", "--campaign", "book"])
}

#[test]
fn what_became_of_shares_is_told_alike_everywhere_and_no_link_is_named() {
    let stand = Stand::start();
    let links = passed_on(&stand);
    let told = chains(&stand);
    assert_eq!(
        (told["links"].clone(), told["shares"].clone()),
        (6.into(), 5.into())
    );
    assert_eq!(
        (told["depth"].clone(), told["breadth"].clone()),
        (2.into(), 3.into())
    );
    assert_eq!(
        told["reproduction"],
        Value::Null,
        "no link is seven days old"
    );
    assert_eq!(told["after_scan"]["hour"], 5);
    assert_eq!(told["places"][0]["name"], "Exit B");
    assert_eq!(
        told["largest"][0]["nodes"],
        serde_json::json!([{ "above": null, "brought": 3 }, { "above": 0, "brought": 2 }])
    );
    let program = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let call = |query: &str| {
        let path = stand.address(&format!("/api/v1/report/chains{query}"));
        stand.client.get(path).bearer_auth(&program).send().unwrap()
    };
    for query in ["?campaign=book", "?campaign=book&screen=1"] {
        let answer: Value = serde_json::from_str(&call(query).text().unwrap()).unwrap();
        assert_eq!(answer["generations"], told["generations"], "{query}");
    }
    assert_eq!(call("").status(), 422);
    assert_eq!(call("?campaign=nothing").status(), 404);
    assert_eq!(call("?screen=4000").status(), 404);

    let mut owner = Visitor::signed_in(&stand, "owner", Role::Owner, &Scope::ALL);
    let page = owner.get("/console/report/chains?campaign=book");
    assert_eq!(page.status(), 200);
    let page = page.text().unwrap();
    for words in [
        "Books",
        "Exit B",
        "class=\"plot chain\"",
        "Who scanned brought 3",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    owner.language = "zh-CN";
    let chinese = owner.get("/console/report/chains?screen=1").text().unwrap();
    assert!(chinese.contains("扫码的人带来 3 人"), "{chinese}");
    let choose = owner.get("/console/report/chains");
    assert_eq!(choose.status(), 200);
    let csv = owner.get("/console/report/chains.csv?campaign=book");
    let csv = csv.text().unwrap();
    assert!(csv.contains("generation,1,links,3\r\n"), "{csv}");
    let text = stand.command(&["report", "--chains", "--screen", "1"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("shares                             5"),
        "{text}"
    );
    for link in &links {
        let name = link.rsplit('/').next().unwrap();
        for told in [&page, &chinese, &csv, &text, &told.to_string()] {
            assert!(!told.contains(name), "{name} in {told}");
        }
    }
    let refused = stand.command(&["report", "--campaign", "book"]);
    assert!(!refused.status.success());
    let refused = stand.command(&["report", "--chains"]);
    assert!(!refused.status.success());
    // The report of one campaign begins with what its kind is about.
    let report = stand.json(&["report", "--by", "day", "--campaign", "book"]);
    assert_eq!(report["kind"]["kind"], "fans");
    assert_eq!(report["kind"]["returning"]["of"], 1);
    let page = owner.get("/console/report?campaign=book").text().unwrap();
    assert!(
        page.contains("当天再来的人") && page.contains("chains?campaign=book"),
        "{page}"
    );
}

#[test]
fn a_moment_that_is_erased_leaves_the_figures_of_its_chain_as_they_are() {
    let stand = Stand::start();
    let links = passed_on(&stand);
    let send = |path: &str, form: &str| {
        let request = stand.client.post(stand.address(path));
        let request = request
            .header("user-agent", crate::stand::PHONE)
            .header("x-forwarded-for", "192.0.2.1")
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(form.to_owned()).send().unwrap().status()
    };
    let before = chains(&stand);
    let key = format!("k={:032x}", 5);
    let words = format!("sentence=Out+shopping&name=Lin&agree=yes&{key}");
    assert_eq!(send(&format!("{}/moment", links[0]), &words), 303);
    assert_eq!(chains(&stand), before);
    assert_eq!(send(&format!("{}/erase", links[0]), &key), 200);
    assert_eq!(
        stand
            .hub()
            .store
            .moment(links[0].rsplit('/').next().unwrap(), 0)
            .unwrap(),
        None
    );
    assert_eq!(chains(&stand), before);
}
