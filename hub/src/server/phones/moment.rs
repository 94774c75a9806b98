//! `/s/{share}/moment` and what belongs to it: a moment that somebody passes on from their own
//! link, with a sentence and a name if they like, and the card of it.
//!
//! Invariants: only whoever a link belongs to passes a moment on under it; what was typed there is
//! shown and changed for nobody but who has the key of the form in which it was typed; nothing is
//! kept that was not typed and agreed to; whoever has that key or the private link, and the
//! publisher, has it erased; nothing of this counts a visit, and a card is drawn once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::moments::{DAYS, Typed, is_key, new_key, purpose_of_postcard};
use crate::publish::postcard::{PostcardError, PostcardOrder};
use crate::server::language::Language;
use crate::server::limits::Kind;
use crate::server::phones::form::{OfLink, after};
use crate::server::phones::moment_page::{self, MomentPage, SCRIPT_POLICY};
use crate::server::phones::sighting_words;
use crate::server::phones::trace::Client;
use crate::server::phones::{note, privacy};
use crate::server::{AppState, Shared};
use crate::store::{LandingFacts, NewMoment, PassedOn, StoreError};
use crate::system::clock;
use crate::system::clock::DAY_MS;

fn page(
    app: &AppState,
    (name, facts): (&str, &LandingFacts),
    typed: &Typed,
    client: &Client,
    now_ms: i64,
) -> MomentPage {
    let language = client
        .language()
        .unwrap_or_else(|| Language::of_text(&facts.campaign.title));
    let said = facts.campaign.said(language.of_page());
    let sighting = facts.sighting.as_ref();
    let seen = sighting.map(|sighting| sighting_words::line(sighting, language, now_ms));
    MomentPage {
        path: app.public_url.local(&format!("/s/{name}")),
        link: app.public_url.absolute(&format!("/s/{name}")),
        card: app.public_url.absolute(&format!("/s/{name}/card.jpg")),
        mine: app.public_url.absolute(&format!(
            "/s/{name}/mine?k={}",
            app.hub.keys().own_link_secret(name)
        )),
        language,
        colours: facts.campaign.colours,
        title: said.title.to_owned(),
        seen: seen.unwrap_or_default(),
        typed: typed.clone(),
        privacy: privacy::path_of(&app.public_url, &facts.id),
        ends: sighting_words::day(
            clock::date_of(now_ms + DAYS * DAY_MS),
            clock::date_of(now_ms),
            language,
        ),
    }
}

/// The words of a link, and when they were agreed to.
fn typed_of(app: &AppState, name: &str, now_ms: i64) -> Result<Option<(Typed, i64)>, StoreError> {
    let moment = app.hub.store.moment(name, now_ms)?;
    Ok(moment.map(|moment| {
        // What does not open is nobody's to see, and somebody's all the same.
        let typed = Typed::open(app.hub.keys(), name, &moment.sealed).unwrap_or_default();
        (typed, moment.agreed_ms)
    }))
}

/// `GET /s/{share}/moment`, with `?k=KEY` after something was typed.
pub(crate) async fn show(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Page, |app, asked, now_ms| {
            let Some(facts) = asked.own_facts(app, now_ms)? else {
                return Ok(asked.to_link(app));
            };
            let key = asked.fields.get("k");
            let kept = typed_of(app, &asked.name, now_ms)?;
            let is_others = kept.as_ref().is_some_and(|(typed, _)| !typed.is_of(key));
            let mut typed = kept.map(|(typed, _)| typed).unwrap_or_default();
            if is_others {
                let page = page(
                    app,
                    (&asked.name, &facts),
                    &Typed::default(),
                    &asked.client,
                    now_ms,
                );
                return Ok(page.others(StatusCode::OK));
            }
            if typed.key.is_empty() {
                typed.key = if is_key(key) {
                    key.to_owned()
                } else {
                    new_key()
                };
            }
            let page = page(app, (&asked.name, &facts), &typed, &asked.client, now_ms);
            if app.hub.store.is_told(&asked.name)? && !asked.fields.has("edit") {
                Ok(with_script(page.told()))
            } else {
                Ok(page.form(None))
            }
        })
        .await
}

