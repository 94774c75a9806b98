//! Shares: the chain from a scan through the people who pass the link on.
//!
//! A link belongs to whoever opens it first. Anybody else who opens it is sent on to a link of
//! their own, a child of it, so that the share menu of any browser passes on the right one by
//! itself.
//!
//! Invariants: a child is unowned when it is made, so a visitor whose address changes on the way is
//! never sent in circles; chains and families are bounded, and past the bound the link itself
//! serves everybody; how far a visit got is told by what the open page asks for, and only for whom
//! the link belongs to or who opened it; a press is one on a visit, or nothing; in a flood nothing
//! new is begun, and everybody still sees the page and gets to the target.

use passerby_protocol::{Digest, ScreenNumber};

use crate::conversions::click_id;
use crate::database::{DatabaseError, Id, Lock, Transaction, values};
use crate::scans::visitor::{Grade, Visitor};
use crate::store::landing_facts::LandingFacts;
use crate::store::rollups;
use crate::store::rollups::{Changes, ScanSums, ShareKey, VisitKey, VisitSums};
use crate::store::scans::grade_code;
use crate::store::{Event, Result, ShareEvent, Store, StoreError, event_hooks};
use crate::system::random;

/// Longest chain.
const GENERATION_MAX: i64 = 1_000;
/// Most children of one link.
const CHILDREN_MAX: i64 = 100_000;

/// Who opens a link, presses its button, or sees its page.
#[derive(Debug, Clone, Copy)]
pub struct LinkVisitor {
    /// The pseudonym of whoever opened it.
    pub visitor: Visitor,
    /// With what; robots leave nothing here.
    pub grade: Grade,
    /// Whether the visitor's networks have brought more new visitors than a crowd does: then
    /// nothing is begun for another one. What a scan or an earlier opening has begun goes on.
    pub is_crowded: bool,
}

/// What opening a link leads to.
#[derive(Debug)]
pub enum LinkAnswer {
    /// The page.
    Page(Box<LandingFacts>),
    /// The visitor's own link, by name.
    Own(String),
}

/// Whether a chain has a new visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// No: known, or not to be counted.
    Nothing,
    /// Yes.
    New,
    /// It would have one, but this is a flood.
    Flood,
}

/// A link that was opened.
#[derive(Debug)]
pub struct Opened {
    /// What the visitor gets.
    pub answer: LinkAnswer,
    /// What was kept of it.
    pub begun: Begun,
}

/// A button that was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    /// Where it leads; `None` when the campaign has no target.
    pub target: Option<String>,
    /// Whether there is no visit to which the press could belong.
    pub is_strange: bool,
}

/// How far a visit got, beyond the `GET` of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// The page's picture was loaded.
    Seen,
    /// The page was visible.
    Confirmed,
}

struct Share {
    id: i64,
    scan: i64,
    generation: i64,
    /// For whom it was made, by a scan or by opening the link above it.
    made_for: [u8; 16],
    owner: Option<[u8; 16]>,
    children: i64,
    is_first: bool,
    /// The screen at which its chain began.
    screen: ScreenNumber,
    campaign: String,
    creative: String,
    /// Whether the scan that began its chain counts.
    is_counted: bool,
}

impl Share {
    /// What a visit to it is counted by.
    fn visit_key(&self, visited_ms: i64, grade: u8) -> VisitKey {
        VisitKey {
            screen: self.screen.get(),
            quarter: rollups::quarter_of(visited_ms),
            campaign: self.campaign.clone(),
            creative: self.creative.clone(),
            generation: self.generation,
            grade,
            is_counted: self.is_counted,
        }
    }
}

/// How far a visit got.
struct Reach {
    visited_ms: i64,
    grade: u8,
    is_seen: bool,
    is_confirmed: bool,
}

