//! Links that are opened, those of one moment together: one transaction, and the same few
//! statements however many they are.
//!
//! Invariants: each is answered as if it had been the only one, in the order in which they came; a
//! visit is kept before its page is answered; what is wrong with one is not the others' loss.

use std::collections::{HashMap, HashSet};

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Id, Lock, Transaction, Value, owned_values};
use crate::store::landing_facts::LandingFacts;
use crate::store::rollups::{Changes, VisitSums};
use crate::store::scans::grade_code;
use crate::store::shares::below::{NewChild, has_room, new_children};
use crate::store::shares::rows::{Asked, Found, OWN, found};
use crate::store::together_or_alone::together_or_alone;
use crate::store::{Begun, LinkVisitor, Result, Store};
use crate::system::random;

/// Most links that are opened in one transaction.
const TOGETHER_MAX: usize = 64;

/// A link, and who opens it.
#[derive(Debug, Clone, Copy)]
pub struct LinkOpening<'a> {
    /// What the link is called.
    pub name: &'a str,
    /// Who opens it; `None` where nothing is to be counted.
    pub who: Option<LinkVisitor>,
}

/// What opening a link leads to.
#[derive(Debug)]
pub enum LinkAnswer {
    /// The page.
    Page(Box<LandingFacts>),
    /// The visitor's own link, by name.
    Own(String),
}

/// A link that was opened.
#[derive(Debug)]
pub struct Opened {
    /// What the visitor gets.
    pub answer: LinkAnswer,
    /// What was kept of it.
    pub begun: Begun,
}

/// What opening a link leads to, before its page is read.
#[derive(Debug, Clone)]
enum Step {
    /// There is no such link.
    Nowhere,
    /// The page.
    Page(Begun),
    /// The visitor's own link.
    Own(String, Begun),
}

