//! News of a campaign: written, looked at as its mail, and sent once to all who follow.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::campaign::PageLanguage;
use passerby_protocol::{CampaignId, foreign};

use crate::followers::news_text;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, number};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::refusals;
use crate::server::language::Language;
use crate::store::{
    BODY_CHARS_MAX, NEWS_LISTED, NewNews, News, NewsError, SUBJECT_CHARS_MAX, StoreError,
};
use crate::system::clock;

fn path_of_news(id: &str) -> String {
    format!("{}/news", path_of(id))
}

/// How a piece of news stands, as a word and a colour.
fn badge(asker: &Asker, news: &News) -> Markup {
    let (class, said) = match (news.begun_ms, news.ended_ms) {
        (None, _) => ("badge plain", ["草稿", "Draft"]),
        (Some(_), None) => ("badge warn", ["正在发送", "Going out"]),
        (Some(_), Some(_)) => ("badge good", ["已发送", "Sent"]),
    };
    html! { span class=(class) { (asker.say(said)) } }
}

/// `GET /console/campaigns/{campaign}/news`.
pub(crate) async fn list(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    list_page(&app, &asker, &id, &fields, None).await
}

async fn list_page(
    app: &Shared,
    asker: &Asker,
    id: &str,
    fields: &Fields,
    wrong: Option<&str>,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| app.hub.store.news_list(&campaign, actor.scope()))
        .await;
    let rows = match read {
        Ok(Some(rows)) => rows,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let path = path_of_news(id);
    let body = html! {
        (layout::mistake(wrong))
        p { a href=(asker.at(&format!("{}/followers", path_of(id)))) { (asker.say(["返回关注者", "Back to those who follow"])) } }
        section {
            h2 { (asker.say(["写一条", "Write some"])) }
            (form(asker, &path, fields))
        }
        section {
            @if rows.is_empty() {
                p { (asker.say(["还没有消息。", "There is no news yet."])) }
            }
            ul.rows { @for news in &rows { li {
                a.row href=(asker.at(&format!("{path}/{}", news.id))) {
                    span.name { (foreign::escaped(&news.text.subject)) }
                    span.more { (layout::moment(news.begun_ms.unwrap_or(news.made_ms))) " · " (foreign::escaped(&news.made_by))
                        @if news.begun_ms.is_some() { " · " (number(news.sent)) " / " (number(news.total)) } }
                    span.end { (badge(asker, news)) }
                }
            } } }
            @if rows.len() >= NEWS_LISTED as usize {
                p.soft { (asker.say(["只列出最新的 50 条。", "Only the newest 50 are listed."])) }
            }
        }
    };
    let title = asker.say(["给关注者的消息", "News for those who follow"]);
    layout::page(asker, Chapter::Campaigns, title, fields, &body)
}

/// What somebody writes.
fn form(asker: &Asker, path: &str, typed: &Fields) -> Markup {
    html! {
        (layout::form(asker, path, "", &html! {
            (Line { is_required: true, ..Line::text("subject", asker.say(["标题", "Subject"]), typed.get("subject")) }.markup())
            div.field {
                label for="body" { (asker.say(["正文", "Text"])) }
                textarea id="body" name="body" rows="8" required { "\n" (typed.get("body")) }
            }
            (Line { kind: "url", ..Line::text("link", asker.say(["链接（可以不填）", "Link, if any"]), typed.get("link")) }.markup())
            button.main { (asker.say(["先看看邮件的样子", "See the mail first"])) }
        }))
        p.hint { (asker.say(["先存成草稿，不会发出去。", "It is kept as a draft, and goes to nobody yet."])) }
    }
}

fn said(asker: &Asker, error: &NewsError) -> String {
    match error {
        NewsError::Text => match asker.visitor.language {
            Language::Chinese => format!(
                "标题 1 到 {SUBJECT_CHARS_MAX} 个字，正文 1 到 {BODY_CHARS_MAX} 个字，不要有看不见的字符。"
            ),
            Language::English => error.to_string(),
        },
        NewsError::Link => asker
            .say([
                "链接要以 https:// 或 http:// 开头。",
                "Use a link that begins with https:// or http://.",
            ])
            .to_owned(),
        NewsError::Sent => asker
            .say([
                "它已经发出，不能再改，也不会再发。",
                "It was sent already, and is not changed or sent again.",
            ])
            .to_owned(),
        NewsError::TooMany => asker
            .say([
                "消息太多了，请先删除一些草稿。",
                "There is too much news; delete some drafts first.",
            ])
            .to_owned(),
        NewsError::Unknown | NewsError::Store(_) => error.to_string(),
    }
}

