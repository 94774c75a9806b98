//! What passers-by said to the publisher of a campaign: to read, to answer, to let a screen show,
//! to take down.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::{CampaignId, foreign};

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::refusals;
use crate::server::console::voice_changes::{VoiceWish, WishError};
use crate::server::language::Language;
use crate::store::{StoreError, VoiceFilter, VoiceRow, VoiceState};
use crate::system::clock;
use crate::voices::{ANSWER_CHARS_MAX, AnswerError, DAYS, Part, SaidWords, open_answer};

/// How many stand on a page.
const ROWS_MAX: usize = 25;

/// Where the voices of a campaign are.
pub(crate) fn path_of_voices(id: &str) -> String {
    format!("{}/voices", path_of(id))
}

const fn state_words(state: VoiceState) -> [&'static str; 2] {
    match state {
        VoiceState::Waiting => ["新", "New"],
        VoiceState::Read => ["已读", "Read"],
        VoiceState::Answered => ["已回复", "Answered"],
        VoiceState::Removed => ["已撤下", "Taken down"],
        VoiceState::Erased => ["本人已删除", "Erased by its writer"],
        VoiceState::Expired => ["已到期", "Over"],
    }
}

/// The states by which the list is filtered.
const LISTED: [VoiceState; 4] = [
    VoiceState::Waiting,
    VoiceState::Read,
    VoiceState::Answered,
    VoiceState::Removed,
];

/// A voice with what was said, opened.
struct Opened {
    row: VoiceRow,
    said: Option<SaidWords>,
    answer: Option<String>,
}

/// `GET /console/campaigns/{campaign}/voices`.
pub(crate) async fn list(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    page(&app, &asker, &id, &fields, None).await
}

async fn page(
    app: &Shared,
    asker: &Asker,
    id: &str,
    fields: &Fields,
    wrong: Option<&str>,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let filter = VoiceFilter {
        state: VoiceState::of_word(fields.get("state")).filter(|state| LISTED.contains(state)),
        before: fields.get("before").parse().ok(),
    };
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let store = &app.hub.store;
            let rows = store.campaign_voices(&campaign, actor.scope(), filter, ROWS_MAX + 1)?;
            let keys = app.hub.keys();
            let open = |row: VoiceRow| {
                let words = row.words.as_ref();
                let answer = row.answer.as_ref();
                Opened {
                    said: words.and_then(|words| SaidWords::open(keys, &row.name, &words.sealed)),
                    answer: answer.and_then(|(sealed, _)| open_answer(keys, &row.name, sealed)),
                    row,
                }
            };
            Ok::<_, StoreError>(rows.map(|rows| rows.into_iter().map(open).collect::<Vec<_>>()))
        })
        .await;
    let mut voices = match read {
        Ok(Some(voices)) => voices,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let has_more = voices.len() > ROWS_MAX;
    voices.truncate(ROWS_MAX);
    let path = path_of_voices(id);
    let state = filter.state.map_or("", VoiceState::word);
    let last = voices.last().map(|voice| voice.row.id.to_string());
    let body = html! {
        (layout::mistake(wrong))
        p { a href=(asker.at(&path_of(id))) { (asker.say(["返回活动", "Back to the campaign"])) } }
        (filters(asker, &path, filter.state))
        @if voices.is_empty() {
            section { p { (asker.say(["这里还没有留言。", "There are no voices here."])) } }
        }
        @for voice in &voices { (one(asker, (&path, state), voice)) }
        @if has_more && let Some(last) = last {
            div.foot { span {} a.button href=(asker.at(&path_with(&path, &[("state", state), ("before", &last)]))) { (asker.say(["更早的", "Older ones"])) } }
        }
        p.hint { @match asker.visitor.language {
            Language::Chinese => { "每条最多保存 " (DAYS) " 天，本人随时可以删除。" },
            Language::English => { "Each is kept for " (DAYS) " days at most, and its writer may erase it at any time." },
        } }
    };
    let title = asker.say(["路人的留言", "Voices of passers-by"]);
    let response = layout::page(asker, Chapter::Campaigns, title, fields, &body);
    if wrong.is_some() {
        (MISTAKE, response).into_response()
    } else {
        response
    }
}

