//! `/s/{share}/voice`: what somebody says to the publisher from their own link; and `/v/{link}`,
//! where they find it again, with the answer, and erase it.
//!
//! Invariants: only whoever a link belongs to says something under it, and that is known before
//! what they send is read; a page shows what was said to nobody but who has what its form had,
//! since a link may be two people's; a picture is opened by another process alone; the link of a
//! voice works from anywhere on any day and is nowhere but with its writer.

use axum::extract::{FromRequest as _, Request, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::campaign::TakenVoices;
use passerby_protocol::hexadecimal::hex;

use crate::publish::visitor_picture::{OpenedPicture, PictureFault};
use crate::scans::visitor::Visitor;
use crate::server::body::Unread;
use crate::server::language::Language;
use crate::server::limits::Kind;
use crate::server::phones::form::{FormFields, OfLink, after, not_whole};
use crate::server::phones::sighting_words;
use crate::server::phones::voice_page::{self, OwnLine, SpokenOf, VoiceForm, Wrong};
use crate::server::phones::voice_upload::{self, UploadFault};
use crate::server::phones::{note, privacy};
use crate::server::{AppState, Shared};
use crate::store::{
    KeptVoice, LandingFacts, NewVoice, OF_VISIT_MAX, SaidVoice, SealedPicture, StoreError,
};
use crate::system::clock::DAY_MS;
use crate::system::{clock, random};
use crate::voices::{CONSENT, DAYS, Part, SaidWords, open_answer, own_link, voice_of_link};

/// Hexadecimal digits of what a form has, so that it counts once.
const ONCE_CHARS: usize = 32;

/// What whoever may say something is known by.
struct Speaker {
    facts: LandingFacts,
    visitor: Visitor,
}

impl Speaker {
    /// Returns who may say something under a link; `None` for all others.
    fn of(app: &AppState, asked: &OfLink, now_ms: i64) -> Result<Option<Self>, StoreError> {
        let Some(facts) = asked.own_facts(app, now_ms)? else {
            return Ok(None);
        };
        let visitor = asked.client.counted(&app.hub.store, now_ms)?;
        Ok(visitor
            .filter(|_| facts.campaign.voices.are_taken())
            .map(|visitor| Self { facts, visitor }))
    }

    fn form(&self, app: &AppState, asked: &OfLink, now_ms: i64) -> VoiceForm {
        let campaign = &self.facts.campaign;
        let language = asked.client.language();
        let language = language.unwrap_or_else(|| Language::of_text(&campaign.title));
        let today = clock::date_of(now_ms);
        VoiceForm {
            path: app.public_url.local(&format!("/s/{}", asked.name)),
            of: SpokenOf::new(campaign, language),
            takes_pictures: campaign.voices.take == TakenVoices::WordsAndPictures,
            ends: sighting_words::day(clock::date_of(now_ms + DAYS * DAY_MS), today, language),
            said: SaidWords::default(),
            once: hex(&random::bytes::<16>()),
            said_before: String::new(),
            privacy: privacy::path_of(&app.public_url, &self.facts.id),
        }
    }
}

/// `GET /s/{share}/voice`, with `?k=` and what the forms had in which something was said.
pub(crate) async fn show(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Page, |app, asked, now_ms| {
            let Some(speaker) = Speaker::of(app, asked, now_ms)? else {
                return Ok(asked.to_link(app));
            };
            let said_before = said_before(asked.fields.get("k"));
            let all = (app.hub.store).own_voices(&asked.name, speaker.visitor)?;
            let is_full = i64::try_from(all.len()).unwrap_or(i64::MAX) >= OF_VISIT_MAX;
            let own = all
                .into_iter()
                .filter(|voice| said_before.contains(&hex(&voice.once)));
            let own: Vec<OwnLine> = own
                .map(|voice| {
                    let link = own_link(app.hub.keys(), &voice.name);
                    OwnLine {
                        link: app.public_url.absolute(&format!("/v/{link}")),
                        path: app.public_url.local(&format!("/v/{link}")),
                        state: voice.state,
                    }
                })
                .collect();
            let form = VoiceForm {
                said_before: said_before.concat(),
                ..speaker.form(app, asked, now_ms)
            };
            Ok(form.answer((&own, is_full), None))
        })
        .await
}