/// What is answered where it has nothing to do with what was typed.
fn failure(asker: &Asker, error: &NewsError) -> Option<Response> {
    match error {
        NewsError::Unknown | NewsError::Store(StoreError::OutOfScope) => {
            Some(refusals::not_here(&asker.visitor))
        }
        NewsError::Store(error) => Some(refusals::failed(&asker.visitor, error)),
        _ => None,
    }
}

/// `POST /console/campaigns/{campaign}/news`: keeps a draft.
pub(crate) async fn write(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    match keep(&app, &asker, (&id, None), &fields).await {
        Ok(news) => asker.visitor.to(&format!("{}/{news}", path_of_news(&id))),
        Err(error) => match failure(&asker, &error) {
            Some(refusal) => refusal,
            None => {
                let wrong = said(&asker, &error);
                let page = list_page(&app, &asker, &id, &fields, Some(&wrong)).await;
                (MISTAKE, page).into_response()
            }
        },
    }
}

async fn keep(
    app: &Shared,
    asker: &Asker,
    (id, news): (&str, Option<i64>),
    fields: &Fields,
) -> Result<i64, NewsError> {
    let campaign: CampaignId = id.parse().map_err(|_| NewsError::Unknown)?;
    let text = NewNews::read(
        fields.get("subject"),
        fields.get("body"),
        fields.get("link"),
    )?;
    let actor = Arc::clone(&asker.actor);
    app.work(move |app| {
        let now_ms = clock::now_ms();
        app.hub
            .store
            .keep_news(&actor, &campaign, news, &text, now_ms)
    })
    .await
}

/// `GET /console/campaigns/{campaign}/news/{news}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path((id, news)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    one_page(&app, &asker, (&id, &news), &fields, None).await
}

async fn one_page(
    app: &Shared,
    asker: &Asker,
    (id, news): (&str, &str),
    fields: &Fields,
    wrong: Option<&str>,
) -> Response {
    let (Ok(campaign), Ok(number_of)) = (id.parse::<CampaignId>(), news.parse::<i64>()) else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            let Some(_) = store.campaign_facts(&campaign, actor.scope())? else {
                return Ok(None);
            };
            let groups = store.fan_groups(&campaign, now_ms)?;
            let readers = groups.new + groups.returning + groups.sleeping;
            let news = store.news(&campaign, number_of)?;
            Ok::<_, StoreError>(news.map(|news| (news, readers)))
        })
        .await;
    let (news, readers) = match read {
        Ok(Some(read)) => read,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let path = format!("{}/{}", path_of_news(id), news.id);
    let language = match asker.visitor.language {
        Language::Chinese => PageLanguage::Chinese,
        Language::English => PageLanguage::English,
    };
    let link = app.public_url.absolute("/fan/…");
    let mail = news_text(&news.text, language.word(), &link);
    let body = html! {
        (layout::mistake(wrong))
        p { a href=(asker.at(&path_of_news(id))) { (asker.say(["返回消息", "Back to the news"])) } " " (badge(asker, &news)) }
        section {
            h2 { (asker.say(["邮件的样子", "The mail"])) }
            p { strong { (foreign::escaped(&mail.subject)) } }
            pre.mail { (foreign::plain_lines(&mail.body)) }
            p.hint { (asker.say(["每个人的邮件里，最后的链接都是他们自己的。", "The last link is their own in each mail."])) }
        }
        @if news.begun_ms.is_none() {
            section {
                (layout::form(asker, &format!("{path}/send"), "", &html! {
                    button.main { (asker.say(["发给 ", "Send it to "])) (number(readers)) (asker.say([" 位关注者", if readers == 1 { " person who follows" } else { " people who follow" }])) }
                }))
                p.hint { (asker.say(["发出以后不能再改；订阅源里也会有。", "Once sent it is not changed any more; it stands in the feed too."])) }
                details {
                    summary { (asker.say(["改一改", "Change it"])) }
                    (form(asker, &path, &typed(&news, fields)))
                }
                (layout::form(asker, &format!("{path}/stop"), "", &html! {
                    button.danger { (asker.say(["删除草稿", "Delete the draft"])) }
                }))
            }
        } @else {
            section {
                dl.facts {
                    dt { (asker.say(["发给", "For"])) } dd { (number(news.total)) }
                    dt { (asker.say(["已发出", "Taken by the mail server"])) } dd { (number(news.sent)) }
                    dt { (asker.say(["没有发出", "Not taken"])) } dd { (number(news.failed)) }
                    dt { (asker.say(["不确定，不会再发", "Uncertain, and not sent again"])) } dd { (number(news.uncertain)) }
                }
                @if news.waiting > 0 {
                    p { (number(news.waiting)) (asker.say([" 封在等，按每分钟和每天的上限发出。", " wait for their turn, within the limits of a minute and a day."])) }
                }
                @if news.ended_ms.is_none() {
                    (layout::form(asker, &format!("{path}/stop"), "", &html! {
                        button.danger { (asker.say(["停止发送", "Stop it"])) }
                    }))
                }
            }
        }
    };
    layout::page(
        asker,
        Chapter::Campaigns,
        &foreign::escaped(&news.text.subject),
        fields,
        &body,
    )
}