/// A page whose script is the hub's own file.
fn with_script(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(SCRIPT_POLICY);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// `POST /s/{share}/moment`.
pub(crate) async fn keep(State(app): State<Shared>, sent: OfLink) -> Response {
    sent.answer(&app, Kind::Moment, |app, sent, now_ms| {
        let (name, client) = (&sent.name, &sent.client);
        let visitor = client.counted(&app.hub.store, now_ms)?;
        let facts = sent.own_facts(app, now_ms)?;
        let (Some(visitor), Some(facts)) = (visitor.filter(|_| !client.is_cross_site()), facts)
        else {
            return Ok(sent.to_link(app));
        };
        let wrong = |typed: Typed, why| {
            let page = page(app, (name, &facts), &typed, client, now_ms);
            page.form(Some(why))
        };
        let (sentence, own_name) = (sent.fields.get("sentence"), sent.fields.get("name"));
        let key = sent.fields.get("k");
        let key = if is_key(key) {
            key.to_owned()
        } else {
            new_key()
        };
        let as_sent = || Typed {
            sentence: sentence.chars().take(200).collect(),
            name: own_name.chars().take(60).collect(),
            key: key.clone(),
        };
        let typed = match Typed::read(sentence, own_name) {
            Ok(typed) => Typed {
                key: key.clone(),
                ..typed
            },
            Err(error) => return Ok(wrong(as_sent(), moment_page::error_words(error))),
        };
        if !typed.is_empty() && !sent.fields.has("agree") {
            return Ok(wrong(typed, moment_page::NOT_AGREED));
        }
        let sealed = (!typed.is_empty()).then(|| typed.seal(app.hub.keys(), name));
        // A form that is sent twice at one time finds the second time what the first has kept.
        for _ in 0..2 {
            let kept = typed_of(app, name, now_ms)?;
            let new = NewMoment {
                sealed: sealed.as_deref(),
                has_sentence: !typed.sentence.is_empty(),
                has_name: !typed.name.is_empty(),
                ends_ms: now_ms + DAYS * DAY_MS,
                replaces_ms: kept
                    .filter(|(kept, _)| kept.is_of(&key))
                    .map(|(_, agreed_ms)| agreed_ms),
            };
            match app.hub.store.pass_on(name, visitor, new, now_ms)? {
                PassedOn::Kept if typed.is_empty() => {
                    return Ok(after(app, &format!("/s/{name}/moment")));
                }
                PassedOn::Kept => return Ok(after(app, &format!("/s/{name}/moment?k={key}"))),
                PassedOn::NotOwn => return Ok(sent.to_link(app)),
                PassedOn::TooOften => return Ok(wrong(typed, moment_page::TOO_OFTEN)),
                PassedOn::Others => {}
            }
        }
        let page = page(app, (name, &facts), &Typed::default(), client, now_ms);
        Ok(page.others(StatusCode::CONFLICT))
    })
    .await
}

/// `GET /s/{share}/mine?k=SECRET`: all that is kept of what somebody typed, and the way to erase
/// it, on any day and from any network.
pub(crate) async fn mine(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Page, |app, asked, now_ms| {
            let (name, secret) = (&asked.name, asked.fields.get("k"));
            if !app.hub.keys().is_own_link_secret(name, secret) {
                return Ok(note::nothing_here());
            }
            let moment = app.hub.store.moment(name, now_ms)?;
            let typed = moment
                .as_ref()
                .and_then(|moment| Typed::open(app.hub.keys(), name, &moment.sealed));
            let times = moment.map(|moment| (moment.agreed_ms, moment.ends_ms));
            let path = app.public_url.local(&format!("/s/{name}/erase"));
            let kept = typed.zip(times);
            Ok(moment_page::mine(kept.as_ref(), (&path, secret), now_ms))
        })
        .await
}

/// `POST /s/{share}/erase`: with the key of whoever typed, on their own link, or with the secret of
/// the private link.
pub(crate) async fn erase(State(app): State<Shared>, sent: OfLink) -> Response {
    sent.answer(&app, Kind::Page, |app, sent, now_ms| {
        let secret = sent.fields.get("k");
        if !app.hub.keys().is_own_link_secret(&sent.name, secret) {
            let is_own = !sent.client.is_cross_site() && sent.own_facts(app, now_ms)?.is_some();
            if !is_own {
                return Ok(sent.to_link(app));
            }
            // Where nothing is, it was pressed twice.
            if let Some((typed, _)) = typed_of(app, &sent.name, now_ms)?
                && !typed.is_of(secret)
            {
                return Ok(after(app, &format!("/s/{}/moment", sent.name)));
            }
        }
        app.hub.store.erase_moment(&sent.name)?;
        Ok(moment_page::erased())
    })
    .await
}

/// `POST /s/{share}/report`: a reader says that a sentence should not be there.
pub(crate) async fn report(State(app): State<Shared>, sent: OfLink) -> Response {
    sent.answer(&app, Kind::Moment, |app, sent, now_ms| {
        if let Some(visitor) = sent.client.counted(&app.hub.store, now_ms)? {
            app.hub.store.report_moment(&sent.name, visitor)?;
        }
        Ok(moment_page::reported())
    })
    .await
}

/// What is there of a card.
enum Card {
    Drawn(Vec<u8>),
    /// Somebody has to have it drawn.
    NotDrawn,
    Draw(Box<PostcardOrder>, Option<i64>),
    Answer(Response),
}

