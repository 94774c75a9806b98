//! Films of a draft on their way to what screens play well.
//!
//! A page that looks again by itself is a page of its own: whoever types on that of the draft is
//! not cut off.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use maud::html;

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::drafts::common::{Asked, path_of};
use crate::server::console::pages::drafts::film_list::list;
use crate::server::console::pages::drafts::forms::refused;
use crate::server::console::pages::drafts::list::title_of;
use crate::store::{DraftError, StoreError};
use crate::system::clock;

/// After how many seconds a browser looks again.
const LOOK_AGAIN_S: HeaderValue = HeaderValue::from_static("3");

/// `GET /console/drafts/{campaign}/films`.
pub(crate) async fn show(asker: Asker, Asked(draft): Asked, fields: Fields) -> Response {
    let path = path_of(&draft.row.campaign);
    if !draft.has_open_films() {
        let done = fields.get("done");
        // What was just done is said on the page to which this leads.
        return asker.visitor.to(&match done {
            "draft-begun" | "uploaded" => format!("{path}?done={done}"),
            _ => path,
        });
    }
    let body = html! {
        p { a href=(asker.at(&path)) { (title_of(&draft.row)) } }
        p { (asker.say([
            "手机拍的视频常常要转成屏幕放得动的样子。这个页面会自己更新；可以先离开，处理会继续。",
            "Films of phones often have to be made into what screens play well. This page looks again by itself; you can leave it, and the work goes on.",
        ])) }
        (list(&asker, &draft))
        p { a.button.main href=(asker.at(&path)) { (asker.say(["先去写标题和链接", "Meanwhile, go on with the draft"])) } }
    };
    let title = asker.say(["正在处理视频", "Films are being made ready"]);
    let mut page = layout::page(&asker, Chapter::Campaigns, title, &fields, &body);
    page.headers_mut().insert(header::REFRESH, LOOK_AGAIN_S);
    page
}

/// `POST /console/drafts/{campaign}/films/{film}`.
pub(crate) async fn change(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    Path((_, film)): Path<(String, i64)>,
    fields: Fields,
) -> Response {
    let (actor, campaign) = (Arc::clone(&asker.actor), draft.row.campaign.clone());
    let is_again = fields.get("do") == "again";
    let changed = app
        .work(move |app| {
            let (store, of, now_ms) = (&app.hub.store, (&campaign, film), clock::now_ms());
            if is_again {
                store.try_film_again(&actor, of, now_ms)
            } else {
                store.call_film_off(&actor, of, now_ms)
            }
        })
        .await;
    let path = path_of(&draft.row.campaign);
    match changed {
        Ok(()) if is_again => asker.visitor.to(&format!("{path}/films")),
        Ok(()) => asker.visitor.to(&path),
        Err(DraftError::Store(StoreError::OutOfScope)) => {
            crate::server::console::refusals::not_here(&asker.visitor)
        }
        Err(error) => refused(&app, &asker, draft, &fields, &error.into()).await,
    }
}
