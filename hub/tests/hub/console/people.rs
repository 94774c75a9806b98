//! What people and publishers wrote, on pages; and who did what.

use passerby_hub::people::{Role, Scope};

use crate::console::{Visitor, location};
use crate::stand::Stand;

const SCRIPT: &str = "<script>alert(1)</script>";

#[test]
fn no_page_runs_what_somebody_wrote() {
    let stand = Stand::start();
    stand.json(&["screen", "add", SCRIPT]);
    let toml =
        format!("title = '{SCRIPT}'\ntarget = \"https://shop.example\"\nheadline = '{SCRIPT}'\n");
    stand.publish(&stand.campaign("jazz", &toml, &[[200, 10, 10]]));
    let mut owner = Visitor::signed_in(&stand, SCRIPT, Role::Owner, &Scope::ALL);
    let fields = [
        ("name", SCRIPT),
        ("group", "\"><script>"),
        ("tags", "'><script>, b"),
    ];
    assert_eq!(owner.post("/console/screens/1", &fields).status(), 303);
    for path in [
        "/console",
        "/console/screens",
        "/console/screens?q=%3Cscript%3Ealert(1)%3C/script%3E&group=%22%3E%3Cscript%3E",
        "/console/screens/1",
        "/console/pair?code=%22%3E%3Cscript%3E&name=%3Cscript%3E",
        "/console/campaigns",
        "/console/campaigns?q=%22%3E%3Cscript%3E",
        "/console/campaigns/jazz",
        "/console/report",
        "/console/report?by=screen&from=%22%3E%3Cscript%3E",
        "/console/people",
        "/console/people/1",
        "/console/audit",
        "/console/audit?q=%3Cscript%3E",
        "/console/account",
        "/console/account?done=%3Cscript%3E",
        "/console/sign-in?to=%22%3E%3Cscript%3E",
        "/console/nothing%3Cscript%3E",
    ] {
        let answer = owner.get(path);
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("script"),
            "{path}: {policy}"
        );
        if path.starts_with("/console/nothing") {
            continue;
        }
        assert!(
            policy.contains("style-src 'self'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(answer.headers()["referrer-policy"], "same-origin");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let page = answer.text().unwrap();
        assert!(!page.contains("<script"), "{path}");
        assert!(
            !page.contains(" style=") && !page.contains(" onclick"),
            "{path}"
        );
        assert!(page.len() < 100_000, "{path} has {} bytes", page.len());
    }
    let list = owner.get("/console/screens").text().unwrap();
    assert!(list.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn an_owner_invites_changes_and_removes_people_and_the_log_says_so() {
    let stand = Stand::start();
    let mut owner = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let made = owner.post(
        "/console/people",
        &[
            ("role", "operator"),
            ("of-screens", "some"),
            ("screen-groups", "north，south"),
            ("of-campaigns", "all"),
        ],
    );
    assert_eq!(made.status(), 201);
    let page = made.text().unwrap();
    let (_, link) = page.split_once("<code class=\"secret\">").unwrap();
    let link = link.split('<').next().unwrap().to_owned();
    let mut guest = Visitor::new(&stand);
    guest.language = "zh-CN,zh;q=0.9";
    assert!(guest.get(&link).text().unwrap().contains("管理员"));
    let joined = guest.post_plain(
        &link,
        &[("name", "李雷"), ("password", "correct horse battery")],
    );
    assert_eq!(location(&joined), "/console");
    assert!(guest.get("/console").text().unwrap().contains("你好，李雷"));
    assert!(
        owner
            .get("/console/people")
            .text()
            .unwrap()
            .contains("north, south")
    );
    let person = stand.hub().store.person_named("李雷").unwrap().unwrap().0;
    let path = format!("/console/people/{}", person.id);
    let own = stand.hub().store.person_named("Ada").unwrap().unwrap().0.id;
    let own = format!("/console/people/{own}");
    assert_eq!(
        owner.post(&own, &[("role", "viewer")]).status(),
        422,
        "the last owner"
    );
    assert_eq!(owner.post(&path, &[("role", "viewer")]).status(), 303);
    assert_eq!(guest.get("/console/pair").status(), 403, "at once");
    assert_eq!(owner.post(&format!("{path}/remove"), &[]).status(), 303);
    assert_eq!(guest.get("/console").status(), 303);
    let log = owner.get("/console/audit.jsonl").text().unwrap();
    for verb in [
        "person.invite",
        "person.join",
        "person.change",
        "person.remove",
        "account.sign-in",
    ] {
        assert!(
            log.contains(&format!("\"verb\":\"{verb}\"")),
            "{verb}: {log}"
        );
    }
    let csv = owner
        .get("/console/audit.csv?q=person.remove")
        .text()
        .unwrap();
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains("李雷"));
    // Groups are named, and the choice that would give all of them was left as it was.
    let before = stand.hub().store.invitations(0).unwrap();
    let named = [
        ("role", "viewer"),
        ("of-campaigns", "all"),
        ("campaign-groups", "north"),
    ];
    assert_eq!(owner.post("/console/people", &named).status(), 422);
    assert_eq!(stand.hub().store.invitations(0).unwrap(), before);
    let made = owner.post("/console/people", &[("role", "viewer")]);
    assert_eq!(made.status(), 201);
    let handle = stand
        .hub()
        .store
        .invitations(passerby_hub::system::clock::now_ms())
        .unwrap()[0]
        .handle;
    let handle = passerby_protocol::hexadecimal::hex(&handle);
    assert_eq!(
        owner
            .post(&format!("/console/people/links/{handle}/withdraw"), &[])
            .status(),
        303
    );
}
