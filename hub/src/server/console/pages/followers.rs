//! Those who follow a campaign by mail: how many, how they come, and for those who run it whom they
//! can write to, take out and erase.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::CampaignId;
use passerby_protocol::foreign;

use crate::followers::{self, address_hmac, address_of, code_hmac, new_word, word_hmac};
use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, number};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::{paging, refusals};
use crate::store::{CampaignFacts, FanCounts, FanGroups, Follower, Redeemed, Redeemer, StoreError};
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Addresses on one page.
const PER_PAGE: usize = 100;
/// Addresses that are read for an export at one time.
const EXPORTED: usize = 5_000;

/// Where those who follow a campaign are.
fn path_of_followers(id: &str) -> String {
    format!("{}/followers", path_of(id))
}

struct View {
    facts: CampaignFacts,
    counts: FanCounts,
    groups: FanGroups,
    missing: Option<&'static str>,
    rows: Vec<(Follower, String)>,
    has_more: bool,
    is_anew: bool,
}

async fn view(
    app: &Shared,
    asker: &Asker,
    campaign: &CampaignId,
    after: i64,
) -> Result<Option<View>, StoreError> {
    let (actor, campaign) = (Arc::clone(&asker.actor), campaign.clone());
    app.work(move |app| {
        let (store, now_ms) = (&app.hub.store, clock::now_ms());
        let Some(facts) = store.campaign_facts(&campaign, actor.scope())? else {
            return Ok(None);
        };
        let month = (Some(now_ms - 30 * DAY_MS), None);
        let (mut rows, mut is_anew) = (Vec::new(), false);
        if actor.may(Right::ChangeCampaigns) {
            rows = store.follower_list(&actor, &campaign, after, PER_PAGE + 1, now_ms)?;
            is_anew = rows.is_empty() && after > 0;
            if is_anew {
                rows = store.follower_list(&actor, &campaign, 0, PER_PAGE + 1, now_ms)?;
            }
        }
        let has_more = rows.len() > PER_PAGE;
        rows.truncate(PER_PAGE);
        let opened = rows.into_iter().map(|row| {
            let address = address_of(app.hub.keys(), &row).unwrap_or_default();
            (row, address)
        });
        Ok(Some(View {
            counts: store.fan_counts(Some(&campaign), None, month)?,
            groups: store.fan_groups(&campaign, now_ms)?,
            missing: followers::missing(&app.hub, &facts.row.campaign)?,
            rows: opened.collect(),
            has_more,
            is_anew,
            facts,
        }))
    })
    .await
}

/// `GET /console/campaigns/{campaign}/followers`.
pub(crate) async fn list(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    show(&app, &asker, &id, &fields, &html! {}).await
}

async fn show(app: &Shared, asker: &Asker, id: &str, fields: &Fields, above: &Markup) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let after = fields.get("after").parse().unwrap_or(0);
    let view = match view(app, asker, &campaign, after).await {
        Ok(Some(view)) => view,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let path = path_of_followers(id);
    let follow = view.facts.row.campaign.follow.clone().unwrap_or_default();
    let body = html! {
        (above)
        p { a href=(asker.at(&path_of(id))) { (asker.say(["返回活动", "Back to the campaign"])) } }
        @if !follow.has_any() {
            p.notice { (asker.say([
                "这个活动还没有关注方式。在草稿里打开「怎样关注」。",
                "This campaign has no way to follow yet. Its draft has one under “How people can follow”.",
            ])) }
        } @else if view.missing.is_some() {
            p.notice.bad { (asker.say([
                "没有设置邮件服务器，所以手机页面上没有邮件关注。所有者可以在「提醒」里设置。",
                "No mail server is set, so the page for phones does not offer mail. An owner sets it under Alerts.",
            ])) }
        }
        @if asker.actor.may(Right::ChangeCampaigns) {
            div.actions {
                a.button.main href=(asker.at(&format!("{}/news", path_of(id)))) { (asker.say(["写消息", "Write news"])) }
                @if !view.rows.is_empty() {
                    a.button href=(asker.at(&format!("{path}.csv"))) { (asker.say(["导出（CSV）", "Take the addresses out (CSV)"])) }
                }
            }
        }
        (figures(asker, &view))
        @if asker.actor.may(Right::ChangeCampaigns) {
            (addresses(asker, &path, &view))
            (forms(asker, &path, follow.for_fans.is_some_and(|fans| fans.offer.is_some())))
        }
    };
    let title = asker.say(["关注者", "Those who follow"]);
    layout::page(asker, Chapter::Campaigns, title, fields, &body)
}

