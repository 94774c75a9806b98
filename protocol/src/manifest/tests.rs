//! Manifests that are opened, and those that are refused.

use super::*;

fn manifest() -> Manifest {
    Manifest {
        version: 7,
        screen: ScreenNumber::new(3).expect("in range"),
        expires_ms: 1_000,
        scan_base: "HTTPS://HUB.EXAMPLE".into(),
        campaigns: Vec::new(),
        assets: Vec::new(),
        notice: None,
    }
}

fn open(
    body: &[u8],
    signature: &str,
    key: &SigningKey,
    seen: u64,
    now_ms: i64,
) -> Result<Manifest, ManifestError> {
    Manifest::open(
        body,
        signature,
        key.verifying_key().as_bytes(),
        ScreenNumber::new(3).expect("in range"),
        seen,
        Some(now_ms),
    )
}

#[test]
fn a_message_is_one_that_a_screen_can_show_and_manifests_without_one_still_open() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let opened = |manifest: &Manifest| {
        let (body, signature) = manifest.seal(&key).expect("seals");
        open(&body, &signature, &key, 0, 0)
    };
    let without = serde_json::to_string(&manifest()).expect("writes");
    assert!(!without.contains("notice"), "{without}");
    let notice = ManifestNotice::new(" Leave now\u{202e} ", "Use the stairs.\r\nNot the lift.\n");
    let notice = notice.expect("a message");
    assert_eq!(notice.headline, "Leave now");
    assert_eq!(notice.body, "Use the stairs.\nNot the lift.");
    let with = |headline: &str, body: &str| Manifest {
        notice: Some(ManifestNotice {
            headline: headline.to_owned(),
            body: body.to_owned(),
        }),
        ..manifest()
    };
    let good = with(&notice.headline, &notice.body);
    assert_eq!(opened(&good).as_ref(), Ok(&good));
    for (headline, body) in [
        ("", "x"),
        (" ", ""),
        (&*"a".repeat(81), ""),
        ("a", &*"a".repeat(2_000)),
        ("a\nb", ""),
        ("a", "b\u{202e}c"),
    ] {
        assert!(
            opened(&with(headline, body)).is_err(),
            "{headline:?} {body:?}"
        );
    }
    assert_eq!(ManifestNotice::new("\u{200b}", "x"), None);
}

#[test]
fn parts_are_whole_and_manifests_without_them_still_open() {
    let item = r#"{"assignment":1,"creative":"DIGEST"}"#.replace("DIGEST", &"ab".repeat(32));
    let item: Item = serde_json::from_str(&item).expect("an older hub's item");
    assert!(item.parts.is_empty());
    assert!(
        !serde_json::to_string(&item)
            .expect("writes")
            .contains("parts")
    );
    let asset = |byte: u8, size, media_type: &str| Asset {
        sha256: Digest([byte; 32]),
        size,
        media_type: media_type.to_owned(),
    };
    let with = |name: &str, assets: Vec<Asset>| {
        let campaign = Campaign::of_pictures("c", "c", &["a.mp4".to_owned()]).expect("good");
        let part = ItemPart {
            name: name.to_owned(),
            sha256: Digest([2; 32]),
        };
        let entry = ManifestCampaign {
            id: "c".parse().expect("an id"),
            campaign,
            items: vec![Item {
                assignment: Assignment::NONE,
                creative: Digest([1; 32]),
                parts: vec![part],
            }],
        };
        Manifest {
            campaigns: vec![entry],
            assets,
            ..manifest()
        }
        .check_whole()
    };
    let film = || asset(1, VIDEO_BYTES_MAX, "video/mp4");
    let poster = || asset(2, 5, "image/png");
    assert_eq!(with("a.png", vec![film(), poster()]), Ok(()));
    assert!(
        with("a.png", vec![film()]).is_err(),
        "the poster is missing"
    );
    assert!(with("../a.png", vec![film(), poster()]).is_err(), "a path");
    let heavy = asset(1, CREATIVE_BYTES_MAX + 1, "image/png");
    assert!(with("a.png", vec![heavy, poster()]).is_err());
    let twice = asset(2, 6, "image/png");
    assert!(
        with("a.png", vec![film(), poster(), twice]).is_err(),
        "one file has one size"
    );
    let number = |at: usize| {
        let mut name = [3; 32];
        name[..8].copy_from_slice(&at.to_be_bytes());
        name
    };
    let many = |count: usize, size| {
        let more = (0..count).map(|at| Asset {
            sha256: Digest(number(at)),
            size,
            media_type: "video/mp4".to_owned(),
        });
        with(
            "a.png",
            [film(), poster()].into_iter().chain(more).collect(),
        )
    };
    assert_eq!(many(ASSETS_MAX - 2, 1), Ok(()));
    assert!(many(ASSETS_MAX - 1, 1).is_err(), "too many");
    assert!(many(ASSETS_MAX - 2, VIDEO_BYTES_MAX).is_err(), "too much");
}

