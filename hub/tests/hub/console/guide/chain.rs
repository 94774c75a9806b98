//! A small chain of cafés: its screens, campaigns, people, plays and scans, always the same.

use std::path::{Path, PathBuf};

use passerby_hub::alerts::check;
use passerby_hub::drafts::desk;
use passerby_hub::drafts::file::Received;
use passerby_hub::people::{Actor, OneTimeKey, Right, Role, Scope};
use passerby_hub::publish::conversion::Reason;
use passerby_hub::store::{AlertKind, AlertWords, HubOperator, ScreenChange};
use passerby_protocol::last_frame::FrameNote;
use passerby_protocol::plays::PlayContent;
use passerby_protocol::{CampaignId, Manifest, ScreenNumber};
use passerby_testing::faketime;
use serde_json::{Value, json};

use crate::stand::{PHONE, Stand, Terminal, film, location};

/// Somebody looks at the console on this Friday evening.
pub(super) const NOW: &str = "2026-12-04 18:30:00";
/// The same as Unix time, in Shanghai.
pub(super) const NOW_MS: i64 = 1_796_380_200_000;
/// The chain opened its hub on the Saturday before, in the morning.
pub(super) const BEGUN: &str = "2026-11-28 08:00:00";
const HOUR_MS: i64 = 3_600_000;
/// The campaigns that are on the air all week.
pub(super) const AIRING: [&str; 3] = [
    "friday-night-jazz",
    "after-the-last-train",
    "clay-and-light",
];
/// The draft whose films are being made ready.
const WINDOW: &str = "christmas-window";
/// The campaign to whose publisher people say something, and what.
const SPOKEN_TO: &str = "after-the-last-train";
const VOICES: [&str; 3] = [
    "读到第三站坐过了头，值得。",
    "Missed my stop at West Bund, and not sorry at all.",
    "猫后来怎么样了？",
];
/// The owner's password, and everybody's.
pub(super) const PASSWORD: &str = "correct horse battery";
const ME: Actor = Actor::COMMAND_LINE;

/// The screens: name, group, tags, pixels, hours since it was heard of.
const SCREENS: [(&str, &str, &str, [u32; 2]); 5] = [
    (
        "武康路店 · 橱窗 Wukang Road, window",
        "上海 Shanghai",
        "橱窗",
        [1920, 1080],
    ),
    (
        "陆家嘴店 · 入口 Lujiazui, entrance",
        "上海 Shanghai",
        "入口",
        [1920, 1080],
    ),
    (
        "西岸店 · 竖屏 West Bund, portrait",
        "上海 Shanghai",
        "竖屏",
        [1080, 1920],
    ),
    (
        "太古里店 · 吧台 Taikoo Li, counter",
        "成都 Chengdu",
        "吧台",
        [1920, 1080],
    ),
    (
        "玉林店 · 橱窗 Yulin, window",
        "成都 Chengdu",
        "橱窗",
        [1280, 720],
    ),
];

