//! The threads that compose, and who is served first.
//!
//! There are two: one makes slides of files, the other what is drawn from nothing, so that neither
//! an emergency nor the house creative ever waits behind a slow file.
//!
//! Invariants: each thread has at most one order; what waits is kept here, at most one order a
//! zone, and the zone that needs it soonest is served first. A composer that panics costs one
//! slide. Of what composers should expect, only the newest list is kept, and nobody waits until it
//! was heard.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender, bounded, select};

use crate::content::creative::{Creative, CreativeFile};
use crate::messages::stage_messages::{ComposeError, Composed, Composer, SlideOrder, Ticket};
use crate::player::track::COMPOSE_MS_MAX;
use crate::screen::geometry::Geometry;
use crate::system::malloc;

/// After so many slides a thread gives back the memory that lies free between what lives on.
const SLIDES_UNTIL_TRIM: u32 = 100;

type Order = (SlideOrder, Geometry);
/// Files that may be shown, each with its place.
type ExpectedFiles = Vec<(CreativeFile, Geometry)>;
/// What came of an order.
pub(super) type Finished<S> = (Ticket, Result<Composed<S>, ComposeError>);

/// The composing threads.
pub(super) struct ComposerPool<S> {
    files: ComposerThread,
    drawn: ComposerThread,
    finished: Receiver<Finished<S>>,
}

/// One thread and what waits for it.
struct ComposerThread {
    orders: Sender<Order>,
    /// Holds one list; both ends, so that an old one can be taken out.
    coming: (Sender<ExpectedFiles>, Receiver<ExpectedFiles>),
    /// What it works on, and since when.
    busy: Option<(Ticket, u64)>,
    /// With the moment at which it is needed.
    waiting: Vec<(u64, Order)>,
}

impl<S: Send + 'static> ComposerPool<S> {
    /// Starts the threads. `urgent` makes what is drawn from nothing.
    pub(super) fn start<C: Composer<Slide = S>>(files: C, urgent: C) -> Self {
        let (results, finished) = bounded(2);
        Self {
            files: ComposerThread::start("composer", files, results.clone()),
            drawn: ComposerThread::start("composer-urgent", urgent, results),
            finished,
        }
    }

    /// Where finished slides come out; tell [`ComposerPool::done`] of each.
    pub(super) const fn finished(&self) -> &Receiver<Finished<S>> {
        &self.finished
    }

    /// Orders a slide that is needed at `due_ms` of the boot clock.
    pub(super) fn order(
        &mut self,
        order: SlideOrder,
        geometry: Geometry,
        due_ms: u64,
        now_ms: u64,
    ) {
        let thread = match order.creative {
            Creative::File(_) => &mut self.files,
            Creative::House | Creative::Notice { .. } => &mut self.drawn,
        };
        thread.waiting.push((due_ms, (order, geometry)));
        thread.next(now_ms);
    }

    /// Tells the composer of files what may be shown from now on. Never waits.
    pub(super) fn expect(&self, coming: ExpectedFiles) {
        let (list, lists) = &self.files.coming;
        // One that was not heard yet is out of date; there is then room for the new one.
        let _ = lists.try_recv();
        let _ = list.try_send(coming);
    }

    /// Notes that a slide came out, so that the next can begin.
    pub(super) fn done(&mut self, ticket: Ticket, now_ms: u64) {
        for thread in [&mut self.files, &mut self.drawn] {
            if thread.busy.is_some_and(|(busy, _)| busy == ticket) {
                thread.busy = None;
                thread.next(now_ms);
            }
        }
    }

    /// Takes an order back that has not begun; returns whether it is being worked on.
    pub(super) fn forget(&mut self, ticket: Ticket) -> bool {
        for thread in [&mut self.files, &mut self.drawn] {
            thread
                .waiting
                .retain(|(_, (order, _))| order.ticket != ticket);
        }
        [&self.files, &self.drawn]
            .iter()
            .any(|thread| thread.busy.is_some_and(|(busy, _)| busy == ticket))
    }

    /// Tells whether slides of files cannot be had at present.
    pub(super) fn is_stuck(&self, now_ms: u64) -> bool {
        self.files
            .busy
            .is_some_and(|(_, since)| now_ms >= since + COMPOSE_MS_MAX)
    }
}

impl ComposerThread {
    fn start<C: Composer>(
        name: &str,
        mut composer: C,
        results: Sender<Finished<C::Slide>>,
    ) -> Self {
        let (orders, queue) = bounded::<Order>(1);
        let (list, lists) = bounded::<ExpectedFiles>(1);
        let coming = (list, lists.clone());
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let mut slides: u32 = 0;
                loop {
                    let (order, geometry) = select! {
                        recv(queue) -> order => match order {
                            Ok(order) => order,
                            Err(_) => break,
                        },
                        recv(lists) -> coming => {
                            if let Ok(coming) = coming
                                && catch_unwind(AssertUnwindSafe(|| composer.expect(&coming))).is_err()
                            {
                                tracing::error!("a composer failed at what is to come");
                            }
                            continue;
                        }
                    };
                    let composed =
                        catch_unwind(AssertUnwindSafe(|| composer.compose(&order, &geometry)))
                            .unwrap_or_else(|_| {
                                Err(ComposeError::new(
                                    "it made the composer fail; please report the file".to_owned(),
                                ))
                            });
                    if results.send((order.ticket, composed)).is_err() {
                        break;
                    }
                    slides = slides.wrapping_add(1);
                    if slides.is_multiple_of(SLIDES_UNTIL_TRIM) {
                        malloc::give_back();
                    }
                }
            })
            .expect("a machine that cannot start a thread cannot play");
        Self {
            orders,
            coming,
            busy: None,
            waiting: Vec::new(),
        }
    }

    fn next(&mut self, now_ms: u64) {
        if self.busy.is_some() {
            return;
        }
        let soonest = (0..self.waiting.len()).min_by_key(|&at| self.waiting[at].0);
        if let Some(at) = soonest {
            let (_, order) = self.waiting.remove(at);
            self.busy = Some((order.0.ticket, now_ms));
            // The thread ends only with the composer pool.
            let _ = self.orders.send(order);
        }
    }
}
