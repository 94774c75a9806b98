//! Each section of `kiosk.toml` is read, and its mistakes are named with their lines.

use super::*;
use crate::settings::hub_address::is_safe;

#[test]
fn an_example_with_every_section_is_read() {
    let text = "[screen]\nname = \"Metro line 2, exit B\"\nsize_cm = [122, 69]\nviewing_distance_m = 3\nrotation = 0\ntimezone = \"Asia/Shanghai\"\n\
                [content]\nfolders = [\"assets/demo\"]\nseconds = 10\n[hub]\nurl = \"https://hub.example\"\n[data]\ndir = \"data\"\n[local]\nlisten = \"127.0.0.1:8421\"\n";
    let config = Config::parse("kiosk.toml", text).expect("good");
    assert_eq!(config.size_cm, Some([122.0, 69.0]));
    assert_eq!(
        config.hub,
        Some(HubConfig {
            url: "https://hub.example".into(),
            ..HubConfig::default()
        })
    );
    assert!(
        Config::parse("kiosk.toml", "").is_ok(),
        "every key is optional"
    );
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let text = "[screen]\nrotation = 45\ntimezone = 'Mars/Base'\ncolour = 1\n[content]\nseconds = 0\n[hub]\nurl = 'http://hub.example'\n[local]\nlisten = '0.0.0.0'\n";
    let problems = Config::parse("kiosk.toml", text).expect_err("five");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 4, 6, 8, 10], "{problems:#?}");
}

#[test]
fn what_draws_is_chosen_by_a_word_and_by_the_machine_without_one() {
    let draw = |text: &str| Config::parse("kiosk.toml", text).map(|config| config.draw);
    assert_eq!(draw(""), Ok(Drawing::Auto));
    for (word, wanted) in Drawing::WORDS {
        assert_eq!(draw(&format!("[screen]\ndraw = '{word}'\n")), Ok(wanted));
    }
    let problems = draw("[screen]\ndraw = 'CPU'\n").expect_err("no such word");
    assert!(problems[0].message.contains("\"cpu\""), "{problems:?}");
}

#[test]
fn a_local_page_for_others_is_allowed_and_a_weak_token_is_refused_without_being_repeated() {
    let open = "[local]\nlisten = '0.0.0.0:8421'\n";
    let config = Config::parse("kiosk.toml", open).expect("a token is made at the start");
    assert_eq!((config.listen.port(), config.page_token), (8421, None));
    let chosen = format!("{open}token = 'correct-horse-battery'\n");
    let config = Config::parse("kiosk.toml", &chosen).expect("good");
    assert!(config.page_token.is_some());
    let weak = format!("{open}token = 'letmein'\n");
    let problems = Config::parse("kiosk.toml", &weak).expect_err("weak");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "kiosk.toml:3: local.token cannot be used: it has 7 characters, fewer than 16; use at least 16 letters, digits, - or _, such as \"correct-horse-battery\", or take the key out and one is made"
        ]
    );
    for bad in [
        "token = 1\n",
        "token = 'sixteen letters ok'\n",
        "password = 'x'\n",
    ] {
        assert!(
            Config::parse("kiosk.toml", &format!("{open}{bad}")).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn sound_layout_and_fonts_are_read_and_their_mistakes_named() {
    let text = "[screen]\nsound = { hours = ['mon-sun 09:00-20:00'], volume = 40 }\n[content]\nfonts = ['type']\n\
                [layout]\nkind = 'main-ticker'\nbackground = '#102030'\n";
    let config = Config::parse("kiosk.toml", text).expect("good");
    let sound = config.sound.expect("sound");
    assert_eq!((sound.volume_percent, sound.format.as_str()), (40, "alsa"));
    assert_eq!(config.fonts, [PathBuf::from("type")]);
    assert!(config.layout.has("ticker") && !config.layout.has("side"));
    assert_eq!(
        Config::default().sound,
        None,
        "silent unless told otherwise"
    );
    let text = "[screen]\n[screen.sound]\nhours = ['always']\nvolume = 101\nformat = 'oss'\nloud = 1\n[content]\nfonts = 1\n";
    let problems = Config::parse("kiosk.toml", text).expect_err("five");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 8], "{problems:#?}");
}