/// What the forms had, one behind the other, in which somebody says that they said something.
fn said_before(text: &str) -> Vec<String> {
    let most = usize::try_from(OF_VISIT_MAX).unwrap_or_default();
    let mut left = text;
    let mut before = Vec::new();
    while before.len() < most
        && let Some((once, rest)) = left.split_at_checked(ONCE_CHARS)
        && once_of(once).is_some()
    {
        before.push(once.to_ascii_lowercase());
        left = rest;
    }
    before
}

/// What has come of a form before its picture was looked at.
struct Coming {
    asked: OfLink,
    speaker: Speaker,
    once: [u8; 16],
    /// What the forms had in which they said something before.
    said_before: String,
    said: SaidWords,
    for_screen: bool,
}

/// `POST /s/{share}/voice`.
pub(crate) async fn say(State(app): State<Shared>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let asked = OfLink::of_head(&mut parts, &app).await;
    let headers = parts.headers.clone();
    let Ok(unread) = Unread::from_request(Request::from_parts(parts, body), &app).await;
    let known = app
        .work(move |app: &AppState| {
            let now_ms = clock::now_ms();
            if let Some(refusal) = app.refusal(Kind::Moment, &asked.client, now_ms)? {
                return Ok(Err(refusal));
            }
            if asked.client.is_cross_site() {
                return Ok(Err(asked.to_link(app)));
            }
            Ok(match Speaker::of(app, &asked, now_ms)? {
                Some(speaker) => Ok((asked, speaker)),
                None => Err(asked.to_link(app)),
            })
        })
        .await;
    let (asked, speaker) = match known {
        Ok(Ok(known)) => known,
        Ok(Err(answer)) => {
            unread.discard();
            return answer;
        }
        Err(error) => {
            unread.discard();
            return note::failed(error);
        }
    };
    let takes_pictures = speaker.facts.campaign.voices.take == TakenVoices::WordsAndPictures;
    let sent = match voice_upload::read(&app, &headers, unread, takes_pictures).await {
        Ok(sent) => sent,
        Err(UploadFault::Form) => return not_whole(),
        Err(UploadFault::TooLarge) => return voice_page::too_large(),
        Err(UploadFault::Busy) => return note::later(),
        Err(UploadFault::Disk(error)) => {
            crate::system::repeated_errors::tell("a passer-by's picture was not kept", &error);
            return note::later();
        }
    };
    let coming = match read(&app, asked, speaker, &sent.fields) {
        Ok(coming) => coming,
        Err(answer) => return *answer,
    };
    let picture = match &sent.picture {
        Some(folder) => match app.pictures.open(folder.path()).await {
            Ok(picture) => Some(picture),
            Err(PictureFault::Busy | PictureFault::Later) => return note::later(),
            Err(PictureFault::Kind) => return coming.wrong(&app, Wrong::PictureKind),
            Err(PictureFault::Unreadable) => return coming.wrong(&app, Wrong::Picture),
        },
        None => None,
    };
    app.work(move |app: &AppState| coming.keep(app, picture.as_ref(), clock::now_ms()))
        .await
        .unwrap_or_else(note::failed)
}

/// Reads the words of a form.
///
/// # Errors
/// The page that says what is wrong.
fn read(
    app: &AppState,
    asked: OfLink,
    speaker: Speaker,
    fields: &FormFields,
) -> Result<Coming, Box<Response>> {
    let Some(once) = once_of(fields.get("once")) else {
        return Err(Box::new(not_whole()));
    };
    let (sentence, name) = (fields.get("sentence"), fields.get("name"));
    let mut coming = Coming {
        asked,
        speaker,
        once,
        said_before: said_before(fields.get("k")).concat(),
        said: SaidWords {
            sentence: sentence.chars().take(400).collect(),
            name: name.chars().take(60).collect(),
        },
        for_screen: fields.has("screen"),
    };
    let said = match SaidWords::read(sentence, name) {
        Ok(said) => said,
        Err(error) => return Err(Box::new(coming.wrong(app, Wrong::Typed(error)))),
    };
    let is_empty = said.sentence.is_empty();
    coming.said = said;
    if is_empty {
        return Err(Box::new(coming.wrong(app, Wrong::Nothing)));
    }
    if !fields.has("agree") {
        return Err(Box::new(coming.wrong(app, Wrong::NotAgreed)));
    }
    Ok(coming)
}

fn once_of(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == ONCE_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut once = [0; 16];
    for (at, byte) in once.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    is_hex.then_some(once)
}

