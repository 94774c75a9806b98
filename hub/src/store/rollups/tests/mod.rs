//! Whatever comes, in whatever order: the figures by the hour are what a count of all rows gives.

mod expected;
mod noted;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::date;
use jiff::tz::TimeZone;

use passerby_protocol::campaign::{AdaptiveBy, Campaign};
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::token::TokenContents;
use passerby_protocol::{Assignment, CampaignId, Digest, Epoch, PlayNumber, ScreenNumber};
use passerby_testing::random_cases;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::conversions::{Money, Proof, REFUND, Said};
use crate::database::{Lock, values};
use crate::scans::visitor::{Grade, Visitor};
use crate::store::testing::{TestDatabase, on_each_database};
use crate::store::{
    Breakdown, BreakdownError, By, ConversionError, Filter, Key, Landed, LinkVisitor, NewVoice,
    Openings, Reached, Recorded, Scan, Shown, Store,
};
use crate::system::clock::{DAY_MS, HOUR_MS};

/// 2028-02-29T12:00Z.
pub(in crate::store) const START_MS: i64 = 1_835_438_400_000;
/// How long a play is visible.
const PLAY_MS: i64 = 600_000;
/// The campaign of all plays, which is given to the first screen only; on the other it is local, or
/// nothing that the hub knows of.
const CAMPAIGN: &str = "cafe";
const CREATIVE: Digest = Digest([7; 32]);
const BY: [By; 6] = [
    By::Day,
    By::Hour,
    By::Weekday,
    By::Screen,
    By::Campaign,
    By::Creative,
];
/// Days begin on an hour of UTC, at half past, at a quarter to, and on days of 23 and 25 hours.
const ZONES: [&str; 5] = [
    "UTC",
    "Asia/Shanghai",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
];

/// One thing that reaches a hub.
#[derive(Debug, Clone)]
pub(in crate::store) enum Step {
    /// So many plays more of one of two screens, in one of three boots, with anchors or without.
    Plays {
        screen: usize,
        boot: u8,
        plays: u8,
        anchor: Option<i64>,
        is_again: bool,
    },
    /// Somebody opens the code of a play, with this verdict of the program that opens it.
    Scan {
        screen: usize,
        play: u32,
        visitor: u8,
        grade: u8,
        at: i64,
    },
    /// Somebody opens a link that is there.
    Open { link: usize, visitor: u8, grade: u8 },
    /// A page was seen, or visible.
    Reach {
        link: usize,
        visitor: u8,
        is_confirmed: bool,
    },
    /// A button was pressed.
    Press { link: usize, visitor: u8 },
    /// Somebody says something to the publisher.
    Say { link: usize, visitor: u8 },
    /// A code was opened again so often.
    Again { scan: usize, openings: u8 },
    /// A screen is taken out of service.
    Revoke { screen: usize, retires: bool },
    /// A shop reports what somebody bought, by a click or without one.
    Convert {
        click: usize,
        order: u8,
        amount: u8,
        proof: u8,
        at: i64,
    },
    /// It takes some of that back, or all.
    Refund {
        order: u8,
        refund: u8,
        amount: Option<u8>,
    },
    /// What is noted until now is added up.
    AddUp,
}

pub(in crate::store) fn step() -> impl Strategy<Value = Step> {
    let visitor = 0_u8..6;
    let link = 0_usize..64;
    let grade = 0_u8..3;
    // Plays of some hours, and of a day and a half later, when scans may be in time.
    let anchor = prop::option::of(prop_oneof![-3_i64..4, 40_i64..47]);
    prop_oneof![
        4 => (0_usize..2, 0_u8..3, 1_u8..8, anchor, any::<bool>()).prop_map(
            |(screen, boot, plays, anchor, is_again)| Step::Plays { screen, boot, plays, anchor, is_again }
        ),
        4 => (0_usize..2, 0_u32..40, visitor.clone(), grade, 0_i64..30).prop_map(
            |(screen, play, visitor, grade, at)| Step::Scan { screen, play, visitor, grade, at }
        ),
        3 => (link.clone(), visitor.clone(), 0_u8..2)
            .prop_map(|(link, visitor, grade)| Step::Open { link, visitor, grade }),
        2 => (link.clone(), visitor.clone(), any::<bool>())
            .prop_map(|(link, visitor, is_confirmed)| Step::Reach { link, visitor, is_confirmed }),
        2 => (link.clone(), visitor.clone()).prop_map(|(link, visitor)| Step::Press { link, visitor }),
        1 => (link.clone(), visitor).prop_map(|(link, visitor)| Step::Say { link, visitor }),
        1 => (link, 1_u8..5).prop_map(|(scan, openings)| Step::Again { scan, openings }),
        1 => (0_usize..2, any::<bool>()).prop_map(|(screen, retires)| Step::Revoke { screen, retires }),
        3 => (0_usize..8, 0_u8..12, 0_u8..4, 0_u8..3, 0_i64..30).prop_map(
            |(click, order, amount, proof, at)| Step::Convert { click, order, amount, proof, at }
        ),
        1 => (0_u8..12, 0_u8..12, prop::option::of(1_u8..4))
            .prop_map(|(order, refund, amount)| Step::Refund { order, refund, amount }),
        2 => Just(Step::AddUp),
    ]
}

