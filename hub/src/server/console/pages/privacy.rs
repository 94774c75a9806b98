//! What is kept of people, by whom, and which of a hub's campaigns use it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::people::Right;
use crate::privacy::{PROCESSINGS, Processing};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line};
use crate::server::console::refusals;
use crate::store::{HubOperator, StoreError};
use crate::system::clock;

/// Where it is.
pub(crate) const PATH: &str = "/console/privacy";

/// `GET /console/privacy`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None).await
}

async fn page(app: &Shared, asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let known = app.work(|app| app.hub.store.hub_operator()).await;
    let operator = match known {
        Ok(operator) => operator,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let value = |name: &str, known: fn(&HubOperator) -> &String| {
        if fields.has(name) {
            fields.get(name).to_owned()
        } else {
            operator.as_ref().map(known).cloned().unwrap_or_default()
        }
    };
    let (name, contact) = (
        value("name", |operator| &operator.name),
        value("contact", |operator| &operator.contact),
    );
    let body = html! {
        (layout::mistake(wrong))
        @if operator.is_none() { (missing(asker)) }
        section {
            h2 { (asker.say(["由谁保存", "Who keeps it"])) }
            p.soft { (asker.say([
                "写在给路人看的页面上。",
                "Stands on the pages that passers-by see.",
            ])) " " a href=(asker.at("/privacy")) { (asker.say(["看一看", "See them"])) } }
            @if asker.actor.may(Right::ChangeSettings) {
                (layout::form(asker, PATH, "", &html! {
                    (Line { is_required: true, ..Line::text("name", asker.say(["公司或个人的名称", "The name of the company or person"]), &name) }.markup())
                    (Line { is_required: true, hint: Some(asker.say(["地址、邮箱或电话", "An address, a mail address or a phone number"])), ..Line::text("contact", asker.say(["怎样联系", "How people reach them"]), &contact) }.markup())
                    button.main { (asker.say(["保存", "Save"])) }
                }))
            } @else if let Some(operator) = &operator {
                p { (operator.name) " · " (operator.contact) }
            }
        }
        @for processing in PROCESSINGS { (one(asker, processing)) }
        p.hint { (asker.say([
            "每个活动的页面只写它真正用到的。处理活动记录：passerby-hub privacy --csv。",
            "The page of a campaign names what it really uses. The record of processing: passerby-hub privacy --csv.",
        ])) }
    };
    let title = asker.say(["保存了哪些个人信息", "What is kept of people"]);
    let response = layout::page(
        asker,
        Chapter::Overview,
        title,
        &Fields::of_pairs(done(fields)),
        &body,
    );
    if wrong.is_some() {
        (MISTAKE, response).into_response()
    } else {
        response
    }
}

/// What the frame of the page looks at.
fn done(fields: &Fields) -> Vec<(String, String)> {
    vec![("done".to_owned(), fields.get("done").to_owned())]
}

/// What stands where nobody has said who runs the hub.
pub(crate) fn missing(asker: &Asker) -> Markup {
    html! {
        p.notice.warn {
            (asker.say([
                "还没有填写由谁运营、怎样联系，给路人看的隐私页面缺这一项。",
                "Nobody has said who runs this hub and how people reach them; the privacy pages lack it. ",
            ]))
            @if asker.actor.may(Right::ChangeSettings) { a href=(asker.at(PATH)) { (asker.say(["去填写", "Say it"])) } }
        }
    }
}

fn one(asker: &Asker, processing: &Processing) -> Markup {
    html! {
        section {
            h2 { (asker.say(processing.what)) }
            dl.facts {
                dt { (asker.say(["用途", "What for"])) } dd { (asker.say(processing.purpose)) }
                dt { (asker.say(["依据", "On what ground"])) } dd { (asker.say(processing.ground)) }
                dt { (asker.say(["多久", "For how long"])) } dd { (asker.say(processing.kept)) }
                dt { (asker.say(["怎样删除", "How it is erased"])) } dd { (asker.say(processing.erased)) }
                dt { (asker.say(["数据表", "Tables"])) } dd { (processing.tables.join(", ")) }
            }
        }
    }
}

/// `POST /console/privacy`.
pub(crate) async fn change(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let Ok(operator) = HubOperator::read(fields.get("name"), fields.get("contact")) else {
        let wrong = asker.say([
            "请填写名称和联系方式，各不超过 160 个字。",
            "Say a name and how to reach them, each in at most 160 characters.",
        ]);
        return page(&app, &asker, &fields, Some(wrong)).await;
    };
    let actor = Arc::clone(&asker.actor);
    let set = app
        .work(move |app| {
            let store = &app.hub.store;
            store.set_hub_operator(&actor, &operator, clock::now_ms())
        })
        .await;
    match set {
        Ok(()) => asker.visitor.to(&format!("{PATH}?done=saved")),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// Whether an owner is to be told that nobody has said who runs the hub.
pub(crate) fn is_missing(
    store: &crate::store::Store,
    actor: &crate::people::Actor,
) -> Result<bool, StoreError> {
    Ok(actor.may(Right::ChangeSettings) && store.hub_operator()?.is_none())
}
