//! Publishing, manifests and blobs.

use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Assignment, Digest};

use crate::stand::{Stand, film, new_hub, png};

#[test]
fn published_campaign_reaches_every_screen_signed_and_a_second_look_costs_nothing() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    assert!(stand.manifest(&terminal).campaigns.is_empty());

    let folder = stand.campaign(
        "cafe",
        "title = \"Café\"\ntarget = \"https://cafe.example\"\n",
        &[[9; 3], [90; 3]],
    );
    stand.publish(&folder);
    let manifest = stand.manifest(&terminal);
    assert_eq!(manifest.campaigns[0].id.as_str(), "cafe");
    assert_eq!(manifest.campaigns[0].items.len(), 2);
    assert_eq!(manifest.scan_base, stand.base.to_uppercase());
    assert!(
        manifest.campaigns[0]
            .items
            .iter()
            .all(|item| item.assignment != Assignment::NONE)
    );

    let path = format!("/v1/terminals/{}/manifest", terminal.credentials.screen);
    let etag = stand.get(&terminal, &path).send().unwrap().headers()["etag"].clone();
    let same = stand
        .get(&terminal, &path)
        .header("if-none-match", &etag)
        .send()
        .unwrap();
    assert_eq!(same.status(), 304);

    let later = stand.terminal("enrolled later");
    assert_eq!(stand.manifest(&later).campaigns.len(), 1);

    stand.publish(&folder);
    assert_eq!(
        stand.manifest(&terminal).version,
        manifest.version,
        "nothing changed"
    );
}

#[test]
fn version_grows_with_every_change_and_numbers_keep_their_meaning() {
    let stand = Stand::start();
    let (one, other) = (stand.terminal("one"), stand.terminal("other"));
    let before = stand.manifest(&other);
    let only_one = |folder: &str| {
        stand.json(&[
            "publish",
            folder,
            "--screen",
            &one.credentials.screen.to_string(),
        ])
    };

    let folder = stand.campaign("cafe", "", &[[9; 3]]);
    only_one(&folder);
    let first = stand.manifest(&one);
    assert_eq!(stand.manifest(&other), before, "another screen's campaign");

    std::fs::write(format!("{folder}/0.png"), png([120; 3])).unwrap();
    only_one(&folder);
    let second = stand.manifest(&one);
    assert!(second.version > first.version);
    let number = |manifest: &passerby_protocol::Manifest| manifest.campaigns[0].items[0].assignment;
    assert_ne!(
        number(&second),
        number(&first),
        "another picture, another number"
    );

    std::fs::write(format!("{folder}/0.png"), png([9; 3])).unwrap();
    only_one(&folder);
    let third = stand.manifest(&one);
    assert!(third.version > second.version);
    assert_eq!(number(&third), number(&first), "the same picture again");

    stand.json(&["unpublish", "cafe"]);
    let empty = stand.manifest(&one);
    assert!(empty.version > third.version && empty.campaigns.is_empty());
    assert_eq!(stand.command(&["unpublish", "cafe"]).status.code(), Some(2));
}

#[test]
fn creative_resumes_where_its_download_stopped() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    stand.publish(&stand.campaign("cafe", "", &[[9; 3]]));
    let asset = stand.manifest(&terminal).assets.remove(0);
    let path = format!("/v1/blobs/{}", asset.sha256);
    let whole = stand.get(&terminal, &path).send().unwrap();
    assert_eq!(whole.headers()["content-type"], "image/png");
    assert!(
        whole.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    let whole = whole.bytes().unwrap();
    assert_eq!(
        (Digest::of(&whole), whole.len() as u64),
        (asset.sha256, asset.size)
    );

    let rest = stand
        .get(&terminal, &path)
        .header("range", "bytes=1000-")
        .send()
        .unwrap();
    assert_eq!(rest.status(), 206);
    assert_eq!(
        rest.headers()["content-range"],
        format!("bytes 1000-{}/{}", whole.len() - 1, whole.len())
    );
    assert_eq!(rest.bytes().unwrap(), whole[1000..]);
    let tail = stand
        .get(&terminal, &path)
        .header("range", "bytes=-7")
        .send()
        .unwrap();
    assert_eq!(tail.bytes().unwrap(), whole[whole.len() - 7..]);
    let past = stand
        .get(&terminal, &path)
        .header("range", format!("bytes={}-", whole.len()))
        .send()
        .unwrap();
    assert_eq!(past.status(), 416);
    assert_eq!(
        past.headers()["content-range"],
        format!("bytes */{}", whole.len())
    );

    assert_eq!(
        stand
            .client
            .get(stand.address(&path))
            .send()
            .unwrap()
            .status(),
        401
    );
    let absent = format!("/v1/blobs/{}", Digest::of(b"absent"));
    assert_eq!(stand.get(&terminal, &absent).send().unwrap().status(), 404);
}

