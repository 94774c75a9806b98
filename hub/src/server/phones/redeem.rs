//! `/redeem`: where a shop's staff redeems the code of somebody who follows, with the word of the
//! campaign. Who has an account redeems it in the console.
//!
//! Invariant: what is wrong with a code or a word is not told apart, and may be tried no oftener
//! than a password.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use maud::{Markup, html};

use crate::followers::{code_hmac, word_hmac};
use crate::server::language::Language;
use crate::server::limits::Kind;
use crate::server::phones::form::OfLink;
use crate::server::phones::page::{Document, language_switch};
use crate::server::phones::sighting_words;
use crate::server::phones::trace::Client;
use crate::server::{AppState, Shared};
use crate::store::{Redeemed, Redeemer, SHOP_STAFF};
use crate::system::clock;

/// `GET /redeem`.
pub(crate) async fn show(State(app): State<Shared>, client: Client) -> Response {
    let language = client.language().unwrap_or(Language::English);
    page(&app, language, StatusCode::OK, &html! {})
}

/// `POST /redeem`.
pub(crate) async fn redeem(State(app): State<Shared>, sent: OfLink) -> Response {
    sent.answer(&app, Kind::SignIn, |app, sent, now_ms| {
        let language = sent.client.language().unwrap_or(Language::English);
        let keys = app.hub.keys();
        let code = code_hmac(keys, sent.fields.get("code"));
        let done = match code.filter(|_| !sent.client.is_cross_site()) {
            Some(code) => {
                let word = word_hmac(keys, sent.fields.get("word"));
                let at = (clock::date_of(now_ms), now_ms);
                (app.hub.store).redeem_code(&code, Redeemer::Word(&word), at)?
            }
            None => Redeemed::Unknown,
        };
        let status = match done {
            Redeemed::Now { .. } => StatusCode::OK,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Ok(page(app, language, status, &told(&done, now_ms, language)))
    })
    .await
}

/// What became of a code.
fn told(done: &Redeemed, now_ms: i64, language: Language) -> Markup {
    let today = clock::date_of(now_ms);
    html! {
        @match done {
            Redeemed::Now { offer, .. } => section.told role="status" {
                h2 { (language.say(["已核销", "Redeemed"])) }
                @if let Some(offer) = offer { p lang=(Language::of_text(offer).tag()) { (offer) } }
            },
            Redeemed::Before { at_ms, by } => p.wrong role="alert" {
                (language.say(["这个码已经用过了：", "This code was used already: "])) (sighting_words::moment(*at_ms, now_ms, language))
                (language.say(["，", ", by "])) (if by == SHOP_STAFF { language.say(["店员", "the shop’s staff"]) } else { by })
            },
            Redeemed::Over(last) => p.wrong role="alert" { (language.say(["已经过期，最后一天是 ", "It is over; its last day was "])) (sighting_words::day(*last, today, language)) },
            Redeemed::Unknown => p.wrong role="alert" { (language.say(["码或口令不对。", "The code or the word is not right."])) },
        }
    }
}

fn page(app: &AppState, language: Language, status: StatusCode, above: &Markup) -> Response {
    let title = language.say(["核销优惠码", "Redeem a code"]);
    let document = Document {
        title,
        language,
        style: "",
        head: html! { meta name="robots" content="noindex"; },
    };
    let body = html! {
        div.stripe {}
        main.moment {
            (language_switch(language))
            h1 { (title) }
            (above)
            form method="post" action=(app.public_url.local("/redeem")) {
                label for="code" { (language.say(["顾客出示的码", "The code that the customer shows"])) }
                input id="code" name="code" maxlength="20" required autocomplete="off" autocapitalize="characters";
                label for="word" { (language.say(["本店的口令", "The shop’s word"])) }
                input id="word" name="word" maxlength="40" required autocomplete="off" autocapitalize="none";
                button.go { (language.say(["核销", "Redeem"])) }
            }
            p.soft { (language.say(["口令由发布者在控制台设定。", "Whoever publishes the campaign sets the word in the console."])) }
        }
    };
    let keep = [(header::CACHE_CONTROL, "private, no-store")];
    (status, keep, Html(document.markup(&body).into_string())).into_response()
}
