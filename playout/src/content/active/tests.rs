use passerby_protocol::manifest::Item;
use passerby_protocol::{Assignment, Campaign, ScreenNumber};

use super::*;

/// A file whose name is one byte over and over, and so large.
pub(crate) fn file(byte: u8) -> Asset {
    Asset {
        sha256: Digest([byte; 32]),
        size: u64::from(byte),
        media_type: "image/png".to_owned(),
    }
}

/// A manifest of campaigns, each with its files.
pub(crate) fn manifest(version: u64, campaigns: &[(&str, &[u8])]) -> Arc<Manifest> {
    let entry = |&(id, files): &(&str, &[u8])| {
        let names: Vec<String> = files.iter().map(|byte| format!("{byte}.png")).collect();
        ManifestCampaign {
            id: id.parse().expect("an id"),
            campaign: Campaign::of_pictures(id, id, &names).expect("good"),
            items: files
                .iter()
                .map(|&byte| Item {
                    assignment: Assignment::NONE,
                    creative: Digest([byte; 32]),
                    parts: Vec::new(),
                })
                .collect(),
        }
    };
    let mut bytes: Vec<u8> = campaigns
        .iter()
        .flat_map(|(_, files)| files.to_vec())
        .collect();
    bytes.sort_unstable();
    bytes.dedup();
    Arc::new(Manifest {
        version,
        screen: ScreenNumber::new(1).expect("in range"),
        expires_ms: 1_000 * i64::try_from(version).expect("small"),
        scan_base: "HTTPS://HUB.EXAMPLE".to_owned(),
        campaigns: campaigns.iter().map(entry).collect(),
        assets: bytes.into_iter().map(file).collect(),
        notice: None,
    })
}

fn airing(content: &ActiveContent) -> Vec<(String, u64)> {
    let campaigns = content.campaigns();
    campaigns
        .map(|(manifest, entry)| (entry.id.to_string(), manifest.version))
        .collect()
}

fn chosen(manifests: &[Arc<Manifest>], switched: &Switched, there: &[u8]) -> ActiveContent {
    let has = |asset: &Asset| there.contains(&asset.sha256.0[0]);
    ActiveContent::choose(manifests, switched, has).expect("a manifest")
}

#[test]
fn each_campaign_airs_from_the_newest_manifest_in_which_it_is_whole() {
    let old = manifest(1, &[("a", &[1]), ("b", &[2]), ("gone", &[3])]);
    let new = manifest(2, &[("a", &[4]), ("b", &[5, 6]), ("fresh", &[7])]);
    let both = [new.clone(), old];
    let none = Switched::new();
    let named = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
        list.iter().map(|&(id, at)| (id.to_owned(), at)).collect()
    };
    let content = chosen(&both, &none, &[1, 2, 3, 4, 5]);
    assert_eq!(airing(&content), named(&[("a", 2), ("b", 1)]));
    assert_eq!(content.manifests().len(), 2);
    // The former manifest goes when nothing airs from it.
    let content = chosen(&both, &none, &[1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(airing(&content), named(&[("a", 2), ("b", 2), ("fresh", 2)]));
    assert_eq!(content.manifests(), [new]);
    assert_eq!(ActiveContent::choose(&[], &none, |_| true), None);
}

#[test]
fn what_has_switched_stays_where_it_is_when_a_file_is_lost() {
    let old = manifest(1, &[("a", &[1])]);
    let new = manifest(2, &[("a", &[4, 5])]);
    let both = [new, old];
    let switched = chosen(&both, &Switched::new(), &[1, 4, 5]).switched();
    let content = chosen(&both, &switched, &[1, 4]);
    assert_eq!(airing(&content), [("a".to_owned(), 2)]);
    assert!(content.is_missing(Digest([5; 32])) && !content.is_missing(Digest([4; 32])));
}

#[test]
fn what_comes_from_an_expired_manifest_leaves_alone() {
    let old = manifest(1, &[("a", &[1])]);
    let new = manifest(2, &[("a", &[4]), ("b", &[5])]);
    let mut content = chosen(&[new, old], &Switched::new(), &[1, 5]);
    assert_eq!(airing(&content), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert!(!content.has_expired_parts(None) && !content.has_expired_parts(Some(999)));
    assert!(content.has_expired_parts(Some(1_000)) && !content.is_expired(Some(1_000)));
    content.drop_expired(Some(1_000));
    assert_eq!(airing(&content), [("b".to_owned(), 2)]);
    assert!(content.is_expired(Some(2_000)));
}

#[test]
fn a_manifest_from_which_nothing_airs_takes_no_place_of_those_that_are_held() {
    let manifests: Vec<_> = (0..20)
        .map(|at| manifest(100 - at, &[("a", &[u8::try_from(at).expect("small") + 1])]))
        .collect();
    for (there, version) in [(20, 81), (4, 97)] {
        let content = chosen(&manifests, &Switched::new(), &[there]);
        assert_eq!(airing(&content), [("a".to_owned(), version)]);
        assert_eq!(content.manifests().len(), 2);
    }
}

#[test]
fn what_is_the_same_in_a_newer_manifest_has_aired_there_as_well() {
    let first = manifest(1, &[("a", &[1]), ("b", &[2])]);
    let second = manifest(2, &[("a", &[1]), ("b", &[3])]);
    let switched = chosen(std::slice::from_ref(&first), &Switched::new(), &[1, 2]).switched();
    // The only file of both is lost, and the new one of b does not come.
    let content = chosen(&[second.clone(), first.clone()], &switched, &[]);
    assert_eq!(airing(&content), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
    assert!(content.is_missing(Digest([1; 32])));
    let mut other_title = Manifest::clone(&second);
    other_title.campaigns[0].campaign.title = "Another".to_owned();
    let content = chosen(&[Arc::new(other_title), first], &switched, &[]);
    assert_eq!(airing(&content), [("a".to_owned(), 1), ("b".to_owned(), 1)]);
}

#[test]
fn a_campaign_whose_manifest_can_no_longer_be_held_goes_on_in_the_newest() {
    // Each manifest changes one campaign more, and none of the new files has come.
    let ids = ["a", "b", "c", "d", "e"];
    let list = |changed: usize| -> Vec<(&str, Vec<u8>)> {
        let files =
            |at: usize| u8::try_from(if at < changed { 10 + at } else { at + 1 }).expect("small");
        (0..ids.len())
            .map(|at| (ids[at], vec![files(at), 30]))
            .collect()
    };
    let manifests: Vec<_> = (0..=ids.len())
        .rev()
        .map(|changed| {
            let list = list(changed);
            let list: Vec<(&str, &[u8])> =
                list.iter().map(|(id, files)| (*id, &files[..])).collect();
            manifest(changed as u64 + 1, &list)
        })
        .collect();
    let content = chosen(&manifests, &Switched::new(), &[1, 2, 3, 4, 5, 30]);
    let named: Vec<_> = [("a", 6), ("b", 6), ("c", 3), ("d", 4), ("e", 5)]
        .map(|(id, version)| (id.to_owned(), version))
        .into();
    assert_eq!(airing(&content), named);
    assert_eq!(content.manifests().len(), MANIFESTS_MAX);
    assert!(content.is_missing(Digest([10; 32])) && !content.is_missing(Digest([30; 32])));
    // It stays so.
    let held = content.manifests().to_vec();
    assert_eq!(chosen(&held, &content.switched(), &[3, 4, 5, 30]), content);
}
