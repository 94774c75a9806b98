//! Campaigns in the console: pictures from a phone onto the screens, by those who may.

use std::collections::BTreeSet;
use std::io::Write as _;

use passerby_hub::people::{Right, Role, Scope};
use reqwest::blocking::Response;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::console::{Visitor, location, token};
use crate::stand::{Stand, png};

const BOUNDARY: &str = "----passerby7MA4YWxk";

/// A form with files, as a browser sends it.
pub(crate) fn form(fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend(head.into_bytes());
    }
    for (name, file, bytes) in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

impl Visitor<'_> {
    /// Sends a form with files, with the CSRF word of a page.
    pub(crate) fn upload(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Response {
        let csrf = self.csrf();
        let all: Vec<_> = [("csrf", csrf.as_str())]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        self.upload_plain(path, form(&all, files))
    }

    pub(crate) fn upload_plain(&mut self, path: &str, body: Vec<u8>) -> Response {
        let request = self.stand.client.post(self.stand.address(path));
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(request.header("content-type", kind).body(body))
    }

    /// The page of a draft once its files were looked at, which a busy machine takes its time for.
    pub(crate) fn looked_at(&mut self, path: &str) -> String {
        loop {
            let page = self.get(path).text().unwrap();
            if !page.contains("are being looked at") {
                return page;
            }
        }
    }

    /// The revision that a page of a draft shows.
    pub(crate) fn revision(&mut self, path: &str) -> String {
        let page = self.get(path).text().unwrap();
        let (_, rest) = page
            .split_once("name=\"revision\" value=\"")
            .unwrap_or_else(|| panic!("{page}"));
        rest.split('"').next().unwrap().to_owned()
    }
}

fn owner(stand: &Stand) -> Visitor<'_> {
    Visitor::signed_in(stand, "Ada", Role::Owner, &Scope::ALL)
}

#[test]
fn pictures_a_title_and_a_link_are_a_campaign_on_the_screens_after_one_more_press() {
    let stand = Stand::start();
    let terminal = stand.terminal("exit B");
    let mut ada = owner(&stand);
    let first = png([200, 40, 10]);
    let files: [(&str, &str, &[u8]); 3] = [
        ("files", "image.png", &first),
        ("files", "image.png", &png([10, 40, 200])),
        ("files", "again.png", &first),
    ];
    let fields = [("title", "爵士之夜"), ("target", "shop.example/jazz")];
    let made = ada.upload("/console/new", &fields, &files);
    assert_eq!(made.status(), 200);
    let told = made.text().unwrap();
    assert!(
        told.contains("again.png") && told.contains("here already, as image.png"),
        "{told}"
    );
    let path = "/console/drafts/%E7%88%B5%E5%A3%AB%E4%B9%8B%E5%A4%9C";
    let page = ada.looked_at(path);
    assert!(
        page.contains("image.png") && page.contains("image-2.png"),
        "{page}"
    );
    assert_eq!(page.matches("src=\"/p/").count(), 2, "{page}");
    assert!(page.contains("It will air on all screens"), "{page}");
    let revision = ada.revision(path);
    let published = ada.post(&format!("{path}/publish"), &[("revision", &revision)]);
    assert!(
        location(&published).ends_with("?done=published"),
        "{published:?}"
    );
    let manifest = stand.manifest(&terminal);
    let campaign = &manifest.campaigns[0].campaign;
    assert_eq!(campaign.title, "爵士之夜");
    assert_eq!(
        campaign.target.as_deref(),
        Some("https://shop.example/jazz")
    );
    assert_eq!(campaign.placements.len(), 2);
    assert!(ada.get(path).text().unwrap().contains("Published as it is"));
    // One picture gets days, the other airs always.
    let revision = ada.revision(path);
    let dated = ada.post(
        &format!("{path}/placements"),
        &[
            ("revision", &revision),
            ("placement", "0"),
            ("from", "2020-01-01"),
            ("until", "2020-01-31"),
            ("do", "dates"),
        ],
    );
    assert!(
        location(&dated).ends_with("?done=saved"),
        "{}",
        dated.text().unwrap()
    );
    let page = ada.looked_at(path);
    assert!(
        page.contains("Ended") && page.contains("2020-01-01 – 2020-01-31"),
        "{page}"
    );
    let late = ada.post(&format!("{path}/publish"), &[("revision", &revision)]);
    assert_eq!(late.status(), 422);
    let late = late.text().unwrap();
    assert!(
        late.contains("Ada has changed this draft meanwhile"),
        "{late}"
    );
    // Back to what was published first.
    let versions = ada.get(&format!("{path}/versions")).text().unwrap();
    assert!(versions.contains("Version 1"), "{versions}");
    let back = ada.post(&format!("{path}/versions/1"), &[]);
    assert!(location(&back).ends_with("?done=saved"));
    assert!(!ada.get(path).text().unwrap().contains("2020-01-31"));
}