fn filters(asker: &Asker, path: &str, chosen: Option<VoiceState>) -> Markup {
    let all = [None].into_iter().chain(LISTED.iter().copied().map(Some));
    html! {
        nav.actions aria-label=(asker.say(["筛选", "Filter"])) {
            @for state in all {
                a.button.quiet[state != chosen] href=(asker.at(&path_with(path, &[("state", state.map_or("", VoiceState::word))])))
                    aria-current=[(state == chosen).then_some("true")] {
                    (asker.say(state.map_or(["全部", "All"], state_words)))
                }
            }
        }
    }
}

fn one(asker: &Asker, (path, state): (&str, &str), voice: &Opened) -> Markup {
    let row = &voice.row;
    let badge = match row.state {
        VoiceState::Waiting => "warn",
        VoiceState::Answered => "good",
        VoiceState::Removed => "bad",
        _ => "plain",
    };
    html! {
        section id=(format!("v{}", row.id)) {
            p {
                span class=(format!("badge {badge}")) { (asker.say(state_words(row.state))) }
                " " span.soft { (layout::moment(row.said_ms)) " · " (row.screen_name)
                    @if row.generation > 0 { (asker.say(["（从转发的链接）", " (by a link that was passed on)"])) }
                }
            }
            @if let Some((width, height)) = row.small_px {
                @let picture = format!("{path}/{}/picture.jpg", row.name);
                figure.glass { a href=(asker.at(&picture)) { img src=(asker.at(&format!("{picture}?small=1"))) width=(width) height=(height) alt=(asker.say(["路人的图片", "The passer-by's picture"])); } }
            }
            @if let Some(said) = &voice.said {
                p { strong { (foreign::escaped(&said.sentence)) } @if !said.name.is_empty() { " — " (foreign::escaped(&said.name)) } }
            } @else if row.state == VoiceState::Removed {
                p.soft { (asker.say(["内容已删除。", "What was said is gone."])) }
            }
            @if let Some(answer) = &voice.answer {
                p.notice { @if row.state == VoiceState::Removed { (asker.say(["原因：", "Why: "])) } @else { (asker.say(["回复：", "Answer: "])) } (foreign::escaped(answer)) }
            }
            @if voice.said.is_some() { (ways(asker, (path, state), voice)) }
        }
    }
}

