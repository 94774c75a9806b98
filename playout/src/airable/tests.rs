use super::*;
use passerby_protocol::manifest::Item;
use passerby_protocol::{Assignment, Campaign, ScreenNumber};

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
    })
}

fn airing(content: &Airable) -> Vec<(String, u64)> {
    let campaigns = content.campaigns();
    campaigns
        .map(|(manifest, entry)| (entry.id.to_string(), manifest.version))
        .collect()
}

fn chosen(manifests: &[Arc<Manifest>], switched: &Switched, there: &[u8]) -> Airable {
    let has = |asset: &Asset| there.contains(&asset.sha256.0[0]);
    Airable::choose(manifests, switched, has).expect("a manifest")
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
    assert_eq!(Airable::choose(&[], &none, |_| true), None);
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
fn no_more_manifests_are_held_than_the_stated_number() {
    let manifests: Vec<_> = (0..20)
        .map(|at| manifest(100 - at, &[("a", &[u8::try_from(at).expect("small") + 1])]))
        .collect();
    let content = chosen(&manifests, &Switched::new(), &[20]);
    assert_eq!(airing(&content), [], "the one that is whole is too old");
    let content = chosen(&manifests, &Switched::new(), &[4]);
    assert_eq!(airing(&content), [("a".to_owned(), 97)]);
    assert_eq!(content.manifests().len(), 2);
}