#[test]
fn a_contributor_hands_in_and_a_publisher_sends_back_or_approves_what_was_handed_in() {
    let stand = Stand::start();
    let terminal = stand.terminal("exit B");
    let scope = Scope {
        screens: None,
        campaigns: Some(BTreeSet::from(["north".to_owned()])),
    };
    let mut agency = Visitor::signed_in(&stand, "agency", Role::Contributor, &scope);
    let mut editor = Visitor::signed_in(&stand, "editor", Role::Publisher, &scope);
    let mut other = Visitor::signed_in(
        &stand,
        "other",
        Role::Publisher,
        &Scope {
            screens: None,
            campaigns: Some(BTreeSet::from(["south".to_owned()])),
        },
    );
    let picture = png([1, 2, 3]);
    let made = agency.upload(
        "/console/new",
        &[("title", "slot"), ("group", "north")],
        &[("files", "a.png", &picture)],
    );
    assert!(
        location(&made).starts_with("/console/drafts/slot"),
        "{}",
        made.text().unwrap()
    );
    let foreign = agency.upload(
        "/console/new",
        &[("title", "slot"), ("group", "south")],
        &[("files", "a.png", &picture)],
    );
    assert_eq!(foreign.status(), 404);
    let path = "/console/drafts/slot";
    let revision = agency.revision(path);
    let seen = [("revision", revision.as_str())];
    assert_eq!(agency.post(&format!("{path}/publish"), &seen).status(), 403);
    assert_eq!(other.get(path).status(), 404);
    assert_eq!(other.post(&format!("{path}/publish"), &seen).status(), 404);
    let handed = agency.post(
        &format!("{path}/submit"),
        &[seen[0], ("note", "for Friday")],
    );
    assert!(location(&handed).ends_with("?done=submitted"));
    let waiting = editor.get("/console/drafts").text().unwrap();
    assert!(waiting.contains("Waiting for approval") && waiting.contains("slot"));
    assert!(editor.get(path).text().unwrap().contains("for Friday"));
    editor.post(&format!("{path}/return"), &[("note", "too dark")]);
    assert!(agency.get(path).text().unwrap().contains("too dark"));
    let brighter = png([250, 250, 250]);
    let replaced = agency.upload(
        &format!("{path}/files"),
        &[("replace", "yes")],
        &[("files", "A.png", &brighter)],
    );
    assert!(location(&replaced).ends_with("?done=uploaded"));
    let revision = agency.revision(path);
    agency.post(&format!("{path}/submit"), &[("revision", &revision)]);
    let approved = editor.post(&format!("{path}/publish"), &[("revision", &revision)]);
    assert!(
        location(&approved).starts_with("/console/campaigns/slot"),
        "{}",
        approved.text().unwrap()
    );
    assert_eq!(stand.manifest(&terminal).campaigns.len(), 1);
    assert_eq!(other.get("/console/campaigns/slot").status(), 404);
    assert_eq!(editor.get("/console/campaigns/slot").status(), 200);
}

