//! The list of screens.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::{paging, refusals, words};
use crate::store::{ScreenFilter, ScreenRow, ScreenState};
use crate::system::clock;

/// Screens on one page.
pub(crate) const PER_PAGE: usize = 50;

/// How a state is drawn: its word always stands beside it.
pub(crate) fn badge(asker: &Asker, state: ScreenState) -> Markup {
    let class = match state {
        ScreenState::InTouch => "badge good",
        ScreenState::Silent => "badge bad",
        ScreenState::Waiting => "badge warn",
        ScreenState::Revoked => "badge plain",
    };
    html! { span class=(class) { (asker.say(words::state(state))) } }
}

/// One screen in a list.
pub(crate) fn row(asker: &Asker, row: &ScreenRow, now_ms: i64) -> Markup {
    html! {
        a.row href=(asker.at(&format!("/console/screens/{}", row.screen))) {
            span.name { (row.name) }
            span.more {
                (asker.say(["编号 ", "No. "])) (row.screen)
                @if !row.group.is_empty() { " · " (row.group) }
                @for tag in &row.tags { " " span.tag { (tag) } }
                @if let Some(seen_ms) = row.last_seen_ms { " · " (layout::ago(asker.visitor.language, seen_ms, now_ms)) }
            }
            span.end { (badge(asker, row.state)) }
        }
    }
}

/// What a list is asked for.
pub(crate) fn filter_of(fields: &Fields) -> ScreenFilter {
    ScreenFilter {
        text: fields.get("q").chars().take(100).collect(),
        group: fields.word("group").map(str::to_owned),
        tag: fields.word("tag").map(str::to_owned),
        state: ScreenState::of_word(fields.get("state")),
        after: fields.get("after").parse().ok(),
    }
}

/// `GET /console/screens`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let filter = filter_of(&fields);
    let read = {
        let (actor, mut filter) = (std::sync::Arc::clone(&asker.actor), filter.clone());
        let is_named = fields.word("after").is_some();
        app.work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let now_ms = clock::now_ms();
            let mut rows = store.screen_list(&filter, scope, PER_PAGE + 1, now_ms)?;
            let is_anew = is_named && (rows.is_empty() || filter.after.is_none());
            if is_anew && rows.is_empty() {
                filter.after = None;
                rows = store.screen_list(&filter, scope, PER_PAGE + 1, now_ms)?;
            }
            Ok::<_, crate::store::StoreError>((rows, is_anew, store.screen_words(scope)?))
        })
        .await
    };
    let (mut rows, is_anew, (groups, tags)) = match read {
        Ok(read) => read,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let has_more = rows.len() > PER_PAGE;
    rows.truncate(PER_PAGE);
    let now_ms = clock::now_ms();
    let is_filtered = ScreenFilter {
        after: None,
        ..filter.clone()
    } != ScreenFilter::default();
    let body = html! {
        @if asker.actor.may(Right::ChangeScreens) {
            div.actions { a.button.main href=(asker.at("/console/pair")) { (asker.say(["配对屏幕", "Pair a screen"])) }
                @if asker.actor.may(Right::RaiseEmergency) {
                    a.button.danger href=(asker.at("/console/emergency")) { (asker.say(["紧急消息", "Emergency message"])) }
                }
            }
        }
        @if !rows.is_empty() { p { a href=(asker.at("/console/times")) { (asker.say(["今天各屏幕播什么", "What airs on all screens today"])) } } }
        @if is_filtered || filter.after.is_some() || !rows.is_empty() {
            form.filter method="get" action=(asker.at("/console/screens")) role="search" {
                div.wide { (Line { kind: "search", ..Line::text("q", asker.say(["名称或编号", "Name or number"]), &filter.text) }.markup()) }
                (choice("state", asker.say(["状态", "State"]), filter.state.map_or("", ScreenState::word), &with_all(&asker, ScreenState::ALL.iter().map(|state| (state.word().to_owned(), asker.say(words::state(*state)).to_owned())))))
                (choice("group", asker.say(["分组", "Group"]), filter.group.as_deref().unwrap_or(""), &with_all(&asker, groups.into_iter().map(|group| (group.clone(), group)))))
                (choice("tag", asker.say(["标签", "Tag"]), filter.tag.as_deref().unwrap_or(""), &with_all(&asker, tags.into_iter().map(|tag| (tag.clone(), tag)))))
                button { (asker.say(["查找", "Find"])) }
            }
        }
        @if is_anew && !rows.is_empty() { (paging::began_again(&asker)) }
        @if rows.is_empty() {
            section {
                @if is_filtered || filter.after.is_some() {
                    p { (asker.say(["没有符合的屏幕。", "No screen is like that."])) }
                    p { a href=(asker.at("/console/screens")) { (asker.say(["显示全部", "Show all"])) } }
                } @else {
                    p { (asker.say(["还没有屏幕。启动 passerby，扫描它显示的码。", "There is no screen yet. Start passerby and scan the code that it shows."])) }
                }
            }
        } @else {
            section { ul.rows { @for one in &rows { li { (row(&asker, one, now_ms)) } } } }
        }
        @if has_more && let Some(last) = rows.last() {
            @let after = last.screen.to_string();
            div.foot {
                span {}
                a.button href=(asker.at(&path_with("/console/screens", &[
                    ("q", &filter.text), ("state", filter.state.map_or("", ScreenState::word)),
                    ("group", filter.group.as_deref().unwrap_or("")), ("tag", filter.tag.as_deref().unwrap_or("")), ("after", &after),
                ]))) { (asker.say(["下一页", "Next page"])) }
            }
        }
    };
    layout::page(
        &asker,
        Chapter::Screens,
        asker.say(["屏幕", "Screens"]),
        &fields,
        &body,
    )
}

/// Options, and first the one that asks for no particular one.
pub(crate) fn with_all(
    asker: &Asker,
    options: impl Iterator<Item = (String, String)>,
) -> Vec<(String, String)> {
    let all = (String::new(), asker.say(["全部", "All"]).to_owned());
    std::iter::once(all).chain(options).collect()
}
