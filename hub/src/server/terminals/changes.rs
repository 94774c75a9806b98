//! `POST /v1/terminals/{n}/changes`: says what the hub has for a screen, as soon as that is
//! something else than its terminal holds.
//!
//! Invariants: an answer is held back for at most [`HOLD_MS_MAX`], and only for a terminal that was
//! let in by its bearer, said what it holds and allows it; what is answered after a change was read
//! after it, and the bearer looked at again.
//!
//! [`HOLD_MS_MAX`]: passerby_protocol::limits::HOLD_MS_MAX

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderName, StatusCode, header};
use passerby_protocol::ScreenNumber;
use passerby_protocol::bounded;
use passerby_protocol::changes::{ChangesReply, ChangesRequest, ManifestTag, Pace};
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::REQUEST_TEXT_BYTES_MAX;

use crate::server::body::Unread;
use crate::server::connections::ClientPlace;
use crate::server::held::{HeldCall, Holding, LetGo};
use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::terminals::heartbeat;
use crate::server::{AppState, Shared};
use crate::system::clock;

/// How often terminals should fetch their counts of scans, in milliseconds: these are a day old by
/// nature.
const TALLIES_MS: i64 = 3_600_000;
/// A moment within that time, different for each screen: their counts are much work.
const TALLIES_STEP_MS: i64 = 7_919;
/// How many terminals that lose this hub may come back in one second.
const RETURNS_A_SECOND: u64 = 200;
/// Shortest and longest time over which they come back, in milliseconds.
const RETURN_SPREAD_MS: std::ops::RangeInclusive<u64> = 5_000..=300_000;

/// Why the answer comes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// The hub has something else than the terminal says.
    News,
    /// Nothing was new for as long as the call could be held.
    NoNews,
    /// Nothing is new, and the call could not be held.
    NotHeld,
    /// The hub stops.
    Stopping,
}

/// What the hub has for a screen.
#[derive(Debug, Clone, Copy)]
struct Current {
    manifest: ManifestTag,
    key_generation: u8,
    /// The newest wish for a picture of the screen; 0 for none.
    frame: u64,
}

pub(crate) async fn changes(
    State(app): State<Shared>,
    Path(screen): Path<String>,
    bearer: Bearer,
    place: Option<Extension<Arc<ClientPlace>>>,
    body: Unread,
) -> Result<([(HeaderName, &'static str); 1], Json<ChangesReply>), Problem> {
    let screen = bearer.only(&screen)?;
    let mut request = request_of(&body.small().await?)?;
    let began = Instant::now();
    let hold = Duration::from_millis(request.hold_ms());
    // Before it is looked what there is, so that no change falls in between.
    let held = hold_call(&app, screen, bearer, &request);
    let held = held.filter(|_| !hold.is_zero());
    let sends_frames = request.heartbeat.sends_frames;
    let heartbeat = heartbeat::tidied(std::mem::take(&mut request.heartbeat));
    let current = app
        .work(move |app: &AppState| {
            let now_ms = clock::now_ms();
            let heard = app.hub.store.heard_from(screen, &heartbeat, now_ms)?;
            current(app, screen, heard.key_generation, now_ms)
        })
        .await?;
    let is_wished = sends_frames && current.frame != 0 && current.frame != request.frame;
    let has_news = is_wished || !request.holds(current.manifest, current.key_generation);
    let (current, occasion) = match held {
        _ if has_news => (current, Occasion::News),
        None => (current, Occasion::NotHeld),
        Some(held) => {
            // Until the wait is over, the connection is one of those that wait.
            let waiting = place.map(|Extension(place)| place.hold());
            if let Some(None) = waiting {
                (current, Occasion::NotHeld)
            } else {
                wait(&app, held, hold, screen, bearer, current).await?
            }
        }
    };
    let reply = ChangesReply {
        server_time_ms: clock::now_ms(),
        held_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        manifest: current.manifest,
        key_generation: current.key_generation,
        tallies: Some(tallies_at(screen, clock::now_ms())),
        frame: Some(current.frame),
        pace: pace(occasion, app.held.len()),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(reply)))
}

fn request_of(body: &[u8]) -> Result<ChangesRequest, Problem> {
    bounded::json(body, REQUEST_TEXT_BYTES_MAX).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!(
                "not a call for changes: {}",
                one_line(&error.to_string(), 200)
            ),
        )
    })
}

fn hold_call(
    app: &Shared,
    screen: ScreenNumber,
    bearer: Bearer,
    request: &ChangesRequest,
) -> Option<HeldCall> {
    let holding = Holding {
        manifest: request.manifest?,
        key_generation: request.key_generation?,
        bearer_sha256: bearer.sha256(),
        frame: request.heartbeat.sends_frames.then_some(request.frame),
    };
    app.held.hold(screen, holding)
}

