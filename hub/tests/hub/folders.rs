//! Campaign folders as people's machines leave them: what is published, what is named, and under
//! which name.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use passerby_protocol::Manifest;
use serde_json::Value;

use crate::stand::{Stand, film, png};

fn creatives(manifest: &Manifest) -> Vec<&str> {
    let campaigns = manifest.campaigns.iter();
    campaigns
        .flat_map(|campaign| &campaign.campaign.placements)
        .map(|placement| placement.creative.as_str())
        .collect()
}

/// The names of the files that were left out, with their severity.
fn left_out(published: &Value) -> Vec<(String, String)> {
    let list = published["left_out"].as_array().unwrap().iter();
    list.map(|told| {
        let name = told["file"].as_str().unwrap().rsplit('/').next().unwrap();
        let severity = told["severity"].as_str().unwrap();
        (severity.to_owned(), name.to_owned())
    })
    .collect()
}

#[test]
fn what_no_screen_shows_is_named_and_the_rest_is_published() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("holiday", "", &[[9; 3]]);
    for name in ["IMG_1.HEIC", "deck.pptx", "poster.pdf", "README.md"] {
        std::fs::write(format!("{folder}/{name}"), b"x").unwrap();
    }
    film(
        &Path::new(&folder).join("IMG_2.MOV"),
        "testsrc2=s=160x120:r=10:d=1",
    );
    std::fs::write(format!("{folder}/party.jpe"), png([90; 3])).unwrap();
    let published = stand.publish(&folder);
    let pair = |severity: &str, name: &str| (severity.to_owned(), name.to_owned());
    assert_eq!(
        left_out(&published),
        [
            pair("problem", "deck.pptx"),
            pair("problem", "IMG_1.HEIC"),
            pair("problem", "poster.pdf"),
            pair("note", "README.md"),
        ]
    );
    let manifest = stand.manifest(&terminal);
    assert_eq!(creatives(&manifest), ["0.png", "IMG_2.MOV", "party.jpe"]);
    let film = manifest.campaigns[0].items[1].creative;
    let film = manifest.assets.iter().find(|asset| asset.sha256 == film);
    assert_eq!(film.unwrap().media_type, "video/quicktime");

    let output = stand.command(&["publish", &folder]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("not published: ") && said.contains("IMG_1.HEIC: it is a HEIC picture"),
        "{said}"
    );
    // A folder of which nothing can air is refused, and its files are named all the same.
    for name in ["0.png", "IMG_2.MOV", "party.jpe"] {
        std::fs::remove_file(format!("{folder}/{name}")).unwrap();
    }
    let output = stand.command(&["publish", &folder]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("nothing in this folder can air") && said.contains("deck.pptx"),
        "{said}"
    );
}

#[test]
fn placements_are_published_in_the_order_of_their_numbers() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("menu", "", &[]);
    for number in [1, 10, 11, 2, 9] {
        let colour = [u8::try_from(number).unwrap() * 10; 3];
        std::fs::write(format!("{folder}/Slide{number}.png"), png(colour)).unwrap();
    }
    stand.publish(&folder);
    assert_eq!(
        creatives(&stand.manifest(&terminal)),
        [
            "Slide1.png",
            "Slide2.png",
            "Slide9.png",
            "Slide10.png",
            "Slide11.png"
        ]
    );
}

#[test]
fn a_campaign_is_one_however_its_accents_are_stored() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let decomposed = stand.campaign(
        "Cafe\u{301}",
        "title = 'x'\n[[placement]]\ncreative = 'th\u{e9}.png'\n[[placement]]\ncreative = 'sale.card.toml'\n",
        &[],
    );
    std::fs::write(format!("{decomposed}/the\u{301}.png"), png([9; 3])).unwrap();
    std::fs::write(format!("{decomposed}/cre\u{300}me.png"), png([90; 3])).unwrap();
    std::fs::write(
        format!("{decomposed}/sale.card.toml"),
        "headline = 'x'\npicture = 'cr\u{e8}me.png'\n",
    )
    .unwrap();
    let published = stand.publish(&decomposed);
    assert_eq!(published["published"][0]["campaign"], "Caf\u{e9}");
    assert_eq!(left_out(&published), []);
    let manifest = stand.manifest(&terminal);
    assert_eq!(creatives(&manifest), ["th\u{e9}.png", "sale.card.toml"]);
    let part = &manifest.campaigns[0].items[1].parts[0];
    assert_eq!(part.name, "cr\u{e8}me.png");

    let composed = stand.campaign("Caf\u{e9}", "", &[[30; 3]]);
    stand.publish(&composed);
    assert_eq!(stand.manifest(&terminal).campaigns.len(), 1);
    stand.json(&["unpublish", "Cafe\u{301}"]);
    assert!(stand.manifest(&terminal).campaigns.is_empty());
}

#[test]
fn nothing_outside_the_folder_is_published_and_nothing_is_waited_for() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("shop", "", &[[9; 3]]);
    let private = stand.campaign("private", "", &[[200; 3]]);
    symlink(format!("{private}/0.png"), format!("{folder}/stolen.png")).unwrap();
    symlink("../private/0.png", format!("{folder}/up.png")).unwrap();
    symlink("0.png", format!("{folder}/again.png")).unwrap();
    let made = Command::new("mkfifo")
        .arg(format!("{folder}/pipe.png"))
        .status();
    assert!(made.unwrap().success());
    let published = stand.publish(&folder);
    let names: Vec<String> = left_out(&published)
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert_eq!(names, ["pipe.png", "stolen.png", "up.png"]);
    let manifest = stand.manifest(&terminal);
    assert_eq!(creatives(&manifest), ["0.png", "again.png"]);
    assert_eq!(
        manifest.assets.len(),
        1,
        "nothing but the shop's own picture"
    );

    std::fs::remove_file(format!("{folder}/pipe.png")).unwrap();
    symlink("/dev/zero", format!("{folder}/campaign.toml")).unwrap();
    let refused = stand.command(&["publish", &folder]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("campaign.toml: it is a link that leads out of its folder"),
        "{said}"
    );
}

#[test]
fn a_campaign_file_from_notepad_is_refused_with_its_encoding_and_one_with_a_mark_is_taken() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("cafe", "\u{feff}title = '周五夜'\n", &[[9; 3]]);
    stand.publish(&folder);
    assert_eq!(
        stand.manifest(&terminal).campaigns[0].campaign.title,
        "周五夜"
    );
    let wide = "\u{feff}title = '周五夜'\n".encode_utf16();
    let wide: Vec<u8> = wide.flat_map(u16::to_le_bytes).collect();
    std::fs::write(format!("{folder}/campaign.toml"), wide).unwrap();
    let refused = stand.command(&["publish", &folder]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("campaign.toml: it is not UTF-8 text but UTF-16LE; save it as UTF-8"),
        "{said}"
    );
}