/// A hub, and what was sent to it so far.
pub(in crate::store) struct Street {
    pub(in crate::store) store: Store,
    pub(in crate::store) screens: Vec<ScreenNumber>,
    /// The plays of each screen.
    pub(in crate::store) sent: Vec<Vec<Play>>,
    landed: Arc<Landed>,
    links: Vec<String>,
    pub(in crate::store) clicks: Vec<String>,
    scans: Vec<i64>,
    pub(in crate::store) now_ms: i64,
}

impl Street {
    pub(in crate::store) fn new(database: &TestDatabase) -> Self {
        let store = database.open();
        let add = |name| {
            store
                .add_screen(&crate::people::Actor::COMMAND_LINE, name, START_MS)
                .unwrap()
                .0
        };
        let screens = vec![add("exit A"), add("exit B")];
        let toml = "title = '咖啡'\ntarget = 'https://cafe.example/'\n[adaptive]\nby = 'presses'\n";
        let campaign = Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap();
        give(&store, screens[0], &campaign);
        Self {
            store,
            screens,
            sent: vec![Vec::new(); 2],
            landed: Arc::new(Landed {
                id: CAMPAIGN.parse::<CampaignId>().unwrap(),
                target: campaign.target.clone(),
                campaign: Arc::new(campaign),
                placement: 0,
                creative: CREATIVE,
                airs: true,
            }),
            links: Vec::new(),
            clicks: Vec::new(),
            scans: Vec::new(),
            now_ms: START_MS + 2 * DAY_MS,
        }
    }

    pub(in crate::store) fn take(&mut self, step: &Step) {
        self.now_ms += 60_000;
        match *step {
            Step::Plays {
                screen,
                boot,
                plays,
                anchor,
                is_again,
            } => self.send(screen, boot, plays, anchor, is_again),
            Step::Scan {
                screen,
                play,
                visitor,
                grade,
                at,
            } => self.scan(screen, play, visitor, grade, at),
            Step::Open {
                link,
                visitor,
                grade,
            } => {
                let grade = [Grade::Browser, Grade::Tool][usize::from(grade)];
                let Some(name) = self.link(link) else { return };
                let who = who(visitor, grade);
                self.store
                    .open_share(&name, Some(who), self.now_ms)
                    .unwrap();
            }
            Step::Reach {
                link,
                visitor,
                is_confirmed,
            } => {
                let reached = [Reached::Seen, Reached::Confirmed][usize::from(is_confirmed)];
                let Some(name) = self.link(link) else { return };
                let who = who(visitor, Grade::Browser);
                self.store.reach(&name, who, reached, self.now_ms).unwrap();
            }
            Step::Press { link, visitor } => {
                let Some(name) = self.link(link) else { return };
                let visitor = Some(Visitor([visitor; 16]));
                let pressed = self.store.press(&name, visitor, self.now_ms).unwrap();
                let target = pressed.and_then(|pressed| pressed.target);
                let target = target.unwrap_or_default();
                let click = target.split_once("pclick=").map(|(_, click)| click);
                self.clicks.extend(click.map(str::to_owned));
            }
            Step::Convert {
                click,
                order,
                amount,
                proof,
                at,
            } => self.convert(click, order, amount, proof, at),
            Step::Refund {
                order,
                refund,
                amount,
            } => {
                let said = Said {
                    id: format!("refund-{refund}"),
                    kind: REFUND.to_owned(),
                    click: None,
                    money: amount.map(|amount| money(amount, order)),
                    at_ms: None,
                    order: format!("order-{order}"),
                };
                self.say(&said, Proof::Key);
            }
            Step::Say { link, visitor } => {
                let Some(name) = self.link(link) else { return };
                let voice = format!("{:016}", self.now_ms);
                let new = NewVoice {
                    name: &voice,
                    once: self.now_ms.to_be_bytes().repeat(2).try_into().unwrap(),
                    sealed: b"sealed",
                    picture: None,
                    consent: 1,
                    for_screen: false,
                    ends_ms: self.now_ms + DAY_MS,
                };
                let visitor = Visitor([visitor; 16]);
                self.store.say(&name, visitor, new, self.now_ms).unwrap();
            }
            Step::Again { scan, openings } => {
                let Some(&scan) = self.scans.get(scan % self.scans.len().max(1)) else {
                    return;
                };
                let openings = Openings {
                    again: [(scan, u64::from(openings))].into(),
                    ..Openings::default()
                };
                self.store.add_openings(&openings, self.now_ms).unwrap();
            }
            Step::Revoke { screen, retires } => {
                let screen = self.screens[screen];
                self.store
                    .revoke_screen(
                        &crate::people::Actor::COMMAND_LINE,
                        screen,
                        retires,
                        self.now_ms,
                    )
                    .unwrap();
            }
            Step::AddUp => self.store.add_up_figures().unwrap(),
        }
    }

