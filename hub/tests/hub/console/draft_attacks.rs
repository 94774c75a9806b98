//! What people try with drafts who mean harm, or are just two at a time.

use passerby_hub::people::{Right, Role, Scope};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::console::drafts::archive;
use crate::console::{Visitor, location, token};
use crate::stand::{Stand, png};

/// A program with all rights.
struct Program<'s> {
    stand: &'s Stand,
    bearer: String,
}

impl<'s> Program<'s> {
    fn new(stand: &'s Stand) -> Self {
        let bearer = token(stand, "Ada", Role::Owner, &Right::ALL);
        Self { stand, bearer }
    }

    fn call(&self, method: &str, path: &str, body: Vec<u8>, revision: Option<u64>) -> Response {
        let address = self.stand.address(&format!("/api/v1{path}"));
        let request = self.stand.client.request(method.parse().unwrap(), address);
        let mut request = request.bearer_auth(&self.bearer).body(body);
        if let Some(revision) = revision {
            request = request.header("if-match", format!("\"{revision}\""));
        }
        request.send().unwrap()
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.call(method, path, body.to_string().into_bytes(), None);
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_slice(&answer.bytes().unwrap()).unwrap(),
        )
    }
}

#[test]
fn what_airs_is_what_its_draft_says_also_if_somebody_names_a_revision_that_is_not_there_yet() {
    let stand = Stand::start();
    let ada = Program::new(&stand);
    for round in 0..12_u8 {
        let name = format!("round{round}");
        let draft = format!("/drafts/{name}");
        let text = |title: &str| json!({ "text": format!("title = \"{title}\"\n") });
        let begun = json!({ "campaign": name, "text": text("old")["text"] });
        let (status, _) = ada.json("POST", "/drafts", &begun);
        assert_eq!(status, 201);
        let file = ada.call(
            "POST",
            &format!("{draft}/files?name=a.png"),
            png([round; 3]),
            None,
        );
        assert_eq!(file.status(), 200);
        // Revision 2 has the picture; 3 will be the one with the new title.
        let published = std::thread::scope(|scope| {
            let publishing =
                scope.spawn(|| ada.call("POST", &format!("{draft}/publish"), vec![], Some(3)));
            assert_eq!(ada.json("POST", &draft, &text("new")).0, 200);
            publishing.join().unwrap().status().as_u16()
        });
        let (_, campaign) = ada.json("GET", &format!("/campaigns/{name}"), &json!({}));
        match published {
            200 => assert_eq!(campaign["campaign"]["title"], "new", "round {round}"),
            other => assert_eq!(other, 412, "round {round}"),
        }
    }
}

#[test]
fn a_draft_has_a_name_that_is_a_folder_on_every_computer_and_none_of_a_source() {
    let stand = Stand::start();
    let ada = Program::new(&stand);
    let long = "\u{1f600}".repeat(64);
    for name in ["cafe-news:17", "a\u{202e}b", "what?", "CON", "jazz.", &long] {
        let (status, answer) = ada.json("POST", "/drafts", &json!({ "campaign": name }));
        assert_eq!(status, 422, "{name:?}: {answer}");
        let title = answer["title"].as_str().unwrap();
        assert!(title.contains("on every computer"), "{answer}");
    }
    let (status, answer) = ada.json("POST", "/drafts", &json!({ "campaign": "爵士 2" }));
    assert_eq!(status, 201, "{answer}");
    // What is wrong with the folder itself is told by its name.
    let path = "/drafts/%E7%88%B5%E5%A3%AB%202";
    let draft = loop {
        let (_, draft) = ada.json("GET", path, &json!({}));
        if draft["looked_at"] == true {
            break draft;
        }
    };
    assert_eq!(draft["problems"][0]["file"], "爵士 2", "{draft}");
}

#[test]
fn an_archive_that_windows_made_in_china_keeps_the_names_of_its_files() {
    let stand = Stand::start();
    let ada = Program::new(&stand);
    let toml = "title = \"夏\"\n[[placement]]\ncreative = \"海报.png\"\n";
    let mut bytes = archive(&[
        ("summer/XXXX.png", &png([4, 5, 6])),
        ("summer/campaign.toml", toml.as_bytes()),
    ]);
    // 海报 in GBK, in both lists of the archive, and nothing that says so.
    while let Some(at) = bytes.windows(4).position(|four| four == b"XXXX") {
        bytes[at..at + 4].copy_from_slice(b"\xba\xa3\xb1\xa8");
    }
    let answer = ada.call("POST", "/imports?name=a.zip", bytes, None);
    let answer: Value = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
    assert_eq!(answer["added"], json!(["海报.png", "campaign.toml"]));
    let draft = loop {
        let (_, draft) = ada.json("GET", "/drafts/summer", &json!({}));
        if draft["looked_at"] == true {
            break draft;
        }
    };
    assert_eq!(draft["problems"], json!([]), "{draft}");
}

#[test]
fn what_the_hub_cannot_store_is_told_without_where_it_keeps_its_files() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let good = png([1, 2, 3]);
    let bad = png([3, 2, 1]);
    let digest = passerby_protocol::Digest::of(&bad).to_string();
    // Where its folder should be, there is a file.
    std::fs::create_dir_all(stand.data().join("blobs")).unwrap();
    std::fs::write(stand.data().join("blobs").join(&digest[..2]), "x").unwrap();
    let made = ada.upload(
        "/console/new",
        &[("title", "two")],
        &[("files", "good.png", &good), ("files", "bad.png", &bad)],
    );
    let page = made.text().unwrap();
    assert!(page.contains("bad.png"), "{page}");
    assert!(page.contains("cannot store it now"), "{page}");
    let data = stand.data().display().to_string();
    assert!(
        !page.contains(&data) && !page.contains(&digest[2..]),
        "{page}"
    );
}

#[test]
fn a_form_that_is_damaged_is_told_from_one_of_another_site() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let mut form = crate::console::drafts::form(
        &[("csrf", &ada.csrf()), ("title", "caf?")],
        &[("files", "a.png", &png([1; 3]))],
    );
    let at = form.windows(4).position(|four| four == b"caf?").unwrap();
    form[at + 3] = 0xe9;
    let answer = ada.upload_plain("/console/new", form);
    assert_eq!(answer.status(), 422);
    assert!(answer.text().unwrap().contains("arrived damaged"));
    let drafts = ada.get("/console/drafts").text().unwrap();
    assert!(drafts.contains("no draft yet"), "{drafts}");
    assert_eq!(
        location(&ada.post("/console/drafts/none/delete", &[])),
        "",
        "there is none"
    );
}

#[test]
fn whoever_reads_chinese_is_told_in_chinese_why_files_and_archives_were_not_taken() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    ada.language = "zh-CN";
    let good = png([7, 7, 7]);
    let made = ada.upload(
        "/console/new",
        &[("title", "夏天")],
        &[
            ("files", "good.png", &good),
            ("files", "again.png", &good),
            ("files", "IMG_1.HEIC", b"heic"),
            ("files", "what?.png", &good),
        ],
    );
    let page = made.text().unwrap();
    for said in [
        "屏幕不能显示这种文件",
        "内容和 good.png 相同",
        "有些电脑不接受的字符",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let refused = ada.upload(
        "/console/new/import",
        &[],
        &[("archive", "a.zip", &archive(&[("../a.png", &good)]))],
    );
    assert_eq!(refused.status(), 422);
    let page = refused.text().unwrap();
    assert!(page.contains("指向文件夹之外"), "{page}");
}
