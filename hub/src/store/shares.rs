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

use passerby_protocol::{Campaign, CampaignId, Digest};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::scans::visitor::{Grade, Visitor};
use crate::store::scans::{grade_code, outward};
use crate::store::{Id, Result, Store, StoreError};
use crate::system::random;

/// Longest chain.
const GENERATION_MAX: i64 = 1_000;
/// Most children of one link.
const CHILDREN_MAX: i64 = 100_000;

/// What a landing page shows.
#[derive(Debug, Clone)]
pub struct LandingFacts {
    /// The campaign as it is now.
    pub campaign: Campaign,
    /// The picture of the scan that began the chain.
    pub creative: Digest,
    /// Size of its thumbnail in pixels.
    pub thumbnail_px: (u32, u32),
}

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
            return self.read(|tx| page(tx, name, Begun::Nothing));
        };
        self.write(|tx| {
            let Some(share) = share(tx, name)? else {
                return Ok(None);
            };
            if has_visit(tx, share.id, who.visitor)? {
                return page(tx, name, Begun::Nothing);
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
                return page(tx, name, begun);
            }
            tx.prepare_cached("UPDATE shares SET owner = ?2 WHERE id = ?1 AND owner IS NULL")?
                .execute(params![share.id, who.visitor.0])?;
            tx.prepare_cached(
                "INSERT INTO visits (share, visitor, visited_ms, grade) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                share.id,
                who.visitor.0,
                now_ms,
                grade_code(who.grade)
            ])?;
            page(tx, name, begun)
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
            let (Some(share), Some(facts)) = (share(tx, name)?, facts(tx, name)?) else {
                return Ok::<_, StoreError>(None);
            };
            let visit = match visitor {
                Some(visitor) => tx
                    .prepare_cached(
                        "SELECT clicked_ms IS NULL FROM visits WHERE share = ?1 AND visitor = ?2",
                    )?
                    .query_row(params![share.id, visitor.0], |row| row.get::<_, bool>(0))
                    .optional()?,
                None => None,
            };
            Ok(Some((share.id, facts.campaign.target, visit)))
        })?;
        let Some((share, target, visit)) = found else {
            return Ok(None);
        };
        if let (Some(visitor), Some(true)) = (visitor, visit) {
            self.write(|tx| {
                tx.prepare_cached(
                    "UPDATE visits SET clicked_ms = ifnull(clicked_ms, ?3) WHERE share = ?1 AND visitor = ?2",
                )?
                .execute(params![share, visitor.0, now_ms])
            })?;
        }
        Ok(Some(Pressed {
            target,
            is_strange: visitor.is_some() && visit.is_none(),
        }))
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
            tx.prepare_cached(&format!(
                "SELECT shares.id, visits.visitor IS NULL, made_for FROM shares
                 LEFT JOIN visits ON share = shares.id AND visits.visitor = ?2
                 WHERE name = ?1 AND {column} IS NULL AND (owner IS NULL OR owner = ?2 OR visits.visitor IS NOT NULL)"
            ))?
            .query_row(params![name, visitor.0], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, row.get(2)?))
            })
            .optional()
        })?;
        let Some((share, is_new, made_for)) = open else {
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
        self.write(|tx| {
            tx.prepare_cached("UPDATE shares SET owner = ?2 WHERE id = ?1 AND owner IS NULL")?
                .execute(params![share, visitor.0])?;
            tx.prepare_cached(&format!(
                "INSERT INTO visits (share, visitor, visited_ms, {column}) VALUES (?1, ?2, ?3, ?3)
                 ON CONFLICT DO UPDATE SET {column} = ifnull({column}, excluded.{column})"
            ))?
            .execute(params![share, visitor.0, now_ms])?;
            Ok(begun)
        })
    }

    /// Returns the small picture on a link's page, a JPEG; `None` without a link or a picture.
    ///
    /// # Errors
    /// The database fails.
    pub fn picture_of(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(|tx| {
            Ok(tx
                .prepare_cached(
                    "SELECT thumbnail FROM shares JOIN scans ON scans.id = scan
                     JOIN creatives ON sha256 = scans.creative
                     WHERE shares.name = ?1 AND thumbnail_width > 0",
                )?
                .query_row([name], |row| row.get(0))
                .optional()?)
        })
    }

    /// Returns the size of a creative's thumbnail.
    ///
    /// # Errors
    /// The database fails.
    pub fn thumbnail_px(&self, creative: Digest) -> Result<(u32, u32)> {
        self.read(|tx| {
            Ok(tx
                .prepare_cached(
                    "SELECT thumbnail_width, thumbnail_height FROM creatives WHERE sha256 = ?1",
                )?
                .query_row([creative.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
    }
}

fn share(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<Share>> {
    tx.prepare_cached(
        "SELECT id, scan, generation, made_for, owner, children FROM shares WHERE name = ?1",
    )?
    .query_row([name], |row| {
        Ok(Share {
            id: row.get(0)?,
            scan: row.get(1)?,
            generation: row.get(2)?,
            made_for: row.get(3)?,
            owner: row.get(4)?,
            children: row.get(5)?,
        })
    })
    .optional()
}

fn facts(tx: &Transaction<'_>, name: &str) -> Result<Option<LandingFacts>> {
    let found = tx
        .prepare_cached(
            "SELECT body, scans.creative, thumbnail_width, thumbnail_height, campaigns.id, placement, screens.name
             FROM shares JOIN scans ON scans.id = scan
             JOIN assignments ON assignments.screen = scans.screen AND assignments.number = assignment
             JOIN screens ON screens.number = scans.screen
             JOIN campaigns ON campaigns.id = scans.campaign JOIN creatives ON sha256 = scans.creative
             WHERE shares.name = ?1",
        )?
        .query_row([name], |row| {
            let size = (row.get(2)?, row.get(3)?);
            let from: (String, CampaignId, u32, String) =
                (row.get(0)?, row.get::<_, Id<_>>(4)?.0, row.get(5)?, row.get(6)?);
            Ok((from, row.get::<_, Id<_>>(1)?.0, size))
        })
        .optional()?;
    found
        .map(|((body, id, placement, screen), creative, thumbnail_px)| {
            Ok(LandingFacts {
                campaign: outward(&body, &id, placement, &screen)?,
                creative,
                thumbnail_px,
            })
        })
        .transpose()
}

fn page(tx: &Transaction<'_>, name: &str, begun: Begun) -> Result<Option<Opened>> {
    Ok(facts(tx, name)?.map(|facts| Opened {
        answer: LinkAnswer::Page(Box::new(facts)),
        begun,
    }))
}

fn has_visit(tx: &Transaction<'_>, share: i64, visitor: Visitor) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT 1 FROM visits WHERE share = ?1 AND visitor = ?2")?
        .exists(params![share, visitor.0])
}

/// Finds a visitor's own link below another's.
fn known_child(
    tx: &Transaction<'_>,
    parent: &Share,
    visitor: Visitor,
) -> rusqlite::Result<Option<String>> {
    tx.prepare_cached("SELECT name FROM shares WHERE parent = ?1 AND made_for = ?2")?
        .query_row(params![parent.id, visitor.0], |row| row.get(0))
        .optional()
}

/// Makes a visitor's own link below another's; `None` past the bounds. It takes the same time for
/// every child.
fn new_child(
    tx: &Transaction<'_>,
    parent: &Share,
    visitor: Visitor,
    now_ms: i64,
) -> rusqlite::Result<Option<String>> {
    if parent.generation >= GENERATION_MAX || parent.children >= CHILDREN_MAX {
        return Ok(None);
    }
    tx.prepare_cached("UPDATE shares SET children = children + 1 WHERE id = ?1")?
        .execute([parent.id])?;
    let name = random::share_name();
    tx.prepare_cached(
        "INSERT INTO shares (name, scan, parent, generation, made_for, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![name, parent.scan, parent.id, parent.generation + 1, visitor.0, now_ms])?;
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::store::FILE_NAME;
    use crate::store::migrations::MIGRATIONS;

    /// A database of the hub before links had counters, with a link that three friends opened.
    fn older(folder: &std::path::Path) -> Connection {
        const BEFORE: usize = 10;
        let older = Connection::open(folder.join(FILE_NAME)).unwrap();
        older.pragma_update(None, "foreign_keys", false).unwrap();
        for step in &MIGRATIONS[..BEFORE] {
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
            store.write(|tx| new_child(tx, &parent, Visitor([visitor; 16]), 9))
        };
        assert!(new(5).unwrap().is_some());
        assert_eq!(share_of(&store, "link1").children, 4);
        // Were they counted, there would be far fewer.
        let full = "UPDATE shares SET children = ?1 WHERE id = 1";
        store.connection().execute(full, [CHILDREN_MAX]).unwrap();
        assert_eq!(new(6).unwrap(), None);
        store
            .connection()
            .execute(full, [CHILDREN_MAX - 1])
            .unwrap();
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
        store
            .connection()
            .execute("UPDATE shares SET owner = NULL WHERE name = 'link3'", [])
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
        let confirmed = (store.connection()).query_row(confirmed, [], |row| row.get::<_, u8>(0));
        assert_eq!(confirmed.unwrap(), 2, "a tool shows no page");
    }
}
