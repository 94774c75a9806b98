//! Where pages and calls ask for previews.
//!
//! Invariants: at most [`DRAWERS_MAX`] processes draw at one time for the whole hub process, and at
//! most [`WAITING_MAX`] orders wait; whoever comes then is asked to come again. The same picture is
//! drawn once however many ask for it. What is drawn goes on when nobody waits any more, and is
//! kept.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use passerby_protocol::Digest;
use tokio::sync::watch;

use crate::publish::preview::kept::KeptPreviews;
use crate::publish::preview::order::{Asked, Preview};
use crate::publish::preview::{DrawError, Drawers};

/// Most processes that draw at one time.
pub(crate) const DRAWERS_MAX: usize = 2;
/// Most orders that wait for one.
pub(crate) const WAITING_MAX: usize = 16;

/// What became of an order.
pub(crate) type Outcome = Result<Arc<Preview>, DrawError>;
/// Tells of it once it is known.
pub(crate) type Told = watch::Receiver<Option<Outcome>>;
type Work = Box<dyn FnOnce() -> Outcome + Send>;

/// So many wait that one more is asked to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// Takes orders.
pub(crate) struct Desk {
    /// None where the system does not tell which program this is.
    drawers: Option<Drawers>,
    kept: KeptPreviews,
    orders: Mutex<Orders>,
}

#[derive(Default)]
struct Orders {
    waiting: VecDeque<(Digest, Work, watch::Sender<Option<Outcome>>)>,
    under_way: HashMap<Digest, Told>,
    drawers: usize,
}

