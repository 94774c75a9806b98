//! Sends small pictures of what is on the screen: when somebody at the hub wishes to see it, when
//! it shows what an operator should know of, and now and then.
//!
//! Invariants: it is the last of all that is sent: it waits while plays do, and on a line that is
//! paid by the megabyte nothing is sent that nobody has asked for; at most one picture in
//! [`SHORTEST`], whatever the hub wishes; a hub that takes none is sent none.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use passerby_protocol::ScreenNumber;
use passerby_protocol::last_frame::FrameNote;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::hub_link::client::HubClient;
use crate::hub_link::frame_maker::FrameMaker;
use crate::hub_link::hub_error::HubError;
use crate::hub_link::link::{HubLink, PlayerGone};
use crate::messages::player_requests::{PlayerRequest, Status};
use crate::messages::stage_messages::{Snapshot, SnapshotZone};
use crate::screen::geometry::Zone;

/// When the first picture after a start is sent.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// How often one is sent that nobody has asked for, unless the hub wants them less often.
const PERIOD: Duration = Duration::from_secs(900);
/// Rarest that a hub may want them.
const PERIOD_MAX: Duration = Duration::from_secs(86_400);
/// Shortest time between two pictures.
const SHORTEST: Duration = Duration::from_secs(10);
/// The same for those of what an operator should know of.
const TURNED_SHORTEST: Duration = Duration::from_secs(300);
/// A wish that cannot be met at once is tried so often, with such a pause.
const TRIES: usize = 4;
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// How long a picture may take to come from the stage.
const SNAPSHOT_WAIT: Duration = Duration::from_secs(10);
/// While more plays than this wait to be sent, no picture is.
const PLAYS_WAITING_MAX: u64 = 100;

/// What the reference says of when pictures are sent.
pub(crate) fn frames_in_words() -> String {
    format!(
        "One is sent when somebody asks for it in the console, a minute after a start, when the house creative or an \
         emergency comes up, and every {} minutes; codes on it are covered.",
        PERIOD.as_secs() / 60
    )
}

/// What is to be seen on the screen, as far as an operator should know of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Sight {
    /// What was published, or nothing yet.
    #[default]
    Usual,
    /// Nothing that was published.
    House,
    /// A message over everything.
    Emergency,
}

impl Sight {
    pub(super) fn of(status: &Status) -> Self {
        let is_house = |on_air: &crate::messages::player_requests::OnAirStatus| {
            on_air.campaign.is_empty() && on_air.creative == "house"
        };
        if status.emergency.is_some() {
            Self::Emergency
        } else if status.on_air.as_ref().is_some_and(is_house) {
            Self::House
        } else {
            Self::Usual
        }
    }
}

/// Why a picture may be worth sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    /// Whether the hub takes pictures.
    pub(super) is_taken: bool,
    /// The newest wish that the hub has told; 0 for none.
    pub(super) asked: u64,
    /// What is to be seen.
    pub(super) sight: Sight,
}

pub(super) struct FrameSender {
    hub_link: HubLink,
    client: HubClient,
    screen: ScreenNumber,
    wishes: watch::Receiver<Wishes>,
}

/// Why one is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Asked,
    Turned,
    Due,
}

/// What came of it.
enum Sent {
    /// The hub has it; the next one that nobody asks for is wanted after this time.
    There(Duration),
    /// Not now, but perhaps soon.
    NotNow,
    /// Not before the next one is due.
    NotAtAll,
}

impl FrameSender {
    pub(super) const fn new(
        hub_link: HubLink,
        client: HubClient,
        screen: ScreenNumber,
        wishes: watch::Receiver<Wishes>,
    ) -> Self {
        Self {
            hub_link,
            client,
            screen,
            wishes,
        }
    }

    pub(super) async fn run(mut self) -> PlayerGone {
        match self.hub_link.frames.clone() {
            Some(maker) if self.hub_link.sends_frames() => {
                let Err(gone) = self.work(&maker).await;
                gone
            }
            _ => pending().await,
        }
    }

    async fn work(&mut self, maker: &FrameMaker) -> Result<std::convert::Infallible, PlayerGone> {
        let mut due = Some(Instant::now() + FIRST_AFTER);
        let mut before = Wishes::default();
        let (mut last, mut turned) = (None::<Instant>, None::<Instant>);
        loop {
            let why = self.wait(&mut before, due).await;
            if why == Why::Due {
                due = self.next(PERIOD);
            }
            let recent = turned.is_some_and(|at| at.elapsed() < TURNED_SHORTEST);
            if !before.is_taken || (why == Why::Turned && recent) {
                continue;
            }
            if let Some(last) = last {
                sleep_until(last + SHORTEST).await;
            }
            let tries = if why == Why::Due { 1 } else { TRIES };
            for attempt in 1..=tries {
                last = Some(Instant::now());
                match self.send(maker).await? {
                    Sent::There(next_after) => {
                        due = self.next(next_after);
                        if why == Why::Turned {
                            turned = last;
                        }
                        break;
                    }
                    Sent::NotNow if attempt < tries => sleep(TRY_AGAIN).await,
                    Sent::NotNow | Sent::NotAtAll => break,
                }
            }
        }
    }

