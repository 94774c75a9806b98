//! A week of the chain: what its screens play, who scans and who passes that on, always the same.

use passerby_protocol::PlayNumber;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};

use crate::console::guide::chain::{AIRING, Chain, NOW, NOW_MS, clock_at};
use crate::console::{encoded, location};
use crate::stand::PHONE;

const HOUR_MS: i64 = 3_600_000;
const BEGUN_MS: i64 = NOW_MS - 6 * 24 * HOUR_MS - 10 * HOUR_MS - HOUR_MS / 2;
/// The days until then, and how busy each is, in hundredths.
const DAYS: [(&str, u32); 7] = [
    ("2026-11-28", 135),
    ("2026-11-29", 120),
    ("2026-11-30", 75),
    ("2026-12-01", 80),
    ("2026-12-02", 90),
    ("2026-12-03", 100),
    ("2026-12-04", 130),
];
/// Times of day at which people scan, and how many do; every other one of a day has some.
const TIMES: [(&str, u32); 8] = [
    ("08:40", 8),
    ("10:15", 4),
    ("12:25", 14),
    ("14:10", 5),
    ("16:35", 7),
    ("18:20", 17),
    ("19:45", 12),
    ("21:30", 6),
];
const DAY_MINUTES: i64 = 24 * 60;
/// On which screen who comes by scans: some are passed by more people than others.
const SCANNED: [usize; 7] = [0, 0, 1, 2, 0, 1, 3];
/// What people write who pass the bookshop's link on, and how they call themselves.
const MOMENTS: [(&str, &str); 3] = [
    ("下班路上，被一本书拦住了。", "小满"),
    ("Found my next read between two trains.", "Tom"),
    ("灯还亮着，书还开着。", ""),
];

impl Chain<'_> {
    /// Has the week go by; the hub's clock shows [`NOW`] then.
    pub(super) fn week(&mut self) {
        for (at, (day, busy)) in DAYS.into_iter().enumerate() {
            let is_today = at + 1 == DAYS.len();
            if is_today {
                // What a source brings is published by a clock that goes on.
                self.stand.serve_in(clock_at(&format!("@{day} 08:30:05")));
                self.source();
            }
            let times = TIMES.into_iter().skip(at % 2).step_by(2);
            for (time, count) in times.filter(|(time, _)| !is_today || *time < "18:30") {
                self.stand.serve_in(clock_at(&format!("{day} {time}:00")));
                self.plays();
                self.scans(count * busy / 100);
            }
        }
        self.stand.serve_in(clock_at(NOW));
        self.plays();
        self.scans(9);
    }

    /// A play each minute from eight to ten until now, of what was not played yet.
    fn plays(&mut self) {
        let now_ms = self.now_ms();
        let until = (now_ms - BEGUN_MS) / 60_000;
        for (at, terminal) in self.terminals.iter().enumerate().take(4) {
            let manifest = self.manifest(terminal);
            let contents: Vec<PlayContent> = manifest
                .campaigns
                .iter()
                .filter(|campaign| AIRING.contains(&campaign.id.as_str()))
                .flat_map(|campaign| {
                    campaign.items.iter().map(|item| PlayContent {
                        assignment: item.assignment,
                        campaign: campaign.id.as_str().into(),
                        creative: item.creative,
                    })
                })
                .collect();
            // Those that are less busy play longer films, so to say.
            let step = 1 + i64::try_from(at).unwrap();
            let played = &mut self.played[at];
            let open = (played.minute..until)
                .filter(|minute| minute % DAY_MINUTES < 14 * 60 && minute % step == 0);
            let plays: Vec<Play> = (played.number + 1..)
                .zip(open)
                .map(|(number, minute)| Play {
                    seq: u64::from(number),
                    number: PlayNumber::new(number).unwrap(),
                    content: contents[number as usize % contents.len()].clone(),
                    boot: "boot".into(),
                    start_boot_ms: u64::try_from(minute * 60_000).unwrap(),
                    visible_ms: 10_000,
                    outcome: Outcome::Complete,
                    display: Display::On,
                })
                .collect();
            played.minute = until;
            played.newest.clear();
            for play in plays.iter().rev().take(3) {
                let minute = i64::try_from(play.start_boot_ms / 60_000).unwrap();
                let number = play.number.get();
                played.number = played.number.max(number);
                played.newest.push((play.content.clone(), number, minute));
            }
            let anchors = vec![Anchor {
                boot: "boot".into(),
                boot_ms: 0,
                wall_ms: BEGUN_MS,
            }];
            let answer = self.stand.send_plays(terminal, &plays, anchors);
            assert_eq!(answer.status(), 200);
        }
    }

    /// So many people scan what was on screens just now; some pass their link on, some press.
    fn scans(&mut self, count: u32) {
        for _ in 0..count {
            self.people += 1;
            let person = self.people as usize;
            let screen = SCANNED[person % SCANNED.len()];
            let newest = &self.played[screen].newest;
            let (content, number, minute) = newest[person % newest.len()].clone();
            let minted_ms = BEGUN_MS + minute * 60_000;
            let path = self.terminals[screen].scan_path_at(content.assignment, number, minted_ms);
            let [_, _, high, low] = self.people.to_be_bytes();
            let (own, friend) = (format!("61.{low}.{high}.7"), format!("62.{low}.{high}.9"));
            let open = |from: &str, path: &str| self.stand.open_from(from, PHONE, path);
            let share = location(&open(&own, &path));
            if !share.starts_with("/s/") {
                continue;
            }
            open(&own, &share);
            if person.is_multiple_of(3) {
                let pressed = open(&own, &format!("{share}/go"));
                self.sell(&content.campaign, self.people, &location(&pressed));
            }
            if person % 5 == 2 {
                let theirs = location(&open(&friend, &share));
                open(&friend, &theirs);
                if person.is_multiple_of(2) {
                    open(&friend, &format!("{theirs}/go"));
                }
            }
            if person % 11 == 4 && content.campaign == AIRING[1] {
                self.moment(&own, &share);
            }
        }
    }

    /// Somebody writes something before they pass their link on.
    fn moment(&mut self, from: &str, share: &str) {
        let Some((sentence, name)) = MOMENTS.get(self.moments) else {
            return;
        };
        self.moments += 1;
        let fields = [("sentence", *sentence), ("name", *name), ("agree", "yes")];
        let request = self
            .stand
            .client
            .post(self.stand.address(&format!("{share}/moment")));
        let request = request
            .header("user-agent", PHONE)
            .header("x-forwarded-for", from);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let kept = request.body(encoded(&fields)).send().unwrap();
        assert_eq!(kept.status(), 303);
    }

    /// What the hub takes for now.
    pub(super) fn now_ms(&self) -> i64 {
        let date = self
            .stand
            .client
            .get(self.stand.address("/"))
            .send()
            .unwrap();
        let date = date.headers()["date"].to_str().unwrap().to_owned();
        let parsed = jiff::fmt::rfc2822::parse(&date).unwrap();
        parsed.timestamp().as_millisecond()
    }
}
