use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;
use crate::content::cache::Stored;

const DAY_MS: i64 = 24 * 3_600_000;
const NOW_MS: i64 = 1_800_000_000_000;

fn digest(name: u8) -> Digest {
    Digest([name; 32])
}

/// Files have sizes by their names, so that no two demands disagree.
fn size(name: u8) -> u64 {
    10 + u64::from(name) * 7 % 90
}

fn asset(name: u8) -> Asset {
    Asset {
        sha256: digest(name),
        size: size(name),
        media_type: "image/png".to_owned(),
    }
}

fn demand(id: &str, first_ms: Option<i64>, files: &[u8]) -> CampaignDemand {
    CampaignDemand {
        campaign: id.parse().expect("an id"),
        version: 1,
        first_ms,
        files: files.iter().copied().map(asset).collect(),
    }
}

fn there(blobs: &[(u8, i64)], parts: &[(u8, u64)]) -> Inventory {
    let stored = |&(name, needed_ms): &(u8, i64)| {
        let size = size(name);
        (digest(name), Stored { size, needed_ms })
    };
    Inventory {
        blobs: blobs.iter().map(stored).collect(),
        parts: parts
            .iter()
            .map(|&(name, got)| (digest(name), got))
            .collect(),
    }
}

fn room(quota_bytes: u64) -> Room {
    Room {
        quota_bytes,
        spare_bytes: i64::MAX,
    }
}

fn names(digests: &[Digest]) -> Vec<u8> {
    let mut names: Vec<u8> = digests.iter().map(|digest| digest.0[0]).collect();
    names.sort_unstable();
    names
}

fn fetched(plan: &Plan) -> Vec<u8> {
    let fetch = plan.fetch.iter();
    fetch.map(|next| next.asset.sha256.0[0]).collect()
}

#[test]
fn campaigns_come_whole_and_in_the_order_in_which_they_air() {
    let demands = [
        demand("later", Some(NOW_MS + 9 * DAY_MS), &[1]),
        demand("over", None, &[2]),
        demand("large", Some(AT_ONCE_MS), &[3, 4, 5]),
        demand("small", Some(AT_ONCE_MS), &[6, 7]),
        demand("soon", Some(NOW_MS + DAY_MS), &[8]),
        demand("whole", Some(AT_ONCE_MS), &[9]),
    ];
    let plan = plan(
        &demands,
        &there(&[(7, 0), (9, 0)], &[(2, 1), (3, 5)]),
        Some(NOW_MS),
        room(10_000),
    );
    assert_eq!(fetched(&plan), [6, 3, 4, 5, 8, 1]);
    let complete: Vec<u8> = plan
        .fetch
        .iter()
        .filter(|next| next.completes)
        .map(|next| next.asset.sha256.0[0])
        .collect();
    assert_eq!(complete, [6, 5, 8, 1], "the last file of each");
    assert_eq!(
        (plan.whole.as_slice(), names(&plan.drop_parts)),
        (&[5][..], vec![2])
    );
    assert_eq!((plan.evict, plan.refused), (Vec::new(), Vec::new()));
}

#[test]
fn what_nothing_needs_leaves_first_and_longest_ago_before_that() {
    let demands = [demand("new", Some(AT_ONCE_MS), &[1])];
    let spare = there(&[(2, 300), (3, 100), (4, 200)], &[]);
    let all = size(1) + size(2) + size(3) + size(4);
    let evicted = |quota| names(&plan(&demands, &spare, Some(NOW_MS), room(quota)).evict);
    assert!(
        evicted(all).is_empty(),
        "a campaign that comes back costs nothing"
    );
    assert_eq!(evicted(all - 1), [3]);
    assert_eq!(evicted(all - size(3) - 1), [3, 4]);
    let tight = plan(&demands, &spare, Some(NOW_MS), room(size(1)));
    assert_eq!(
        (names(&tight.evict), fetched(&tight)),
        (vec![2, 3, 4], vec![1])
    );
}

