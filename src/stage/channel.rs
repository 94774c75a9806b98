//! How the player reaches the stage, and the stage the player.
//!
//! Invariants: a command that was sent before the stage started is waiting when it starts; a
//! command that is sent later wakes it. The stage never blocks on an event: what the player has no
//! room for waits here, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

use bevy::prelude::*;
use bevy::winit::{EventLoopProxy, WinitUserEvent};
use crossbeam_channel::{Receiver, SendError, Sender, TrySendError};
use passerby_playout::messages::stage_messages::{StageCommand, StageEvent};

use passerby_compose::slide::Slide;

/// Most events that wait for a player that does not read.
const EVENTS_WAITING_MAX: usize = 256;

/// Makes the way from the player to the stage, with room for `commands_max` commands.
#[must_use]
pub fn channel(commands_max: usize) -> (StageSender, StageInbox) {
    let (sender, receiver) = crossbeam_channel::bounded(commands_max);
    let waker = EventLoopWaker::default();
    (
        StageSender {
            commands: sender,
            waker: waker.clone(),
        },
        StageInbox {
            commands: receiver,
            waker,
        },
    )
}

/// Sends commands to the stage and wakes it.
#[derive(Clone)]
pub struct StageSender {
    commands: Sender<StageCommand<Slide>>,
    waker: EventLoopWaker,
}

impl StageSender {
    /// Sends one command; waits while the channel is full.
    ///
    /// # Errors
    /// Gives the command back when the stage is gone.
    pub fn send(
        &self,
        command: StageCommand<Slide>,
    ) -> Result<(), Box<SendError<StageCommand<Slide>>>> {
        self.commands.send(command)?;
        self.waker.wake();
        Ok(())
    }
}

/// The stage's end of the channel.
#[derive(Resource)]
pub struct StageInbox {
    pub(super) commands: Receiver<StageCommand<Slide>>,
    pub(super) waker: EventLoopWaker,
}

impl StageInbox {
    /// Waits until an instant, or until the player says something; only on the stage's own thread.
    pub(super) fn wait_until(&self, due: Instant) {
        // Known before it is looked whether there is something: whoever speaks after that wakes it.
        self.waker.waits.get_or_init(thread::current);
        while self.commands.is_empty() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::park_timeout(left);
        }
    }
}

/// Wakes the window's event loop. Silent before there is one: the loop looks into the inbox when it
/// starts.
#[derive(Clone, Default)]
pub(super) struct EventLoopWaker {
    event_loop: Arc<OnceLock<EventLoopProxy<WinitUserEvent>>>,
    /// The stage's thread, once it has waited for a frame.
    waits: Arc<OnceLock<Thread>>,
}

impl EventLoopWaker {
    /// Connects the waker to a running event loop.
    pub(super) fn connect(&self, proxy: EventLoopProxy<WinitUserEvent>) {
        // Set once: a waker belongs to one run.
        let _ = self.event_loop.set(proxy);
    }

    /// Wakes the stage.
    pub(super) fn wake(&self) {
        if let Some(thread) = self.waits.get() {
            thread.unpark();
        }
        if let Some(proxy) = self.event_loop.get() {
            // Fails only when the event loop has ended, and then nobody needs to wake.
            let _ = proxy.send_event(WinitUserEvent::WakeUp);
        }
    }
}

/// Sends events to the player without ever waiting for it.
#[derive(Resource, Clone)]
pub(super) struct EventSender {
    events: Sender<StageEvent>,
    waiting: Arc<Mutex<VecDeque<StageEvent>>>,
}

impl EventSender {
    pub(super) fn new(events: Sender<StageEvent>) -> Self {
        Self {
            events,
            waiting: Arc::default(),
        }
    }

    /// Sends one event after all that wait.
    pub(super) fn send(&self, event: StageEvent) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < EVENTS_WAITING_MAX {
            waiting.push_back(event);
        } else {
            error!("the player has not read {EVENTS_WAITING_MAX} events; {event:?} is dropped");
        }
        self.deliver(&mut waiting);
    }

    /// Offers what waits once more; false when something still waits.
    pub(super) fn flush(&self) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.deliver(&mut waiting);
        waiting.is_empty()
    }

    /// Tells a player that this is the end; false once it has ended as well.
    pub(super) fn say_closed(&self) -> bool {
        self.flush();
        !matches!(
            self.events.try_send(StageEvent::Closed),
            Err(TrySendError::Disconnected(_))
        )
    }

    fn deliver(&self, waiting: &mut VecDeque<StageEvent>) {
        while let Some(event) = waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    waiting.push_front(event);
                    return;
                }
                // Nobody listens any more; the closed inbox ends the run.
                Err(TrySendError::Disconnected(_)) => waiting.clear(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_wait_ends_in_time_or_when_the_player_speaks_and_takes_nothing() {
        let (sender, inbox) = channel(1);
        let due = Instant::now() + Duration::from_millis(20);
        inbox.wait_until(due);
        assert!(Instant::now() >= due, "nobody has said anything");
        sender.send(StageCommand::Quit).expect("there is room");
        let never = Instant::now() + Duration::from_secs(600);
        inbox.wait_until(never);
        assert!(Instant::now() < never);
        assert!(matches!(inbox.commands.try_recv(), Ok(StageCommand::Quit)));
        let speaks = std::thread::spawn(move || {
            sender.send(StageCommand::Quit).expect("there is room");
        });
        inbox.wait_until(never);
        assert!(Instant::now() < never, "it speaks while it is waited for");
        speaks.join().expect("it ends well");
    }
}
