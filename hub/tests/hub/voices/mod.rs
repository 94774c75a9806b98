//! Voices: what a passer-by says to a publisher, with a picture; what the publisher does with it;
//! what its writer sees; and how it goes.

mod in_browser;
mod privacy;

use std::path::Path;

use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::store::{VoiceFilter, VoiceState};
use passerby_hub::system::clock;
use passerby_protocol::Assignment;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::console::{Visitor, location, token};
use crate::stand::{PHONE, ROBOT, Stand, Terminal};

const TOML: &str = "title = '三体'\ntarget = 'https://shop.example/book'\nlanding = 'page'\n\
    advertiser = '三体书店'\n[voices]\ntake = 'words-and-pictures'\nquestion = '你最喜欢哪一章？'\n\
    [words.en]\nquestion = 'Which chapter do you like best?'\n";
const SENTENCE: &str = "第三章的夜雨，读了三遍！";

fn on_air_with(toml: &str) -> (Stand, Terminal, Assignment) {
    let stand = Stand::start();
    let terminal = stand.terminal("exit B");
    stand.publish(&stand.campaign("book", toml, &[[200, 80, 40]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    (stand, terminal, assignment)
}

fn on_air() -> (Stand, Terminal, Assignment) {
    on_air_with(TOML)
}

/// A link that its owner has opened.
fn opened(stand: &Stand, terminal: &Terminal, assignment: Assignment, visitor: u8) -> String {
    let link = location(&stand.visit(visitor, &terminal.scan_path(assignment, 5)));
    assert_eq!(stand.visit(visitor, &link).status(), 200);
    link
}

/// A form as browsers send it, with a file if there is one.
fn form(fields: &[(&str, &str)], file: Option<&[u8]>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .into_bytes(),
        );
    }
    let name = if file.is_some() { "IMG_1.jpg" } else { "" };
    body.extend(
        format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"{name}\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        )
        .into_bytes(),
    );
    body.extend(file.unwrap_or_default());
    body.extend(b"\r\n--xyz--\r\n");
    body
}

fn send(stand: &Stand, visitor: u8, path: &str, body: Vec<u8>) -> Response {
    let request = stand.client.post(stand.address(path));
    let request = request.header("user-agent", PHONE);
    let request = request.header("x-forwarded-for", format!("192.0.2.{visitor}"));
    let request = request.header("content-type", "multipart/form-data; boundary=xyz");
    request.body(body).send().unwrap()
}

/// Says something from the page of a link, as its form is now.
fn say(
    stand: &Stand,
    visitor: u8,
    link: &str,
    sentence: &str,
    more: &[(&str, &str)],
    file: Option<&[u8]>,
) -> Response {
    let page = stand.visit(visitor, &format!("{link}/voice"));
    let page = page.text().unwrap();
    let once = value_of(&page, "once");
    let fields = [("once", once.as_str()), ("sentence", sentence)];
    let fields: Vec<_> = fields.into_iter().chain(more.iter().copied()).collect();
    send(
        stand,
        visitor,
        &format!("{link}/voice"),
        form(&fields, file),
    )
}

/// The value of a hidden field.
fn value_of(page: &str, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    let (_, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The writer's own link, without scheme and host, as the page shows it.
fn own_link(stand: &Stand, page: &str) -> String {
    let begin = format!("{}/v/", stand.base);
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{page}"));
    format!("/v/{}", &rest[..48])
}

/// A photograph as a phone makes it: with a place in it.
fn photograph() -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(1_900, 1_200, |x, y| {
        let low = |at: u32| at.to_le_bytes()[0];
        image::Rgb([low(x), low(y), 90])
    });
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 90)
        .encode_image(&pixels)
        .unwrap();
    let words = b"Exif\0\0secret place 31.2304, 121.4737";
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend(u16::try_from(words.len() + 2).unwrap().to_be_bytes());
    out.extend(words);
    out.extend(&jpeg[2..]);
    out
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// Whether a text stands anywhere in the files of a folder.
fn is_in_files(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            is_in_files(&path, text)
        } else {
            std::fs::read(&path).is_ok_and(|bytes| has(&bytes, text))
        }
    })
}

