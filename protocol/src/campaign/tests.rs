use super::*;

fn pictures() -> Vec<String> {
    vec!["poster.jpg".into(), "second.png".into()]
}

#[test]
fn the_designs_example_is_read() {
    let text = r#"
title  = "三体 · The Three-Body Problem"
kind   = "combined"
target = "https://shop.example/books/three-body"
share  = "路过地铁站，看到想读的书。"

[[phase]]
name = "launch"
from = 2026-12-01
until = 2026-12-07
goal_plays = 5000
[[phase]]
name = "readers"
from = 2026-12-08
landing = "follow"

[[placement]]
creative = "poster.jpg"
seconds = 10
weight = 3
dayparts = ["mon-fri 07:00-10:00", "mon-fri 17:00-20:00"]
when = "venue.tags.exists(t, t == 'metro')"
code = { corner = "bottom-right", call = "扫码购书 Scan to buy" }
"#;
    let campaign = Campaign::parse("campaign.toml", text, &pictures()).expect("good");
    assert_eq!(campaign.kind, Kind::Combined);
    assert_eq!(campaign.placements[0].weight, 3);
    assert_eq!(campaign.placements[0].dayparts.len(), 2);
    let date = jiff::civil::date(2026, 12, 9);
    assert_eq!(campaign.landing_on(date), Landing::Follow);
    assert!(campaign.phase_on(jiff::civil::date(2026, 11, 30)).is_none());
    let json = serde_json::to_string(&campaign).expect("serialises");
    assert_eq!(
        serde_json::from_str::<Campaign>(&json).expect("reads back"),
        campaign
    );
}

#[test]
fn every_mistake_is_named_at_once() {
    let text = "title = ''\ntarget = 'shop.example'\ncolor = 1\n[[phase]]\nname = 'a'\nfrom = 2026-02-01\nuntil = 2026-01-01\n\
                [[placement]]\ncreative = 'poster.jpeg'\nseconds = 0\nweight = 'x'\ndayparts = ['mon 7-9']\nwhen = '1 +'\ncode = { corner = 'middle' }\n";
    let problems = Campaign::parse("campaign.toml", text, &pictures()).expect_err("many");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 3, 7, 9, 10, 11, 12, 13, 14], "{problems:#?}");
}

#[test]
fn pictures_beside_a_file_without_placements_air_in_turn() {
    let campaign = Campaign::parse("campaign.toml", "title = 'A'\n", &pictures()).expect("good");
    assert_eq!(campaign.placements.len(), 2);
    assert!(Campaign::of_pictures("f", "f", &[]).is_err());
}

#[test]
fn claims_on_the_rotation_are_read_and_travel() {
    let text = "title = 'A'\nadvertiser = 'Lumen'\ncategory = 'coffee'\napart_seconds = 60\nrivals_apart_seconds = 300\n\
                [adaptive]\nfloor_percent = 10\n\
                [[phase]]\nname = 'launch'\nuntil = 2026-12-07\ngoal_plays = 50\nends_on = 'goal'\n\
                [[placement]]\ncreative = 'poster.jpg'\nshare_percent = 12.5\nper_hour = 6\nper_day = 40\nphases = ['launch']\n\
                screens = ['Exit B', '#metro']\ntrigger = { name = 'button', seconds = 30 }\ntakeover = 'now'\n\
                [[placement]]\ncreative = 'second.png'\nsequence = 'story'\n";
    let campaign = Campaign::parse("campaign.toml", text, &pictures()).expect("good");
    let claim = &campaign.placements[0].claim;
    assert_eq!(
        (claim.share, claim.per_hour, claim.per_day),
        (Some(1_250), Some(6), Some(40))
    );
    assert_eq!(claim.takeover, Some(Takeover::Now));
    assert_eq!(
        claim.trigger.as_ref().map(|trigger| trigger.seconds),
        Some(30)
    );
    assert!(claim.is_for("Exit B", &[]) && claim.is_for("Exit C", &["metro".into()]));
    assert!(!claim.is_for("Exit C", &["park".into()]));
    assert_eq!(campaign.separation.rivals_apart_s, 300);
    assert_eq!(
        campaign
            .adaptive
            .map(|adaptive| (adaptive.floor_percent, adaptive.ceiling_percent)),
        Some((10, 90))
    );
    assert!(campaign.phases[0].ends_on_goal);
    let json = serde_json::to_string(&campaign).expect("serialises");
    assert_eq!(
        serde_json::from_str::<Campaign>(&json).expect("reads back"),
        campaign
    );
}

#[test]
fn claims_that_make_no_sense_are_named_with_their_lines() {
    let text = "title = 'A'\napart_seconds = 60\n\
                [adaptive]\nfloor_percent = 60\nceiling_percent = 50\n\
                [[phase]]\nname = 'launch'\n\
                [[placement]]\ncreative = 'poster.jpg'\nweight = 2\nshare_percent = 10\nphases = ['lunch']\ntakeover = 'seam'\n\
                [[placement]]\ncreative = 'poster.jpg'\nfiller = true\ndayparts = ['12:00-13:00']\ntakeover = 'now'\ntrigger = { seconds = 0 }\n";
    let problems = Campaign::parse("campaign.toml", text, &pictures()).expect_err("many");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 4, 10, 12, 13, 18, 19, 19], "{problems:#?}");
}
