//! How often plays were scanned, told to the screen that aired them.

use jiff::tz::TimeZone;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::tally::Tallies;
use passerby_protocol::{Epoch, PlayNumber};

use crate::stand::{ROBOT, Stand, location};

const HOUR_MS: i64 = 3_600_000;

#[test]
fn settled_plays_of_competing_creatives_are_counted_with_their_scans() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = "title = 'Duel'\ntarget = 'https://duel.example/'\n[adaptive]\n";
    stand.publish(&stand.campaign("duel", toml, &[[9; 3], [99; 3]]));
    stand.publish(&stand.campaign("calm", "title = 'Calm'\n", &[[50; 3]]));
    let manifest = stand.manifest(&terminal);
    let items: Vec<_> = manifest
        .campaigns
        .iter()
        .flat_map(|entry| entry.items.iter().map(|item| (entry.id.clone(), item)))
        .collect();
    assert_eq!(items.len(), 3);
    // Three plays of each in the last hour, numbered by place and turn.
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let plays: Vec<Play> = (0..9)
        .map(|at: u32| {
            let (campaign, item) = &items[at as usize % 3];
            Play {
                seq: u64::from(at) + 1,
                number: PlayNumber::new(100 + at).unwrap(),
                content: PlayContent {
                    assignment: item.assignment,
                    campaign: campaign.to_string(),
                    creative: item.creative,
                },
                boot: "boot".into(),
                start_boot_ms: 20_000 * u64::from(at),
                visible_ms: 10_000,
                outcome: Outcome::Complete,
                display: Display::Unknown,
            }
        })
        .collect();
    let anchor = Anchor {
        boot: "boot".into(),
        boot_ms: 0,
        wall_ms: now_ms - HOUR_MS,
    };
    let batch = PlayBatch::pack(Epoch(1), &plays, vec![anchor]);
    let body = zstd::encode_all(&serde_json::to_vec(&batch).unwrap()[..], 3).unwrap();
    let screen = terminal.credentials.screen;
    let path = format!("/v1/terminals/{screen}/plays");
    let sent = stand.client.post(stand.address(&path));
    let sent = sent
        .bearer_auth(&terminal.credentials.bearer)
        .header("content-encoding", "zstd")
        .body(body)
        .send()
        .unwrap();
    assert_eq!(sent.status(), 200);
    // Two people in front of one play are one scanned play; a robot is none.
    let scan = |visitor, play: u32| {
        let (_, item) = &items[(play as usize - 100) % 3];
        let path = terminal.scan_path(item.assignment, play);
        location(&stand.visit(visitor, &path));
    };
    let is_duel = |at: usize| items[at].0.to_string() == "duel";
    let first = (0..3).find(|&at| is_duel(at)).unwrap();
    let second = (first + 1..3).find(|&at| is_duel(at)).unwrap();
    scan(1, 100 + u32::try_from(first).unwrap());
    scan(2, 100 + u32::try_from(first).unwrap());
    scan(3, 103 + u32::try_from(first).unwrap());
    let robot = terminal.scan_path(
        items[second].1.assignment,
        100 + u32::try_from(second).unwrap(),
    );
    location(&stand.open(4, ROBOT, &robot));

    let asked = format!("/v1/terminals/{screen}/tallies?zone=Asia/Shanghai");
    let response = stand.get(&terminal, &asked).send().unwrap();
    assert_eq!(response.status(), 200);
    let young: Tallies = serde_json::from_slice(&response.bytes().unwrap()).unwrap();
    assert_eq!(young.unpack().unwrap(), [], "none of them is settled");

    let store = stand.hub().store;
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let settled = store.tallies(screen, &zone, now_ms + 25 * HOUR_MS).unwrap();
    let rows = settled.unpack().unwrap();
    let of = |at: usize| {
        let rows = rows
            .iter()
            .filter(|row| row.assignment == items[at].1.assignment);
        rows.fold((0, 0), |sum, row| (sum.0 + row.plays, sum.1 + row.scanned))
    };
    assert_eq!((of(first), of(second)), ((3, 2), (3, 0)));
    let calm = (0..3).find(|&at| !is_duel(at)).unwrap();
    assert_eq!(of(calm), (0, 0), "nobody asks for what does not compete");
    let day = (jiff::Timestamp::from_millisecond(now_ms - HOUR_MS).unwrap())
        .to_zoned(zone)
        .date();
    assert!(rows.iter().all(|row| (row.day - day).get_days().abs() <= 1));

    for (path, status) in [
        (
            format!("/v1/terminals/{screen}/tallies?zone=Moon/Base"),
            400,
        ),
        (format!("/v1/terminals/{screen}/tallies"), 400),
        ("/v1/terminals/999/tallies?zone=UTC".to_owned(), 403),
    ] {
        assert_eq!(
            stand.get(&terminal, &path).send().unwrap().status(),
            status,
            "{path}"
        );
    }
}