impl Desk {
    /// Keeps what is drawn in a data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            drawers: Drawers::of_this_program().ok(),
            kept: KeptPreviews::new(data),
            orders: Mutex::default(),
        }
    }

    /// Draws text also with the fonts of some folders, as screens do.
    #[must_use]
    pub(crate) fn with_fonts(self, folders: &[PathBuf]) -> Self {
        let drawers = self.drawers.map(|drawers| drawers.with_fonts(folders));
        Self { drawers, ..self }
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was drawn before. Reads the disk.
    pub(crate) fn drawn(&self, asked: &Asked) -> Option<Preview> {
        self.kept.get(self.drawers.as_ref()?.digest(asked))
    }

    /// Has a picture drawn. `draw` is called on a thread of its own, with what draws: it fetches
    /// the files first.
    ///
    /// # Errors
    /// Too many wait already.
    pub(crate) fn ask(
        self: &Arc<Self>,
        asked: &Asked,
        draw: impl FnOnce(&Drawers) -> Result<Preview, DrawError> + Send + 'static,
    ) -> Result<Told, Busy> {
        let Some(drawers) = self.drawers.clone() else {
            let error = DrawError::Start("the system does not tell which program it is".to_owned());
            return Ok(watch::channel(Some(Err(error))).1);
        };
        let digest = drawers.digest(asked);
        let mut orders = self.orders();
        if let Some(told) = orders.under_way.get(&digest) {
            return Ok(told.clone());
        }
        let is_full = orders.drawers >= DRAWERS_MAX && orders.waiting.len() >= WAITING_MAX;
        if is_full {
            return Err(Busy);
        }
        let (tell, told) = watch::channel(None);
        let desk = Arc::clone(self);
        let work = move || {
            let drawn = draw(&drawers)?;
            desk.kept.put(digest, &drawn);
            Ok(Arc::new(drawn))
        };
        orders.waiting.push_back((digest, Box::new(work), tell));
        orders.under_way.insert(digest, told.clone());
        if orders.drawers < DRAWERS_MAX {
            let desk = Arc::clone(self);
            let name = "previews".to_owned();
            match thread::Builder::new().name(name).spawn(move || desk.work()) {
                Ok(_) => orders.drawers += 1,
                Err(_) if orders.drawers > 0 => {}
                Err(_) => {
                    orders.waiting.clear();
                    orders.under_way.clear();
                    return Err(Busy);
                }
            }
        }
        Ok(told)
    }

    /// Draws until nothing waits.
    fn work(&self) {
        loop {
            let next = {
                let mut orders = self.orders();
                let next = orders.waiting.pop_front();
                if next.is_none() {
                    orders.drawers -= 1;
                }
                next
            };
            let Some((digest, work, tell)) = next else {
                return;
            };
            // A fault of this program costs the picture that shows it, and not the others.
            let outcome = catch_unwind(AssertUnwindSafe(work))
                .unwrap_or_else(|_| Err(DrawError::Broke("a fault of this program".to_owned())));
            self.orders().under_way.remove(&digest);
            // Whoever asked may have gone.
            let _ = tell.send(Some(outcome));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use passerby_protocol::campaign::Campaign;

    use super::*;
    use crate::publish::preview::{PreviewFacts, Subject, View};

    fn asked(width_px: u32) -> Asked {
        let toml = "title = 'Cafe'\n";
        let campaign = Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap();
        Asked {
            subject: Subject {
                id: "cafe".parse().unwrap(),
                campaign,
                placement: 0,
                file: "a.png".into(),
                digest: Digest([1; 32]),
                parts: Vec::new(),
            },
            view: View::of_size(width_px, 360),
            scan_base: "HTTPS://HUB.EXAMPLE".to_owned(),
            token: String::new(),
            now_ms: 0,
        }
    }

    fn preview() -> Preview {
        Preview {
            facts: PreviewFacts::default(),
            png: vec![1, 2, 3],
        }
    }

    async fn outcome(mut told: Told) -> Outcome {
        told.wait_for(Option::is_some)
            .await
            .unwrap()
            .clone()
            .unwrap()
    }

    #[tokio::test]
    async fn no_more_wait_than_there_is_room_for_and_equal_ones_are_drawn_once() {
        let data = tempfile::tempdir().unwrap();
        let desk = Arc::new(Desk::new(data.path()));
        let (let_go, goes_on) = mpsc::channel::<()>();
        let goes_on = Arc::new(Mutex::new(goes_on));
        let slow = || {
            let goes_on = Arc::clone(&goes_on);
            move |_: &Drawers| {
                // Until the test has asked for all.
                let _ = goes_on.lock().unwrap().recv();
                Ok(preview())
            }
        };
        let mut told = Vec::new();
        let mut width = 100;
        let busy = loop {
            match desk.ask(&asked(width), slow()) {
                Ok(one) => told.push(one),
                Err(busy) => break busy,
            }
            width += 1;
            assert!(told.len() <= DRAWERS_MAX + WAITING_MAX);
        };
        assert_eq!(busy, Busy);
        assert!(told.len() >= WAITING_MAX);
        // One that waits already takes no more room.
        let again = desk.ask(&asked(100), |_| Err(DrawError::Size)).unwrap();
        assert_eq!(desk.drawn(&asked(100)), None);
        drop(let_go);
        for one in told.into_iter().chain([again]) {
            assert_eq!(*outcome(one).await.unwrap(), preview());
        }
        assert_eq!(desk.drawn(&asked(100)), Some(preview()));
    }

    #[tokio::test]
    async fn a_drawing_that_panics_or_fails_costs_itself_alone() {
        let data = tempfile::tempdir().unwrap();
        let desk = Arc::new(Desk::new(data.path()));
        let panics = desk.ask(&asked(1), |_| panic!("a fault")).unwrap();
        assert!(matches!(outcome(panics).await, Err(DrawError::Broke(_))));
        let fails = desk.ask(&asked(1), |_| Err(DrawError::Late(9))).unwrap();
        assert_eq!(outcome(fails).await, Err(DrawError::Late(9)));
        let works = desk.ask(&asked(1), |_| Ok(preview())).unwrap();
        assert_eq!(*outcome(works).await.unwrap(), preview());
    }
}