#[test]
fn what_airs_within_a_week_stays_and_what_comes_in_its_way_is_refused_with_its_sizes() {
    let near = demand("near", Some(NOW_MS + 7 * DAY_MS), &[1]);
    let far = demand("far", Some(NOW_MS + 7 * DAY_MS + 1), &[2]);
    let new = demand("new", Some(AT_ONCE_MS), &[3, 4]);
    let both = there(&[(1, 0), (2, 0)], &[(3, 4)]);
    let demands = [near, far, new];
    let quota = size(1) + size(3) + size(4);
    let done = plan(&demands, &both, Some(NOW_MS), room(quota));
    assert_eq!((fetched(&done), names(&done.evict)), (vec![3, 4], vec![2]));
    let done = plan(&demands, &both, Some(NOW_MS), room(quota - 1));
    assert_eq!(fetched(&done), [0; 0]);
    let refused = Refused {
        campaign: "new".parse().expect("an id"),
        needed_bytes: size(3) + size(4),
        room_bytes: size(3) + size(4) - 1,
    };
    assert_eq!(done.refused, [refused]);
    assert_eq!(names(&done.drop_parts), [3], "no part of it is kept");
    // Without a clock, anything may air.
    let done = plan(&demands, &both, None, room(quota));
    assert_eq!((fetched(&done), done.evict), (vec![], vec![]));
}

#[test]
fn a_full_disk_counts_as_much_as_the_setting() {
    let demands = [demand("new", Some(AT_ONCE_MS), &[1])];
    let spare = there(&[(2, 0)], &[(1, 3)]);
    let with = |spare_bytes| {
        let room = Room {
            quota_bytes: 1 << 40,
            spare_bytes,
        };
        let plan = plan(&demands, &spare, Some(NOW_MS), room);
        (fetched(&plan), names(&plan.evict), plan.refused.len())
    };
    let exact = i64::try_from(size(1) - 3).expect("small");
    assert_eq!(with(exact), (vec![1], vec![], 0));
    assert_eq!(with(exact - 1), (vec![1], vec![2], 0));
    let without = i64::try_from(size(2)).expect("small");
    assert_eq!(with(exact - without), (vec![1], vec![2], 0));
    assert_eq!(with(exact - without - 1), (vec![], vec![2], 1));
    assert_eq!(with(i64::MIN), (vec![], vec![2], 1));
}

#[test]
fn a_file_of_a_wrong_size_is_fetched_again() {
    let demands = [demand("a", Some(AT_ONCE_MS), &[1])];
    let mut cut = there(&[(1, 0)], &[]);
    cut.blobs.get_mut(&digest(1)).expect("there").size -= 1;
    let plan = plan(&demands, &cut, Some(NOW_MS), room(1_000));
    assert_eq!((fetched(&plan), names(&plan.evict)), (vec![1], vec![1]));
    assert!(plan.whole.is_empty());
}

fn demands() -> impl Strategy<Value = Vec<CampaignDemand>> {
    let first = prop_oneof![
        Just(None),
        Just(Some(AT_ONCE_MS)),
        (0..20 * DAY_MS).prop_map(|ahead| Some(NOW_MS + ahead)),
    ];
    let files = proptest::collection::btree_set(0_u8..40, 0..8);
    proptest::collection::vec((first, files), 0..12).prop_map(|list| {
        let demands = list.into_iter().enumerate();
        demands
            .map(|(at, (first, files))| {
                demand(
                    &format!("c{at}"),
                    first,
                    &files.into_iter().collect::<Vec<_>>(),
                )
            })
            .collect()
    })
}

fn inventories() -> impl Strategy<Value = Inventory> {
    let blobs =
        proptest::collection::btree_map(0_u8..60, (0_i64..1_000, prop::bool::weighted(0.1)), 0..40);
    let parts = proptest::collection::btree_map(0_u8..60, 0_u64..60, 0..6);
    (blobs, parts).prop_map(|(blobs, parts)| {
        let mut there = Inventory::default();
        for (name, (needed_ms, is_cut)) in blobs {
            let size = size(name) - u64::from(is_cut);
            there.blobs.insert(digest(name), Stored { size, needed_ms });
        }
        for (name, got) in parts {
            there.parts.insert(digest(name), got);
        }
        there
    })
}