impl Coming {
    /// The form once more, with what was typed and what is wrong.
    fn wrong(&self, app: &AppState, wrong: Wrong) -> Response {
        let form = self.speaker.form(app, &self.asked, clock::now_ms());
        let form = VoiceForm {
            said: self.said.clone(),
            // What was sent before is the same voice still.
            once: hex(&self.once),
            said_before: self.said_before.clone(),
            ..form
        };
        form.answer((&[], false), Some(wrong))
    }

    fn keep(
        &self,
        app: &AppState,
        picture: Option<&OpenedPicture>,
        now_ms: i64,
    ) -> Result<Response, StoreError> {
        let (keys, link) = (app.hub.keys(), &self.asked.name);
        let name = random::share_name();
        let sealed = self.said.seal(keys, &name);
        let picture = picture.map(|picture| SealedPicture {
            large: Part::Picture.seal(keys, &name, &picture.large),
            large_px: picture.large_px,
            small: Part::SmallPicture.seal(keys, &name, &picture.small),
            small_px: picture.small_px,
        });
        let new = NewVoice {
            name: &name,
            once: self.once,
            sealed: &sealed,
            picture: picture.as_ref(),
            consent: CONSENT,
            for_screen: self.for_screen,
            ends_ms: now_ms + DAYS * DAY_MS,
        };
        let said = (app.hub.store).say(link, self.speaker.visitor, new, now_ms)?;
        Ok(match said {
            SaidVoice::Kept => {
                let before = said_before(&format!("{}{}", hex(&self.once), self.said_before));
                after(app, &format!("/s/{link}/voice?k={}", before.concat()))
            }
            SaidVoice::NotOwn => self.asked.to_link(app),
            SaidVoice::TooMany => self.wrong(app, Wrong::TooMany),
            SaidVoice::Blocked => self.wrong(app, Wrong::Blocked),
            SaidVoice::Busy | SaidVoice::Full => self.wrong(app, Wrong::Busy),
        })
    }
}

/// The voice to which a link belongs; `None` where it is none of ours.
fn voice_of(app: &AppState, link: &str) -> Result<Option<KeptVoice>, StoreError> {
    match voice_of_link(app.hub.keys(), link) {
        Some(name) => app.hub.store.voice(name),
        None => Ok(None),
    }
}

/// `GET /v/{link}`: all that is kept of a voice, its answer, and the way to erase it.
pub(crate) async fn mine(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Page, |app, asked, now_ms| {
            let Some(voice) = voice_of(app, &asked.name)? else {
                return Ok(note::nothing_here());
            };
            let keys = app.hub.keys();
            let words = voice.words.as_ref();
            let said = words.and_then(|words| SaidWords::open(keys, &voice.name, &words.sealed));
            let answer = voice.answer.as_ref();
            let answer = answer.and_then(|(sealed, _)| open_answer(keys, &voice.name, sealed));
            let language = asked.client.language();
            let language = language.unwrap_or_else(|| Language::of_text(&voice.body.title));
            let path = app.public_url.local(&format!("/v/{}", asked.name));
            Ok(voice_page::mine(
                &voice,
                (said.as_ref(), answer.as_deref()),
                &path,
                language,
                now_ms,
            ))
        })
        .await
}

/// `POST /v/{link}/erase`.
pub(crate) async fn erase(State(app): State<Shared>, sent: OfLink) -> Response {
    sent.answer(&app, Kind::Page, |app, sent, _| {
        let Some(name) = voice_of_link(app.hub.keys(), &sent.name) else {
            return Ok(note::nothing_here());
        };
        app.hub.store.erase_voice(name)?;
        Ok(voice_page::erased())
    })
    .await
}

/// `GET /v/{link}/picture.jpg`.
pub(crate) async fn picture(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Picture, |app, asked, _| {
            let keys = app.hub.keys();
            let Some(name) = voice_of_link(keys, &asked.name) else {
                return Ok(note::nothing_here());
            };
            let sealed = app.hub.store.voice_picture(name, false, None)?;
            let jpeg = sealed.and_then(|sealed| Part::Picture.open(keys, name, &sealed));
            let headers = [
                (header::CONTENT_TYPE, "image/jpeg"),
                // What was erased is to be gone.
                (header::CACHE_CONTROL, "private, no-store"),
            ];
            Ok(match jpeg {
                Some(jpeg) => (headers, jpeg).into_response(),
                None => note::nothing_here(),
            })
        })
        .await
}
