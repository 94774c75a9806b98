//! What is wrong with a file is said in the language of whoever reads, with its numbers, and told
//! to programs by a word that stays.

use passerby_hub::people::{Right, Role, Scope};
use serde_json::{Value, json};

use crate::console::{Visitor, token};
use crate::stand::{Stand, png};

#[test]
fn what_is_wrong_with_a_file_is_said_in_the_readers_language_and_has_a_word_for_programs() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let whole = png([200, 40, 10]);
    // Taken, since its head is good, and looked at afterwards.
    let heic = [&b"\0\0\0\x18ftypheic"[..], &[0; 64]].concat();
    let files: [(&str, &str, &[u8]); 3] = [
        ("files", "good.png", &whole),
        ("files", "phone.jpg", &heic),
        (
            "files",
            "cut.jpg",
            &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F'],
        ),
    ];
    let fields = [("title", "shop"), ("target", "https://shop.example")];
    let made = ada.upload("/console/new", &fields, &files);
    assert_eq!(made.status(), 303, "{}", made.text().unwrap());
    let call = |method: reqwest::Method, path: &str| {
        let address = stand.address(&format!("/api/v1/drafts/shop{path}"));
        stand.client.request(method, address).bearer_auth(&bearer)
    };
    let facts: Value = loop {
        let facts = call(reqwest::Method::GET, "").send().unwrap();
        let facts: Value = serde_json::from_slice(&facts.bytes().unwrap()).unwrap();
        if facts["looked_at"] == true {
            break facts;
        }
    };
    let of = |file: &str| {
        let mut found = facts["problems"].as_array().unwrap().iter();
        let of = found.find(|one| one["file"].as_str().unwrap().ends_with(file));
        of.unwrap_or_else(|| panic!("{facts:#}")).clone()
    };
    let phone = of("phone.jpg");
    let known = json!({ "type": "other-file", "what": "heic" });
    assert_eq!(phone["fault"], known, "{phone}");
    let words = "it is a HEIC picture, whatever its name says; export it as JPEG or PNG";
    assert_eq!(phone["message"], words);
    let path = "/console/drafts/shop";
    let english = ada.get(path).text().unwrap();
    assert!(english.contains(words), "{english}");
    ada.language = "zh-CN";
    let chinese = ada.get(path).text().unwrap();
    let said = "不管名字叫什么，这是 HEIC 图片，请导出成 JPEG 或 PNG";
    assert!(chinese.contains(said), "{chinese}");
    assert!(!chinese.contains(words), "{chinese}");
    // What does not come in at all is told the same way.
    let sound = b"\0\0\0\x18ftypM4A \0\0\0\0isomM4A ".to_vec();
    let left_out = call(reqwest::Method::POST, "/files?name=song.mp4").body(sound);
    let left_out = left_out.send().unwrap().bytes().unwrap();
    let left_out: Value = serde_json::from_slice(&left_out).unwrap();
    let reason = &left_out["left_out"][0];
    assert_eq!(
        reason["fault"],
        json!({ "type": "sound-only" }),
        "{left_out}"
    );
    let sound = b"\0\0\0\x18ftypM4A \0\0\0\0isomM4A ";
    let files: [(&str, &str, &[u8]); 1] = [("files", "song.mp4", sound)];
    let page = ada.upload(&format!("{path}/files"), &[], &files);
    let page = page.text().unwrap();
    assert!(page.contains("里面只有声音，没有画面"), "{page}");
}
