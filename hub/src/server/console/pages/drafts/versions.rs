//! What was published of a campaign, and the way back to it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;
use passerby_protocol::foreign;

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::audit_words;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::drafts::common::{Asked, path_of};
use crate::server::console::pages::drafts::forms::refused;
use crate::server::console::pages::drafts::list::title_of;
use crate::server::console::refusals;
use crate::system::clock;

/// `GET /console/drafts/{campaign}/versions`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    fields: Fields,
) -> Response {
    let (actor, id) = (Arc::clone(&asker.actor), draft.row.campaign.clone());
    let read = app
        .work(move |app| app.hub.store.versions(&id, actor.scope()))
        .await;
    let versions = match read {
        Ok(versions) => versions.unwrap_or_default(),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let path = path_of(&draft.row.campaign);
    let body = html! {
        p.soft { (asker.say([
            "回到一个版本会把它放进草稿里，替换草稿现在的内容；发布之后才会上屏幕。",
            "Going back puts a version into the draft, in place of what the draft has now; it is on the screens once you publish it.",
        ])) }
        section {
            @if versions.is_empty() { p { (asker.say(["还没有发布过。", "Nothing was published yet."])) } }
            ul.rows { @for version in &versions { li.item {
                strong { (asker.say(["版本 ", "Version "])) (version.number) } " "
                @if draft.version == Some(version.number) { span.badge.plain { (asker.say(["草稿来自这里", "The draft goes back to it"])) } }
                br;
                span.soft { (layout::moment(version.made_ms)) " · " (foreign::escaped(&audit_words::actor(asker.visitor.language, &version.made_by))) " · " (version.files) (asker.say([" 个文件", if version.files == 1 { " file" } else { " files" }])) }
                (layout::form(&asker, &format!("{path}/versions/{}", version.number), "", &html! {
                    button { (asker.say(["回到版本 ", "Back to version "])) (version.number) }
                }))
            } } }
        }
        p { a.button href=(asker.at(&path)) { (asker.say(["回到草稿", "Back to the draft"])) } }
    };
    let title = format!(
        "{}: {}",
        asker.say(["版本", "Versions"]),
        title_of(&draft.row)
    );
    layout::page(&asker, Chapter::Campaigns, &title, &fields, &body)
}

/// `POST /console/drafts/{campaign}/versions/{number}`.
pub(crate) async fn go_back(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    Path((_, number)): Path<(String, u64)>,
    fields: Fields,
) -> Response {
    let (actor, id) = (Arc::clone(&asker.actor), draft.row.campaign.clone());
    let path = path_of(&id);
    let made = app
        .work(move |app| {
            let store = &app.hub.store;
            store.take_version(&actor, &id, number, clock::now_ms())
        })
        .await;
    match made {
        Ok(()) => asker.visitor.to(&format!("{path}?done=saved")),
        Err(error) => refused(&app, &asker, draft, &fields, &error.into()).await,
    }
}