#[test]
fn only_signed_current_manifests_open() {
    let key = SigningKey::from_bytes(&[9; 32]);
    let (body, signature) = manifest().seal(&key).expect("seals");
    assert_eq!(open(&body, &signature, &key, 7, 999), Ok(manifest()));
    assert_eq!(
        open(&body, &signature, &key, 8, 999),
        Err(ManifestError::Rollback {
            offered: 7,
            seen: 8
        })
    );
    assert_eq!(
        open(&body, &signature, &key, 0, 1_000),
        Err(ManifestError::Expired)
    );
    assert_eq!(
        open(&body, &signature, &SigningKey::from_bytes(&[8; 32]), 0, 0),
        Err(ManifestError::Signature)
    );
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] ^= 1;
        assert_eq!(
            open(&changed, &signature, &key, 0, 0),
            Err(ManifestError::Signature)
        );
    }
    assert_eq!(open(&body, "é", &key, 0, 0), Err(ManifestError::Signature));
}

#[test]
fn what_no_file_could_say_is_refused_in_a_manifest_too() {
    let key = SigningKey::from_bytes(&[9; 32]);
    let refused = |manifest: &Manifest| {
        let (body, signature) = manifest.seal(&key).expect("seals");
        matches!(
            open(&body, &signature, &key, 0, 0),
            Err(ManifestError::Malformed(_))
        )
    };
    let mut campaign = Campaign::of_pictures("c", "c", &["a.png".to_owned()]).expect("good");
    campaign.placements[0].weight = 0;
    let item = Item {
        assignment: Assignment::NONE,
        creative: Digest([1; 32]),
        parts: Vec::new(),
    };
    let asset = Asset {
        sha256: Digest([1; 32]),
        size: 1,
        media_type: "image/png".to_owned(),
    };
    let mut whole = Manifest {
        campaigns: vec![ManifestCampaign {
            id: "c".parse().expect("an id"),
            campaign,
            items: vec![item],
        }],
        assets: vec![asset.clone()],
        ..manifest()
    };
    assert!(refused(&whole), "a weight of nothing");
    whole.campaigns[0].campaign.placements[0].weight = 1;
    assert!(!refused(&whole));
    let twice = Manifest {
        assets: vec![asset.clone(), asset.clone()],
        ..whole.clone()
    };
    assert!(refused(&twice));
    let endless = Asset {
        media_type: "x".repeat(256),
        ..asset
    };
    let endless = Manifest {
        assets: vec![endless],
        ..whole.clone()
    };
    assert!(refused(&endless));
    for scan_base in [
        "",
        "javascript:x",
        "HTTPS://",
        "HTTPS://A B",
        "HTTPS:///A",
        "HTTPS://A\n",
        "HTTPS://A?B",
    ] {
        let elsewhere = Manifest {
            scan_base: scan_base.to_owned(),
            ..whole.clone()
        };
        assert!(refused(&elsewhere), "{scan_base:?}");
    }
    for scan_base in [
        "HTTPS://HUB.EXAMPLE",
        "HTTP://127.0.0.1:8420",
        "HTTP://[::1]:1",
        "http://a.example:8420/Hub",
    ] {
        assert!(is_scan_base(scan_base), "{scan_base}");
    }
}