fn figures(asker: &Asker, view: &View) -> Markup {
    let (counts, groups) = (view.counts, view.groups);
    let line = |said: [&'static str; 2], count: u64| {
        html! { dt { (asker.say(said)) } dd { (number(count)) } }
    };
    html! {
        section {
            dl.facts {
                (line(["现在关注", "Follow now"], counts.total))
                (line(["30 天内新增", "New within 30 days"], counts.new))
                (line(["30 天内离开", "Left within 30 days"], counts.gone))
            }
            h2 { (asker.say(["他们怎样回来", "How they come"])) }
            dl.facts {
                (line(["新来的：来过一次", "New: here once"], groups.new))
                (line(["回头的：90 天内又来过", "Returning: here again, within 90 days"], groups.returning))
                (line(["沉睡的：90 天没有来", "Sleeping: not here for 90 days"], groups.sleeping))
                (line(["手机被记住的", "Remembered on a phone"], groups.remembered))
                (line(["等待确认的", "Asked to confirm"], groups.unconfirmed))
                (line(["已核销的优惠码", "Codes that were used"], groups.redeemed))
            }
        }
    }
}

fn addresses(asker: &Asker, path: &str, view: &View) -> Markup {
    html! {
        section {
            h2 { (asker.say(["地址", "Addresses"])) }
            @if view.is_anew && !view.rows.is_empty() { (paging::began_again(asker)) }
            @if view.rows.is_empty() {
                p { (asker.say(["还没有人通过邮件关注。", "Nobody follows by mail yet."])) }
            }
            ul.rows { @for (row, address) in &view.rows { li.item {
                span.name { (foreign::escaped(address)) }
                br; span.soft {
                    (asker.say(["自 ", "since "])) (layout::moment(row.confirmed_ms.unwrap_or(row.asked_ms))) " · "
                    (asker.say(["来过 ", "visits "])) (number(row.visits)) " · "
                    (asker.say(["上次 ", "last "])) (layout::moment(row.visit_ms))
                }
                (layout::form(asker, &format!("{path}/erase"), "", &html! {
                    input type="hidden" name="address" value=(address);
                    button.danger { (asker.say(["删除", "Erase"])) }
                }))
            } } }
            @if view.has_more && let Some((last, _)) = view.rows.last() {
                div.foot { span {} a.button href=(asker.at(&path_with(path, &[("after", &last.id.to_string())]))) { (asker.say(["下一页", "Next page"])) } }
            }
        }
    }
}

fn forms(asker: &Asker, path: &str, has_offer: bool) -> Markup {
    html! {
        @if has_offer {
            section {
                h2 { (asker.say(["核销优惠码", "Redeem a code"])) }
                (layout::form(asker, &format!("{path}/redeem"), "", &html! {
                    (Line { is_required: true, ..Line::text("code", asker.say(["顾客出示的码", "The code that a customer shows"]), "") }.markup())
                    button { (asker.say(["核销", "Redeem"])) }
                }))
                p.soft { (asker.say([
                    "没有账号的店员在 /redeem 页面用口令核销。",
                    "Staff without an account redeems at /redeem, with the shop’s word.",
                ])) }
                (layout::form(asker, &format!("{path}/word"), "", &html! {
                    button { (asker.say(["给店员一个新口令", "Make a new word for the staff"])) }
                }))
            }
        }
        section {
            h2 { (asker.say(["删除一个人", "Erase somebody"])) }
            (layout::form(asker, &format!("{path}/erase"), "", &html! {
                (Line { is_required: true, kind: "email", ..Line::text("address", asker.say(["邮箱地址", "Their address"]), "") }.markup())
                button.danger { (asker.say(["删除", "Erase"])) }
            }))
            p.hint { (asker.say([
                "在所有活动里删除，请在 hub 的电脑上运行 passerby-hub erase 地址。",
                "To erase them from every campaign, run passerby-hub erase ADDRESS on the hub’s machine.",
            ])) }
        }
    }
}

