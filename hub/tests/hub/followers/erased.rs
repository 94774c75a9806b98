//! Whoever is erased leaves no trace: not in the database and its files, not in the log, not in the
//! next backup; and nobody is written to who did not agree, or does no longer.

use std::path::Path;

use serde_json::{Value, json};

use crate::followers::{Fans, TOML, cookie_of};
use crate::stand::ROBOT;

/// What somebody types, and what is made for them.
struct Person {
    visitor: u8,
    address: &'static str,
    name: &'static str,
    sentence: &'static str,
    voice: &'static str,
    link: String,
    own: String,
    /// What must never lie anywhere as it is.
    secrets: Vec<String>,
    /// What lies in tables until they are erased.
    kept: Vec<Vec<u8>>,
}

impl Person {
    /// Somebody who scans, passes the moment on with words, says something to the publisher,
    /// follows, and comes back on a phone that knows them.
    fn lives(fans: &Fans, visitor: u8, words: [&'static str; 4]) -> Self {
        let [address, name, sentence, voice] = words;
        let link = fans.scanned(visitor, u32::from(visitor));
        let send = |path: &str, fields: &[(&str, &str)]| {
            let sent = fans.send(visitor, &format!("{link}/{path}"), fields, "");
            assert!(sent.status().as_u16() < 400, "{path}: {}", sent.status());
            sent
        };
        let moment = [("sentence", sentence), ("name", name), ("agree", "yes")];
        send("moment", &moment);
        // The card with the words on it is kept too.
        let card = fans.stand.visit(visitor, &format!("{link}/card.jpg"));
        assert_eq!(card.status(), 200);
        let once = format!("{visitor:032x}");
        let said = [
            ("once", once.as_str()),
            ("sentence", voice),
            ("name", name),
            ("agree", "yes"),
        ];
        send("voice", &said);
        let asked = [("mail", address), ("agree", "yes"), ("remember", "yes")];
        let cookie = cookie_of(&send("follow", &asked)).expect("a cookie");
        let own = fans.private_link(address);
        assert_eq!(
            fans.send(visitor, &format!("{own}/confirm"), &[], &cookie)
                .status(),
            200
        );
        let kept = fans.stand.visit(visitor, &format!("{own}/kept.json"));
        let kept: Value = serde_json::from_slice(&kept.bytes().unwrap()).unwrap();
        let code = kept["code"].as_str().unwrap().to_owned();

        let store = fans.stand.hub().store;
        let now_ms = passerby_hub::system::clock::now_ms();
        let token = own.strip_prefix("/fan/").unwrap().to_owned();
        let follower = store.follower(&token[..32], now_ms).unwrap().unwrap();
        let of_link = link.strip_prefix("/s/").unwrap();
        let moment = store.moment(of_link, now_ms).unwrap().unwrap();
        let (_, voices) = fans.call("GET", "/campaigns/book/voices", &Value::Null);
        let newest = voices["voices"][0]["voice"].as_str().unwrap();
        let said = store.voice(newest).unwrap().unwrap().words.unwrap();
        let secret = cookie.split('=').nth(1).unwrap().to_owned();
        Self {
            visitor,
            address,
            name,
            sentence,
            voice,
            secrets: [address, name, sentence, voice, &secret, &code, &token[32..]]
                .map(str::to_owned)
                .to_vec(),
            kept: vec![
                follower.sealed,
                follower.name.into_bytes(),
                moment.sealed,
                said.sealed,
            ],
            link,
            own,
        }
    }
}

/// Every form in which bytes lie in files, dumps and backups.
fn forms(bytes: &[u8]) -> [Vec<u8>; 2] {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [bytes.to_vec(), hex.into_bytes()]
}

fn lies(place: &[u8], bytes: &[u8]) -> bool {
    let mut all = forms(bytes).into_iter();
    // The first byte alone is compared at most places, which is soon done.
    all.any(|form| {
        place
            .windows(form.len())
            .any(|part| part[0] == form[0] && part == form)
    })
}

/// All files of a folder, unpacked where they are packed.
fn files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(files(&path));
        } else {
            let file = std::fs::read(&path).unwrap();
            let is_packed = path.extension().is_some_and(|extension| extension == "zst");
            bytes.extend(if is_packed {
                zstd::decode_all(&file[..]).unwrap()
            } else {
                file
            });
        }
    }
    bytes
}

