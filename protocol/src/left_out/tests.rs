//! Files as people leave them, and what they are told.

use std::collections::HashSet;

use super::*;
use crate::left_out::formats::FAMILIES;

fn told(name: &str) -> Reason {
    reason_of(name, b"", &[])
}

#[test]
fn what_was_meant_to_be_seen_is_a_problem_with_its_cure() {
    for (name, cure) in [
        ("IMG_0002.HEIC", "Most Compatible"),
        ("poster.pdf", "export its pages as PNG or JPEG"),
        (
            "deck.pptx",
            "export it as pictures (PNG, one a slide) or as a film (MP4)",
        ),
        ("deck.key", "as a film (MP4)"),
        ("menu.docx", "NAME.card.toml"),
        ("poster.psd", "export it as PNG or JPEG"),
        ("logo.ai", "export it as SVG or PNG"),
        ("scan.tiff", "export it as PNG or JPEG"),
        ("old.bmp", "export it as PNG or JPEG"),
        ("new.avif", "export it as PNG or JPEG"),
        ("DSC_1.NEF", "export it as JPEG"),
        ("clip.avi", "MP4 with H.264"),
        ("clip.MKV", "MP4 with H.264"),
        ("song.mp3", "with a film only"),
        ("all.zip", "unpack it"),
        ("sale.card.toml.txt", "take that ending away"),
        ("campaign.toml.txt", "take that ending away"),
        ("Campaign.toml", "call it campaign.toml"),
        ("CAMPAIGN.TOML", "call it campaign.toml"),
        ("sale.toml", "NAME.card.toml"),
        ("campaign (1).toml", "called campaign.toml"),
        (
            "poster.png.txt",
            "take that ending away if it is what poster.png says",
        ),
        ("clip.mp4.part", "not been copied"),
        ("clip.mp4.crdownload", "not been copied"),
        ("poster.jpg.zip", "unpack it"),
        ("emergency.txt", "data.dir"),
        ("thing.xyz", "save what people should see as .jpg"),
        ("poster", "save what people should see as .jpg"),
    ] {
        let reason = told(name);
        assert!(reason.is_meant, "{name}: {reason:?}");
        assert!(reason.message.contains(cure), "{name}: {reason:?}");
    }
}

#[test]
fn what_may_well_lie_there_is_a_note() {
    for name in [
        "README",
        "README.md",
        "LICENCES.md",
        "LICENSE",
        "notes.txt",
        "prices.csv",
        "poster.png.xmp",
        "IMG_0001.AAE",
        "brand.otf",
        "clip.srt",
        "poster.jpg.bak",
        "campaign.toml.old",
        "sale.card.toml.orig",
        "shop.url",
    ] {
        assert!(!told(name).is_meant, "{name}: {:?}", told(name));
    }
}

#[test]
fn a_source_beside_its_export_is_a_note_that_names_the_export() {
    let creatives = ["Poster.png".to_owned(), "deck.mp4".to_owned()];
    for (source, export) in [("poster.PSD", "Poster.png"), ("deck.pptx", "deck.mp4")] {
        let reason = reason_of(source, b"", &creatives);
        assert!(!reason.is_meant, "{reason:?}");
        assert!(reason.message.contains(export), "{reason:?}");
    }
}

#[test]
fn a_picture_whose_name_does_not_say_so_is_told_by_what_is_in_it() {
    for name in [
        "poster",
        "photo.jpg_large",
        "image.xyz",
        "README",
        "IMG_1.HEIC",
    ] {
        let reason = reason_of(name, b"\x89PNG\r\n\x1a\n", &[]);
        assert!(reason.is_meant, "{reason:?}");
        let cure = format!("call it {name}.png");
        assert!(reason.message.contains(&cure), "{reason:?}");
    }
}

#[test]
fn no_ending_stands_in_two_families_or_airs() {
    let mut seen = HashSet::new();
    for ending in FAMILIES.iter().flat_map(|family| family.endings) {
        assert!(seen.insert(ending), "{ending} twice");
        assert_eq!(
            CreativeKind::of_name(&format!("a.{ending}")),
            None,
            "{ending}"
        );
        assert_eq!(*ending, ending.to_lowercase());
    }
}