#[test]
fn what_a_campaign_wants_is_told_to_its_screens_and_to_no_others() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = |by: &str| {
        format!(
            "title = 'Duel'\ntarget = 'https://duel.example/'\nlanding = 'page'\n[adaptive]\nby = '{by}'\n"
        )
    };
    stand.publish(&stand.campaign("duel", &toml("presses"), &[[9; 3], [99; 3]]));
    let manifest = stand.manifest(&terminal);
    let items = &manifest.campaigns[0].items;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let plays: Vec<Play> = (0..4)
        .map(|at: u32| {
            let item = &items[at as usize % 2];
            Play {
                seq: u64::from(at) + 1,
                number: PlayNumber::new(100 + at).unwrap(),
                content: PlayContent {
                    assignment: item.assignment,
                    campaign: "duel".to_owned(),
                    creative: item.creative,
                },
                boot: "boot".into(),
                start_boot_ms: 20_000 * u64::from(at),
                visible_ms: 10_000,
                outcome: Outcome::Complete,
                display: Display::Unknown,
            }
        })
        .collect();
    let anchor = Anchor {
        boot: "boot".into(),
        boot_ms: 0,
        wall_ms: now_ms - HOUR_MS,
    };
    let batch = PlayBatch::pack(Epoch(1), &plays, vec![anchor]);
    let store = stand.hub().store;
    let screen = terminal.credentials.screen;
    store.take_plays(screen, &batch, now_ms).unwrap();
    // The pages of both are opened, and only the second one's button is pressed.
    let open = |visitor: u8, play: u32| {
        let item = &items[(play as usize - 100) % 2];
        let path = terminal.scan_path(item.assignment, play);
        let own = location(&stand.visit(visitor, &path));
        stand.visit(visitor, &own);
        own
    };
    open(1, 100);
    open(2, 102);
    let own = open(3, 101);
    stand.visit(3, &format!("{own}/go"));
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let counted = || {
        let tallies = store.tallies(screen, &zone, now_ms + 25 * HOUR_MS).unwrap();
        let rows = tallies.unpack().unwrap();
        [0, 1].map(|at: usize| {
            let rows = rows
                .iter()
                .filter(|row| row.assignment == items[at].assignment);
            rows.fold(
                (0, None, None),
                |sum: (u32, Option<u32>, Option<u32>), row| {
                    let add = |sum: Option<u32>, of: Option<u32>| {
                        of.map(|of| sum.unwrap_or(0) + of).or(sum)
                    };
                    (
                        sum.0 + row.scanned,
                        add(sum.1, row.led_to.visited),
                        add(sum.2, row.led_to.pressed),
                    )
                },
            )
        })
    };
    assert_eq!(counted(), [(2, None, Some(0)), (1, None, Some(1))]);
    stand.publish(&stand.campaign("duel", &toml("visits"), &[[9; 3], [99; 3]]));
    assert_eq!(counted(), [(2, Some(2), None), (1, Some(1), None)]);
    // What was bought, but for what is taken back whole.
    stand.publish(&stand.campaign("duel", &toml("conversions"), &[[9; 3], [99; 3]]));
    let key = stand.json(&["conversion-key", "add", "duel", "--name", "shop"]);
    let buy = |id: &str, kind: &str, click: Option<&str>, order: Option<&str>| {
        let body = serde_json::json!({ "id": id, "kind": kind, "click": click, "order": order,
            "value": "5.00", "currency": "CNY" });
        let sent = stand.client.post(stand.address("/v1/conversions"));
        let sent = sent.bearer_auth(key["bearer"].as_str().unwrap());
        let answer = sent.body(body.to_string()).send().unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().unwrap());
    };
    let click = |visitor: u8, play: u32| {
        let target = location(&stand.visit(visitor, &format!("{}/go", open(visitor, play))));
        target.split_once("pclick=").unwrap().1.to_owned()
    };
    let bought = || {
        let tallies = store.tallies(screen, &zone, now_ms + 25 * HOUR_MS).unwrap();
        let rows = tallies.unpack().unwrap();
        assert!(rows.iter().all(|row| row.led_to.pressed.is_none()));
        [0, 1].map(|at: usize| {
            let of =
                |row: &&passerby_protocol::tally::Tally| row.assignment == items[at].assignment;
            let rows = rows.iter().filter(of);
            rows.map(|row| row.led_to.converted.unwrap()).sum::<u32>()
        })
    };
    assert_eq!(bought(), [0, 0]);
    let (first, second) = (click(1, 100), click(3, 101));
    buy("order-1", "purchase", Some(&first), None);
    buy("order-2", "purchase", Some(&first), None);
    buy("order-3", "purchase", Some(&second), None);
    assert_eq!(bought(), [1, 1], "a play counts once");
    buy("refund-2", "refund", None, Some("order-2"));
    assert_eq!(bought(), [1, 1]);
    buy("refund-1", "refund", None, Some("order-1"));
    assert_eq!(bought(), [0, 1]);
    stand.publish(&stand.campaign("duel", &toml("scans"), &[[9; 3], [99; 3]]));
    assert_eq!(counted(), [(2, None, None), (1, None, None)]);
}

#[test]
fn a_goal_is_shared_out_among_the_screens_and_anew_when_one_comes() {
    let stand = Stand::start();
    let one = stand.terminal("one");
    let toml = "title = 'Goal'\n[[phase]]\nname = 'p'\ngoal_plays = 101\ngoal_scans = 4\n";
    stand.publish(&stand.campaign("goal", toml, &[[9; 3]]));
    stand.publish(&stand.campaign("calm", "title = 'Calm'\n", &[[50; 3]]));
    let goals = |terminal: &crate::stand::Terminal| {
        let manifest = stand.manifest(terminal);
        let entry = manifest
            .campaigns
            .iter()
            .find(|entry| entry.id.as_str() == "goal");
        let phase = &entry.unwrap().campaign.phases[0];
        (manifest.version, phase.goal_plays, phase.goal_scans)
    };
    let (alone, plays, scans) = goals(&one);
    assert_eq!((plays, scans), (Some(101), Some(4)));
    let two = stand.terminal("two");
    let (shared, plays, scans) = goals(&one);
    assert_eq!((plays, scans), (Some(51), Some(2)));
    assert!(shared > alone, "the screen hears of it");
    assert_eq!(goals(&two).1, Some(51));
    assert_eq!(stand.report()["goals"][0]["goal_plays"], 101);
}