/// Waits until there is something new for a screen.
async fn wait(
    app: &Shared,
    mut held: HeldCall,
    hold: Duration,
    screen: ScreenNumber,
    bearer: Bearer,
    before: Current,
) -> Result<(Current, Occasion), Problem> {
    match held.end(hold).await {
        None if app.held.is_blind() => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the hub cannot reach its database",
        )
        .retry_after_s(30)),
        None => Ok((before, Occasion::NoNews)),
        Some(LetGo::Stopping) => Ok((before, Occasion::Stopping)),
        // Of two machines with one screen's bearer, as when a memory card was copied, each would
        // otherwise make the other ask again at once.
        Some(LetGo::Replaced) => Ok((look(app, screen, bearer).await?, Occasion::NotHeld)),
        Some(LetGo::Changed(after)) => {
            tokio::time::sleep(after).await;
            Ok((look(app, screen, bearer).await?, Occasion::News))
        }
    }
}

/// Looks again what there is, and whether the terminal may still know.
async fn look(app: &Shared, screen: ScreenNumber, bearer: Bearer) -> Result<Current, Problem> {
    app.work(move |app: &AppState| {
        bearer.still_holds(app)?;
        let now_ms = clock::now_ms();
        let known = app.hub.store.screen(screen)?;
        let known = known.ok_or_else(crate::server::terminals::bearer::no_such_screen)?;
        current(app, screen, known.key_generation, now_ms)
    })
    .await
}

fn current(
    app: &AppState,
    screen: ScreenNumber,
    key_generation: u8,
    now_ms: i64,
) -> Result<Current, Problem> {
    Ok(Current {
        manifest: ManifestTag {
            version: app.hub.store.manifest_version(screen, now_ms)?,
            key_generation: app.hub.manifest_key_generation(),
        },
        key_generation,
        frame: app.hub.store.frame_wish(screen, now_ms)?,
    })
}

/// A number that changes when a screen's counts of scans are worth fetching.
fn tallies_at(screen: ScreenNumber, now_ms: i64) -> u64 {
    let offset_ms = i64::from(screen.get()) * TALLIES_STEP_MS % TALLIES_MS;
    ((now_ms + offset_ms) / TALLIES_MS).unsigned_abs()
}

/// When a terminal should ask again.
///
/// Content is to be on its way within ten seconds of its publication: what is published while a
/// terminal pauses waits for its next call, what is published while it is held for the next look.
fn pace(occasion: Occasion, held: usize) -> Pace {
    let returning_ms = (held as u64).saturating_mul(1_000) / RETURNS_A_SECOND;
    let return_spread_ms = returning_ms.clamp(*RETURN_SPREAD_MS.start(), *RETURN_SPREAD_MS.end());
    let (next_after_ms, spread_ms) = match occasion {
        Occasion::News => (1_000, 1_000),
        Occasion::NoNews => (1_000, 4_000),
        Occasion::NotHeld => (7_000, 2_000),
        Occasion::Stopping => (1_000, return_spread_ms),
    };
    Pace {
        next_after_ms,
        spread_ms,
        return_spread_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_occasion_content_that_is_published_then_is_asked_for_within_ten_seconds() {
        for occasion in [Occasion::News, Occasion::NoNews, Occasion::NotHeld] {
            for held in [0, 1, 100_000] {
                assert!(pace(occasion, held).pause_ms(u64::MAX) < 9_500);
            }
        }
    }

    #[test]
    fn the_more_terminals_wait_the_longer_they_take_to_come_back() {
        let spread = |held| pace(Occasion::NoNews, held).return_spread_ms;
        assert_eq!(spread(1), 5_000);
        assert_eq!(spread(10_000), 50_000);
        assert_eq!(spread(usize::MAX), 300_000);
        assert_eq!(pace(Occasion::Stopping, 10_000).spread_ms, 50_000);
    }

    #[test]
    fn counts_are_fetched_once_an_hour_and_not_by_all_screens_at_one_time() {
        let screen = |number| ScreenNumber::new(number).unwrap();
        let minutes = (0..24 * 60).map(|minute| tallies_at(screen(7), minute * 60_000));
        let mut of_a_day: Vec<u64> = minutes.collect();
        of_a_day.dedup();
        assert!((24..=25).contains(&of_a_day.len()), "{of_a_day:?}");
        let in_one_minute = (1..=6_000)
            .filter(|&number| {
                tallies_at(screen(number), 1_800_000_000_000)
                    != tallies_at(screen(number), 1_800_000_060_000)
            })
            .count();
        assert!((50..=150).contains(&in_one_minute), "{in_one_minute}");
    }
}
