//! `/privacy`: what this hub keeps of people; and of one campaign, what that uses.
//!
//! Invariants: it says what the list in [`crate::privacy`] says of what is really used, and who
//! keeps it; no script, no cookie.

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::{Campaign, CampaignId};

use crate::privacy::{Processing, of};
use crate::public_url::PublicUrl;
use crate::server::language::Language;
use crate::server::limits::Kind;
use crate::server::phones::form::OfLink;
use crate::server::phones::note;
use crate::server::phones::page::{Document, escaped, language_switch, palette};
use crate::server::{AppState, Shared};
use crate::store::{HubOperator, StoreError};

/// `GET /privacy`.
pub(crate) async fn of_hub(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Page, |app, asked, _| answer(app, asked, None))
        .await
}

/// `GET /privacy/{campaign}`.
pub(crate) async fn of_campaign(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Page, |app, asked, _| {
            let id = asked.as_typed.parse::<CampaignId>().ok();
            let campaign = match id {
                Some(id) => app.hub.store.published_campaign(&id)?,
                None => None,
            };
            match campaign.as_deref() {
                Some(campaign) => answer(app, asked, Some(campaign)),
                None => Ok(note::nothing_here()),
            }
        })
        .await
}

fn answer(
    app: &AppState,
    asked: &OfLink,
    campaign: Option<&Campaign>,
) -> Result<Response, StoreError> {
    let operator = app.hub.store.hub_operator()?;
    let language = asked.client.language();
    let language = language.unwrap_or_else(|| {
        campaign.map_or(Language::English, |campaign| {
            Language::of_text(&campaign.title)
        })
    });
    let style = campaign.map_or(String::new(), |campaign| palette(&campaign.colours));
    let title = language.say(["保存了哪些个人信息", "What is kept of you"]);
    let document = Document {
        title,
        language,
        style: &style,
        head: html! { meta name="robots" content="noindex"; },
    };
    let publisher = campaign.and_then(|campaign| campaign.separation.advertiser.as_deref());
    let body = html! {
        div.stripe {}
        main {
            (language_switch(language))
            h1 { (title) }
            @if let Some(campaign) = campaign { p.seen { (campaign.said(language.of_page()).title) } }
            (by_whom(language, operator.as_ref(), publisher))
            @for processing in of(campaign) { (one(language, processing)) }
            p { (language.say([
                "没有别的：不问就没有 Cookie，不保存 IP 地址，不做指纹识别。",
                "There is nothing else: no cookie unasked, no IP address, no fingerprint.",
            ])) }
        }
    };
    let keep = [(header::CACHE_CONTROL, "private, no-cache")];
    Ok((keep, Html(document.markup(&body).into_string())).into_response())
}

fn by_whom(language: Language, operator: Option<&HubOperator>, publisher: Option<&str>) -> Markup {
    html! {
        dl {
            @if let Some(operator) = operator {
                dt { (language.say(["由谁保存", "Who keeps it"])) } dd { (operator.name) }
                dt { (language.say(["怎样联系", "How to reach them"])) } dd { (operator.contact) }
            } @else {
                dt { (language.say(["由谁保存", "Who keeps it"])) }
                dd { (language.say(["运营者还没有写明；可以问放屏幕的地方。", "Whoever runs this hub; they have not said their name yet. Ask where the screen stands."])) }
            }
            @if let Some(publisher) = publisher {
                dt { (language.say(["活动的发布者", "Whose campaign it is"])) } dd { (publisher) }
            }
        }
    }
}

fn one(language: Language, processing: &Processing) -> Markup {
    html! {
        section.kept id=(processing.id) {
            p { strong { (language.say(processing.what)) } }
            dl {
                dt { (language.say(["用途", "What for"])) } dd { (language.say(processing.purpose)) }
                dt { (language.say(["依据", "On what ground"])) } dd { (language.say(processing.ground)) }
                dt { (language.say(["多久", "For how long"])) } dd { (language.say(processing.kept)) }
                dt { (language.say(["怎样删除", "How it is erased"])) } dd { (language.say(processing.erased)) }
            }
        }
    }
}

/// Where the page of a campaign is, without scheme and host.
pub(crate) fn path_of(public_url: &PublicUrl, campaign: &CampaignId) -> String {
    public_url.local(&format!("/privacy/{}", escaped(campaign.as_str())))
}

/// The link to it at the foot of a page.
pub(crate) fn link(path: &str, language: Language) -> Markup {
    html! { a href=(path) { (language.say(["保存了哪些个人信息", "What is kept of you"])) } }
}
