//! `GET|HEAD /q/{token}`: a passer-by has scanned a code.
//!
//! Invariants: everything is resolved from the token, so a scan counts also while its screen is cut
//! off and its play has not arrived; a code of ours is answered whatever else its network tries;
//! guesses never write to the database.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use passerby_protocol::ScreenNumber;
use passerby_protocol::campaign;
use passerby_protocol::token::SAMPLE;

use crate::hub::{Opened, TokenFault};
use crate::scans::visitor::Networks;
use crate::server::limits::Kind;
use crate::server::phones::landing::Page;
use crate::server::phones::note;
use crate::server::phones::redirection::see;
use crate::server::phones::trace::Client;
use crate::server::work_queue::WorkQueue;
use crate::server::{AppState, Shared};
use crate::store::{Landed, LandingFacts, Recorded, Refusal, Scan, StoreError};
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Most codes that one thread answers together. Fewer than phones that may ask at one time: while
/// some wait for the disk, others are looked up.
const TOGETHER_MAX: usize = 16;
/// Most threads that answer codes at one time.
const LEADS_MAX: usize = 4;

/// Codes that were opened and wait for their answer.
pub(crate) type ScanQueue = WorkQueue<Asked, Result<Response, StoreError>>;

/// Makes a queue without codes.
pub(crate) const fn queue() -> ScanQueue {
    WorkQueue::new(TOGETHER_MAX, LEADS_MAX)
}

/// A code that was opened.
pub(crate) struct Asked {
    token: String,
    client: Client,
}

pub(crate) async fn scan(
    State(app): State<Shared>,
    Extension(queue): Extension<Arc<ScanQueue>>,
    token: Result<Path<String>, PathRejection>,
    client: Client,
) -> Response {
    // A path that is not even UTF-8 is no token.
    let token = token.map(|Path(token)| token).unwrap_or_default();
    let answer = queue.answer(app, Asked { token, client }, answers).await;
    answer.map_or_else(note::later, |answer| answer.unwrap_or_else(note::failed))
}

/// What is left to do for a scan once it is recorded.
struct Landing {
    landed: Arc<Landed>,
    screen: ScreenNumber,
    /// The target, if nothing else opens.
    at_once: Option<String>,
    networks: Networks,
}

/// Answers codes that were opened at the same time, each as if it had been the only one.
fn answers(app: &AppState, asked: &[Asked]) -> Vec<Result<Response, StoreError>> {
    let now_ms = clock::now_ms();
    let refusal = |asked: &Asked| app.refusal(Kind::Page, &asked.client, now_ms).transpose();
    // What stands on a preview is no token: nothing is looked up, and nothing counted.
    let sample = |asked: &Asked| {
        let is_sample = asked.token.eq_ignore_ascii_case(SAMPLE);
        is_sample.then(|| Ok(note::sample_code()))
    };
    let mut answers: Vec<_> = asked
        .iter()
        .map(|asked| refusal(asked).or_else(|| sample(asked)))
        .collect();
    let left: Vec<usize> = (0..asked.len())
        .filter(|&at| answers[at].is_none())
        .collect();
    let tokens: Vec<&str> = left.iter().map(|&at| &*asked[at].token).collect();
    let (mut landings, mut scans) = (Vec::new(), Vec::new());
    for (at, opened) in left.into_iter().zip(app.hub.opened(&tokens, now_ms)) {
        match opened.and_then(|opened| land(app, &asked[at], opened, now_ms)) {
            Ok(Next::Answer(answer)) => answers[at] = Some(Ok(answer)),
            Ok(Next::Record(landing, scan)) => {
                landings.push((at, landing));
                scans.push(scan);
            }
            Err(error) => answers[at] = Some(Err(error)),
        }
    }
    let recorded = app.hub.store.record_scans(&scans);
    for ((at, landing), recorded) in landings.into_iter().zip(recorded) {
        answers[at] = Some(
            recorded.and_then(|recorded| lead_on(app, &asked[at], &landing, recorded, now_ms)),
        );
    }
    let answers = answers.into_iter();
    answers
        .map(|answer| answer.unwrap_or_else(|| Ok(note::later())))
        .collect()
}

/// What comes next for a code.
enum Next {
    Answer(Response),
    Record(Landing, Scan),
}