impl Reach {
    fn of(
        tx: &Transaction<'_>,
        share: i64,
        visitor: Visitor,
    ) -> Result<Option<Self>, DatabaseError> {
        tx.optional(
            "SELECT visited_ms, grade, coalesce(seen_ms, confirmed_ms) IS NOT NULL, confirmed_ms IS NOT NULL
             FROM visits WHERE share = ?1 AND visitor = ?2",
            values![share, visitor.0],
            |row| {
                Ok(Self {
                    visited_ms: row.get(0)?,
                    grade: row.get(1)?,
                    is_seen: row.get(2)?,
                    is_confirmed: row.get(3)?,
                })
            },
        )
    }
}

impl LinkVisitor {
    /// Whether a first visit to a link brings its chain a new visitor. One for whom the link was
    /// made is none.
    fn begins_on(&self, made_for: [u8; 16]) -> Begun {
        if made_for == self.visitor.0 {
            Begun::Nothing
        } else if self.is_crowded {
            Begun::Flood
        } else {
            Begun::New
        }
    }
}

impl Store {
    /// Opens a link for a visitor, or for nobody when nothing is to be counted. `None`: there is no
    /// such link.
    ///
    /// # Errors
    /// The database fails.
    pub fn open_share(
        &self,
        name: &str,
        who: Option<LinkVisitor>,
        now_ms: i64,
    ) -> Result<Option<Opened>> {
        let Some(who) = who else {
            return self.read(|tx| self.page(tx, name, None, Begun::Nothing));
        };
        let Some(screen) = self.screen_of_link(name)? else {
            return Ok(None);
        };
        self.write(Lock::Screens(&[screen]), |tx| {
            let Some(share) = share(tx, name)? else {
                return Ok(None);
            };
            if has_visit(tx, share.id, who.visitor)? {
                return self.page(tx, name, Some(who.visitor), Begun::Nothing);
            }
            if share.owner.is_some_and(|owner| owner != who.visitor.0) {
                let (own, begun) = match known_child(tx, &share, who.visitor)? {
                    Some(own) => (Some(own), Begun::Nothing),
                    None if who.is_crowded => (None, Begun::Flood),
                    None => (new_child(tx, &share, who.visitor, now_ms)?, Begun::New),
                };
                if let Some(own) = own {
                    let answer = LinkAnswer::Own(own);
                    return Ok(Some(Opened { answer, begun }));
                }
            }
            let begun = who.begins_on(share.made_for);
            if begun == Begun::Flood {
                return self.page(tx, name, Some(who.visitor), begun);
            }
            own(tx, share.id, who.visitor)?;
            tx.execute(
                "INSERT INTO visits (share, visitor, visited_ms, grade) VALUES (?1, ?2, ?3, ?4)",
                values![share.id, who.visitor.0, now_ms, grade_code(who.grade)],
            )?;
            let mut changes = Changes::default();
            let visit = VisitSums {
                visits: 1,
                ..VisitSums::default()
            };
            changes.visits(share.visit_key(now_ms, grade_code(who.grade)), visit);
            changes.note(tx)?;
            self.page(tx, name, Some(who.visitor), begun)
        })
    }

    /// Counts a press of the page's button, once a visit, and returns where it leads. `None`: there
    /// is no such link.
    ///
    /// A press proves that somebody has the link's address and nothing else, so it makes no visit
    /// and confirms none.
    ///
    /// # Errors
    /// The database fails.
    pub fn press(
        &self,
        name: &str,
        visitor: Option<Visitor>,
        now_ms: i64,
    ) -> Result<Option<Pressed>> {
        let found = self.read(|tx| {
            let (Some(share), Some(facts)) =
                (share(tx, name)?, self.facts_of_link(tx, name, None)?)
            else {
                return Ok::<_, StoreError>(None);
            };
            let visit = match visitor {
                Some(visitor) => tx.optional(
                    "SELECT clicked_ms IS NULL, click FROM visits
                     LEFT JOIN clicks ON clicks.share = visits.share AND clicks.visitor = visits.visitor
                     WHERE visits.share = ?1 AND visits.visitor = ?2",
                    values![share.id, visitor.0],
                    |row| {
                        let click: Option<[u8; 16]> = row.get(1)?;
                        Ok::<_, DatabaseError>((row.get::<bool>(0)?, click))
                    },
                )?,
                None => None,
            };
            Ok(Some((share, facts, visit)))
        })?;
        let Some((share, facts, visit)) = found else {
            return Ok(None);
        };
        let is_strange = visitor.is_some() && visit.is_none();
        // Whoever has opened no page of their own brings a shop nobody.
        let link = &facts.campaign.link;
        let has_click = link.click_name().is_some() && facts.target.is_some();
        let mut click = visit.and_then(|(_, click)| click);
        if let Some((visitor, (is_first, _))) = visitor.zip(visit)
            && (is_first || (has_click && click.is_none()))
        {
            click = self.write(Lock::Screens(&[share.screen]), |tx| {
                note_press(tx, name, &share, (visitor, now_ms))?;
                if has_click {
                    clicked(tx, &share, (visitor, now_ms)).map(Some)
                } else {
                    Ok(None)
                }
            })?;
        }
        let target = facts.target.map(|target| match click {
            Some(click) => link.with_click(target, &click_id(&click)),
            None => target,
        });
        Ok(Some(Pressed { target, is_strange }))
    }