#[test]
fn what_no_screen_shows_is_named_with_its_cure_and_is_not_published() {
    let stand = Stand::start();
    let mut ada = owner(&stand);
    let good = png([9, 9, 9]);
    let files: [(&str, &str, &[u8]); 4] = [
        ("files", "good.png", &good),
        ("files", "IMG_1.HEIC", b"heic"),
        ("files", "../../../evil.png\0", b"x"),
        ("files", "broken.png", b"\x89PNG\r\n\x1a\nbroken"),
    ];
    let made = ada.upload("/console/new", &[("title", "mixed")], &files);
    let told = made.text().unwrap();
    assert!(
        told.contains("IMG_1.HEIC") && told.contains("evil.png"),
        "{told}"
    );
    let path = "/console/drafts/mixed";
    let page = ada.looked_at(path);
    assert!(
        page.contains("To change before it can be published"),
        "{page}"
    );
    assert!(
        page.contains("broken.png</strong>") || page.contains("<strong>broken.png"),
        "{page}"
    );
    let revision = ada.revision(path);
    let refused = ada.post(&format!("{path}/publish"), &[("revision", &revision)]);
    assert_eq!(refused.status(), 422);
    let removed = ada.post(
        &format!("{path}/placements"),
        &[
            ("revision", &revision),
            ("file", "broken.png"),
            ("do", "delete"),
        ],
    );
    assert!(location(&removed).ends_with("?done=saved"));
    assert!(ada.looked_at(path).contains("Publish"));
    let text = "title = \"mixed\"\nfuture = 1\n";
    let revision = ada.revision(path);
    let kept = ada.upload(
        &format!("{path}/text"),
        &[("revision", &revision), ("text", text)],
        &[],
    );
    assert!(location(&kept).ends_with("?done=saved"));
    let page = ada.looked_at(path);
    assert!(
        page.contains("campaign.toml:2")
            || page.contains("campaign.toml</strong>:2")
            || page.contains(":2</strong>"),
        "{page}"
    );
    let listed = stand.json(&["report"])["names"]["campaigns"].clone();
    assert!(listed["mixed"].is_null(), "{listed}");
}

#[test]
fn an_upload_counts_only_with_the_word_of_its_session_before_everything_else() {
    let stand = Stand::start();
    let mut ada = owner(&stand);
    let picture = png([1, 1, 1]);
    let files: [(&str, &str, &[u8]); 1] = [("files", "a.png", &picture)];
    let csrf = ada.csrf();
    for fields in [
        &[("title", "x"), ("csrf", csrf.as_str())][..],
        &[("csrf", "0123456789"), ("title", "x")],
        &[("title", "x")],
    ] {
        let answer = ada.upload_plain("/console/new", form(fields, &files));
        assert_eq!(answer.status(), 403, "{fields:?}");
    }
    let answer = ada.upload_plain("/console/new", form(&[("csrf", &csrf)], &files));
    assert_eq!(answer.status(), 303);
    let whole = form(&[("csrf", &csrf)], &files);
    let cut = ada.upload_plain("/console/new", whole[..whole.len() - 40].to_vec());
    assert_eq!(cut.status(), 413);
    let drafts = ada.get("/console/drafts").text().unwrap();
    assert_eq!(drafts.matches("class=\"row\"").count(), 1, "{drafts}");
}

pub(crate) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_campaign_goes_out_and_comes_back_without_loss_by_calls_of_programs() {
    let stand = Stand::start();
    let text = "# Ours.\ntitle = \"Jazz\" # tonight\ntarget = \"https://shop.example\"\n";
    stand.publish(&stand.campaign("jazz", text, &[[200, 10, 10]]));
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let call = |method: &str, path: &str, body: Vec<u8>, revision: Option<u64>| {
        let address = stand.address(&format!("/api/v1{path}"));
        let request = stand.client.request(method.parse().unwrap(), address);
        let mut request = request.bearer_auth(&bearer).body(body);
        if let Some(revision) = revision {
            request = request.header("if-match", format!("\"{revision}\""));
        }
        request.send().unwrap()
    };
    let json =
        |answer: Response| -> Value { serde_json::from_slice(&answer.bytes().unwrap()).unwrap() };
    let begun = json(call("POST", "/drafts/jazz/begin", vec![], None));
    assert_eq!(begun["text"], text);
    let out = call("GET", "/drafts/jazz/archive", vec![], None);
    assert_eq!(out.headers()["content-type"], "application/zip");
    let out = out.bytes().unwrap().to_vec();
    assert_eq!(
        json(call("DELETE", "/drafts/jazz", vec![], None)),
        json!({})
    );
    let back = call("POST", "/imports?name=anything.zip", out.clone(), None);
    assert_eq!(back.status(), 201);
    let back = json(back);
    assert_eq!(back["campaign"], "jazz-2", "the name is that of a campaign");
    let copy = json(call("GET", "/drafts/jazz-2", vec![], None));
    assert_eq!(
        (&copy["text"], &copy["files"]),
        (&begun["text"], &begun["files"])
    );
    assert_eq!(copy["problems"], json!([]));
    let again = call("GET", "/drafts/jazz-2/archive", vec![], None)
        .bytes()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&again)
            .replace("jazz-2/", "jazz/")
            .len(),
        String::from_utf8_lossy(&out).len()
    );
    let change = json!({ "text": "title = \"Blues\"\n" })
        .to_string()
        .into_bytes();
    let late = call("POST", "/drafts/jazz-2", change.clone(), Some(7));
    assert_eq!(late.status(), 412);
    let changed = json(call("POST", "/drafts/jazz-2", change, Some(1)));
    assert_eq!(changed["revision"], 2);
    let published = call("POST", "/drafts/jazz-2/publish", vec![], Some(2));
    assert_eq!(published.status(), 200, "{}", published.text().unwrap());
    let versions = json(call("GET", "/drafts/jazz-2/versions", vec![], None));
    assert_eq!(versions["versions"][0]["number"], 1);
    let file = call(
        "POST",
        "/drafts/jazz-2/files?name=b.png",
        png([3, 3, 3]),
        None,
    );
    assert_eq!(
        json(file),
        json!({ "added": ["b.png"], "left_out": [], "elsewhere": [] })
    );
}

