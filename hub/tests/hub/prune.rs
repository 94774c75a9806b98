//! What is pruned beside a hub that serves: figures stay, whatever ends the work in its middle.

use passerby_hub::store::Table;
use passerby_hub::system::clock::{DAY_MS, HOUR_MS, now_ms};
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber};
use serde_json::{Value, json};

use crate::stand::Stand;

/// Days that are kept: two more than codes are accepted.
const KEEP: &str = "182";

fn play(seq: u64, content: PlayContent, start_boot_ms: u64) -> Play {
    Play {
        seq,
        number: PlayNumber::new(u32::try_from(seq).unwrap()).unwrap(),
        content,
        boot: "boot".into(),
        start_boot_ms,
        visible_ms: 9_500,
        outcome: Outcome::Complete,
        display: Display::On,
    }
}

fn local() -> PlayContent {
    PlayContent {
        assignment: Assignment::NONE,
        campaign: "demo".into(),
        creative: Digest([7; 32]),
    }
}

/// The figures, without the list of single chains.
fn figures(stand: &Stand) -> Value {
    let mut report = stand.report();
    report["chains"] = json!([]);
    report
}

#[test]
fn a_prune_that_was_killed_is_begun_again_and_no_figure_changes() {
    const PLAYS: u64 = 30_000;
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let store = stand.hub().store;
    let screen = terminal.credentials.screen;
    let (now, old) = (now_ms(), now_ms() - 200 * DAY_MS);
    let all: Vec<Play> = (1..=PLAYS)
        .map(|seq| play(seq, local(), 10_000 * seq))
        .collect();
    for plays in all.chunks(2_000) {
        let anchor = Anchor {
            boot: "boot".into(),
            boot_ms: 0,
            wall_ms: old - 5 * DAY_MS,
        };
        let batch = PlayBatch::pack(Epoch(1), plays, vec![anchor]);
        store.take_plays(screen, &batch, old).unwrap();
    }
    let before = figures(&stand);
    assert_eq!(before["plays"]["total"], PLAYS);
    let would = stand.json(&["prune", "--keep-days", KEEP, "--dry-run"]);
    assert_eq!(would["rows"]["plays"], PLAYS);
    assert_eq!(would["days"].as_array().unwrap().len(), 1);

    let left = || {
        let would = store.would_prune(182, 180, now).unwrap();
        would.rows.of(Table::Plays)
    };
    let mut last = PLAYS;
    for _ in 0..3 {
        let mut prune = stand
            .hub_command()
            .args(["prune", "--keep-days", KEEP, "--data"])
            .arg(stand.data())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while left() == last && prune.try_wait().unwrap().is_none() {}
        prune.kill().unwrap();
        prune.wait().unwrap();
        let now_left = left();
        eprintln!("{now_left} of {last} plays are left");
        assert!(now_left < last);
        last = now_left;
        assert_eq!(figures(&stand), before);
        stand.json(&["recount"]);
        // The hub goes on.
        assert_eq!(stand.visit(1, "/healthz-or-not").status(), 404);
    }
    let pruned = stand.json(&["prune", "--keep-days", KEEP]);
    assert_eq!(pruned["rows"]["plays"], last);
    assert_eq!(left(), 0);
    let sent = stand.send_plays(&terminal, &all[all.len() - 10..], Vec::new());
    assert_eq!(sent.status(), 200);
    let mut after = figures(&stand);
    after["screens"] = before["screens"].clone();
    assert_eq!(after, before);
    stand.json(&["recount"]);

    let refused = stand.command(&["prune", "--keep-days", "181"]);
    assert_eq!(refused.status.code(), Some(2));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        why.starts_with("keep 182 days or more: codes are accepted for 180"),
        "{why}"
    );
}

#[test]
fn goals_stay_also_where_days_begin_in_the_middle_of_an_hour() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let old = now_ms() - 200 * DAY_MS;
    // A day in India begins at 18:30 UTC of the day before.
    let begin_ms = old.div_euclid(DAY_MS) * DAY_MS + 18 * HOUR_MS + HOUR_MS / 2;
    let day = jiff::Timestamp::from_millisecond(begin_ms + 6 * HOUR_MS).unwrap();
    let day = day.to_zoned(jiff::tz::TimeZone::UTC).date();
    let toml = format!(
        "title = 'Goal'\ntarget = 'https://goal.example/'\n[[phase]]\nname = 'p'\nfrom = {day}\nuntil = {day}\ngoal_plays = 9\ngoal_scans = 9\n"
    );
    stand.publish(&stand.campaign("goal", &toml, &[[9; 3]]));
    let manifest = stand.manifest(&terminal);
    let entry = &manifest.campaigns[0];
    let content = PlayContent {
        assignment: entry.items[0].assignment,
        campaign: entry.id.to_string(),
        creative: entry.items[0].creative,
    };
    // Plays every ten minutes, from two hours before that day until ten minutes after it.
    let plays: Vec<Play> = (0..26 * 6 + 2)
        .map(|at: u64| play(at + 1, content.clone(), at * 600_000))
        .collect();
    let anchor = Anchor {
        boot: "boot".into(),
        boot_ms: 0,
        wall_ms: begin_ms - 2 * HOUR_MS,
    };
    let store = stand.hub().store;
    let batch = PlayBatch::pack(Epoch(1), &plays, vec![anchor]);
    let screen = terminal.credentials.screen;
    store.take_plays(screen, &batch, old + 2 * DAY_MS).unwrap();
    let goals = || {
        let command = |arguments: &[&str]| {
            let output = stand
                .hub_command()
                .env("TZ", "IST-5:30")
                .args(arguments)
                .arg("--data")
                .arg(stand.data())
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            serde_json::from_slice::<Value>(&output.stdout).unwrap()
        };
        let report = command(&["report", "--json"]);
        let pruned = command(&["prune", "--keep-days", KEEP, "--json"]);
        (
            report["goals"][0]["plays"].clone(),
            pruned["rows"]["plays"].clone(),
        )
    };
    assert_eq!(goals(), (json!(144), json!(158)));
    assert_eq!(goals(), (json!(144), json!(0)));
}