/// `GET /console/campaigns/{campaign}/followers.csv`: the addresses, taken out.
pub(crate) async fn export(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            let facts = store.campaign_facts(&campaign, actor.scope())?;
            facts.ok_or(StoreError::OutOfScope)?;
            store.note_export(&actor, &campaign, now_ms)?;
            let mut text =
                String::from("address,language,confirmed,visits,last_visit,remembered\r\n");
            let mut after = 0;
            loop {
                let rows = store.follower_list(&actor, &campaign, after, EXPORTED, now_ms)?;
                for row in &rows {
                    after = row.id;
                    let address = address_of(app.hub.keys(), row).unwrap_or_default();
                    text += &format!(
                        "{},{},{},{},{},{}\r\n",
                        cell(&address),
                        row.language,
                        row.confirmed_ms.map(clock::rfc3339).unwrap_or_default(),
                        row.visits,
                        clock::rfc3339(row.visit_ms),
                        row.phone_ends_ms.is_some(),
                    );
                }
                if rows.len() < EXPORTED {
                    return Ok::<_, StoreError>(text);
                }
            }
        })
        .await;
    match read {
        Ok(text) => {
            let mut response = (StatusCode::OK, text).into_response();
            for (name, value) in [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (header::CACHE_CONTROL, "private, no-store"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"followers.csv\"",
                ),
            ] {
                response
                    .headers_mut()
                    .insert(name, HeaderValue::from_static(value));
            }
            response
        }
        Err(StoreError::OutOfScope) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// A cell that no table program takes for a formula.
fn cell(text: &str) -> String {
    let text = text.replace('"', "\"\"");
    let is_formula = text.starts_with(['=', '+', '-', '@']);
    format!("\"{}{text}\"", if is_formula { "'" } else { "" })
}

/// `POST /console/campaigns/{campaign}/followers/erase`.
pub(crate) async fn erase(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let (actor, address) = (Arc::clone(&asker.actor), fields.get("address").to_owned());
    let erased = app
        .work(move |app| {
            let hmac = address_hmac(app.hub.keys(), &address);
            app.hub
                .store
                .erase_follower(&actor, &campaign, &hmac, clock::now_ms())
        })
        .await;
    let path = path_of_followers(&id);
    match erased {
        Ok(true) => asker.visitor.to(&format!("{path}?done=follower-erased")),
        Ok(false) => asker.visitor.to(&format!("{path}?done=no-follower")),
        Err(StoreError::OutOfScope) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `POST /console/campaigns/{campaign}/followers/word`: shows a new one, once.
pub(crate) async fn word(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let (actor, word) = (Arc::clone(&asker.actor), new_word());
    let set = {
        let word = word.clone();
        app.work(move |app| {
            let hmac = word_hmac(app.hub.keys(), &word);
            app.hub
                .store
                .set_fan_word(&actor, &campaign, &hmac, clock::now_ms())
        })
        .await
    };
    match set {
        Ok(()) => {
            let above = html! {
                p.notice.good role="status" {
                    (asker.say(["新口令，只显示这一次：", "The new word, shown this once: "])) strong { (word) }
                    " " (asker.say(["以前的口令不再有效。", "The one before works no longer."]))
                }
            };
            show(&app, &asker, &id, &Fields::default(), &above).await
        }
        Err(StoreError::OutOfScope) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `POST /console/campaigns/{campaign}/followers/redeem`.
pub(crate) async fn redeem(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let (actor, code) = (Arc::clone(&asker.actor), fields.get("code").to_owned());
    let done = app
        .work(move |app| {
            let now_ms = clock::now_ms();
            let Some(hmac) = code_hmac(app.hub.keys(), &code) else {
                return Ok(Redeemed::Unknown);
            };
            let at = (clock::date_of(now_ms), now_ms);
            app.hub
                .store
                .redeem_code(&hmac, Redeemer::Person(&actor), at)
        })
        .await;
    let (is_good, said) = match done {
        Ok(Redeemed::Now { offer, .. }) => {
            let said = html! { (asker.say(["已核销。", "Redeemed. "])) (foreign::escaped(&offer.unwrap_or_default())) };
            (true, said)
        }
        Ok(Redeemed::Before { at_ms, by }) => {
            let said = html! { (asker.say(["这个码已经用过了：", "This code was used already: "])) (layout::moment(at_ms)) ", " (foreign::escaped(&by)) };
            (false, said)
        }
        Ok(Redeemed::Over(last)) => {
            let said = html! { (asker.say(["已经过期，最后一天是 ", "It is over; its last day was "])) (last) };
            (false, said)
        }
        Ok(Redeemed::Unknown) => (
            false,
            html! { (asker.say(["没有这个码。", "There is no such code."])) },
        ),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let above = if is_good {
        html! { p.notice.good role="status" { (said) } }
    } else {
        html! { p.notice.bad role="alert" { (said) } }
    };
    let page = show(&app, &asker, &id, &Fields::default(), &above).await;
    if is_good {
        page
    } else {
        (MISTAKE, page).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("a@b.example"), "\"a@b.example\"");
        assert_eq!(cell("=1+1\"@b.example"), "\"'=1+1\"\"@b.example\"");
    }
}