#[test]
fn a_voice_with_a_picture_is_read_answered_and_erased() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let landing = stand.visit(1, &link).text().unwrap();
    for words in [
        "你最喜欢哪一章？",
        "对三体书店说一句",
        &format!("{link}/voice"),
    ] {
        assert!(landing.contains(words), "{words}: {landing}");
    }
    let english = stand.visit(1, &format!("{link}?lang=en")).text().unwrap();
    assert!(
        english.contains("Which chapter do you like best?"),
        "{english}"
    );
    let agreed = [("name", "李雷"), ("agree", "yes"), ("screen", "yes")];
    let kept = say(&stand, 1, &link, SENTENCE, &agreed, Some(&photograph()));
    assert_eq!(kept.status(), 303, "{}", kept.text().unwrap());
    let page = stand.visit(1, &location(&kept)).text().unwrap();
    assert!(page.len() < 14 << 10, "{}", page.len());
    let own = own_link(&stand, &page);

    // From anywhere, by the link alone, in whatever letters.
    let mine = stand.visit(9, &own.to_uppercase()).text().unwrap();
    for words in [SENTENCE, "李雷", "等待阅读", "也可以上屏幕"] {
        assert!(mine.contains(words), "{words}: {mine}");
    }
    let picture = stand.visit(9, &format!("{own}/picture.jpg"));
    assert_eq!(picture.headers()["cache-control"], "private, no-store");
    let jpeg = picture.bytes().unwrap();
    let pixels = image::load_from_memory(&jpeg).unwrap();
    assert_eq!((pixels.width(), pixels.height()), (1_600, 1_011));
    assert!(!has(&jpeg, "secret place") && jpeg.len() <= 400 << 10);
    let wrong = format!(
        "{}{}",
        &own[..own.len() - 1],
        if own.ends_with('0') { '1' } else { '0' }
    );
    assert_eq!(stand.visit(9, &wrong).status(), 404);
    assert_eq!(
        stand.visit(9, &format!("{wrong}/picture.jpg")).status(),
        404
    );

    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Publisher, &Scope::ALL);
    let overview = ada.get("/console").text().unwrap();
    assert!(
        overview.contains("1 new voice of a passer-by"),
        "{overview}"
    );
    assert!(
        ada.get("/console/campaigns/book")
            .text()
            .unwrap()
            .contains("(1 new)")
    );
    let voices = "/console/campaigns/book/voices";
    let list = ada.get(&format!("{voices}?state=waiting")).text().unwrap();
    assert!(list.contains(SENTENCE) && list.contains("exit B"), "{list}");
    let voice = value_of(&list, "voice");
    let small = ada.get(&format!("{voices}/{voice}/picture.jpg?small=1"));
    assert!(small.bytes().unwrap().len() <= 32 << 10);
    let long = "好".repeat(501);
    let refused = ada.post(
        voices,
        &[("voice", &voice), ("do", "answer"), ("text", &long)],
    );
    assert_eq!(refused.status(), 422);
    for (what, text) in [("answer", "下周六签售，欢迎来！"), ("approve", "")] {
        let done = ada.post(voices, &[("voice", &voice), ("do", what), ("text", text)]);
        assert_eq!(done.status(), 303, "{what}");
    }
    let mine = stand.visit(9, &own).text().unwrap();
    assert!(
        mine.contains("下周六签售") && mine.contains("已回复"),
        "{mine}"
    );
    let report = stand.report();
    let told = &report["voices"];
    assert_eq!((&told["total"], &told["answered"]), (&json!(1), &json!(1)));
    assert_eq!(told["by_campaign"], json!({ "book": 1 }));
    assert_eq!(told["by_screen"], json!({ "1": 1 }));
    let log = ada.get("/console/audit");
    assert_eq!(log.status(), 403, "a publisher does not see it");

    let backup = stand.data().with_file_name("backup");
    let erased = stand.json(&["erase", &stand.address(&own)]);
    assert_eq!(erased["voices"], 1, "{erased}");
    let mine = stand.visit(9, &own).text().unwrap();
    assert!(
        !mine.contains(SENTENCE) && mine.contains("你已删除"),
        "{mine}"
    );
    assert_eq!(stand.visit(9, &format!("{own}/picture.jpg")).status(), 404);
    let list = ada.get(voices).text().unwrap();
    assert!(!list.contains(SENTENCE) && !list.contains("李雷"), "{list}");
    assert_eq!(
        stand.report()["voices"],
        *told,
        "that it was said is counted"
    );
    // Nothing of it is anywhere, nor in a backup from now on.
    let command = stand.command(&["backup", backup.to_str().unwrap()]);
    assert!(command.status.success(), "{command:?}");
    for text in [SENTENCE, "李雷", "下周六签售", "secret place", &own[3..]] {
        assert!(!is_in_files(&stand.data(), text), "{text}");
        assert!(!is_in_files(&backup, text), "{text}");
        assert!(!stand.log().contains(text), "{text}");
    }
    let store = stand.hub().store;
    let lines = store.audit(None, "voice", 10).unwrap();
    assert_eq!(lines.len(), 2);
    assert!(
        lines
            .iter()
            .all(|line| line.subject == "campaign book" && line.detail.is_empty())
    );
}

