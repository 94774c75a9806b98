//! Plays that a terminal says it made, of what its screen was never given, and under names that are
//! none.

use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
use passerby_protocol::{Assignment, Digest, PlayNumber};

use crate::attack::Attacked;
use crate::stand::{Stand, Terminal};

fn plays(content: &PlayContent, from: u32, count: u32) -> Vec<Play> {
    (from..from + count)
        .zip(u64::from(from)..)
        .map(|(number, seq)| Play {
            seq,
            number: PlayNumber::new(number).unwrap(),
            content: content.clone(),
            boot: "boot".into(),
            start_boot_ms: 10_000 * seq,
            visible_ms: 9_900,
            outcome: Outcome::Complete,
            display: Display::Unknown,
        })
        .collect()
}

fn only_on(stand: &Stand, terminal: &Terminal, name: &str) -> PlayContent {
    let toml = "title = 'Goal'\n[[phase]]\nname = 'p'\ngoal_plays = 9\n";
    let folder = stand.campaign(name, toml, &[[70; 3]]);
    let screen = terminal.credentials.screen.to_string();
    stand.json(&["publish", &folder, "--screen", &screen]);
    let campaigns = stand.manifest(terminal).campaigns;
    let entry = campaigns.iter().find(|entry| entry.id.as_str() == name);
    let item = &entry.unwrap().items[0];
    PlayContent {
        assignment: item.assignment,
        campaign: name.to_owned(),
        creative: item.creative,
    }
}

#[test]
fn plays_of_what_another_screen_was_given_stand_apart() {
    let attacked = Attacked::start("invented plays");
    let stand = &attacked.stand;
    let (one, two) = (&attacked.terminal, stand.terminal("two"));
    let given = only_on(stand, one, "given");
    let invented = Digest([0xee; 32]);
    // The number of another's assignment, of an own one, of none; the right picture and an invented
    // one.
    let own = stand.manifest(&two).campaigns[0].items[0].assignment;
    let mut from = 1;
    for (assignment, creative) in [
        (given.assignment, given.creative),
        (given.assignment, invented),
        (own, given.creative),
        (own, invented),
        (Assignment::new(999).unwrap(), invented),
    ] {
        let content = PlayContent {
            assignment,
            campaign: "given".into(),
            creative,
        };
        let sent = stand.send_plays(&two, &plays(&content, from, 1_000), vec![]);
        assert_eq!(sent.status(), 200);
        from += 1_000;
    }
    let report = stand.report();
    let counts = &report["plays"];
    assert_eq!(counts["total"], 0, "{counts:#}");
    assert_eq!(counts["unassigned"]["total"], 5_000);
    assert_eq!(
        counts["unassigned"]["by_screen"][two.credentials.screen.to_string()],
        5_000
    );
    for name in ["by_screen", "by_campaign", "by_creative", "by_outcome"] {
        assert_eq!(counts[name], serde_json::json!({}), "{name}");
    }
    assert_eq!(report["goals"][0]["plays"], 0);
    let text = stand.command(&["report"]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("  not assigned by this hub      5000   of what this hub has not given"),
        "{text}"
    );

    // The screen that has it reports it as ever, also after it was taken off.
    assert_eq!(
        stand.send_plays(one, &plays(&given, 1, 3), vec![]).status(),
        200
    );
    stand.json(&["unpublish", "given"]);
    assert_eq!(
        stand.send_plays(one, &plays(&given, 4, 2), vec![]).status(),
        200
    );
    let counts = &stand.report()["plays"];
    assert_eq!(
        (&counts["total"], &counts["by_campaign"]["given"]),
        (&5.into(), &5.into())
    );
    assert_eq!(counts["by_creative"][given.creative.to_string()], 5);
}

#[test]
fn a_folder_on_a_screen_never_passes_for_the_hubs_campaign_of_its_name() {
    let attacked = Attacked::start("invented plays");
    let stand = &attacked.stand;
    let given = only_on(stand, &attacked.terminal, "given");
    let local = PlayContent {
        assignment: Assignment::NONE,
        ..given
    };
    let sent = stand.send_plays(&attacked.terminal, &plays(&local, 1, 7), vec![]);
    assert_eq!(sent.status(), 200);
    let report = stand.report();
    let counts = &report["plays"];
    assert_eq!(
        (&counts["total"], &counts["local"]["total"]),
        (&7.into(), &7.into())
    );
    assert_eq!(counts["local"]["by_campaign"]["given"], 7);
    assert_eq!(counts["by_campaign"], serde_json::json!({}));
    assert_eq!(counts["by_creative"], serde_json::json!({}));
    assert_eq!(report["goals"][0]["plays"], 0);
}

#[test]
fn names_that_write_over_a_terminal_window_are_refused_and_older_ones_written_out() {
    let attacked = Attacked::start("invented plays");
    let stand = &attacked.stand;
    for campaign in [
        "\u{1b}[2J\u{1b}[31mroot",
        "a\nplays   999999",
        "a\u{9b}2J",
        "\u{7}",
    ] {
        let content = PlayContent {
            assignment: Assignment::NONE,
            campaign: campaign.into(),
            creative: Digest([7; 32]),
        };
        let sent = stand.send_plays(&attacked.terminal, &plays(&content, 1, 3), vec![]);
        assert_eq!(sent.status(), 422, "{campaign:?}");
    }
    // A name that turns text around can be that of a folder; it is kept without.
    let content = PlayContent {
        assignment: Assignment::NONE,
        campaign: "sale\u{202e}gnp".into(),
        creative: Digest([7; 32]),
    };
    let sent = stand.send_plays(&attacked.terminal, &plays(&content, 1, 1), vec![]);
    assert_eq!(sent.status(), 200);
    // What an older hub has stored.
    let database = rusqlite::Connection::open(stand.data().join("hub.db")).unwrap();
    let changed = database.execute("UPDATE contents SET campaign = ?1", ["\u{1b}[2Jold\nplays"]);
    assert_eq!(changed.unwrap(), 1);
    for (arguments, written_out) in [
        (&["report"][..], r"\u{1b}[2Jold\u{a}plays"),
        (&["report", "--json"], "[2Jold"),
    ] {
        let output = stand.command(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(hidden), "{text:?}");
        assert!(text.contains(written_out), "{text}");
    }
}