    /// Compares every breakdown with a count of the rows.
    fn compare_breakdowns(&self) -> Result<(), TestCaseError> {
        let campaign = Some(CAMPAIGN.parse::<CampaignId>().unwrap());
        let (from, until) = (Some(date(2028, 3, 1)), Some(date(2028, 3, 2)));
        let all = Filter::default();
        let filters = [
            all.clone(),
            Filter {
                from,
                ..all.clone()
            },
            Filter {
                from,
                until,
                ..all.clone()
            },
            Filter {
                campaign: campaign.clone(),
                ..all.clone()
            },
            Filter {
                screen: Some(self.screens[1]),
                until,
                ..all.clone()
            },
            Filter {
                campaign: campaign.clone(),
                from,
                until,
                ..all.clone()
            },
            Filter {
                screen: Some(self.screens[0]),
                ..all.clone()
            },
            Filter {
                campaign: campaign.clone(),
                screen: Some(self.screens[1]),
                ..all
            },
            Filter {
                from,
                until,
                campaign,
                screen: Some(self.screens[0]),
            },
        ];
        for (name, by) in ZONES.iter().flat_map(|zone| BY.map(|by| (zone, by))) {
            let zone = TimeZone::get(name).unwrap();
            for filter in &filters {
                let found = self.store.breakdown(by, filter, &zone);
                if let Err(BreakdownError::PartOfHour { zone }) = &found {
                    prop_assert_eq!(zone, name);
                    prop_assert!(by == By::Creative && (filter.from.or(filter.until)).is_some());
                    prop_assert!(filter.screen.is_some());
                    continue;
                }
                let found = found.unwrap();
                self.compare_names(by, filter, &zone, &found)?;
                let rows = found.rows.iter().cloned();
                let rows: BTreeMap<_, _> = rows
                    .filter(|(_, figures)| *figures != crate::store::Figures::default())
                    .collect();
                let expected = expected::rows(&self.store, by, filter, &zone);
                prop_assert_eq!(rows, expected, "{:?} in {} of {:?}", by, name, filter);
            }
        }
        Ok(())
    }

    /// Compares the names of each row that is shown alone with those of all rows.
    fn compare_names(
        &self,
        by: By,
        filter: &Filter,
        zone: &TimeZone,
        all: &Breakdown,
    ) -> Result<(), TestCaseError> {
        for at in 0..all.rows.len().min(3) {
            let one = |_: &[_]| at..at + 1;
            let found = self
                .store
                .breakdown_for(by, filter, zone, Shown::Some(&one))
                .unwrap();
            prop_assert_eq!(&found.rows, &all.rows);
            let (some, whole) = (&found.names, &all.names);
            match &all.rows[at].0 {
                Key::Screen(number) => {
                    let number = number.to_string();
                    prop_assert_eq!(some.screens.get(&number), whole.screens.get(&number));
                    prop_assert!(some.screens.contains_key(&number));
                }
                Key::Campaign(id) => {
                    prop_assert_eq!(some.campaigns.get(id), whole.campaigns.get(id));
                }
                Key::Creative(digest) => {
                    prop_assert_eq!(some.creatives.get(digest), whole.creatives.get(digest));
                }
                _ => {}
            }
            let others = usize::from(filter.screen.is_some());
            prop_assert!(some.screens.len() <= 1 + others && some.creatives.len() <= 1);
        }
        Ok(())
    }