    /// When the next one is due that nobody asks for.
    fn next(&self, after: Duration) -> Option<Instant> {
        (self.hub_link.line.meter.is_without_cap()).then(|| Instant::now() + after)
    }

    /// Waits until one is worth sending.
    async fn wait(&mut self, before: &mut Wishes, due: Option<Instant>) -> Why {
        loop {
            let over = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                changed = self.wishes.changed() => {
                    if changed.is_err() {
                        // Whoever tells has ended, and all of the hub link with it.
                        pending::<()>().await;
                    }
                    let now = *self.wishes.borrow_and_update();
                    let then = std::mem::replace(before, now);
                    if now.asked != then.asked {
                        return Why::Asked;
                    }
                    if now.sight != then.sight && now.sight != Sight::Usual {
                        return Why::Turned;
                    }
                }
                () = over => return Why::Due,
            }
        }
    }

    async fn send(&self, maker: &FrameMaker) -> Result<Sent, PlayerGone> {
        let status = self.hub_link.ask(PlayerRequest::Status).await?;
        if status.network.plays.is_some() || status.plays_waiting > PLAYS_WAITING_MAX {
            return Ok(Sent::NotNow);
        }
        let (reply, answer) = bounded::<Snapshot>(1);
        self.hub_link.tell(PlayerRequest::SnapshotAtRest(reply))?;
        let (maker, clock) = (maker.clone(), Arc::clone(&self.hub_link.clock));
        let made = tokio::task::spawn_blocking(move || {
            let snapshot = answer.recv_timeout(SNAPSHOT_WAIT).ok()?;
            let taken_ms = clock.now().boot_ms;
            let note = note_of(&snapshot.zones);
            Some((taken_ms, note, maker.make(snapshot)?))
        });
        let Ok(Some((taken_ms, note, made))) = made.await else {
            return Ok(Sent::NotNow);
        };
        let note = FrameNote {
            age_ms: self.hub_link.clock.now().boot_ms.saturating_sub(taken_ms),
            width: made.width_px,
            height: made.height_px,
            ..note
        };
        let sent = self.client.frame(self.screen, &note, made.jpeg).await;
        Ok(match sent {
            Ok(reply) => {
                Sent::There(Duration::from_millis(reply.next_after_ms).clamp(PERIOD, PERIOD_MAX))
            }
            Err(error) => {
                tracing::debug!("the picture of the screen is not sent: {error}");
                match error {
                    HubError::OverBudget(_)
                    | HubError::Status {
                        status: 400..=428, ..
                    } => Sent::NotAtAll,
                    _ => Sent::NotNow,
                }
            }
        })
    }
}

/// What is said of a picture: what its main zone shows, or a message that covers all.
fn note_of(zones: &[SnapshotZone]) -> FrameNote {
    let shown = (zones.iter().find(|shown| shown.zone == Zone::NOTICE))
        .or_else(|| zones.iter().find(|shown| shown.zone == Zone::MAIN))
        .or_else(|| zones.first());
    shown.map_or_else(FrameNote::default, |shown| FrameNote {
        play: shown.play,
        campaign: shown.campaign.clone(),
        creative: shown.creative.clone(),
        ..FrameNote::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::player_requests::OnAirStatus;

    #[test]
    fn what_an_operator_should_know_of_is_told_from_the_usual() {
        let on_air = |campaign: &str, creative: &str| {
            Some(OnAirStatus {
                zone: "main".to_owned(),
                campaign: campaign.to_owned(),
                creative: creative.to_owned(),
                play: None,
                url: None,
                for_ms: 0,
            })
        };
        let mut status = Status::default();
        assert_eq!(Sight::of(&status), Sight::Usual, "nothing yet");
        status.on_air = on_air("", "house");
        assert_eq!(Sight::of(&status), Sight::House);
        status.on_air = on_air("jazz", "house");
        assert_eq!(Sight::of(&status), Sight::Usual);
        status.emergency = Some("Leave".to_owned());
        assert_eq!(Sight::of(&status), Sight::Emergency);
    }

    #[test]
    fn a_picture_is_of_the_message_that_covers_all_or_else_of_the_main_zone() {
        let shown = |zone, creative: &str| SnapshotZone {
            zone,
            campaign: String::new(),
            creative: creative.to_owned(),
            play: None,
            codes: Vec::new(),
        };
        let side = shown(Zone(1), "side");
        let main = shown(Zone::MAIN, "main");
        let notice = shown(Zone::NOTICE, "notice");
        for (zones, creative) in [
            (vec![], ""),
            (vec![side.clone()], "side"),
            (vec![side.clone(), main.clone()], "main"),
            (vec![main, side, notice], "notice"),
        ] {
            assert_eq!(note_of(&zones).creative, creative);
        }
    }
}
