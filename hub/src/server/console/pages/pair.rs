//! Pairing a screen by the code that it shows.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use maud::html;
use passerby_protocol::limits::LINE_CHARS_MAX;

use crate::keys::pairing_code::PairingCode;
use crate::people::{group, line};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line};
use crate::server::console::pages::join::name_words;
use crate::server::console::refusals;
use crate::store::{EnrolError, KeyError, StoreError};
use crate::system::clock;

/// `GET /console/pair`; the claim page that a screen's code opens leads here with the code.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let suggested = suggested_name(&app, &fields).await;
    page(&asker, &fields, suggested.as_deref().unwrap_or(""), None)
}

/// What the terminal that shows the code would call its screen, from its own settings. It is a
/// stranger until it is paired, so what nobody could type here is no suggestion.
async fn suggested_name(app: &Shared, fields: &Fields) -> Option<String> {
    let code = fields.get("code").trim().parse::<PairingCode>().ok()?;
    let found = app
        .work(move |app| app.hub.store.suggested_name(&code, clock::now_ms()))
        .await;
    line(&found.ok()??, LINE_CHARS_MAX).ok()
}

fn page(asker: &Asker, fields: &Fields, suggested: &str, wrong: Option<&str>) -> Response {
    // Somebody who is held to one group pairs into that one.
    let own = asker
        .actor
        .scope()
        .screens
        .as_ref()
        .and_then(|groups| groups.first());
    let in_group = fields
        .word("group")
        .or(own.map(String::as_str))
        .unwrap_or("");
    let code = html! {
        div.field {
            label for="code" { (asker.say(["屏幕上的配对码", "The code on the screen"])) }
            input.code id="code" name="code" value=(fields.get("code")) required autocomplete="off" autocapitalize="characters" maxlength="12" aria-describedby="code-hint";
            p.hint id="code-hint" { (asker.say(["八个字母和数字", "Eight letters and digits"])) }
        }
    };
    let body = html! {
        (layout::mistake(wrong))
        section {
            (layout::form(asker, "/console/pair", "", &html! {
                (code)
                (Line { is_required: true, hint: Some(asker.say(["例如：地铁 2 号线 B 口", "Such as: Metro line 2, exit B"])),
                    ..Line::text("name", asker.say(["给它起个名字", "What to call it"]), if fields.has("name") { fields.get("name") } else { suggested }) }.markup())
                (Line::text("group", asker.say(["分组（可以不填）", "Group, if you like"]), in_group).markup())
                button.main { (asker.say(["配对", "Pair"])) }
            }))
        }
        p.soft { (asker.say([
            "屏幕上的码每 15 分钟换一个。",
            "The code on the screen is a new one every 15 minutes.",
        ])) }
    };
    layout::page(
        asker,
        Chapter::Screens,
        asker.say(["配对屏幕", "Pair a screen"]),
        fields,
        &body,
    )
}

/// Says why a screen was not paired.
pub(crate) fn why(error: &EnrolError) -> [&'static str; 2] {
    match error {
        EnrolError::Unknown => [
            "没有屏幕显示这个码。请和屏幕上的对比一下。",
            "No screen shows this code. Compare it with the one on the screen.",
        ],
        EnrolError::Expired => [
            "这个码过期了，屏幕会显示一个新的。",
            "This code has expired; the screen will show a new one.",
        ],
        EnrolError::Taken => ["这个码已经配对过了。", "This code has been paired already."],
        EnrolError::Busy => [
            "同时配对的屏幕太多，请稍等。",
            "Too many screens are being paired; wait a moment.",
        ],
        EnrolError::Key(_) => [
            "这块屏幕现在不能配对。",
            "This screen cannot be paired now.",
        ],
        EnrolError::Store(_) => [
            "这个分组不归你管。",
            "This group is not one that you have to do with.",
        ],
    }
}

/// `POST /console/pair`.
pub(crate) async fn pair(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let wrong = |words: [&'static str; 2]| {
        (MISTAKE, page(&asker, &fields, "", Some(asker.say(words)))).into_response()
    };
    let Ok(code) = fields.get("code").trim().parse::<PairingCode>() else {
        return wrong([
            "配对码有八个字母和数字。",
            "The code has eight letters and digits.",
        ]);
    };
    let read = line(fields.get("name"), LINE_CHARS_MAX)
        .and_then(|name| Ok((name, group(fields.get("group"))?)));
    let (name, group) = match read {
        Ok(read) => read,
        Err(error) => return wrong(name_words(error)),
    };
    let actor = Arc::clone(&asker.actor);
    let claimed = app
        .work(move |app| app.claim(&actor, &code, (&name, group.as_deref()), clock::now_ms()))
        .await;
    match claimed {
        Ok(claimed) => asker
            .visitor
            .to(&format!("/console/screens/{}?done=paired", claimed.screen)),
        Err(EnrolError::Store(error) | EnrolError::Key(KeyError::Store(error)))
            if !matches!(error, StoreError::OutOfScope) =>
        {
            refusals::failed(&asker.visitor, &error)
        }
        Err(error) => wrong(why(&error)),
    }
}
