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

#[test]
fn what_is_wrong_in_a_campaign_file_is_said_in_the_readers_language_and_told_to_programs() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let whole = png([200, 40, 10]);
    let fields = [("title", "shop"), ("target", "https://shop.example")];
    let made = ada.upload("/console/new", &fields, &[("files", "good.png", &whole)]);
    assert_eq!(made.status(), 303, "{}", made.text().unwrap());
    let text = "title = 'shop'\ntarget = 'shop.example'\ncolour = 1\n[[placement]]\ncreative = 'no.png'\nseconds = 0\n\
                weight = 2\nshare_percent = 20\n";
    let path = "/console/drafts/shop";
    let kept = ada.upload(&format!("{path}/text"), &[("text", text)], &[]);
    assert_eq!(kept.status(), 303, "{}", kept.text().unwrap());
    let facts: Value = loop {
        let address = stand.address("/api/v1/drafts/shop");
        let facts = stand.client.get(address).bearer_auth(&bearer);
        let facts: Value = serde_json::from_slice(&facts.send().unwrap().bytes().unwrap()).unwrap();
        if facts["looked_at"] == true {
            break facts;
        }
    };
    let problems = facts["problems"].as_array().unwrap();
    let types: Vec<&str> = problems
        .iter()
        .map(|one| one["fault"]["what"]["type"].as_str().unwrap())
        .collect();
    let expected = [
        "wrong-value",
        "unknown-key",
        "creative-missing",
        "wrong-value",
        "weight-and-share",
    ];
    assert_eq!(types, expected, "{facts:#}");
    let said = [
        [
            "it does not start with https://",
            "它不是以 https:// 开头；请写网址，例如",
        ],
        ["unknown key", "最上层没有"],
        [
            "is missing; this folder has good.png",
            "没有 &quot;no.png&quot; 这个文件，这里有：good.png",
        ],
        [
            "use a whole number from 2 to 3600",
            "请写 2 到 3600 之间的整数",
        ],
        ["exclude each other", "不能同时用"],
    ];
    let english = ada.get(path).text().unwrap();
    ada.language = "zh-CN";
    let chinese = ada.get(path).text().unwrap();
    for [in_english, in_chinese] in said {
        assert!(english.contains(in_english), "{in_english}: {english}");
        assert!(chinese.contains(in_chinese), "{in_chinese}: {chinese}");
        assert!(!chinese.contains(in_english), "{in_english}: {chinese}");
    }
    // What is no TOML at all is told where its forms would be.
    let kept = ada.upload(
        &format!("{path}/text"),
        &[("text", "title = “shop”\n")],
        &[],
    );
    assert_eq!(kept.status(), 303, "{}", kept.text().unwrap());
    let refused = ada.upload(path, &[("title", "other")], &[]);
    assert_eq!(refused.status(), 422);
    let page = refused.text().unwrap();
    assert!(page.contains("这一行不符合 TOML 的写法"), "{page}");
}

#[test]
fn a_campaign_file_that_notepad_saved_is_told_with_its_encoding_when_it_comes_in() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    ada.language = "zh-CN";
    let whole = png([200, 40, 10]);
    let fields = [("title", "shop"), ("target", "https://shop.example")];
    let made = ada.upload("/console/new", &fields, &[("files", "good.png", &whole)]);
    assert_eq!(made.status(), 303, "{}", made.text().unwrap());
    // "title = '周五夜，手冲与爵士'" in GBK.
    let gbk =
        b"title = '\xd6\xdc\xce\xe5\xd2\xb9\xa3\xac\xca\xd6\xb3\xe5\xd3\xeb\xbe\xf4\xca\xbf'\n";
    let files: [(&str, &str, &[u8]); 1] = [("files", "campaign.toml", gbk)];
    let page = ada.upload("/console/drafts/shop/files", &[], &files);
    let page = page.text().unwrap();
    assert!(page.contains("它不是 UTF-8 文本，而是 GBK"), "{page}");
}