    /// Notes how far a visit got, once. A page that a browser fetched ahead has left no visit;
    /// showing it makes one. Only a browser shows a page.
    ///
    /// # Errors
    /// The database fails.
    pub fn reach(
        &self,
        name: &str,
        who: LinkVisitor,
        reached: Reached,
        now_ms: i64,
    ) -> Result<Begun> {
        if who.grade != Grade::Browser {
            return Ok(Begun::Nothing);
        }
        let column = match reached {
            Reached::Seen => "seen_ms",
            Reached::Confirmed => "confirmed_ms",
        };
        let visitor = who.visitor;
        let open = self.read(|tx| {
            tx.optional(
                &format!(
                    "SELECT shares.id, visits.visitor IS NULL, made_for, scans.screen
                     FROM shares JOIN scans ON scans.id = scan
                     LEFT JOIN visits ON share = shares.id AND visits.visitor = ?2
                     WHERE name = ?1 AND {column} IS NULL
                       AND (owner IS NULL OR owner = ?2 OR visits.visitor IS NOT NULL)"
                ),
                values![name, visitor.0],
                |row| {
                    let screen: ScreenNumber = row.get::<Id<_>>(3)?.0;
                    Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, screen))
                },
            )
        })?;
        let Some((share, is_new, made_for, screen)): Option<(i64, bool, _, _)> = open else {
            return Ok(Begun::Nothing);
        };
        let begun = if is_new {
            who.begins_on(made_for)
        } else {
            Begun::Nothing
        };
        if begun == Begun::Flood {
            return Ok(begun);
        }
        self.write(Lock::Screens(&[screen]), |tx| {
            own(tx, share, visitor)?;
            let before = Reach::of(tx, share, visitor)?;
            tx.execute(
                &format!(
                    "INSERT INTO visits (share, visitor, visited_ms, {column}) VALUES (?1, ?2, ?3, ?3)
                     ON CONFLICT (share, visitor) DO UPDATE SET {column} = coalesce(visits.{column}, excluded.{column})"
                ),
                values![share, visitor.0, now_ms],
            )?;
            let (Some(after), Some(share)) = (
                Reach::of(tx, share, visitor)?,
                self::share(tx, name)?,
            ) else {
                return Err(DatabaseError::NoRow.into());
            };
            let was = |had: fn(&Reach) -> bool| i64::from(before.as_ref().is_some_and(had));
            let visit = VisitSums {
                visits: i64::from(before.is_none()),
                seen: i64::from(after.is_seen) - was(|before| before.is_seen),
                confirmed: i64::from(after.is_confirmed) - was(|before| before.is_confirmed),
                pressed: 0,
            };
            let mut changes = Changes::default();
            changes.visits(share.visit_key(after.visited_ms, after.grade), visit);
            if share.is_first && share.owner == Some(visitor.0) {
                let scan = ScanSums {
                    seen: visit.seen,
                    confirmed: visit.confirmed,
                    ..ScanSums::default()
                };
                changes.scans(rollups::scan_key(tx, share.scan)?, scan);
            }
            changes.note(tx)?;
            Ok(begun)
        })
    }

    /// Returns the small picture on a link's page, a JPEG; `None` without a link or a picture.
    ///
    /// # Errors
    /// The database fails.
    pub fn picture_of(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT thumbnail FROM shares JOIN scans ON scans.id = scan
                 JOIN creatives ON sha256 = scans.creative
                 WHERE shares.name = ?1 AND thumbnail_width > 0",
                values![name],
                |row| Ok(row.get(0)?),
            )
        })
    }

    /// Returns the size of a creative's thumbnail.
    ///
    /// # Errors
    /// The database fails.
    pub fn thumbnail_px(&self, creative: Digest) -> Result<(u32, u32)> {
        self.read_once(|tx| {
            tx.one(
                "SELECT thumbnail_width, thumbnail_height FROM creatives WHERE sha256 = ?1",
                values![creative.to_string()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
        })
    }

    /// The screen at which a link's chain began.
    fn screen_of_link(&self, name: &str) -> Result<Option<ScreenNumber>> {
        self.read_once(|tx| Ok(share(tx, name)?.map(|share| share.screen)))
    }

    fn page(
        &self,
        tx: &Transaction<'_>,
        name: &str,
        visitor: Option<Visitor>,
        begun: Begun,
    ) -> Result<Option<Opened>> {
        let facts = self.facts_of_link(tx, name, visitor)?;
        Ok(facts.map(|facts| Opened {
            answer: LinkAnswer::Page(Box::new(facts)),
            begun,
        }))
    }
}

/// Counts the first press of a visit.
fn note_press(
    tx: &Transaction<'_>,
    name: &str,
    share: &Share,
    (visitor, now_ms): (Visitor, i64),
) -> Result<(), StoreError> {
    let pressed = tx.optional(
        "UPDATE visits SET clicked_ms = ?3 WHERE share = ?1 AND visitor = ?2 AND clicked_ms IS NULL
         RETURNING visited_ms, grade",
        values![share.id, visitor.0, now_ms],
        |row| Ok::<_, DatabaseError>((row.get::<i64>(0)?, row.get::<u8>(1)?)),
    )?;
    // What its chain counts for may have changed since it was read.
    let Some(((visited_ms, grade), share)) = pressed.zip(self::share(tx, name)?) else {
        return Ok(());
    };
    let mut changes = Changes::default();
    let press = VisitSums {
        pressed: 1,
        ..VisitSums::default()
    };
    changes.visits(share.visit_key(visited_ms, grade), press);
    Ok(changes.note(tx)?)
}

/// The click id of a press, which a visit keeps however often its button is pressed.
fn clicked(
    tx: &Transaction<'_>,
    share: &Share,
    (visitor, now_ms): (Visitor, i64),
) -> Result<[u8; 16], StoreError> {
    tx.execute(
        "INSERT INTO clicks (click, share, visitor, pressed_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (share, visitor) DO NOTHING",
        values![random::bytes::<16>(), share.id, visitor.0, now_ms],
    )?;
    let click = "SELECT click FROM clicks WHERE share = ?1 AND visitor = ?2";
    Ok(tx.value(click, values![share.id, visitor.0])?)
}

fn share(tx: &Transaction<'_>, name: &str) -> Result<Option<Share>, DatabaseError> {
    tx.optional(
        "SELECT shares.id, scan, generation, made_for, owner, children, parent IS NULL, screen, campaign, creative,
                scans.grade < 2 AND standing < 2
         FROM shares JOIN scans ON scans.id = scan WHERE name = ?1",
        values![name],
        |row| {
            Ok(Share {
                id: row.get(0)?,
                scan: row.get(1)?,
                generation: row.get(2)?,
                made_for: row.get(3)?,
                owner: row.get(4)?,
                children: row.get(5)?,
                is_first: row.get(6)?,
                screen: row.get::<Id<_>>(7)?.0,
                campaign: row.get(8)?,
                creative: row.get(9)?,
                is_counted: row.get(10)?,
            })
        },
    )
}

/// Gives a link that is nobody's yet to whoever opened it.
fn own(tx: &Transaction<'_>, share: i64, visitor: Visitor) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE shares SET owner = ?2 WHERE id = ?1 AND owner IS NULL",
        values![share, visitor.0],
    )?;
    Ok(())
}

