//! How much the files of people, slots and the hub may take: set on a page, by a command and by a
//! call, shown with what is used, and refused before an upload is read.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use passerby_hub::people::{Right, Role, Scope};
use passerby_hub::system::clock;
use serde_json::{Value, json};

use crate::console::drafts::archive;
use crate::console::{Visitor, location, token};
use crate::stand::{Stand, png};

#[test]
fn room_is_set_in_three_ways_and_an_upload_without_room_is_refused_before_it_is_read() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let mut bob = Visitor::signed_in(&stand, "Bob", Role::Publisher, &Scope::ALL);
    let (red, blue) = (png([200, 10, 10]), png([10, 10, 200]));
    let page = ada.get("/console/quotas").text().unwrap();
    assert!(
        page.contains("The whole hub") && page.contains("Bob"),
        "{page}"
    );
    assert_eq!(bob.get("/console/quotas").status(), 403);
    // Bob brings one picture, and may bring no other.
    let fields = [("title", "one"), ("target", "https://shop.example")];
    let made = bob.upload("/console/new", &fields, &[("files", "red.png", &red)]);
    assert_eq!(made.status(), 303);
    let listed = stand.json(&["quota", "list"]);
    let of_bob = |listed: &Value| {
        let mut lines = listed.as_array().unwrap().iter();
        lines.find(|line| line["name"] == "Bob").unwrap().clone()
    };
    assert_eq!(of_bob(&listed)["bytes"], red.len());
    assert_eq!(of_bob(&listed)["files"], 1);
    let subject = of_bob(&listed)["subject"].as_str().unwrap().to_owned();
    let set = ada.post(
        "/console/quotas",
        &[
            ("subject", &subject),
            ("mib", ""),
            ("files", "1"),
            ("do", "set"),
        ],
    );
    assert_eq!(location(&set), "/console/quotas?done=saved");
    let page = ada.get("/console/quotas").text().unwrap();
    assert!(page.contains("<progress max=\"1\" value=\"1\""), "{page}");
    let own = bob.get("/console/account").text().unwrap();
    assert!(
        own.contains("Your files") && own.contains("1 / 1 files"),
        "{own}"
    );
    let refused = bob.upload(
        "/console/drafts/one/files",
        &[],
        &[("files", "b.png", &blue)],
    );
    assert_eq!(refused.status(), 413);
    assert!(refused.text().unwrap().contains("no room"));
    // A program of Bob's has Bob's room.
    let bearer = token(&stand, "Bob", Role::Publisher, &[Right::ChangeDrafts]);
    let add = |bytes: &[u8]| {
        let address = stand.address("/api/v1/drafts/one/files?name=b.png");
        let request = stand.client.post(address).bearer_auth(&bearer);
        request.body(bytes.to_vec()).send().unwrap()
    };
    assert_eq!(add(&blue).status(), 413);
    // With more room by a call, it comes in.
    let owner = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let call = |body: Value| {
        let address = stand.address("/api/v1/quotas");
        let request = stand.client.post(address).bearer_auth(&owner);
        let answer = request.body(body.to_string()).send().unwrap();
        let status = answer.status().as_u16();
        let said: Value = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
        (status, said)
    };
    let (status, said) = call(json!({ "subject": subject, "files_max": 2 }));
    assert_eq!(status, 200, "{said}");
    assert_eq!(of_bob(&said["quotas"])["files_max"], 2);
    assert_eq!(call(json!({ "subject": "person:999" })).0, 404);
    assert_eq!(call(json!({ "subject": "planet" })).0, 422);
    assert_eq!(add(&blue).status(), 200);
    // As everybody, for whom there is no bound.
    let (_, said) = call(json!({ "subject": subject, "as_everybody": true }));
    assert_eq!(of_bob(&said["quotas"])["of_everybody"], true);
    // The hub's room holds for commands, too.
    let set = stand.json(&["quota", "set", "--hub", "--files", "2"]);
    assert_eq!(set[0]["files"], 2);
    let folder = stand.campaign("jazz", "title = \"Jazz\"\n", &[[9, 200, 9]]);
    let output = stand.command(&["publish", &folder]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the hub has no room for it"), "{said}");
    // An archive is no larger than its files may be.
    let zip = archive(&[("two/c.png", &png([1, 2, 3]))]);
    let files: [(&str, &str, &[u8]); 1] = [("archive", "two.zip", &zip)];
    let refused = bob.upload("/console/new/import", &[], &files);
    assert_eq!(refused.status(), 413);
}

#[test]
fn an_upload_into_a_slot_is_refused_at_its_head_or_where_its_room_ends() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let today = clock::date_of(clock::now_ms()).to_string();
    let days = ["--from", &today, "--until", &today];
    stand.json(&[&["slot", "open", "agency"], &days[..]].concat());
    let begun = stand.client.post(stand.address("/api/v1/slots/1/begin"));
    let begun = begun.bearer_auth(&bearer).send().unwrap();
    assert_eq!(begun.status(), 200);
    let red = png([200, 10, 10]);
    let add = |name: &str, bytes: &[u8]| {
        let address = stand.address(&format!("/api/v1/drafts/agency/files?name={name}"));
        let request = stand.client.post(address).bearer_auth(&bearer);
        request.body(bytes.to_vec()).send().unwrap()
    };
    stand.json(&["quota", "set", "--slot", "1", "--mib", "1"]);
    assert_eq!(add("red.png", &red).status(), 200);
    // What a head says is enough, and without one the bytes are counted as they come.
    let authority = stand.address("/");
    let authority = authority
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let answered = |query: &str, length: &str, body: &[u8]| {
        let mut stream = TcpStream::connect(&authority).unwrap();
        let head = format!(
            "POST /api/v1/drafts/agency/files?name={query} HTTP/1.1\r\nHost: {authority}\r\n\
             Authorization: Bearer {bearer}\r\n{length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The answer may come before the last of it, and the connection end.
        let _ = stream.write_all(body);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let large = format!("Content-Length: {}", 1 << 20);
    let refused = answered("blue.png", &large, &[]);
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
    assert!(refused.contains("the slot has no room for it"), "{refused}");
    let piece = [b"40000\r\n", &vec![7; 0x40000][..], b"\r\n"].concat();
    let endless = [&piece.repeat(4)[..], b"0\r\n\r\n"].concat();
    let refused = answered("blue.png", "Transfer-Encoding: chunked", &endless);
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
    assert!(refused.contains("the slot has no room for it"), "{refused}");
    // A file in the place of another may be as large as the slot.
    let length = format!("Content-Length: {}", 1 << 20);
    let read = answered("red.png&replace=yes", &length, &vec![7; 1 << 20]);
    assert!(read.starts_with("HTTP/1.1 200"), "{read}");
    assert!(read.contains("\"added\":[\"red.png\"]"), "{read}");
    // People are told the same on the page.
    stand.json(&["quota", "set", "--slot", "1", "--files", "1"]);
    let refused = ada.upload(
        "/console/slots/1/files",
        &[],
        &[("files", "blue.png", &png([10, 10, 200]))],
    );
    assert_eq!(refused.status(), 413);
    assert!(
        refused
            .text()
            .unwrap()
            .contains("no room for it in this slot")
    );
}
