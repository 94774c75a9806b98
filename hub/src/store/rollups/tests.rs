//! Whatever comes, in whatever order: the figures by the hour are what a count of all rows gives.

use std::sync::Arc;

use passerby_protocol::campaign::Campaign;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::token::TokenContents;
use passerby_protocol::{Assignment, CampaignId, Digest, Epoch, PlayNumber, ScreenNumber};
use passerby_testing::random_cases;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::scans::visitor::{Grade, Visitor};
use crate::store::testing::{TestDatabase, on_each_database};
use crate::store::{Landed, LinkVisitor, Openings, Reached, Recorded, Scan, Store};
use crate::system::clock::{DAY_MS, HOUR_MS};

/// 2028-02-29T12:00Z.
const START_MS: i64 = 1_835_438_400_000;
/// How long a play is visible.
const PLAY_MS: i64 = 600_000;

/// One thing that reaches a hub.
#[derive(Debug, Clone)]
enum Step {
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
    /// A code was opened again so often.
    Again { scan: usize, openings: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let visitor = 0_u8..6;
    let link = 0_usize..64;
    let grade = 0_u8..3;
    prop_oneof![
        4 => (0_usize..2, 0_u8..3, 1_u8..8, prop::option::of(-3_i64..4), any::<bool>()).prop_map(
            |(screen, boot, plays, anchor, is_again)| Step::Plays { screen, boot, plays, anchor, is_again }
        ),
        4 => (0_usize..2, 0_u32..40, visitor.clone(), grade.clone(), 0_i64..30).prop_map(
            |(screen, play, visitor, grade, at)| Step::Scan { screen, play, visitor, grade, at }
        ),
        3 => (link.clone(), visitor.clone(), 0_u8..2)
            .prop_map(|(link, visitor, grade)| Step::Open { link, visitor, grade }),
        2 => (link.clone(), visitor.clone(), any::<bool>())
            .prop_map(|(link, visitor, is_confirmed)| Step::Reach { link, visitor, is_confirmed }),
        1 => (link.clone(), visitor).prop_map(|(link, visitor)| Step::Press { link, visitor }),
        1 => (link, 1_u8..5).prop_map(|(scan, openings)| Step::Again { scan, openings }),
    ]
}

/// A hub, and what was sent to it so far.
struct Street {
    store: Store,
    screens: Vec<ScreenNumber>,
    /// The plays of each screen.
    sent: Vec<Vec<Play>>,
    landed: Arc<Landed>,
    links: Vec<String>,
    scans: Vec<i64>,
    now_ms: i64,
}

impl Street {
    fn new(database: &TestDatabase) -> Self {
        let store = database.open();
        let add = |name| store.add_screen(name, START_MS).unwrap().0;
        let screens = vec![add("exit A"), add("exit B")];
        let toml = "title = 'Cafe'\ntarget = 'https://cafe.example/'\n";
        Self {
            store,
            screens,
            sent: vec![Vec::new(); 2],
            landed: Arc::new(Landed {
                id: "cafe".parse::<CampaignId>().unwrap(),
                campaign: Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap(),
                placement: 0,
                creative: Digest([7; 32]),
                airs: true,
            }),
            links: Vec::new(),
            scans: Vec::new(),
            now_ms: START_MS + 2 * DAY_MS,
        }
    }

    fn take(&mut self, step: &Step) {
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
                self.store.press(&name, visitor, self.now_ms).unwrap();
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
                    campaign: "cafe".into(),
                    creative: Digest([7; 32]),
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
            ..random_cases(12)
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
                Ok(())
            })
            .unwrap();
    });
}