#[test]
fn every_problem_of_every_folder_is_listed_with_its_line() {
    let stand = Stand::start();
    let bad = stand.campaign(
        "bad",
        "title = \"\"\ncolour = 1\n[[placement]]\ncreative = \"missing.png\"\n",
        &[[9; 3]],
    );
    let torn = stand.campaign("torn", "", &[[9; 3]]);
    let picture = png([50; 3]);
    std::fs::write(format!("{torn}/torn.png"), &picture[..picture.len() / 2]).unwrap();
    let empty = stand.campaign("empty", "", &[]);
    let output = stand.command(&["publish", &bad, &torn, &empty]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    for expected in [
        format!("{bad}/campaign.toml:1: "),
        format!("{bad}/campaign.toml:2: "),
        format!("{bad}/campaign.toml:4: "),
        format!("{torn}/torn.png: "),
        format!("{empty}: "),
    ] {
        assert!(
            said.lines().any(|line| line.starts_with(&expected)),
            "{expected} not in\n{said}"
        );
    }
    let good = stand.campaign("good", "", &[[9; 3]]);
    let output = stand.command(&["publish", &good, "--screen", "77"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("77"));
}

#[test]
fn creatives_bring_the_files_that_they_refer_to_and_each_file_its_type() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("shop", "", &[[9; 3]]);
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(format!("{folder}/{name}"), bytes).unwrap();
    let clip = std::path::Path::new(&folder).join("clip.mp4");
    film(&clip, "testsrc2=s=640x360:r=10:d=2");
    let film = std::fs::read(clip).unwrap();
    write("clip.png", &png([50; 3]));
    write("beans.png", &png([90; 3]));
    write(
        "logo.svg",
        b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'/>",
    );
    let card = "headline = 'Sale'\npicture = 'beans.png'\nlogo = 'logo.svg'\n";
    write("sale.card.toml", card.as_bytes());
    stand.publish(&folder);

    let manifest = stand.manifest(&terminal);
    let entry = &manifest.campaigns[0];
    let names: Vec<&str> = entry
        .campaign
        .placements
        .iter()
        .map(|placement| placement.creative.as_str())
        .collect();
    assert_eq!(
        names,
        ["0.png", "clip.mp4", "sale.card.toml"],
        "parts do not air"
    );
    let parts = |at: usize| -> Vec<&str> {
        let parts = entry.items[at].parts.iter();
        parts.map(|part| part.name.as_str()).collect()
    };
    assert!(parts(0).is_empty());
    assert_eq!(parts(1), ["clip.png"]);
    assert_eq!(parts(2), ["beans.png", "logo.svg"]);
    assert_eq!(entry.items[1].creative, Digest::of(&film));

    let blob = |digest: Digest| {
        stand
            .get(&terminal, &format!("/v1/blobs/{digest}"))
            .send()
            .unwrap()
    };
    let served = blob(Digest::of(&film));
    assert_eq!(served.headers()["content-type"], "video/mp4");
    assert_eq!(served.bytes().unwrap(), film);
    let served = blob(Digest::of(card.as_bytes()));
    assert_eq!(served.headers()["content-type"], "application/toml");
    let types: std::collections::BTreeSet<&str> = manifest
        .assets
        .iter()
        .map(|asset| asset.media_type.as_str())
        .collect();
    let expected = [
        "application/toml",
        "image/png",
        "image/svg+xml",
        "video/mp4",
    ];
    assert_eq!(types.into_iter().collect::<Vec<_>>(), expected);

    // Another picture under the same name leaves the card's own file as it is, and still reaches
    // the screen.
    write("beans.png", &png([120; 3]));
    stand.publish(&folder);
    let changed = stand.manifest(&terminal);
    assert!(changed.version > manifest.version);
    assert_eq!(
        changed.campaigns[0].items[2].creative,
        entry.items[2].creative
    );
    assert_ne!(changed.campaigns[0].items[2].parts, entry.items[2].parts);
}

#[test]
fn a_folder_with_a_missing_part_or_a_false_video_is_not_published() {
    let stand = Stand::start();
    let folder = stand.campaign("shop", "", &[[9; 3]]);
    let write = |name: &str, text: &str| std::fs::write(format!("{folder}/{name}"), text).unwrap();
    write("a.card.toml", "headline = 'a'\npicture = 'gone.png'\n");
    write("c.card.toml", "headline = 'a'\n\nprize = '¥4'\n");
    write("d.ticker.toml", "lines = ['a', '']\n");
    write("e.page.toml", "url = 'ftp://a.example'\n");
    std::fs::write(format!("{folder}/b.mp4"), "this is no film").unwrap();
    let output = stand.command(&["publish", &folder]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("a.card.toml: it names \"gone.png\", which is missing"),
        "{said}"
    );
    for mistake in [
        "c.card.toml:3: unknown key \"prize\"",
        "d.ticker.toml:1: lines has \"\": it is blank",
        "e.page.toml:1: url is \"ftp://a.example\"",
    ] {
        assert!(said.contains(mistake), "{mistake}: {said}");
    }
    assert!(
        said.contains("b.mp4: it is no MP4, MOV or WebM film"),
        "{said}"
    );
}

#[test]
fn a_host_of_a_publishers_own_is_carried_once_the_operator_says_that_it_leads_here() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign(
        "cafe",
        "title = \"Café\"\ntarget = \"https://cafe.example\"\n[link]\ndomain = \"go.cafe.example\"\n",
        &[[9; 3]],
    );
    let refused = stand.command(&["publish", &folder]);
    assert_eq!(refused.status.code(), Some(2));
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        why.contains("passerby-hub domain add go.cafe.example"),
        "{why}"
    );
    assert!(stand.manifest(&terminal).campaigns.is_empty());

    stand.json(&["domain", "add", "GO.cafe.example"]);
    assert_eq!(stand.json(&["domain", "list"])[0], "go.cafe.example");
    stand.publish(&folder);
    let campaign = &stand.manifest(&terminal).campaigns[0].campaign;
    assert_eq!(campaign.link.domain.as_deref(), Some("go.cafe.example"));

    let refused = stand.command(&["domain", "remove", "go.cafe.example"]);
    assert_eq!(refused.status.code(), Some(2), "codes on the air carry it");
    stand.json(&["unpublish", "cafe"]);
    stand.json(&["domain", "remove", "go.cafe.example"]);
}