#[test]
fn what_pages_may_do_is_read_and_its_mistakes_named() {
    let text =
        "[pages]\nprivate_hosts = ['board.lan', '192.168.1.20:8080']\nuser = 'kiosk-pages'\n";
    let pages = Config::parse("kiosk.toml", text).expect("good").pages;
    assert!(pages.private_hosts[0].allows("board.lan", 80));
    assert!(!pages.private_hosts[1].allows("192.168.1.20", 80));
    assert_eq!(pages.user.as_deref(), Some("kiosk-pages"));
    assert_eq!(Config::default().pages.private_hosts, []);
    let text = "[pages]\nprivate_hosts = ['http://board.lan/']\nuser = 'root'\nproxy = 1\n";
    let problems = Config::parse("kiosk.toml", text).expect_err("three");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 4], "{problems:#?}");
}

#[test]
fn how_a_screen_is_looked_at_is_read_and_its_mistakes_named() {
    let text = "[screen]\nled_pitch_mm = 3.9\ncontrast = 20\nscan_seconds = 5\nlanguages = ['ja', 'en-GB']\n";
    let config = Config::parse("kiosk.toml", text).expect("good");
    let screen = config.geometry(640, 360);
    assert_eq!(
        (screen.led_pitch_mm, screen.contrast, screen.scan_time),
        (Some(3.9), Some(20.0), Duration::from_secs(5))
    );
    assert_eq!(config.languages, ["ja", "en-GB"]);
    let text = "[screen]\nled_pitch_mm = 0\ncontrast = 'high'\nscan_seconds = 0\nlanguages = ['English',\n'中文']\n[[override]]\ncampaign='a'\n";
    let problems = Config::parse("kiosk.toml", text).expect_err("five");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 5, 6], "{problems:#?}");
    assert!(
        Config::parse("kiosk.toml", "[screen]\nlanguages = []\n").is_err(),
        "nobody speaks nothing"
    );
}

#[test]
fn opening_hours_are_read_and_their_mistakes_named() {
    let text = "[screen]\ntimezone = 'Asia/Shanghai'\n[venue]\ntags = ['metro']\nopen = ['mon-sat 08:00-22:00']\n\
                closed = [2026-12-25, '12-26', '2026-02-16..2026-02-22']\n";
    let config = Config::parse("kiosk.toml", text).expect("good");
    let open = |text: &str| {
        let now = text.parse().expect("instant");
        config.opening.at(now, &config.time_zone).open
    };
    // Thursday 2026-12-24 at nine in the evening, then at eleven; Friday and Saturday are
    // holidays.
    assert!(open("2026-12-24T13:00:00Z") && !open("2026-12-24T15:00:00Z"));
    assert!(!open("2026-12-25T13:00:00Z") && !open("2026-12-26T13:00:00Z"));
    assert!(Config::default().opening.is_always());
    let text = "[venue]\nopen = ['mon 8-22']\nclosed = [1,\n'30-12',\n'2026-12-26..2026-12-24']\nopens = 1\n";
    let problems = Config::parse("kiosk.toml", text).expect_err("five");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let closed = "use a date such as 2026-12-25, a day of every year such as \"12-25\", or a span of either such as \"2026-02-16..2026-02-22\"";
    assert_eq!(
        shown,
        [
            "kiosk.toml:2: venue.open has \"mon 8-22\": not days and hours such as \"mon-fri 07:00-10:00\", \"sat,sun 10:00-24:00\" or \"22:00-02:00\"; use days and hours such as \"mon-sat 08:00-22:00\"".to_owned(),
            format!("kiosk.toml:3: venue.closed has 1; {closed}"),
            format!("kiosk.toml:4: venue.closed has \"30-12\": not a day of the calendar; {closed}"),
            format!("kiosk.toml:5: venue.closed has \"2026-12-26..2026-12-24\": it ends before it begins; {closed}"),
            "kiosk.toml:6: unknown key \"opens\" in venue; known keys are closed, name, open, tags".to_owned(),
        ]
    );
}

