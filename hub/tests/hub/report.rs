//! `passerby-hub report`: names beside numbers, lines by day or whatever, and tables for
//! spreadsheets.

use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
use passerby_protocol::{Assignment, Digest, PlayNumber};
use serde_json::{Value, json};

use crate::stand::{Stand, Terminal, png};

/// When the boot of the plays began: 2026-03-01T15:40Z.
const START_MS: i64 = 1_772_379_600_000;
const TITLE: &str = "=爵士, \"今晚\"";

/// A hub with a screen and a campaign whose names spreadsheets and windows stumble over.
struct Street {
    stand: Stand,
    terminal: Terminal,
    content: PlayContent,
}

impl Street {
    fn start() -> Self {
        let stand = Stand::start();
        let terminal = stand.terminal("+exit \"B\", north");
        let toml = format!(
            "title = '{TITLE}'\ntarget = 'https://jazz.example/'\n[[placement]]\ncreative = '=1+2, 周五.png'\n"
        );
        let folder = stand.campaign("=爵士", &toml, &[]);
        let file = std::path::Path::new(&folder).join("=1+2, 周五.png");
        std::fs::write(file, png([90; 3])).unwrap();
        stand.publish(&folder);
        let manifest = stand.manifest(&terminal);
        let entry = &manifest.campaigns[0];
        let content = PlayContent {
            assignment: entry.items[0].assignment,
            campaign: entry.id.to_string(),
            creative: entry.items[0].creative,
        };
        Self {
            stand,
            terminal,
            content,
        }
    }