#[test]
fn a_form_that_is_sent_twice_is_one_voice_and_nobody_says_more_than_is_taken() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let path = format!("{link}/voice");
    let total = || stand.report()["voices"]["total"].clone();
    let once = value_of(&stand.visit(1, &path).text().unwrap(), "once");
    let fields = [
        ("once", once.as_str()),
        ("sentence", SENTENCE),
        ("agree", "yes"),
    ];
    for _ in 0..2 {
        assert_eq!(send(&stand, 1, &path, form(&fields, None)).status(), 303);
    }
    assert_eq!(total(), json!(1));
    for (sentence, more) in [
        ("", &[("agree", "yes")][..]),
        (SENTENCE, &[]),
        ("傻 逼", &[("agree", "yes")]),
        ("see www.x.example", &[("agree", "yes")]),
        (&"好".repeat(201), &[("agree", "yes")]),
    ] {
        let refused = say(&stand, 1, &link, sentence, more, None);
        assert_eq!(refused.status(), 422, "{sentence}");
    }
    assert_eq!(
        send(&stand, 1, &path, form(&[("sentence", "x")], None)).status(),
        400
    );
    // Strangers and robots say nothing here, and other sites nothing in anybody's name.
    let agreed = [("agree", "yes")];
    assert_eq!(location(&send(&stand, 2, &path, form(&fields, None))), link);
    assert_eq!(location(&stand.open(9, ROBOT, &path)), link);
    let foreign = stand
        .client
        .post(stand.address(&path))
        .header("user-agent", PHONE);
    let foreign = foreign
        .header("x-forwarded-for", "192.0.2.1")
        .header("sec-fetch-site", "cross-site");
    let foreign = foreign.header("content-type", "multipart/form-data; boundary=xyz");
    assert_eq!(
        location(&foreign.body(form(&fields, None)).send().unwrap()),
        link
    );
    assert_eq!(total(), json!(1));
    for _ in 0..2 {
        assert_eq!(say(&stand, 1, &link, "还有", &agreed, None).status(), 303);
    }
    let page = stand.visit(1, &path).text().unwrap();
    assert!(
        !page.contains("name=\"sentence\""),
        "enough for one visit: {page}"
    );
    let fields = [
        ("once", "0".repeat(32)),
        ("sentence", "更多".to_owned()),
        ("agree", "yes".to_owned()),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(send(&stand, 1, &path, form(&fields, None)).status(), 422);
    assert_eq!(total(), json!(3));
}