/// What can be done with it.
fn ways(asker: &Asker, (path, state): (&str, &str), voice: &Opened) -> Markup {
    let row = &voice.row;
    let words = row.words.as_ref();
    let for_screen = words.is_some_and(|words| words.for_screen);
    let is_approved = words.is_some_and(|words| words.approved_ms.is_some());
    let form = |what: &str, body: &Markup| {
        layout::form(
            asker,
            path,
            "",
            &html! {
                input type="hidden" name="voice" value=(row.name);
                input type="hidden" name="state" value=(state);
                input type="hidden" name="do" value=(what);
                (body)
            },
        )
    };
    let text = |what: &str, label: &str, value: &str| {
        let id = format!("{what}-{}", row.id);
        html! { div.field {
            label for=(id) { (label) }
            textarea id=(id) name="text" rows="3" maxlength=(ANSWER_CHARS_MAX) required autocomplete="off" { "\n" (value) }
        } }
    };
    let answer = voice.answer.as_deref().unwrap_or("");
    html! {
        details open[row.state == VoiceState::Waiting] {
            summary { @if answer.is_empty() { (asker.say(["回复", "Answer it"])) } @else { (asker.say(["修改回复", "Change the answer"])) } }
            (form("answer", &html! {
                (text("answer", asker.say(["只有本人看得到", "Only its writer sees it"]), answer))
                button.main { (asker.say(["回复", "Answer"])) }
            }))
        }
        div.actions {
            @if row.state == VoiceState::Waiting {
                (form("read", &html! { button { (asker.say(["标为已读", "Mark as read"])) } }))
            }
            @if is_approved {
                span.badge.good { (asker.say(["可以上屏幕", "A screen may show it"])) }
                (form("withdraw", &html! { button { (asker.say(["不上屏幕", "No more"])) } }))
            } @else if for_screen {
                (form("approve", &html! { button { (asker.say(["同意上屏幕", "Let a screen show it"])) } }))
            } @else {
                span.soft { (asker.say(["本人没有同意上屏幕", "Its writer did not agree to a screen"])) }
            }
        }
        details {
            summary { (asker.say(["撤下", "Take it down"])) }
            (form("remove", &html! {
                (text("remove", asker.say(["原因，本人会看到", "Why, which its writer sees"]), ""))
                button.danger { (asker.say(["撤下并删除内容", "Take it down, and delete it"])) }
            }))
            @if row.is_of_today {
                p { (asker.say(["同一个人今天发了很多？", "Is the same person sending many today?"])) }
                (form("block", &html! { button.danger { (asker.say(["今天不再收此人的，没有回复的都撤下", "Take no more of theirs today, and take down what has no answer"])) } }))
            }
        }
    }
}

/// `POST /console/campaigns/{campaign}/voices`.
pub(crate) async fn change(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let what = fields.get("do").to_owned();
    let wish = match VoiceWish::read(&what, fields.get("text")) {
        Ok(wish) => wish,
        Err(error) => {
            let wrong = asker.say(match error {
                WishError::Unknown => ["没有这个操作。", "There is no such thing to do."],
                WishError::Answer(AnswerError::Empty) => {
                    ["请写点什么。", "Please write something."]
                }
                WishError::Answer(AnswerError::Long) => {
                    ["最多 500 个字。", "Use at most 500 characters."]
                }
                WishError::Answer(AnswerError::Hidden) => [
                    "里面有看不见的字符，请重新打一遍。",
                    "It has characters that nobody can see; type it anew.",
                ],
            });
            return page(&app, &asker, &id, &fields, Some(wrong)).await;
        }
    };
    let (actor, voice) = (Arc::clone(&asker.actor), fields.get("voice").to_owned());
    let changed = app
        .work(move |app| wish.fulfil(app, &actor, (&campaign, &voice), clock::now_ms()))
        .await;
    let done = match what.as_str() {
        "answer" => "answered",
        "remove" => "erased",
        "block" => "blocked",
        _ => "saved",
    };
    match changed {
        Ok(true) => {
            let fields = [("state", fields.get("state")), ("done", done)];
            asker.visitor.to(&path_with(&path_of_voices(&id), &fields))
        }
        // Its writer may have erased it meanwhile.
        Ok(false) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `GET /console/campaigns/{campaign}/voices/{voice}/picture.jpg`.
pub(crate) async fn picture(
    State(app): State<Shared>,
    asker: Asker,
    Path((id, voice)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let is_small = fields.has("small");
    let read = app
        .work(move |app| {
            let of = Some((&campaign, actor.scope()));
            let sealed = app.hub.store.voice_picture(&voice, is_small, of)?;
            let part = if is_small {
                Part::SmallPicture
            } else {
                Part::Picture
            };
            let open = |sealed: Vec<u8>| part.open(app.hub.keys(), &voice, &sealed);
            Ok::<_, StoreError>(sealed.and_then(open))
        })
        .await;
    match read {
        Ok(Some(jpeg)) => {
            let headers = [
                (header::CONTENT_TYPE, "image/jpeg"),
                // What was erased is to be gone.
                (header::CACHE_CONTROL, "private, no-store"),
            ];
            (headers, jpeg).into_response()
        }
        Ok(None) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}