fn has_visit(tx: &Transaction<'_>, share: i64, visitor: Visitor) -> Result<bool, DatabaseError> {
    tx.exists(
        "SELECT 1 FROM visits WHERE share = ?1 AND visitor = ?2",
        values![share, visitor.0],
    )
}

/// Finds a visitor's own link below another's.
fn known_child(
    tx: &Transaction<'_>,
    parent: &Share,
    visitor: Visitor,
) -> Result<Option<String>, DatabaseError> {
    tx.optional(
        "SELECT name FROM shares WHERE parent = ?1 AND made_for = ?2",
        values![parent.id, visitor.0],
        |row| row.get(0),
    )
}

/// Makes a visitor's own link below another's; `None` past the bounds. It takes the same time for
/// every child.
fn new_child(
    tx: &Transaction<'_>,
    parent: &Share,
    visitor: Visitor,
    now_ms: i64,
) -> Result<Option<String>, DatabaseError> {
    if parent.generation >= GENERATION_MAX || parent.children >= CHILDREN_MAX {
        return Ok(None);
    }
    tx.execute(
        "UPDATE shares SET children = children + 1 WHERE id = ?1",
        values![parent.id],
    )?;
    let name = random::share_name();
    tx.execute(
        "INSERT INTO shares (name, scan, parent, generation, made_for, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![&name, parent.scan, parent.id, parent.generation + 1, visitor.0, now_ms],
    )?;
    let mut changes = Changes::default();
    let key = ShareKey {
        screen: parent.screen.get(),
        quarter: rollups::quarter_of(now_ms),
        campaign: parent.campaign.clone(),
        creative: parent.creative.clone(),
        generation: parent.generation + 1,
        is_counted: parent.is_counted,
    };
    changes.shares(key, 1);
    changes.note(tx)?;
    let event = Event::Share(ShareEvent {
        campaign: parent.campaign.clone(),
        screen: parent.screen.get(),
        generation: parent.generation + 1,
    });
    event_hooks::note(tx, &event, now_ms)?;
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params};

    use super::*;
    use crate::store::FILE_NAME;
    use crate::store::migrations::SQLITE;

    /// A database of the hub before links had counters, with a link that three friends opened.
    fn older(folder: &std::path::Path) -> Connection {
        const BEFORE: usize = 10;
        let older = Connection::open(folder.join(FILE_NAME)).unwrap();
        older.pragma_update(None, "foreign_keys", false).unwrap();
        for step in &SQLITE[..BEFORE] {
            older.execute_batch(step).unwrap();
        }
        older.pragma_update(None, "user_version", BEFORE).unwrap();
        let visitor = |number: u8| [number; 16];
        older
            .execute(
                "INSERT INTO scans (id, screen, play, visitor, grade, assignment, campaign, creative, scanned_ms)
                 VALUES (1, 1, 5, ?1, 0, 1, 'cafe', 'aa', 5)",
                [visitor(1)],
            )
            .unwrap();
        for id in 1..=4u8 {
            let (parent, generation) = if id == 1 { (None, 0) } else { (Some(1), 1) };
            older
                .execute(
                    "INSERT INTO shares (id, name, scan, parent, generation, made_for, owner, created_ms)
                     VALUES (?1, ?2, 1, ?3, ?4, ?5, ?5, 5)",
                    params![id, format!("link{id}"), parent, generation, visitor(id)],
                )
                .unwrap();
        }
        older
    }

    fn share_of(store: &Store, name: &str) -> Share {
        store.read(|tx| share(tx, name)).unwrap().unwrap()
    }

    #[test]
    fn how_many_links_are_below_one_is_known_without_counting() {
        let folder = tempfile::tempdir().unwrap();
        drop(older(folder.path()));
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(share_of(&store, "link1").children, 3);
        assert_eq!(share_of(&store, "link2").children, 0);
        let new = |visitor: u8| {
            let parent = share_of(&store, "link1");
            store.write(Lock::Everything, |tx| {
                new_child(tx, &parent, Visitor([visitor; 16]), 9)
            })
        };
        assert!(new(5).unwrap().is_some());
        assert_eq!(share_of(&store, "link1").children, 4);
        // Were they counted, there would be far fewer.
        let fill = |children: i64| {
            let full = "UPDATE shares SET children = ?1 WHERE id = 1";
            store.write(Lock::Everything, |tx| tx.execute(full, values![children]))
        };
        fill(CHILDREN_MAX).unwrap();
        assert_eq!(new(6).unwrap(), None);
        fill(CHILDREN_MAX - 1).unwrap();
        assert!(new(6).unwrap().is_some());
        assert_eq!(new(7).unwrap(), None);
    }

    #[test]
    fn presses_that_an_older_hub_took_for_visits_are_told_from_those_on_a_visit() {
        let folder = tempfile::tempdir().unwrap();
        let database = older(folder.path());
        let day_ms = 1_767_225_600_000_i64;
        // Visited, pressed, seen and confirmed.
        for (visitor, times) in [
            (1u8, [0, 7, 0, 0]),
            (2, [5, 5, 0, 0]),
            (3, [6, 6, 0, 0]),
            (4, [5, 5, 0, 5]),
            (5, [5, 0, 0, 0]),
        ] {
            let times = times.map(|ms| (ms > 0).then_some(day_ms + ms));
            database
                .execute(
                    "INSERT INTO visits (share, visitor, visited_ms, clicked_ms, seen_ms, confirmed_ms)
                     VALUES (1, ?1, ifnull(?2, 1), ?3, ?4, ?5)",
                    params![[visitor; 16], times[0], times[1], times[2], times[3]],
                )
                .unwrap();
        }
        drop(database);
        let visits = Store::open(folder.path()).unwrap().report().unwrap().visits;
        assert_eq!((visits.tally.total, visits.clicks), (3, 2));
        assert_eq!((visits.confirmed, visits.presses.strangers), (1, 2));
    }

    #[test]
    fn a_flood_begins_nothing_and_those_who_came_before_go_on() {
        let folder = tempfile::tempdir().unwrap();
        drop(older(folder.path()));
        let store = Store::open(folder.path()).unwrap();
        let who = |visitor: u8, is_crowded| LinkVisitor {
            visitor: Visitor([visitor; 16]),
            grade: Grade::Browser,
            is_crowded,
        };
        let reach = |visitor, is_crowded| {
            let who = who(visitor, is_crowded);
            (store.reach("link2", who, Reached::Confirmed, 9)).unwrap()
        };
        // The link is the second one's, who has opened nothing yet.
        assert_eq!(reach(9, true), Begun::Nothing, "another's link");
        assert_eq!(reach(2, true), Begun::Nothing, "begun before the flood");
        assert_eq!(reach(2, true), Begun::Nothing, "once");
        let free = "UPDATE shares SET owner = NULL WHERE name = 'link3'";
        store
            .write(Lock::Everything, |tx| tx.execute(free, &[]))
            .unwrap();
        let strange = |is_crowded| {
            let who = who(9, is_crowded);
            (store.reach("link3", who, Reached::Confirmed, 9)).unwrap()
        };
        assert_eq!(strange(true), Begun::Flood);
        assert_eq!(strange(false), Begun::New);
        assert_eq!(strange(true), Begun::Nothing);
        let tool = LinkVisitor {
            grade: Grade::Tool,
            ..who(4, false)
        };
        let reached = store.reach("link4", tool, Reached::Confirmed, 9);
        assert_eq!(reached.unwrap(), Begun::Nothing);
        let confirmed = "SELECT count(*) FROM visits WHERE confirmed_ms IS NOT NULL";
        let confirmed: Result<u8, DatabaseError> = store.read(|tx| tx.value(confirmed, &[]));
        assert_eq!(confirmed.unwrap(), 2, "a tool shows no page");
    }
}