#[test]
fn versions_go_above_what_a_screen_has_taken_and_nobody_pushes_them_out_of_reach() {
    let folder = tempfile::tempdir().unwrap();
    let store = new_hub(folder.path()).store;
    let now_ms = 1_800_000_000_000;
    let (screen, _) = store
        .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "exit B", now_ms)
        .unwrap();
    let says = |manifest_version| {
        let heartbeat = Heartbeat {
            manifest_version,
            ..Heartbeat::default()
        };
        let heard = store.heard_from(screen, &heartbeat, now_ms).unwrap();
        heard.manifest_version
    };
    assert_eq!(says(0), 1_800_000_000);
    assert_eq!(says(1_800_000_000), 1_800_000_000);
    // The hub was restored from a backup.
    assert_eq!(says(1_800_000_007), 1_800_000_008);
    assert_eq!(
        store.manifest_version(screen, now_ms).unwrap(),
        1_800_000_008
    );
    for made_up in [4_102_444_799, i64::MAX as u64, u64::MAX] {
        assert_eq!(says(made_up), 1_800_000_008);
    }
}

#[test]
fn publish_says_why_no_screen_has_changed_and_why_there_are_fewer_files_than_placements() {
    let stand = Stand::start();
    let toml = "title = 'Equal'\ntarget = 'https://cafe.example'\n";
    let folder = stand.campaign("equal", toml, &[[1; 3], [1; 3], [2; 3]]);
    let said = || {
        let output = stand.command(&["publish", &folder]);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let first = said();
    assert!(
        first.starts_with("equal: 3 placements, 2 files, since equal ones are kept once; published, but no screen is in service yet; add one with `passerby-hub screen add NAME`"),
        "{first}"
    );
    let terminal = stand.terminal("one");
    assert_eq!(stand.manifest(&terminal).campaigns.len(), 1);
    let again = said();
    assert!(
        again.contains("screens changed: 0, since the screens that it is for have it already"),
        "{again}"
    );
    let other = stand.campaign("other", toml, &[[3; 3], [4; 3]]);
    let output = stand.command(&["publish", &other]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "other: 2 placements, 2 files; screens changed: 1\n"
    );
}