impl Step {
    /// What comes of an opening where nobody who is to be counted has asked for a link that there
    /// is.
    const fn without_a_link(opening: &LinkOpening<'_>) -> Self {
        match opening.who {
            Some(_) => Self::Nowhere,
            None => Self::Page(Begun::Nothing),
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
        let opened = self.open_shares(&[LinkOpening { name, who }], now_ms).pop();
        opened.unwrap_or_else(|| Err(DatabaseError::NoRow.into()))
    }

    /// Opens links that are asked for at the same time, each as if it had been the only one.
    pub(crate) fn open_shares(
        &self,
        openings: &[LinkOpening<'_>],
        now_ms: i64,
    ) -> Vec<Result<Option<Opened>>> {
        let chunks = openings.chunks(TOGETHER_MAX);
        chunks
            .flat_map(|openings| {
                let steps = self.steps(openings, now_ms);
                self.with_pages(openings, steps)
            })
            .collect()
    }

    /// Keeps what is to be kept of openings.
    fn steps(&self, openings: &[LinkOpening<'_>], now_ms: i64) -> Vec<Result<Step, DatabaseError>> {
        together_or_alone(openings, &|openings| {
            let screens = self.screens_of_links(openings)?;
            if screens.is_empty() {
                return Ok(openings.iter().map(Step::without_a_link).collect());
            }
            self.write(Lock::Screens(&screens), |tx| keep(tx, openings, now_ms))
        })
    }

    /// The screens at which the chains of those links began whose visitors are to be counted.
    fn screens_of_links(
        &self,
        openings: &[LinkOpening<'_>],
    ) -> Result<Vec<ScreenNumber>, DatabaseError> {
        let names: Vec<_> = openings
            .iter()
            .filter(|opening| opening.who.is_some())
            .map(|opening| owned_values![opening.name])
            .collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let screens = self.read_once(|tx| {
            tx.all_each(
                "SELECT screen FROM shares JOIN scans ON scans.id = scan WHERE name = ?1",
                &names,
                |row| Ok::<_, DatabaseError>(row.get::<Id<ScreenNumber>>(0)?.0),
            )
        })?;
        Ok(screens.into_iter().flatten().collect())
    }

    /// Reads the pages of those that lead to one.
    fn with_pages(
        &self,
        openings: &[LinkOpening<'_>],
        steps: Vec<Result<Step, DatabaseError>>,
    ) -> Vec<Result<Option<Opened>>> {
        let paged = |step: &Result<_, _>| matches!(step, Ok(Step::Page(_)));
        let asked: Vec<_> = openings
            .iter()
            .zip(&steps)
            .filter(|(_, step)| paged(step))
            .map(|(opening, _)| (opening.name, opening.who.map(|who| who.visitor)))
            .collect();
        let mut pages = self.facts_of_links(&asked).into_iter();
        steps
            .into_iter()
            .map(|step| match step? {
                Step::Nowhere => Ok(None),
                Step::Own(name, begun) => Ok(Some(Opened {
                    answer: LinkAnswer::Own(name),
                    begun,
                })),
                Step::Page(begun) => {
                    let facts = pages.next().unwrap_or(Ok(None))?;
                    Ok(facts.map(|facts| Opened {
                        answer: LinkAnswer::Page(Box::new(facts)),
                        begun,
                    }))
                }
            })
            .collect()
    }
}

/// Keeps openings in their order. What a visitor's second opening of a link leads to depends on the
/// first; such ones are not looked up at the same time.
fn keep(
    tx: &Transaction<'_>,
    openings: &[LinkOpening<'_>],
    now_ms: i64,
) -> Result<Vec<Step>, DatabaseError> {
    let mut steps = Vec::with_capacity(openings.len());
    let mut changes = Changes::default();
    let mut left = openings;
    while !left.is_empty() {
        let mut known = HashSet::new();
        let strangers = left.iter().take_while(|opening| {
            let visitor = opening.who.map(|who| who.visitor.0);
            visitor.is_none_or(|visitor| known.insert((opening.name, visitor)))
        });
        let (now, later) = left.split_at(strangers.count());
        steps.extend(keep_first(tx, now, now_ms, &mut changes)?);
        left = later;
    }
    changes.note(tx)?;
    Ok(steps)
}

/// What changes of a link while openings of it are kept.
struct LinkState {
    owner: Option<[u8; 16]>,
    children: i64,
}

/// What is to be written of openings.
#[derive(Default)]
struct Writes {
    owners: Vec<[Value<'static>; 2]>,
    visits: Vec<[Value<'static>; 4]>,
    children: Vec<NewChild>,
}

/// Keeps openings of which no two are of one link by one visitor.
fn keep_first(
    tx: &Transaction<'_>,
    openings: &[LinkOpening<'_>],
    now_ms: i64,
    changes: &mut Changes,
) -> Result<Vec<Step>, DatabaseError> {
    let asked: Vec<Asked<'_>> = openings
        .iter()
        .filter_map(|opening| Some((opening.name, opening.who?.visitor)))
        .collect();
    let mut found = found(tx, &asked)?.into_iter();
    let mut states = HashMap::new();
    let mut writes = Writes::default();
    let mut steps = Vec::with_capacity(openings.len());
    for opening in openings {
        let Some(who) = opening.who else {
            steps.push(Step::Page(Begun::Nothing));
            continue;
        };
        steps.push(match found.next().flatten() {
            None => Step::Nowhere,
            Some(found) if found.has_visit => Step::Page(Begun::Nothing),
            Some(found) => {
                let state = states.entry(found.share.id).or_insert(LinkState {
                    owner: found.share.owner,
                    children: found.share.children,
                });
                let now = (now_ms, &mut *changes);
                first_visit(found, (state, &mut writes), who, now)
            }
        });
    }
    writes.write(tx, now_ms, changes)?;
    Ok(steps)
}

/// What somebody's first opening of a link leads to.
fn first_visit(
    Found { share, child, .. }: Found,
    (state, writes): (&mut LinkState, &mut Writes),
    who: LinkVisitor,
    (now_ms, changes): (i64, &mut Changes),
) -> Step {
    let visitor = who.visitor;
    if state.owner.is_some_and(|owner| owner != visitor.0) {
        if let Some(own) = child {
            return Step::Own(own, Begun::Nothing);
        }
        if !who.is_crowded && has_room(&share, state.children) {
            state.children += 1;
            let name = random::share_name();
            writes.children.push(NewChild {
                parent: share,
                name: name.clone(),
                made_for: visitor,
                nth: state.children,
            });
            return Step::Own(name, Begun::New);
        }
    }
    let begun = who.begins_on(share.made_for);
    if begun == Begun::Flood {
        return Step::Page(begun);
    }
    if state.owner.is_none() {
        state.owner = Some(visitor.0);
        writes.owners.push(owned_values![share.id, visitor.0]);
    }
    let grade = grade_code(who.grade);
    writes
        .visits
        .push(owned_values![share.id, visitor.0, now_ms, grade]);
    let visit = VisitSums {
        visits: 1,
        ..VisitSums::default()
    };
    changes.visits(share.visit_key(now_ms, grade), visit);
    Step::Page(begun)
}

impl Writes {
    fn write(
        &self,
        tx: &Transaction<'_>,
        now_ms: i64,
        changes: &mut Changes,
    ) -> Result<(), DatabaseError> {
        tx.execute_each(OWN, &self.owners)?;
        tx.execute_each(
            "INSERT INTO visits (share, visitor, visited_ms, grade) VALUES (?1, ?2, ?3, ?4)",
            &self.visits,
        )?;
        new_children(tx, &self.children, now_ms, changes)
    }
}