#[test]
fn archives_that_would_do_harm_are_refused_whole() {
    let stand = Stand::start();
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let send = |bytes: Vec<u8>| {
        let address = stand.address("/api/v1/imports?name=evil.zip");
        let answer = stand.client.post(address).bearer_auth(&bearer).body(bytes);
        let answer = answer.send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let picture = png([5, 5, 5]);
    let zeros = vec![0; 40 << 20];
    let many: Vec<String> = (0..1_001).map(|at| format!("{at}.png")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let mut link = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    link.add_symlink("a.png", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    let link = link.finish().unwrap().into_inner();
    let whole = archive(&[("jazz/a.png", &picture)]);
    let mut two_ends = whole.clone();
    two_ends.extend_from_within(whole.len() - 22..);
    // The first end says that the second one is its comment.
    two_ends[whole.len() - 2] = 22;
    let mut many_said = whole.clone();
    let at = many_said.len() - 12;
    many_said[at..at + 2].copy_from_slice(&60_000_u16.to_le_bytes());
    for (bytes, said) in [
        (archive(&[("../a.png", &picture)]), "leads out"),
        (archive(&[("/a.png", &picture)]), "leads out"),
        (archive(&[("jazz/..\\..\\a.png", &picture)]), "leads out"),
        (archive(&[("C:/a.png", &picture)]), "leads out"),
        (
            archive(&[("jazz/deep/a.png", &picture)]),
            "more than one folder",
        ),
        (
            archive(&[("one/a.png", &picture), ("two/b.png", &picture)]),
            "more than one folder",
        ),
        (
            archive(&[("a.png", &picture), ("A.PNG", &picture)]),
            "would take for one",
        ),
        (
            archive(&[("caf\u{e9}.png", &picture), ("cafe\u{301}.png", &picture)]),
            "would take for one",
        ),
        (archive(&[("a.png", &zeros)]), "unpacks to more"),
        (archive(&many), "more than 1000 entries"),
        (many_said, "more than 1000 entries"),
        (link, "has a link"),
        (two_ends, "damaged"),
        (whole[..whole.len() - 10].to_vec(), "damaged"),
        (b"PK".to_vec(), "damaged"),
        (Vec::new(), "damaged"),
        (archive(&[("notes.txt", b"x")]), "nothing was taken"),
    ] {
        let (status, answer) = send(bytes);
        assert_eq!(status, 422, "{said}: {answer}");
        assert!(answer.contains(said), "{said}: {answer}");
    }
    let mac = archive(&[
        ("jazz/a.png", &picture),
        ("__MACOSX/jazz/._a.png", b"x"),
        ("jazz/.DS_Store", b"x"),
        ("jazz/read me.txt", b"x"),
    ]);
    let (status, answer) = send(mac);
    assert_eq!(status, 201, "{answer}");
    assert!(
        answer.contains("read me.txt") && !answer.contains("MACOSX"),
        "{answer}"
    );
    // Every change of one byte is refused or taken; the hub answers all of them.
    let mut dice = 7_u32;
    for _ in 0..60 {
        let mut bytes = whole.clone();
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let at = dice as usize % bytes.len();
        bytes[at] ^= 1 << (dice >> 29);
        let (status, answer) = send(bytes);
        assert!(matches!(status, 201 | 422 | 409), "{at}: {status} {answer}");
    }
    let left: Vec<_> = std::fs::read_dir(stand.data().join("source-work"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 0, "{left:?}");
}
