//! Turning the second step on and off.
//!
//! The key that a phone is to learn is derived from the session, so that nothing is kept before it
//! is confirmed, and the page shows the same one when it is loaded again.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::Digest;
use qrcode::{Color, EcLevel, QrCode};

use crate::people::OneTimeKey;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line};
use crate::server::console::pages::account::is_own_password;
use crate::server::console::refusals;
use crate::store::PeopleError;
use crate::system::clock;

fn key_of(asker: &Asker) -> OneTimeKey {
    let digest = Digest::of(asker.session.derived("one-time key").as_bytes()).0;
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&digest[..20]);
    OneTimeKey::from_bytes(bytes)
}

/// `GET /console/account/second-step`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None)
}

fn page(
    app: &Shared,
    asker: &Asker,
    fields: &Fields,
    wrong: Option<[&'static str; 2]>,
) -> Response {
    let key = key_of(asker);
    let address = key.address(&asker.person.name, app.public_url.host());
    let body = html! {
        (layout::mistake(wrong.map(|words| asker.say(words))))
        section {
            ol.steps {
                li { div {
                    h2 { (asker.say(["用验证器应用扫描", "Scan with an authenticator app"])) }
                    (code_square(&address, asker.say(["验证器应用的二维码", "The code for an authenticator app"])))
                    details {
                        summary { (asker.say(["或者手工输入", "Or type it in"])) }
                        code.secret { (key.text()) }
                    }
                } }
                li { div {
                    h2 { (asker.say(["输入应用显示的六位数字", "Enter the six digits that it shows"])) }
                    (layout::form(asker, "/console/account/second-step", "", &html! {
                        (Line { complete: "one-time-code", is_required: true, ..Line::text("code", asker.say(["六位数字", "Six digits"]), "") }.markup())
                        (Line { kind: "password", complete: "current-password", is_required: true, ..Line::text("password", asker.say(["你的密码", "Your password"]), "") }.markup())
                        button.main { (asker.say(["启用", "Turn it on"])) }
                    }))
                } }
            }
        }
    };
    layout::page(
        asker,
        Chapter::Account,
        asker.say(["启用两步验证", "Turn the second step on"]),
        fields,
        &body,
    )
}

/// Draws a code with its quiet zone.
fn code_square(text: &str, name: &str) -> Markup {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
        return html! {};
    };
    let width = code.width();
    let mut path = String::new();
    for (at, colour) in code.to_colors().into_iter().enumerate() {
        if colour == Color::Dark {
            path += &format!("M{} {}h1v1h-1z", at % width + 4, at / width + 4);
        }
    }
    html! {
        svg.qr viewBox=(format!("0 0 {0} {0}", width + 8)) role="img" aria-label=(name) shape-rendering="crispEdges" {
            path d=(path) fill="#000" {}
        }
    }
}

/// `POST /console/account/second-step`.
pub(crate) async fn begin(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let mistaken = |words| (MISTAKE, page(&app, &asker, &fields, Some(words))).into_response();
    match is_own_password(&app, &asker, fields.get("password")).await {
        Ok(true) => {}
        Ok(false) => return mistaken(["密码不对。", "The password is wrong."]),
        Err(response) => return response,
    }
    let (actor, id, key) = (Arc::clone(&asker.actor), asker.person.id, key_of(&asker));
    let code = fields.get("code").to_owned();
    let begun = app
        .work(move |app| {
            app.hub
                .store
                .begin_second_step(&actor, id, &key, &code, clock::now_ms())
        })
        .await;
    match begun {
        Ok(Some(codes)) => recovery_page(&asker, &codes),
        Ok(None) => mistaken([
            "这个数字不对。手机的时间准吗？",
            "These digits are wrong. Is your phone's clock right?",
        ]),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(_) => refusals::not_here(&asker.visitor),
    }
}

fn recovery_page(asker: &Asker, codes: &[String]) -> Response {
    let body = html! {
        section {
            p { (asker.say([
                "把这些恢复码放在安全的地方。手机丢了，每一个可以代替一次六位数字。它们只显示这一次。",
                "Keep these recovery codes in a safe place. Should you lose your phone, each of them does once for the six digits. They are shown this once.",
            ])) }
            p { code.secret { @for code in codes { (code) br; } } }
        }
        p { a.button.main href=(asker.at("/console/account")) { (asker.say(["已经存好", "I have kept them"])) } }
    };
    layout::page(
        asker,
        Chapter::Account,
        asker.say(["两步验证已启用", "The second step is on"]),
        &Fields::default(),
        &body,
    )
}

/// `POST /console/account/second-step/end`.
pub(crate) async fn end(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    match is_own_password(&app, &asker, fields.get("password")).await {
        Ok(true) => {}
        Ok(false) => {
            let body = layout::mistake(Some(asker.say(["密码不对。", "The password is wrong."])));
            let title = asker.say(["没有更改", "Nothing was changed"]);
            let page = layout::page(&asker, Chapter::Account, title, &Fields::default(), &body);
            return (MISTAKE, page).into_response();
        }
        Err(response) => return response,
    }
    let (actor, id) = (Arc::clone(&asker.actor), asker.person.id);
    let ended = app
        .work(move |app| app.hub.store.end_second_step(&actor, id, clock::now_ms()))
        .await;
    match ended {
        Ok(()) => asker.visitor.to("/console/account?done=step-off"),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(_) => refusals::not_here(&asker.visitor),
    }
}