/// What the hub's processes need to have it this time, which does not go on.
pub(super) fn clock_at(time: &str) -> Vec<(String, String)> {
    let preload = faketime();
    let variables = [
        ("LD_PRELOAD", preload.to_str().unwrap()),
        ("FAKETIME", time),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
        ("TZ", "Asia/Shanghai"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    variables.to_vec()
}

fn demo(name: &str) -> String {
    let folder = format!("{}/../assets/demo/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::canonicalize(folder)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// What a screen has played so far.
#[derive(Default)]
pub(super) struct Played {
    /// Up to this minute since the hub was opened.
    pub(super) minute: i64,
    /// The number of its last play.
    pub(super) number: u32,
    /// What was on it just now: numbers, and the minutes at which they began.
    pub(super) newest: Vec<(PlayContent, u32, i64)>,
}

/// Fills a hub that has an owner.
pub(super) struct Chain<'s> {
    pub(super) stand: &'s mut Stand,
    pub(super) terminals: Vec<Terminal>,
    pub(super) played: Vec<Played>,
    /// How many people have scanned.
    pub(super) people: u32,
    pub(super) moments: usize,
    token: String,
    /// The key of the shop that sells seats for the jazz.
    shop: String,
}

impl<'s> Chain<'s> {
    pub(super) fn open(stand: &'s mut Stand) -> Self {
        let store = stand.hub().store;
        let owner = store.person_named("陈路 Chen Lu").unwrap();
        let owner = owner.expect("the owner has come in").0.id;
        let rights = Right::ALL.into_iter().collect();
        let ends_ms = NOW_MS + 90 * 24 * HOUR_MS;
        let token = store.make_token(&ME, (owner, "收银系统 Till"), &rights, ends_ms, NOW_MS);
        Self {
            token: token.unwrap().as_str().to_owned(),
            terminals: Vec::new(),
            played: Vec::new(),
            people: 0,
            moments: 0,
            shop: String::new(),
            stand,
        }
    }

    /// Fills everything; the hub's clock shows [`NOW`] when it is done.
    pub(super) fn fill(&mut self) {
        self.screens();
        self.campaigns();
        self.shops();
        self.week();
        self.say();
        self.voices();
        self.operator();
        self.frames();
        self.alerts();
        self.people();
        self.drafts();
        self.films();
    }

    /// Makes a call for programs.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let address = self.stand.address(&format!("/api/v1{path}"));
        let mut request = (self.stand.client)
            .request(method.parse().unwrap(), address)
            .bearer_auth(&self.token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().unwrap();
        let status = answer.status();
        let text = answer.text().unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn screens(&mut self) {
        for (name, group, tag, _) in SCREENS {
            let terminal = self.stand.terminal(name);
            let change = ScreenChange {
                group: Some(Some(group.to_owned())),
                tags: Some([tag.to_owned()].into()),
                name: None,
                place: Some(name.to_owned()),
                way: None,
            };
            let (store, screen) = (self.stand.hub().store, terminal.credentials.screen);
            store.change_screen(&ME, screen, &change, NOW_MS).unwrap();
            self.terminals.push(terminal);
            self.played.push(Played::default());
        }
        self.stand
            .json(&["screen", "add", "虹桥店 Hongqiao, opens in January"]);
    }

    fn campaigns(&self) {
        for name in AIRING {
            self.stand.publish(&demo(name));
        }
        let folder = self.stand.data().join("../steam");
        std::fs::create_dir_all(&folder).unwrap();
        film(
            &folder.join("steam.mp4"),
            "gradients=s=1280x720:c0=0x3a1208:c1=0xb03a15:d=6:r=25:seed=7",
        );
        let toml = "title = \"圣诞特饮 Christmas blend\"\ntarget = \"https://cafe.example/christmas\"\n\
                    [[phase]]\nname = \"christmas\"\nfrom = 2026-12-18\nuntil = 2026-12-26\n";
        std::fs::write(folder.join("campaign.toml"), toml).unwrap();
        self.stand.publish(folder.to_str().unwrap());
    }

    pub(super) fn manifest(&self, terminal: &Terminal) -> Manifest {
        self.stand.manifest(terminal)
    }

    /// The jazz has a shop, which tells the hub of seats, and a program that hears of them.
    fn shops(&mut self) {
        let path = "/campaigns/friday-night-jazz/conversion-keys";
        let key = self.call("POST", path, &json!({ "name": "票务 Tickets" }));
        key["bearer"].as_str().unwrap().clone_into(&mut self.shop);
        let hook = json!({ "name": "会员系统 Members", "kind": "json", "events": ["conversion", "share"],
            "campaign": "friday-night-jazz", "url": "https://members.cafe.example/in", "secret": "a secret of theirs" });
        let hook = self.call("POST", "/hooks", &hook)["hook"].to_string();
        // Nobody is there to take anything, and a pause is always the same.
        self.call(
            "POST",
            &format!("/hooks/{hook}"),
            &json!({ "paused": true }),
        );
    }

    /// Every other one who gets to the shop of the jazz takes a seat.
    pub(super) fn sell(&self, campaign: &str, person: u32, target: &str) {
        let click = target.split_once("pclick=").map(|(_, rest)| &rest[..32]);
        let Some(click) = click.filter(|_| campaign == AIRING[0] && person.is_multiple_of(2))
        else {
            return;
        };
        let order = json!({ "click": click, "id": format!("2026-{}", 10_000 + person), "kind": "purchase",
            "value": "128.00", "currency": "CNY" });
        let sent = self
            .stand
            .client
            .post(self.stand.address("/v1/conversions"));
        let sent = sent.bearer_auth(&self.shop).body(order.to_string()).send();
        assert!(sent.unwrap().status().is_success());
    }

    fn say(&self) {
        for (at, terminal) in self.terminals.iter().enumerate().take(4) {
            let manifest = self.manifest(terminal);
            let free: u64 = if at == 3 {
                180 << 20
            } else {
                (24 - at as u64) << 30
            };
            let heartbeat = json!({ "software": "0.1.0", "manifest_version": manifest.version, "clock_trusted": true,
                "plays_waiting": at, "screen_px": SCREENS[at].3, "disk_free_bytes": free, "sends_frames": true,
                "key_generation": 0 });
            let path = format!("/v1/terminals/{}/heartbeat", terminal.credentials.screen);
            let said = self.stand.client.post(self.stand.address(&path));
            let said = said.bearer_auth(&terminal.credentials.bearer);
            let answer = said.body(heartbeat.to_string()).send().unwrap();
            assert_eq!(answer.status(), 200);
        }
    }

    /// What passers-by say to a publisher, who answers one of them.
    fn voices(&self) {
        let terminal = &self.terminals[0];
        let manifest = self.manifest(terminal);
        let campaign = manifest
            .campaigns
            .iter()
            .find(|campaign| campaign.id.as_str() == SPOKEN_TO)
            .unwrap();
        for (at, sentence) in VOICES.iter().enumerate() {
            let (visitor, play) = (
                100 + u8::try_from(at).unwrap(),
                400 + u32::try_from(at).unwrap(),
            );
            let assignment = campaign.items[0].assignment;
            let path = terminal.scan_path_at(assignment, play, self.now_ms());
            let link = location(&self.stand.visit(visitor, &path));
            self.stand.visit(visitor, &link);
            let fields = format!("once={at:032x}&sentence={sentence}&agree=yes&screen=yes");
            let sent = self
                .stand
                .client
                .post(self.stand.address(&format!("{link}/voice")));
            let sent = sent
                .header("user-agent", PHONE)
                .header("x-forwarded-for", format!("192.0.2.{visitor}"))
                .header("content-type", "application/x-www-form-urlencoded");
            assert_eq!(sent.body(fields).send().unwrap().status(), 303);
        }
        let path = format!("/api/v1/campaigns/{SPOKEN_TO}/voices");
        let listed = self.stand.client.get(self.stand.address(&path));
        let listed = listed.bearer_auth(&self.token).send().unwrap();
        let listed: Value = serde_json::from_slice(&listed.bytes().unwrap()).unwrap();
        let first = listed["voices"][VOICES.len() - 1]["voice"]
            .as_str()
            .unwrap();
        let answer = self
            .stand
            .client
            .post(self.stand.address(&format!("{path}/{first}")));
        let answer = answer.bearer_auth(&self.token).body(
            json!({ "do": "answer", "text": "谢谢！第二封信周五到站。 Thank you! The second letter pulls in on Friday." })
                .to_string(),
        );
        assert_eq!(answer.send().unwrap().status(), 200);
    }

    /// Who runs the hub.
    fn operator(&self) {
        let operator = HubOperator {
            name: "路边咖啡 Corner Cafés".to_owned(),
            contact: "privacy@cafe.example".to_owned(),
        };
        let store = self.stand.hub().store;
        store.set_hub_operator(&ME, &operator, NOW_MS).unwrap();
    }

    /// What is on the glass of the first screen: its own picture, as a terminal makes it smaller.
    fn frames(&self) {
        let terminal = &self.terminals[0];
        let path = "/campaigns/friday-night-jazz/placements/1/preview.png";
        let address = self.stand.address(&format!("/api/v1{path}"));
        let drawn = loop {
            let asked = self.stand.client.get(&address).bearer_auth(&self.token);
            let answer = asked.send().unwrap();
            if answer.status() == 200 {
                break answer.bytes().unwrap();
            }
            assert_eq!(answer.status(), 503);
            std::thread::sleep(std::time::Duration::from_millis(100));
        };
        let mut glass = image::load_from_memory(&drawn).unwrap().to_rgb8();
        cover_code(&mut glass);
        let small = image::imageops::thumbnail(&glass, 480, 270);
        let mut jpeg = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 82);
        small.write_with_encoder(encoder).unwrap();
        let note = FrameNote {
            age_ms: 180_000,
            width: 480,
            height: 270,
            play: Some(self.played[0].number),
            campaign: "friday-night-jazz".to_owned(),
            creative: String::new(),
        };
        let screen: ScreenNumber = terminal.credentials.screen;
        let store = self.stand.hub().store;
        store.keep_frame(screen, &note, &jpeg, NOW_MS).unwrap();
    }

    fn alerts(&self) {
        let store = self.stand.hub().store;
        let mut rule = check::new_rule(AlertWords::Chinese);
        rule.name = "成都的屏幕 Screens in Chengdu".to_owned();
        rule.mails = vec!["night@cafe.example".to_owned()];
        rule.group = Some("成都 Chengdu".to_owned());
        rule.kinds = [AlertKind::Full, AlertKind::Silent].into();
        rule.gather_s = 0;
        store.add_alert_rule(&ME, &rule, None, NOW_MS).unwrap();
        store.judge_alerts(0, NOW_MS).unwrap();
    }

    pub(super) fn source(&self) {
        let added = self.call(
            "POST",
            "/sources",
            &json!({ "source": "menu", "approval": true, "must_not": ["casino"] }),
        );
        let items = json!([
            { "id": "1", "title": "今日例汤 Soup of the day", "text": "玉米排骨汤，售完为止。", "price": "¥18", "link": "https://cafe.example/soup" },
            { "id": "2", "title": "桂花拿铁 Osmanthus latte", "text": "Only in autumn.", "price": "¥32", "link": "https://cafe.example/latte" },
            { "id": "3", "title": "苹果派 Apple pie", "price": "¥22", "link": "https://cafe.example/pie" },
        ]);
        let sent = self
            .stand
            .client
            .post(self.stand.address("/v1/sources/menu/items"));
        let sent = sent.bearer_auth(added["secret"].as_str().unwrap());
        assert_eq!(sent.body(items.to_string()).send().unwrap().status(), 201);
        self.call("POST", "/sources/menu/approve", &json!({ "items": [1] }));
        let is_airing = || {
            let shown = self.stand.json(&["source", "show", "menu"]);
            let items = shown["items"].as_array().unwrap();
            items.iter().any(|item| item["state"] == "airing")
        };
        let begun = std::time::Instant::now();
        while !is_airing() {
            assert!(begun.elapsed().as_secs() < 120, "{}", self.stand.log());
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    fn people(&self) {
        let store = self.stand.hub().store;
        let shanghai = Scope {
            screens: Some(["上海 Shanghai".to_owned()].into()),
            campaigns: None,
        };
        for (name, role, scope) in [
            ("王敏 Wang Min", Role::Operator, &shanghai),
            ("李想 Li Xiang", Role::Publisher, &Scope::ALL),
            ("Emma Frost", Role::Viewer, &Scope::ALL),
        ] {
            let link = store.invite(&ME, role, scope, NOW_MS).unwrap();
            let id = store.join(&link, name, PASSWORD, NOW_MS).unwrap();
            if role == Role::Operator {
                let key = OneTimeKey::from_bytes([7; 20]);
                let code = key.code_at(NOW_MS);
                let codes = store
                    .begin_second_step(&ME, id, &key, &code, NOW_MS)
                    .unwrap();
                assert!(codes.is_some());
            }
        }
        store
            .invite(&ME, Role::Viewer, &Scope::ALL, NOW_MS)
            .unwrap();
    }

    fn drafts(&self) {
        self.call("POST", "/drafts/friday-night-jazz/begin", &Value::Null);
        let news = json!({ "subject": "周五加演 One more Friday", "body": "十二月再加一场。\nOne more night in December.",
            "link": "https://cafe.example/jazz" });
        self.call("POST", "/campaigns/friday-night-jazz/news", &news);
        let slot = json!({ "name": "十二月，广告公司 Agency, December", "first": "2026-12-10", "last": "2026-12-24",
            "pieces_max": 3, "kinds": ["picture"] });
        self.call("POST", "/slots", &slot);
    }

    /// Two films of a draft: one half made, one behind it, for as long as the hub's clock stands.
    fn films(&mut self) {
        let folder = self.stand.data().join("../window");
        std::fs::create_dir_all(&folder).unwrap();
        let received = [("snow.mp4", 3), ("lights.mp4", 4)].map(|(name, seed)| {
            let path = folder.join(name);
            let source =
                format!("gradients=s=1280x720:c0=0x10243a:c1=0xd8b36a:d=4:r=25:seed={seed}");
            film(&path, &source);
            Received {
                name: name.to_owned(),
                path,
            }
        });
        let text =
            "title = \"圣诞橱窗 Christmas window\"\ntarget = \"https://cafe.example/christmas\"\n";
        self.call(
            "POST",
            "/drafts",
            &json!({ "campaign": WINDOW, "text": text }),
        );
        // Whoever serves would make them.
        self.stand.stop();
        let hub = self.stand.hub();
        let id: CampaignId = WINDOW.parse().unwrap();
        let draft = hub.store.draft(&id, &Scope::ALL).unwrap().unwrap();
        desk::add_files(&hub, &ME, &draft, &received, false, NOW_MS).unwrap();
        let claim = |claim: &str| hub.store.claim_film(claim, NOW_MS).unwrap().unwrap();
        let (first, second) = (claim("a"), claim("b"));
        hub.store.leave_film(&second, "", NOW_MS + HOUR_MS).unwrap();
        let how = (420, &[Reason::Codec, Reason::Rate][..]);
        assert!(hub.store.film_goes_on(&first, how, NOW_MS).unwrap());
        drop(hub);
        self.stand.start_again();
    }
}

/// Covers the code of a preview as a terminal covers it: the white square in its corner.
fn cover_code(glass: &mut image::RgbImage) {
    let (width, height) = glass.dimensions();
    let is_white = |glass: &image::RgbImage, x: u32, y: u32| glass.get_pixel(x, y).0 == [255; 3];
    // The first row with a long run of pure white is the top of the code's quiet zone.
    for y in height / 3..height {
        let mut begun = width / 2;
        for x in width / 2..width {
            if !is_white(glass, x, y) {
                if x - begun > 150 {
                    let size = x - begun;
                    for (dx, dy) in (0..size).flat_map(|dx| (0..size).map(move |dy| (dx, dy))) {
                        if y + dy < height {
                            glass.put_pixel(begun + dx, y + dy, image::Rgb([200; 3]));
                        }
                    }
                    return;
                }
                begun = x + 1;
            }
        }
    }
}

/// Whether a folder is one that is written to.
pub(super) fn wanted_folder() -> Option<PathBuf> {
    std::env::var_os("PASSERBY_GUIDE_PICTURES").map(|folder| Path::new(&folder).to_owned())
}