/// Finds out what a code leads to, and whether that is to be recorded.
fn land(
    app: &AppState,
    Asked { token, client }: &Asked,
    opened: Opened,
    now_ms: i64,
) -> Result<Next, StoreError> {
    let store = &app.hub.store;
    let (contents, landed) = match opened {
        Ok(opened) => opened,
        Err(fault) => return bad(app, fault, client, now_ms).map(Next::Answer),
    };
    let Some(landed) = landed.map(Arc::new) else {
        return bad(app, TokenFault::Forged, client, now_ms).map(Next::Answer);
    };
    let opens = landed.campaign.landing_on(clock::date_of(now_ms));
    let target = landed.target.clone();
    let at_once = target.filter(|_| opens == campaign::Landing::Redirect);
    if !client.counts() {
        let oldest_ms = now_ms - (app.code_days + 1) * DAY_MS;
        return Ok(Next::Answer(match at_once {
            _ if contents
                .minted_ms()
                .is_some_and(|minted_ms| minted_ms < oldest_ms) =>
            {
                expired(app, &landed, now_ms)?
            }
            Some(target) => see(&target),
            None => page_without_link(app, (token, client), &landed, contents.screen, now_ms)?,
        }));
    }
    let networks = client.networks(store, now_ms)?;
    let scan = Scan {
        contents,
        landed: Arc::clone(&landed),
        visitor: client.visitor(store, now_ms)?,
        grade: client.grade(),
        is_crowded: app.limits.is_spent(Kind::Scan, &networks, now_ms),
        begins_chain: at_once.is_none(),
        code_days: app.code_days,
        opened_ms: now_ms,
    };
    let landing = Landing {
        landed,
        screen: contents.screen,
        at_once,
        networks,
    };
    Ok(Next::Record(landing, scan))
}

/// Leads a phone on whose scan was recorded.
fn lead_on(
    app: &AppState,
    asked: &Asked,
    landing: &Landing,
    recorded: Recorded,
    now_ms: i64,
) -> Result<Response, StoreError> {
    let landed = &landing.landed;
    let link = match recorded {
        Recorded::Expired => {
            app.count_refused(Refusal::Expired, now_ms);
            return expired(app, landed, now_ms);
        }
        Recorded::Full => {
            app.count_refused(Refusal::FloodScan, now_ms);
            None
        }
        Recorded::Kept { link, again } => {
            match again {
                Some(scan) => app.count_again(scan, now_ms),
                // Whether there was one left was asked before; two at one time may both take the
                // last.
                None => _ = app.limits.take(Kind::Scan, &landing.networks, now_ms),
            }
            link
        }
    };
    match (&landing.at_once, link) {
        (Some(target), _) => Ok(see(target)),
        (None, Some(name)) => Ok(see(&app.public_url.local(&format!("/s/{name}")))),
        // Whoever comes in a flood still sees what the others see.
        (None, None) => {
            let Asked { token, client } = asked;
            page_without_link(app, (token, client), landed, landing.screen, now_ms)
        }
    }
}

/// Answers what is no code of ours, up to a limit: after that it was not a crowd in front of a torn
/// poster.
fn bad(
    app: &AppState,
    fault: TokenFault,
    client: &Client,
    now_ms: i64,
) -> Result<Response, StoreError> {
    if client.counts() {
        let why = match fault {
            TokenFault::Malformed => Refusal::Malformed,
            TokenFault::Forged => Refusal::Forged,
            TokenFault::Retired => Refusal::Retired,
        };
        app.count_refused(why, now_ms);
    }
    let refusal = app.refusal(Kind::Guess, client, now_ms)?;
    Ok(refusal.unwrap_or_else(|| match fault {
        TokenFault::Retired => note::retired(),
        TokenFault::Malformed | TokenFault::Forged => note::bad_token(),
    }))
}

/// Answers a code that was on a screen too long ago.
fn expired(app: &AppState, landed: &Landed, now_ms: i64) -> Result<Response, StoreError> {
    let px = app.hub.store.thumbnail_px(landed.creative)?;
    let today = clock::date_of(now_ms);
    Ok(note::expired(landed, today, px, &app.public_url))
}

/// A link of its own would be a record; what no person asked for leaves none, so it gets the page
/// itself.
fn page_without_link(
    app: &AppState,
    (token, client): (&str, &Client),
    landed: &Landed,
    screen: ScreenNumber,
    now_ms: i64,
) -> Result<Response, StoreError> {
    let store = &app.hub.store;
    let facts = LandingFacts {
        id: landed.id.clone(),
        thumbnail_px: store.thumbnail_px(landed.creative)?,
        campaign: Arc::clone(&landed.campaign),
        target: landed.target.clone(),
        creative: landed.creative,
        is_live: landed.airs,
        sighting: store.sighting_of(screen, now_ms)?,
        is_own: false,
        is_passed_on: false,
        is_film: app.hub.store.airing_film(landed.creative)?.is_some(),
        has_mail_server: false,
        account_picture: None,
        told: None,
    };
    Ok(Page {
        facts: &facts,
        told: None,
        known: None,
        path: &format!("/q/{token}"),
        is_link: false,
        public_url: &app.public_url,
        language: client.language(),
        now_ms,
    }
    .answer())
}