#[test]
fn two_phones_that_share_a_link_see_nothing_that_the_other_has_said() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    // One of the same model, behind the same address.
    assert_eq!(opened(&stand, &terminal, assignment, 1), link);
    let agreed = [("agree", "yes")];
    let said = say(&stand, 1, &link, SENTENCE, &agreed, None);
    let first = location(&said);
    let page = stand.visit(1, &first).text().unwrap();
    let own = own_link(&stand, &page);
    for other in [
        format!("{link}/voice"),
        format!("{link}/voice?k={}", "0".repeat(32)),
        format!("{link}/voice?k=x"),
    ] {
        let page = stand.visit(1, &other).text().unwrap();
        assert!(!page.contains("/v/"), "{other}: {page}");
    }
    // What they say themselves they see alone, and more of it together.
    let said = say(&stand, 1, &link, "我也来一句", &agreed, None);
    let second = location(&said);
    let page = stand.visit(1, &second).text().unwrap();
    assert!(!page.contains(&own) && own_link(&stand, &page) != own);
    let before = value_of(&page, "k");
    let said = say(
        &stand,
        1,
        &link,
        "再一句",
        &[("agree", "yes"), ("k", &before)],
        None,
    );
    let third = location(&said);
    let page = stand.visit(1, &third).text().unwrap();
    assert!(!page.contains(&own), "{page}");
    let own_ones = page.matches(&format!("{}/v/", stand.base)).count();
    assert_eq!(own_ones, 2, "{page}");
    // Whoever has the address of that page, and another phone, is led to their own link.
    assert_eq!(location(&stand.visit(2, &third)), link);
    let page = stand.visit(1, &format!("{link}/voice")).text().unwrap();
    assert!(
        !page.contains("name=\"sentence\"") && page.contains("明天再来"),
        "no more is taken: {page}"
    );
}

#[test]
fn pictures_that_are_none_too_large_or_not_welcome_are_not_taken() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let agreed = [("agree", "yes")];
    for (file, status) in [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), 422),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0 and no more".to_vec(), 422),
        (vec![0xff; (8 << 20) + 1], 413),
    ] {
        let refused = say(&stand, 1, &link, SENTENCE, &agreed, Some(&file));
        assert_eq!(refused.status(), status);
    }
    assert_eq!(stand.report()["voices"]["total"], 0);
    let (stand, terminal, assignment) =
        on_air_with("title = 'x'\nlanding = 'page'\n[voices]\ntake = 'words'\n");
    let link = opened(&stand, &terminal, assignment, 1);
    let page = stand.visit(1, &format!("{link}/voice")).text().unwrap();
    assert!(!page.contains("type=\"file\""), "{page}");
    let refused = say(&stand, 1, &link, SENTENCE, &agreed, Some(&photograph()));
    assert_eq!(refused.status(), 400);
    let fields = [
        ("once", "0".repeat(32)),
        ("sentence", "a".to_owned()),
        ("agree", "y".to_owned()),
    ];
    let body: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let plain = stand.client.post(stand.address(&format!("{link}/voice")));
    let plain = plain
        .header("user-agent", PHONE)
        .header("x-forwarded-for", "192.0.2.1");
    let plain = plain.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(plain.body(body.join("&")).send().unwrap().status(), 303);
    // A campaign that takes none has no such page.
    let (stand, terminal, assignment) = on_air_with("title = 'x'\nlanding = 'page'\n");
    let link = opened(&stand, &terminal, assignment, 1);
    assert!(!stand.visit(1, &link).text().unwrap().contains("/voice"));
    assert_eq!(location(&stand.visit(1, &format!("{link}/voice"))), link);
    assert_eq!(
        location(&send(&stand, 1, &format!("{link}/voice"), form(&[], None))),
        link
    );
}