/// `GET /s/{share}/card.jpg`.
pub(crate) async fn card(State(app): State<Shared>, asked: OfLink) -> Response {
    let name = asked.name.clone();
    let asked = Arc::new(asked);
    let look = {
        let asked = Arc::clone(&asked);
        move |app: &AppState| look_for_card(app, &asked.name, &asked.client, clock::now_ms())
    };
    let mut found = app.work(look).await;
    // Held until the card is kept.
    let turn;
    if matches!(found, Ok(Card::NotDrawn)) {
        turn = app.postcards.turn(&name).await;
        if turn.is_none() {
            return note::later();
        }
        let order =
            move |app: &AppState| order_card(app, &asked.name, &asked.client, clock::now_ms());
        found = app.work(order).await;
    }
    let (order, agreed_ms) = match found {
        Ok(Card::Drawn(jpeg)) => return jpeg_response(jpeg),
        Ok(Card::Answer(answer)) => return answer,
        Ok(Card::NotDrawn) => return note::later(),
        Ok(Card::Draw(order, agreed_ms)) => (order, agreed_ms),
        Err(error) => return note::failed(error),
    };
    let jpeg = match app.postcards.draw(*order).await {
        Ok(jpeg) => jpeg,
        Err(PostcardError::Busy) => return note::later(),
        Err(error) => {
            crate::system::repeated_errors::tell("a postcard was not drawn", &error);
            return note::later();
        }
    };
    let kept = {
        let jpeg = jpeg.clone();
        app.work(move |app: &AppState| {
            let now_ms = clock::now_ms();
            let sealed = app.hub.keys().seal_for(&purpose_of_postcard(&name), &jpeg);
            let times = (now_ms, now_ms + DAYS * DAY_MS);
            app.hub
                .store
                .keep_postcard(&name, &sealed, agreed_ms, times)
        })
        .await
    };
    match kept {
        Ok(()) => jpeg_response(jpeg),
        Err(error) => note::failed(error),
    }
}

/// A link as a code holds it: in capitals where the whole address may have them, which makes a
/// smaller code.
fn in_code(base: &str, name: &str) -> String {
    let link = format!("{base}/s/{name}");
    if base.bytes().any(|byte| byte.is_ascii_lowercase()) {
        link
    } else {
        link.to_ascii_uppercase()
    }
}

fn jpeg_response(jpeg: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        // What was erased is to be gone.
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    (headers, jpeg).into_response()
}

/// Looks for a card that was drawn before.
fn look_for_card(
    app: &AppState,
    name: &str,
    client: &Client,
    now_ms: i64,
) -> Result<Card, StoreError> {
    let store = &app.hub.store;
    if let Some(refusal) = app.refusal(Kind::Picture, client, now_ms)? {
        return Ok(Card::Answer(refusal));
    }
    if let Some(jpeg) = drawn_card(app, name, now_ms)? {
        return Ok(Card::Drawn(jpeg));
    }
    // A card is of something that was passed on, or strangers could have any number drawn.
    if !store.is_told(name)? {
        return Ok(Card::Answer(note::nothing_here()));
    }
    Ok(Card::NotDrawn)
}

fn drawn_card(app: &AppState, name: &str, now_ms: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let sealed = app.hub.store.postcard(name, now_ms)?;
    Ok(sealed.and_then(|sealed| (app.hub.keys()).open_for(&purpose_of_postcard(name), &sealed)))
}

/// Says what stands on a card, unless it was drawn meanwhile.
fn order_card(
    app: &AppState,
    name: &str,
    client: &Client,
    now_ms: i64,
) -> Result<Card, StoreError> {
    let store = &app.hub.store;
    if let Some(jpeg) = drawn_card(app, name, now_ms)? {
        return Ok(Card::Drawn(jpeg));
    }
    if let Some(refusal) = app.refusal(Kind::Moment, client, now_ms)? {
        return Ok(Card::Answer(refusal));
    }
    let Some(facts) = store.landing_facts(name, None)? else {
        return Ok(Card::Answer(note::nothing_here()));
    };
    let moment = store.moment(name, now_ms)?;
    let agreed_ms = moment.as_ref().map(|moment| moment.agreed_ms);
    let typed = moment
        .and_then(|moment| Typed::open(app.hub.keys(), name, &moment.sealed))
        .unwrap_or_default();
    let language = client
        .language()
        .unwrap_or_else(|| Language::of_text(&facts.campaign.title));
    let title = facts.campaign.said(language.of_page()).title.to_owned();
    let sighting = facts.sighting.as_ref();
    let link = app.public_url.absolute(&format!("/s/{name}"));
    let host = link
        .split_once("://")
        .map_or(link.as_str(), |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default().to_owned();
    let seen = sighting.map(|sighting| sighting_words::dated_line(sighting, language, now_ms));
    let order = PostcardOrder {
        sentence: if typed.sentence.is_empty() {
            title.clone()
        } else {
            typed.sentence
        },
        title,
        name: typed.name,
        seen: seen.unwrap_or_default(),
        call: language
            .say(["扫一扫，看看是什么", "Scan to see what it is"])
            .to_owned(),
        host,
        link: in_code(&app.public_url.scan_base(), name),
        colours: facts.campaign.colours,
        picture: store.picture_of(name)?.unwrap_or_default(),
    };
    Ok(Card::Draw(Box::new(order), agreed_ms))
}