    /// Compares what screens are told of their scans, at once and when all of it is settled.
    fn compare_tallies(&self) -> Result<(), TestCaseError> {
        let zone = TimeZone::get("Asia/Kathmandu").unwrap();
        self.compare_tallies_by(AdaptiveBy::Presses, &zone)?;
        self.want("presses", "conversions");
        self.compare_tallies_by(AdaptiveBy::Conversions, &zone)?;
        self.want("conversions", "presses");
        Ok(())
    }

    /// Has the campaign want something else.
    fn want(&self, before: &str, after: &str) {
        let (before, after) = (
            format!("\"by\":\"{before}\""),
            format!("\"by\":\"{after}\""),
        );
        let changed = self.store.write(Lock::Everything, |tx| {
            tx.execute(
                "UPDATE campaigns SET body = replace(body, ?1, ?2) WHERE body LIKE '%' || ?1 || '%'",
                values![&before, &after],
            )
        });
        assert_eq!(changed.unwrap(), 1);
    }

    fn compare_tallies_by(&self, by: AdaptiveBy, zone: &TimeZone) -> Result<(), TestCaseError> {
        for (&screen, hours) in self.screens.iter().flat_map(|screen| {
            [0, 7, 30, 48, 60, 96, 55 * 24, 56 * 24].map(|hours| (screen, hours))
        }) {
            let now_ms = self.now_ms + hours * HOUR_MS;
            let tallies = self.store.tallies(screen, zone, now_ms).unwrap();
            let rows = tallies.unpack().unwrap().into_iter();
            let found: expected::Tallied = rows
                .map(|row| {
                    let key = (row.assignment.get(), row.day, row.part.index());
                    let (wanted, other) = match by {
                        AdaptiveBy::Conversions => (row.led_to.converted, row.led_to.pressed),
                        _ => (row.led_to.pressed, row.led_to.converted),
                    };
                    assert_eq!(other, None, "nobody asked");
                    (key, (row.plays, row.scanned, wanted.unwrap()))
                })
                .collect();
            let expected = expected::tallies(&self.store, screen.get(), by, zone, now_ms);
            prop_assert_eq!(found, expected, "{} hours later", hours);
        }
        Ok(())
    }

    /// The links that there are.
    pub(in crate::store) fn links(&self) -> &[String] {
        &self.links
    }

    fn convert(&mut self, click: usize, order: u8, amount: u8, proof: u8, at: i64) {
        let click = if click == 0 {
            None
        } else {
            self.clicks.get(click % self.clicks.len().max(1)).cloned()
        };
        let said = Said {
            id: format!("order-{order}"),
            kind: ["purchase", "sign-up"][usize::from(order % 2)].to_owned(),
            click,
            money: (amount > 0).then(|| money(amount, order)),
            at_ms: Some(self.now_ms - at * 20_000),
            order: String::new(),
        };
        let proof = [Proof::Key, Proof::SignedLink, Proof::OpenLink][usize::from(proof)];
        self.say(&said, proof);
    }

    /// Says something of a conversion; twice, which must change nothing.
    fn say(&self, said: &Said, proof: Proof) {
        let campaign = CAMPAIGN.parse::<CampaignId>().unwrap();
        let take = || {
            self.store
                .take_conversion(&campaign, said, proof, self.now_ms)
        };
        match take() {
            Ok(_) => assert!(!take().unwrap().is_new),
            Err(ConversionError::Store(error)) => panic!("{error}"),
            Err(_) => {}
        }
    }

    fn link(&self, at: usize) -> Option<String> {
        self.links.get(at % self.links.len().max(1)).cloned()
    }