/// What stands in the form: what was typed and not taken, or what is kept.
fn typed(news: &News, fields: &Fields) -> Fields {
    if fields.has("subject") {
        return fields.clone();
    }
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Fields::of_pairs(vec![
        field("subject", &news.text.subject),
        field("body", &news.text.body),
        field("link", news.text.link.as_deref().unwrap_or_default()),
    ])
}

/// `POST /console/campaigns/{campaign}/news/{news}`: changes a draft.
pub(crate) async fn change(
    State(app): State<Shared>,
    asker: Asker,
    Path((id, news)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let kept = match news.parse() {
        Ok(number) => keep(&app, &asker, (&id, Some(number)), &fields).await,
        Err(_) => Err(NewsError::Unknown),
    };
    let done = kept.map(|_| "saved");
    answer(&app, &asker, (&id, &news), &fields, done).await
}

/// `POST /console/campaigns/{campaign}/news/{news}/send`.
pub(crate) async fn send(
    State(app): State<Shared>,
    asker: Asker,
    Path((id, news)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let actor = Arc::clone(&asker.actor);
    let sent = match (id.parse::<CampaignId>(), news.parse()) {
        (Ok(campaign), Ok(number)) => {
            let sent = app.work(move |app| {
                let now_ms = clock::now_ms();
                app.hub.store.send_news(&actor, &campaign, number, now_ms)
            });
            sent.await
        }
        _ => Err(NewsError::Unknown),
    };
    let done = sent.map(|_| "news-sent");
    answer(&app, &asker, (&id, &news), &fields, done).await
}

/// `POST /console/campaigns/{campaign}/news/{news}/stop`: deletes a draft, or stops what goes out.
pub(crate) async fn stop(
    State(app): State<Shared>,
    asker: Asker,
    Path((id, news)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let actor = Arc::clone(&asker.actor);
    let stopped = match (id.parse::<CampaignId>(), news.parse()) {
        (Ok(campaign), Ok(number)) => {
            let stopped = app.work(move |app| {
                let now_ms = clock::now_ms();
                app.hub.store.stop_news(&actor, &campaign, number, now_ms)
            });
            stopped.await
        }
        _ => Err(NewsError::Unknown),
    };
    match stopped {
        Ok(()) => asker
            .visitor
            .to(&format!("{}?done=news-stopped", path_of_news(&id))),
        Err(error) => answer(&app, &asker, (&id, &news), &fields, Err(error)).await,
    }
}

async fn answer(
    app: &Shared,
    asker: &Asker,
    (id, news): (&str, &str),
    fields: &Fields,
    done: Result<&str, NewsError>,
) -> Response {
    match done {
        Ok(done) => asker
            .visitor
            .to(&format!("{}/{news}?done={done}", path_of_news(id))),
        Err(error) => match failure(asker, &error) {
            Some(refusal) => refusal,
            None => {
                let wrong = said(asker, &error);
                let page = one_page(app, asker, (id, news), fields, Some(&wrong)).await;
                (MISTAKE, page).into_response()
            }
        },
    }
}