proptest! {
    #![proptest_config(random_cases(4_000))]

    #[test]
    fn the_plan_holds_to_its_invariants(
        demands in demands(),
        there in inventories(),
        quota_bytes in 0_u64..4_000,
        spare_bytes in -500_i64..4_000,
        knows_time: bool,
    ) {
        let now_ms = knows_time.then_some(NOW_MS);
        let room = Room { quota_bytes, spare_bytes };
        let done = plan(&demands, &there, now_ms, room);
        prop_assert_eq!(&done, &plan(&demands, &there, now_ms, room), "a pure function");

        // Never lets go of what can air within the horizon.
        let is_sound = |file: &Asset| there.blobs.get(&file.sha256).is_some_and(|blob| blob.size == file.size);
        for demand in &demands {
            let may_air = demand.first_ms.is_some_and(|first| now_ms.is_none_or(|now| first <= now + HORIZON_MS));
            for file in demand.files.iter().filter(|file| may_air && is_sound(file)) {
                prop_assert!(!done.evict.contains(&file.sha256));
            }
        }

        // Never exceeds quota or disk with what it fetches.
        let evicted: u64 = done.evict.iter().map(|digest| there.blobs[digest].size).sum();
        let dropped: u64 = done.drop_parts.iter().map(|digest| there.parts[digest]).sum();
        let coming: u64 = done.fetch.iter().map(|next| next.asset.size).sum();
        let blobs: u64 = there.blobs.values().map(|blob| blob.size).sum();
        if coming > 0 {
            let after = blobs - evicted + coming;
            prop_assert!(after <= quota_bytes, "{} > {}", after, quota_bytes);
            let more = i128::from(after) - i128::from(there.bytes());
            prop_assert!(more <= i128::from(spare_bytes), "{} > {}", more, spare_bytes);
        }
        prop_assert!(dropped <= there.bytes());

        // In the order of the first airing, each file once, nothing that is there, nothing whose
        // time is over.
        let firsts: Vec<i64> = done.fetch.iter().filter_map(|next| demands[next.demand].first_ms).collect();
        prop_assert_eq!(firsts.len(), done.fetch.len());
        prop_assert!(firsts.is_sorted());
        let mut names: Vec<Digest> = done.fetch.iter().map(|next| next.asset.sha256).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        prop_assert_eq!(names.len(), count);
        prop_assert!(done.fetch.iter().all(|next| !is_sound(&next.asset)));

        // A campaign that can air is whole, is refused, or will be whole.
        let refused: Vec<&CampaignId> = done.refused.iter().map(|refused| &refused.campaign).collect();
        for (at, demand) in demands.iter().enumerate() {
            let is_whole = demand.files.iter().all(is_sound);
            prop_assert_eq!(done.whole.contains(&at), is_whole);
            let comes = demand.files.iter().all(|file| {
                is_sound(file) && !done.evict.contains(&file.sha256) || names.contains(&file.sha256)
            });
            prop_assert!(demand.first_ms.is_none() || is_whole || comes || refused.contains(&&demand.campaign));
        }

        // Carried out again and again it comes to rest: nothing is fetched and let go in turn. A
        // second turn may do more than the first, since campaigns that were refused may share files
        // with others that came.
        let (mut now, mut next, mut rounds) = (there.clone(), done, 0);
        while !next.fetch.is_empty() || !next.evict.is_empty() {
            rounds += 1;
            prop_assert!(rounds <= demands.len() + 1, "{:?}", next);
            now.parts.clear();
            for digest in &next.evict {
                now.blobs.remove(digest);
            }
            for next in &next.fetch {
                now.blobs.insert(next.asset.sha256, Stored { size: next.asset.size, needed_ms: 0 });
            }
            let grown = i64::try_from(now.bytes()).expect("small") - i64::try_from(there.bytes()).expect("small");
            let room = Room { quota_bytes, spare_bytes: spare_bytes - grown };
            next = plan(&demands, &now, now_ms, room);
        }
    }
}