/// What the hub has: its database, wherever that is, and what lies beside it.
fn database(fans: &Fans) -> Vec<u8> {
    [files(&fans.stand.data()), fans.stand.dump()].concat()
}

/// The next backup.
fn backup(fans: &Fans, folder: &Path, name: &str) -> Vec<u8> {
    let folder = folder.join(name);
    fans.stand.json(&["backup", folder.to_str().unwrap()]);
    files(&folder)
}

#[test]
fn whoever_is_erased_is_in_no_database_no_log_and_no_backup_that_follows() {
    let fans = Fans::start(&format!("{TOML}[voices]\ntake = 'words'\n"));
    let folder = tempfile::tempdir().unwrap();
    let goes = Person::lives(
        &fans,
        1,
        [
            "li.goes@b.example",
            "Lilian Goesaway",
            "I found this book in the rain!",
            "Chapter three kept me awake.",
        ],
    );
    let stays = Person::lives(
        &fans,
        2,
        [
            "han.stays@b.example",
            "Hanno Staysput",
            "My bus came late, luckily.",
            "Will there be a sequel?",
        ],
    );
    fans.sends("三体 II");
    let mut told: Vec<Value> = (0..2).map(|_| fans.server.next()["to"].clone()).collect();
    told.sort_by_key(Value::to_string);
    assert_eq!(told, [json!([stays.address]), json!([goes.address])]);

    // Nothing lies anywhere as it was typed, and all of it is there, sealed.
    let before = [database(&fans), backup(&fans, folder.path(), "before")];
    let log = fans.stand.log().into_bytes();
    for person in [&goes, &stays] {
        for secret in &person.secrets {
            for place in before.iter().chain([&log]) {
                assert!(!lies(place, secret.as_bytes()), "{secret}");
            }
        }
        for (at, kept) in person.kept.iter().enumerate() {
            assert!(before.iter().all(|place| lies(place, kept)), "{at}");
        }
    }

    let erase = || fans.stand.json(&["erase", goes.address]);
    assert_eq!(
        erase(),
        json!({ "campaigns": 1, "moments": 1, "voices": 1 })
    );
    // The files are rid of it as soon as nobody reads them.
    let begun = std::time::Instant::now();
    while goes.kept.iter().any(|kept| lies(&database(&fans), kept)) {
        assert!(begun.elapsed().as_secs() < 120, "it stays in the files");
        assert_eq!(
            erase(),
            json!({ "campaigns": 0, "moments": 0, "voices": 0 })
        );
    }
    let after = [
        database(&fans),
        backup(&fans, folder.path(), "after"),
        fans.stand.log().into_bytes(),
    ];
    for place in &after {
        for secret in &goes.secrets {
            assert!(!lies(place, secret.as_bytes()), "{secret}");
        }
        for (at, kept) in goes.kept.iter().enumerate() {
            assert!(!lies(place, kept), "{at}");
        }
    }
    for kept in &stays.kept {
        assert!(after[..2].iter().all(|place| lies(place, kept)));
    }

    // What friends and the publisher see is gone, and what others typed is not.
    let seen = |person: &Person| {
        let page = fans.stand.open(9, ROBOT, &person.link).text().unwrap();
        let (_, voices) = fans.call("GET", "/campaigns/book/voices", &Value::Null);
        [
            page.contains(person.sentence),
            page.contains(person.name),
            voices.to_string().contains(person.voice),
        ]
    };
    assert_eq!((seen(&goes), seen(&stays)), ([false; 3], [true; 3]));
    let gone = fans.stand.visit(goes.visitor, &goes.own).text().unwrap();
    assert!(!gone.contains(goes.address), "{gone}");
    // That it all was is counted.
    let report = fans.stand.report();
    assert_eq!(
        (&report["fans"]["new"], &report["fans"]["gone"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(report["shares"]["with_sentence"], 2);
    assert_eq!(report["voices"]["total"], 2);
    // News goes to whoever is left, and to nobody else.
    fans.sends("三体 III");
    assert_eq!(fans.server.next()["to"], json!([stays.address]));
    let last = fans.sends("三体 IV");
    assert_eq!(fans.server.next()["to"], json!([stays.address]));
    assert_eq!(sent(&fans, last), 1);
    assert_eq!(fans.server.waiting(), None);
}

/// How many have had a piece of news that is over.
fn sent(fans: &Fans, news: i64) -> u64 {
    let begun = std::time::Instant::now();
    loop {
        let path = format!("/campaigns/book/news/{news}");
        let (_, told) = fans.call("GET", &path, &Value::Null);
        if told["state"] == "sent" {
            return told["sent"].as_u64().unwrap();
        }
        assert!(begun.elapsed().as_secs() < 120, "{told}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn nobody_is_written_to_without_consent_and_nobody_after_they_took_it_back() {
    let fans = Fans::start(TOML);
    // Who did not agree has no mail at all; who agreed and did not confirm has the one that asks.
    let link = fans.scanned(1, 1);
    let refused = fans.send(
        1,
        &format!("{link}/follow"),
        &[("mail", "no@b.example")],
        "",
    );
    assert_eq!(refused.status(), 422);
    fans.asks(2, "unsure@b.example");
    fans.private_link("unsure@b.example");
    // Four take it back, each in another way; one stays.
    let ways = ["press", "program", "publisher", "operator"];
    let addresses = ways.map(|way| format!("{way}@b.example"));
    let owns: Vec<String> = addresses
        .iter()
        .zip(3_u8..)
        .map(|(address, visitor)| fans.follows(visitor, address))
        .collect();
    fans.follows(7, "stays@b.example");
    let everybody = fans.sends("To all");
    let mut told: Vec<String> = (0..5)
        .map(|_| fans.server.next()["to"][0].as_str().unwrap().to_owned())
        .collect();
    told.sort();
    let mut expected: Vec<String> = addresses.to_vec();
    expected.push("stays@b.example".to_owned());
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(sent(&fans, everybody), 5);

    let leave = format!("{}/leave", owns[0]);
    assert_eq!(fans.send(3, &leave, &[], "").status(), 200);
    let by_program = [("List-Unsubscribe", "One-Click")];
    let leave = format!("{}/leave", owns[1]);
    assert_eq!(fans.send(4, &leave, &by_program, "").status(), 200);
    let body = json!({ "address": addresses[2] });
    let erased = fans.call("POST", "/campaigns/book/followers/erase", &body);
    assert_eq!(erased.1, json!({ "erased": true }));
    fans.stand.json(&["erase", &addresses[3]]);

    let news = fans.sends("To whoever is left");
    assert_eq!(fans.server.next()["to"], json!(["stays@b.example"]));
    assert_eq!(sent(&fans, news), 1);
    // Their old links bring nobody back.
    for (own, visitor) in owns.iter().zip(3_u8..) {
        let again = fans.send(visitor, &format!("{own}/confirm"), &[], "");
        assert!(again.status().as_u16() < 500);
    }
    let news = fans.sends("Once more");
    assert_eq!(fans.server.next()["to"], json!(["stays@b.example"]));
    assert_eq!(sent(&fans, news), 1);
    assert_eq!(fans.server.waiting(), None);
    assert_eq!(fans.fans()["total"], 1);
}