#[test]
fn the_caches_size_is_read_and_its_mistakes_named() {
    let config = Config::parse("kiosk.toml", "[data]\ncache_mb = 512\n").expect("good");
    assert_eq!(config.cache.bytes_max, 512 << 20);
    assert_eq!(Config::default().cache.bytes_max, 4 << 30);
    for bad in [
        "cache_mb = 0",
        "cache_mb = -1",
        "cache_mb = '4 GB'",
        "cache_mb = 1.5",
    ] {
        let problems = Config::parse("kiosk.toml", &format!("[data]\n{bad}\n"));
        let problems = problems.expect_err("no size");
        assert_eq!((problems.len(), problems[0].line), (1, 2), "{problems:?}");
    }
}

#[test]
fn overrides_are_read_and_their_mistakes_named() {
    let text = "[[override]]\ncampaign = 'cafe'\nplacement = 2\nweight = 3\nseconds = 4\n[[override]]\ncampaign = 'news'\nair = false\n";
    let config = Config::parse("kiosk.toml", text).expect("good");
    let own = &config.rules().overrides;
    assert_eq!(
        (own[0].placement, own[0].weight, own[0].dwell_ms),
        (Some(2), Some(3), Some(4_000))
    );
    assert_eq!((own[1].air, own[1].placement), (false, None));
    let bad =
        "[[override]]\nplacement = 0\n[[override]]\ncampaign = 'a'\nweight = 0\nshow = true\n";
    let problems = Config::parse("kiosk.toml", bad).expect_err("many");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 5, 6], "{problems:#?}");
}

#[test]
fn what_the_ledger_keeps_is_read_and_its_mistakes_named() {
    let text = "[data]\ncommit_seconds = 60\nledger_mb = 32\nkeep_plays = 0\n";
    let config = Config::parse("kiosk.toml", text).expect("good");
    let keeps = (config.ledger.bytes_max, config.ledger.acked_rows_kept);
    assert_eq!((config.commit_ms, keeps), (60_000, (32 << 20, 0)));
    let (default, limits) = (Config::default(), Limits::default());
    assert_eq!((default.commit_ms, default.ledger), (0, limits));
    let text = "[data]\ncommit_seconds = 601\nledger_mb = 1\nkeep_plays = 'all'\nkeep_days = 3\n";
    let problems = Config::parse("kiosk.toml", text).expect_err("four");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 4, 5], "{problems:#?}");
}

#[test]
fn a_budget_and_a_private_root_are_read_and_their_mistakes_named() {
    let text = "[hub]\nurl = 'https://hub.example'\nca = 'root.pem'\ndaily_mb = 50\n";
    let hub = Config::parse("kiosk.toml", text).expect("good").hub;
    let hub = hub.expect("a hub");
    assert_eq!(
        (hub.ca, hub.daily_bytes),
        (Some("root.pem".into()), Some(50_000_000))
    );
    let text = "[hub]\nurl = 'https://hub.example'\nca = 1\ndaily_mb = 0\n";
    let problems = Config::parse("kiosk.toml", text).expect_err("two");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 4], "{problems:#?}");
}

#[test]
fn plain_http_needs_loopback_or_a_word() {
    assert!(
        is_safe("http://127.0.0.1:8420")
            && is_safe("http://[::1]:1")
            && is_safe("http://localhost")
    );
    assert!(!is_safe("http://10.0.0.1") && !is_safe("http://127.0.0.1.evil.example"));
    assert!(
        Config::parse(
            "k",
            "[hub]\nurl = 'http://10.0.0.1'\nallow_plain_http = true\n"
        )
        .is_ok()
    );
}
