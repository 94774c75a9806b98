//! All drafts; those that wait for approval first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use passerby_protocol::foreign;

use crate::drafts::text::outline;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::audit_words;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::drafts::common::path_of;
use crate::server::console::{paging, refusals};
use crate::store::{DraftRow, DraftState, StoreError};
use crate::system::clock;

/// Drafts on one page.
const PER_PAGE: usize = 50;

/// How a draft stands, as a word and a colour.
pub(crate) fn badge(asker: &Asker, row: &DraftRow) -> Markup {
    let (class, said) = match (row.state, row.is_live, row.is_as_published) {
        (DraftState::Submitted, ..) => ("badge warn", ["等待批准", "Waiting for approval"]),
        (_, _, true) => ("badge good", ["已发布", "Published as it is"]),
        (_, true, false) => (
            "badge warn",
            ["有未发布的修改", "Changed since it was published"],
        ),
        (_, false, false) => ("badge plain", ["草稿", "Draft"]),
    };
    html! { span class=(class) { (asker.say(said)) } }
}

/// What a draft is called.
pub(crate) fn title_of(row: &DraftRow) -> String {
    let outline = outline(&row.text).unwrap_or_default();
    let title = Some(outline.get("title")).filter(|title| !title.is_empty());
    foreign::escaped(title.unwrap_or(row.campaign.as_str())).into_owned()
}

/// `GET /console/drafts`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let actor = Arc::clone(&asker.actor);
    let after = fields.get("after").to_owned();
    let read = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let waiting = store.drafts(Some(DraftState::Submitted), "", scope, PER_PAGE)?;
            let mut all = store.drafts(None, &after, scope, PER_PAGE + 1)?;
            let is_anew = all.is_empty() && !after.is_empty();
            if is_anew {
                all = store.drafts(None, "", scope, PER_PAGE + 1)?;
            }
            Ok::<_, StoreError>((waiting, all, is_anew))
        })
        .await;
    let (waiting, mut all, is_anew) = match read {
        Ok(read) => read,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let has_more = all.len() > PER_PAGE;
    all.truncate(PER_PAGE);
    let body = html! {
        div.actions { a.button.main href=(asker.at("/console/new")) { (asker.say(["新活动", "New campaign"])) } }
        @if !waiting.is_empty() {
            section {
                h2 { (asker.say(["等待批准", "Waiting for approval"])) }
                (rows(&asker, &waiting))
            }
        }
        @if is_anew && !all.is_empty() { (paging::began_again(&asker)) }
        section {
            h2 { (asker.say(["所有草稿", "All drafts"])) }
            @if all.is_empty() { p { (asker.say(["还没有草稿。选几张图片就可以开始。", "There is no draft yet. A few pictures are enough to begin."])) } }
            @else { (rows(&asker, &all)) }
        }
        @if has_more && let Some(last) = all.last() {
            div.foot { span {} a.button href=(asker.at(&path_with("/console/drafts", &[("after", last.campaign.as_str())]))) { (asker.say(["下一页", "Next page"])) } }
        }
    };
    let title = asker.say(["草稿", "Drafts"]);
    layout::page(&asker, Chapter::Campaigns, title, &fields, &body)
}

fn rows(asker: &Asker, rows: &[DraftRow]) -> Markup {
    let now_ms = clock::now_ms();
    html! {
        ul.rows { @for row in rows { li {
            a.row href=(asker.at(&path_of(&row.campaign))) {
                span.name { (title_of(row)) }
                span.more {
                    (row.files) (asker.say([" 个文件", if row.files == 1 { " file" } else { " files" }]))
                    " · " (foreign::escaped(&audit_words::actor(asker.visitor.language, &row.changed_by))) ", " (layout::ago(asker.visitor.language, row.changed_ms, now_ms))
                }
                span.end { (badge(asker, row)) }
            }
        } } }
    }
}