    fn send(&mut self, screen: usize, boot: u8, plays: u8, anchor: Option<i64>, is_again: bool) {
        let boot = format!("boot {boot}");
        let sent = &mut self.sent[screen];
        let first = if is_again { 0 } else { sent.len() };
        for _ in 0..plays {
            let seq = u64::try_from(sent.len()).unwrap() + 1;
            sent.push(Play {
                seq,
                // Some say a number that another play has.
                number: PlayNumber::new(u32::try_from(seq - seq / 7).unwrap()).unwrap(),
                content: PlayContent {
                    assignment: Assignment::new(u32::try_from(seq % 2).unwrap()).unwrap(),
                    campaign: CAMPAIGN.into(),
                    creative: CREATIVE,
                },
                boot: boot.clone(),
                start_boot_ms: seq * PLAY_MS.unsigned_abs(),
                visible_ms: PLAY_MS.unsigned_abs(),
                outcome: [Outcome::Complete, Outcome::CutShort][usize::from(seq % 5 == 0)],
                display: Display::Unknown,
            });
        }
        // The clock of a boot may turn out to have been hours off.
        let anchors = anchor.map(|hours| Anchor {
            boot,
            boot_ms: self.now_ms.unsigned_abs() - START_MS.unsigned_abs(),
            wall_ms: self.now_ms - DAY_MS + hours * HOUR_MS,
        });
        let batch = PlayBatch::pack(Epoch(1), &sent[first..], anchors.into_iter().collect());
        self.store
            .take_plays(self.screens[screen], &batch, self.now_ms)
            .unwrap();
    }

    fn scan(&mut self, screen: usize, play: u32, visitor: u8, grade: u8, at: i64) {
        let opened_ms = self.now_ms - DAY_MS + at * HOUR_MS / 2;
        let scan = Scan {
            contents: TokenContents {
                generation: 0,
                screen: self.screens[screen],
                assignment: Assignment::new(1).unwrap(),
                play: PlayNumber::new(play).unwrap(),
                minutes: TokenContents::minutes_at((at % 3 > 0).then_some(opened_ms - 60_000)),
            },
            landed: Arc::clone(&self.landed),
            visitor: Visitor([visitor; 16]),
            grade: [Grade::Browser, Grade::Tool, Grade::Robot][usize::from(grade)],
            is_crowded: at == 7,
            begins_chain: true,
            code_days: 180,
            opened_ms,
        };
        if let Recorded::Kept { link, .. } = self.store.record_scan(scan).unwrap() {
            self.links.extend(link);
            let newest = i64::try_from(self.scans.len()).unwrap() + 1;
            self.scans.push(newest);
        }
    }
}

/// Gives a campaign to a screen, as publishing does.
fn give(store: &Store, screen: ScreenNumber, campaign: &Campaign) {
    let body = serde_json::to_string(campaign).unwrap();
    let creative = CREATIVE.to_string();
    let given = store.write(Lock::Everything, |tx| {
        tx.execute(
            "INSERT INTO creatives (sha256, size, media_type, thumbnail, thumbnail_width, thumbnail_height)
             VALUES (?1, 1, 'image/png', ?2, 0, 0)",
            values![&creative, &b""[..]],
        )?;
        tx.execute(
            "INSERT INTO campaigns (id, body, everywhere, live, published_ms) VALUES (?1, ?2, ?3, ?4, 0)",
            values![CAMPAIGN, &body, false, true],
        )?;
        tx.execute(
            "INSERT INTO assignments (screen, number, campaign, placement, creative) VALUES (?1, 1, ?2, 0, ?3)",
            values![screen.get(), CAMPAIGN, &creative],
        )
    });
    assert_eq!(given.unwrap(), 1);
}

fn money(amount: u8, order: u8) -> Money {
    let currency = ["CNY", "JPY"][usize::from(order % 2)];
    Money::parse(&amount.to_string(), currency).unwrap()
}

fn who(visitor: u8, grade: Grade) -> LinkVisitor {
    LinkVisitor {
        visitor: Visitor([visitor; 16]),
        grade,
        is_crowded: false,
    }
}

#[test]
fn whatever_comes_the_figures_are_those_of_the_rows() {
    on_each_database(|database| {
        let config = ProptestConfig {
            source_file: Some(file!()),
            ..random_cases(8)
        };
        let steps = prop::collection::vec(step(), 1..60);
        TestRunner::new(config)
            .run(&steps, |steps| {
                let database = database.another();
                let mut street = Street::new(&database);
                for step in &steps {
                    street.take(step);
                }
                prop_assert_eq!(street.store.recount().unwrap(), []);
                street.store.add_up_figures().unwrap();
                prop_assert_eq!(street.store.recount().unwrap(), []);
                street.compare_breakdowns()?;
                street.compare_tallies()
            })
            .unwrap();
    });
}