#[test]
fn a_program_reads_answers_and_takes_down_and_whoever_sends_too_much_is_refused() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let said: Vec<_> = ["一", "二", "三"]
        .map(|sentence| {
            let said = say(&stand, 1, &link, sentence, &[("agree", "yes")], None);
            assert_eq!(said.status(), 303);
            location(&said)
        })
        .into();
    let rights = [Right::ChangeCampaigns];
    let bearer = token(&stand, "Ada", Role::Publisher, &rights);
    let call = |method: &str, path: &str, body: Value| {
        let address = stand.address(&format!("/api/v1/campaigns/book/voices{path}"));
        let request = stand.client.request(method.parse().unwrap(), address);
        let answer = request
            .bearer_auth(&bearer)
            .body(body.to_string())
            .send()
            .unwrap();
        let status = answer.status().as_u16();
        let told: Value = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
        (status, told)
    };
    let (_, page) = call("GET", "?limit=2&state=waiting", json!({}));
    let names = |page: &Value| -> Vec<String> {
        let voices = page["voices"].as_array().unwrap().iter();
        voices
            .map(|voice| voice["voice"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(page["voices"][0]["sentence"], "三");
    let (_, rest) = call(
        "GET",
        &format!("?limit=2&before={}", page["next"]),
        json!({}),
    );
    assert_eq!((names(&page).len(), names(&rest).len()), (2, 1));
    let first = &names(&rest)[0];
    let change = |body: Value| call("POST", &format!("/{first}"), body).0;
    assert_eq!(
        change(json!({ "do": "approve" })),
        404,
        "nobody agreed to a screen"
    );
    assert_eq!(change(json!({ "do": "read" })), 200);
    assert_eq!(change(json!({ "do": "answer", "text": " " })), 422);
    assert_eq!(change(json!({ "do": "sing" })), 422);
    assert_eq!(change(json!({ "do": "answer", "text": "谢谢" })), 200);
    assert_eq!(change(json!({ "do": "remove", "text": "与活动无关" })), 200);
    assert_eq!(
        change(json!({ "do": "answer", "text": "谢谢" })),
        404,
        "it is gone"
    );
    let own = own_link(&stand, &stand.visit(1, &said[0]).text().unwrap());
    let mine = stand.visit(5, &own).text().unwrap();
    assert!(
        mine.contains("与活动无关") && !mine.contains("<blockquote"),
        "{mine}"
    );
    let (status, _) = call(
        "POST",
        &format!("/{}", names(&page)[0]),
        json!({ "do": "block" }),
    );
    assert_eq!(status, 200);
    let (_, left) = call("GET", "", json!({}));
    assert_eq!(names(&left), Vec::<String>::new());
    // A second link of theirs is none to say more by.
    let other = location(&stand.visit(1, &terminal.scan_path(assignment, 6)));
    stand.visit(1, &other);
    let refused = say(&stand, 1, &other, "四", &[("agree", "yes")], None);
    assert_eq!(refused.status(), 422);
    let elsewhere = stand
        .client
        .get(stand.address("/api/v1/campaigns/book/voices"));
    let hands_in = token(&stand, "Eve", Role::Contributor, &Right::ALL);
    assert_eq!(
        elsewhere.bearer_auth(hands_in).send().unwrap().status(),
        403
    );
    assert_eq!(stand.report()["voices"]["answered"], 1);
}

#[test]
fn what_was_said_ends_by_itself_and_scopes_hold() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let said = say(&stand, 1, &link, SENTENCE, &[("agree", "yes")], None);
    let said = location(&said);
    let store = stand.hub().store;
    let book = "book".parse().unwrap();
    let list = |scope: &Scope| {
        let filter = VoiceFilter::default();
        store.campaign_voices(&book, scope, filter, 10).unwrap()
    };
    let north = Scope {
        campaigns: Some(["north".to_owned()].into()),
        ..Scope::ALL
    };
    assert_eq!(list(&Scope::ALL).unwrap().len(), 1);
    assert_eq!(list(&north), None);
    assert_eq!(
        (
            store.voices_waiting(&Scope::ALL).unwrap(),
            store.voices_waiting(&north).unwrap()
        ),
        (1, 0)
    );
    store
        .group_campaign(&Actor::COMMAND_LINE, &book, Some("north"), 1)
        .unwrap();
    assert_eq!(list(&north).unwrap().len(), 1);
    let now_ms = clock::now_ms();
    let day_ms = 86_400_000;
    store.forget_voices(180, now_ms + 3 * day_ms).unwrap();
    let kept = list(&Scope::ALL).unwrap();
    assert!(!kept[0].is_of_today && kept[0].words.is_some());
    let page = stand.visit(1, &said).text().unwrap();
    assert!(
        !page.contains("/v/"),
        "nobody knows any more whose it was: {page}"
    );
    store.forget_voices(180, now_ms + 181 * day_ms).unwrap();
    assert_eq!(list(&Scope::ALL).unwrap(), []);
    let expired = VoiceFilter {
        state: Some(VoiceState::Expired),
        before: None,
    };
    let rows = store
        .campaign_voices(&book, &Scope::ALL, expired, 10)
        .unwrap()
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].words, None);
    assert_eq!(stand.report()["voices"]["total"], 1);
}