    /// Sends three dated plays of the campaign, two of a folder on the screen with the same name,
    /// and one that has no date.
    fn play(&self) {
        let local = PlayContent {
            assignment: Assignment::NONE,
            creative: Digest([5; 32]),
            ..self.content.clone()
        };
        let plays: Vec<Play> = [
            (&self.content, "a"),
            (&self.content, "a"),
            (&self.content, "a"),
            (&local, "a"),
            (&local, "a"),
            (&self.content, "b"),
        ]
        .into_iter()
        .zip(1_u32..)
        .map(|((content, boot), number)| Play {
            seq: u64::from(number),
            number: PlayNumber::new(number).unwrap(),
            content: content.clone(),
            boot: boot.to_owned(),
            start_boot_ms: u64::from(number) * 600_000,
            visible_ms: 540_000,
            outcome: Outcome::Complete,
            display: Display::Unknown,
        })
        .collect();
        let anchor = Anchor {
            boot: "a".into(),
            boot_ms: 0,
            wall_ms: START_MS,
        };
        let sent = self.stand.send_plays(&self.terminal, &plays, vec![anchor]);
        assert_eq!(sent.status(), 200);
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.stand.command(&[&["report"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.stand.command(&[&["report"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    }

    fn rows(&self, arguments: &[&str]) -> Value {
        let arguments = [&["report"], arguments].concat();
        self.stand.json(&arguments)["rows"].clone()
    }
}

#[test]
fn a_report_says_what_people_call_things_with_numbers_and_digests_beside() {
    let street = Street::start();
    street.play();
    let digest = street.content.creative.to_string();
    let screen = street.terminal.credentials.screen;
    let report = street.stand.report();
    assert_eq!(
        report["names"],
        json!({
            "screens": { screen.to_string(): "+exit \"B\", north" },
            "campaigns": { "=爵士": TITLE },
            "creatives": { &digest: [{ "campaign": "=爵士", "file": "=1+2, 周五.png" }] },
        })
    );
    assert_eq!(report["plays"]["by_creative"], json!({ &digest: 4 }));
    let text = street.text(&[]);
    for line in [
        format!("        6         0         0  +exit \"B\", north (screen {screen})\n"),
        format!("        4         0         0  {TITLE} (=爵士)\n"),
        format!(
            "        4         0         0  =1+2, 周五.png (=爵士) {}\n",
            &digest[..12]
        ),
    ] {
        assert!(text.contains(&line), "{line:?} in {text}");
    }

    // A file that was replaced keeps its name.
    let folder = street.stand.campaign("=爵士", "", &[[3; 3]]);
    let toml = format!("title = '{TITLE}'\n[[placement]]\ncreative = '0.png'\n");
    std::fs::write(std::path::Path::new(&folder).join("campaign.toml"), toml).unwrap();
    street.stand.publish(&folder);
    let creatives = &street.stand.report()["names"]["creatives"];
    assert_eq!(creatives[&digest][0]["file"], "=1+2, 周五.png");
    assert_eq!(creatives.as_object().unwrap().len(), 2);
}

#[test]
fn lines_by_screen_campaign_and_creative_add_up_to_the_report() {
    let street = Street::start();
    street.play();
    let (digest, screen) = (
        street.content.creative.to_string(),
        street.terminal.credentials.screen,
    );
    let figures = |plays: u64| {
        json!({
            "plays": plays, "visible_ms": plays * 540_000, "scans": 0, "visits": 0, "presses": 0, "shares": 0,
            "conversions": 0, "value": {}, "fans": { "new": 0, "gone": 0, "returns": 0 },
        })
    };
    let with = |mut about: Value, plays: u64| {
        let figures = figures(plays).as_object().unwrap().clone();
        about.as_object_mut().unwrap().extend(figures);
        about
    };
    let of_creative = |about: Value, plays: u64| {
        let mut row = with(about, plays);
        row["fans"] = Value::Null;
        row
    };
    assert_eq!(
        street.rows(&["--by", "screen"]),
        json!([with(
            json!({ "screen": screen, "name": "+exit \"B\", north" }),
            6
        )])
    );
    assert_eq!(
        street.rows(&["--by", "campaign"]),
        json!([
            with(
                json!({ "campaign": "=爵士", "of": "hub", "title": TITLE }),
                4
            ),
            with(
                json!({ "campaign": "=爵士", "of": "local", "title": null }),
                2
            ),
        ])
    );
    let files = json!([{ "campaign": "=爵士", "file": "=1+2, 周五.png" }]);
    assert_eq!(
        street.rows(&["--by", "creative"]),
        json!([
            of_creative(
                json!({ "creative": digest, "of": "hub", "files": files }),
                4
            ),
            of_creative(json!({ "creative": null, "of": "local" }), 2),
        ])
    );
    assert_eq!(
        street.rows(&[
            "--by",
            "campaign",
            "--campaign",
            "=爵士",
            "--screen",
            &screen.to_string()
        ]),
        json!([with(
            json!({ "campaign": "=爵士", "of": "hub", "title": TITLE }),
            4
        )])
    );
    let undated = street.rows(&["--by", "weekday"]);
    assert_eq!(undated.as_array().unwrap().len(), 8, "seven and one");
    assert_eq!(
        undated[7],
        with(json!({ "weekday": null, "of": "undated" }), 1)
    );
    let text = street.text(&["--by", "campaign"]);
    let width = |line: &str| unicode_width::UnicodeWidthStr::width(line);
    let table: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(table.len(), 4, "{text}");
    assert!(table.iter().all(|line| width(line) == 100), "{text}");
    assert!(table[1].starts_with(&format!("{TITLE} (=爵士)")), "{text}");
    assert!(
        table[2].starts_with("=爵士, a folder on a screen"),
        "{text}"
    );
}

#[test]
fn a_spreadsheet_gets_a_table_in_which_no_name_is_run() {
    let street = Street::start();
    street.play();
    let digest = street.content.creative.to_string();
    let screen = street.terminal.credentials.screen;
    let figures = "plays,visible_ms,scans,visits,presses,shares,conversions,value";
    let fans = "fans_new,fans_gone,fans_returns";
    assert_eq!(
        street.text(&["--by", "screen", "--format", "csv"]),
        format!(
            "\u{feff}screen,name,{figures},{fans}\r\n\
             {screen},\"'+exit \"\"B\"\", north\",6,3240000,0,0,0,0,0,,0,0,0\r\n"
        )
    );
    assert_eq!(
        street.text(&["--by", "campaign", "--format", "csv"]),
        format!(
            "\u{feff}campaign,title,{figures},{fans}\r\n\
             '=爵士,\"'=爵士, \"\"今晚\"\"\",4,2160000,0,0,0,0,0,,0,0,0\r\n\
             '=爵士,\"a folder on a screen\",2,1080000,0,0,0,0,0,,0,0,0\r\n"
        )
    );
    assert_eq!(
        street.text(&["--by", "creative", "--format", "csv"]),
        format!(
            "\u{feff}creative,files,{figures}\r\n{digest},\"'=1+2, 周五.png (=爵士)\",4,2160000,0,0,0,0,0,\r\n\
             ,\"folders on the screens themselves\",2,1080000,0,0,0,0,0,\r\n"
        )
    );
}

#[test]
fn what_cannot_be_said_is_refused_with_one_sentence() {
    let street = Street::start();
    for (arguments, told) in [
        (&["--format", "csv"][..], "--by"),
        (&["--by", "day", "--campaign", "nobody"], "nobody"),
        (&["--by", "day", "--screen", "99"], "screen 99"),
        (
            &[
                "--by",
                "day",
                "--from",
                "2028-03-02",
                "--until",
                "2028-03-01",
            ],
            "2028-03-01, is before the first, 2028-03-02",
        ),
    ] {
        let said = street.refused(arguments);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(told), "{said}");
    }
    // By the command line itself.
    for arguments in [
        &["--from", "2028-03-01"][..],
        &["--by", "month"],
        &["--by", "day", "--from", "yesterday"],
        &["--by", "day", "--format", "csv", "--json"],
    ] {
        assert!(!street.refused(arguments).is_empty());
    }
}

#[test]
fn days_and_hours_are_those_of_the_machine() {
    let street = Street::start();
    street.play();
    let in_zone = |zone: &str, arguments: &[&str]| {
        let mut command = street.stand.hub_command();
        command.args(["report", "--json"]).args(arguments);
        let output = command
            .arg("--data")
            .arg(street.stand.data())
            .env("TZ", zone)
            .output()
            .unwrap();
        serde_json::from_slice::<Value>(&output.stdout)
            .unwrap_or_else(|_| Value::from(String::from_utf8(output.stderr).unwrap()))
    };
    for zone in ["UTC", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu"] {
        let local = |play: i64| {
            let at = jiff::Timestamp::from_millisecond(START_MS + play * 600_000).unwrap();
            at.in_tz(zone).unwrap()
        };
        let days = in_zone(zone, &["--by", "day"]);
        assert_eq!(days["time_zone"], zone);
        let found: u64 = days["rows"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["day"] == local(1).date().to_string())
            .map(|row| row["plays"].as_u64().unwrap())
            .sum();
        let on_day = (1..=5).filter(|&play| local(play).date() == local(1).date());
        assert_eq!(found, on_day.count() as u64, "{zone}");
        let hours = in_zone(zone, &["--by", "hour"]);
        let hour = usize::try_from(local(1).hour()).unwrap();
        let in_hour = (1..=5).filter(|&play| local(play).hour() == local(1).hour());
        assert_eq!(hours["rows"][hour]["plays"], in_hour.count(), "{zone}");
    }
    let dates = ["--by", "creative", "--from", "2020-01-01"];
    // On one screen they are counted by whole hours.
    let refused = in_zone("Asia/Kolkata", &[&dates[..], &["--screen", "1"]].concat());
    let said = refused.as_str().unwrap();
    assert!(
        said.contains("Asia/Kolkata") && said.contains("--by campaign"),
        "{said}"
    );
    for zone in ["Asia/Shanghai", "Asia/Kolkata"] {
        assert_eq!(in_zone(zone, &dates)["total"]["plays"], 5, "{zone}");
    }
}
