//! Where content comes from by itself: the sources, and a new one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::ScreenNumber;
use passerby_protocol::foreign;

use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::paging::Page;
use crate::server::console::refusals;
use crate::sources::input::{SourceInput, SourceInputError};
use crate::sources::rules::Rules;
use crate::store::{SourceError, SourceKind, SourceRecord, StoreError};
use crate::system::clock;

/// Most sources that one page lists.
const ROWS_MAX: usize = 100;

/// How a source does, in a word and a colour.
pub(crate) fn badge(asker: &Asker, source: &SourceRecord) -> Markup {
    let (class, words) = if source.paused {
        ("badge plain", ["已暂停", "Paused"])
    } else if source.problem.is_some() {
        ("badge bad", ["取不到", "Failing"])
    } else if source.kind == SourceKind::Hook {
        ("badge good", ["等待推送", "Waiting"])
    } else if source.succeeded_ms.is_some() {
        ("badge good", ["正常", "Well"])
    } else {
        ("badge warn", ["还没取过", "Not fetched yet"])
    };
    html! { span class=(class) { (asker.say(words)) } }
}

/// Where it is, in short.
pub(crate) fn place(asker: &Asker, source: &SourceRecord) -> String {
    match &source.location {
        Some(location) => foreign::escaped(location).into_owned(),
        None => asker.say(["由程序推送", "Sent by a program"]).to_owned(),
    }
}

/// `GET /console/sources`.
pub(crate) async fn list(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None).await
}

async fn page(app: &Shared, asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| app.hub.store.sources_of(actor.scope()))
        .await;
    let sources = match read {
        Ok(sources) => sources,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let page = Page::of(fields, sources.len(), ROWS_MAX);
    let may_change = asker.actor.may(Right::ChangeCampaigns) && asker.actor.scope().is_all();
    let body = html! {
        (layout::mistake(wrong))
        section {
            @if sources.is_empty() {
                p { (asker.say([
                    "公众号、微博、网站上的新内容，可以自己变成屏幕上的卡片：每一条都有图片、文字、自己的二维码和结束日期。",
                    "What you post online comes to the screens by itself: each new item becomes a card with its picture, its words, its own code and an end.",
                ])) }
            } @else {
                ul.rows { @for source in &sources[page.rows()] { li {
                    a.row href=(asker.at(&format!("/console/sources/{}", source.name))) {
                        span.name { (source.name) }
                        span.more { (place(asker, source)) }
                        span.end { (badge(asker, source)) }
                    }
                } } }
                (page.links(asker, "/console/sources", &[]))
            }
        }
        @if may_change {
            section {
                h2 { (asker.say(["新来源", "New source"])) }
                (layout::form(asker, "/console/sources", "", &form(asker, fields)))
            }
        }
    };
    let title = asker.say(["来源", "Sources"]);
    layout::page(asker, Chapter::Sources, title, fields, &body)
}

/// The keys of a template that the form has.
pub(crate) const TEMPLATE_KEYS: [&str; 8] = [
    "headline", "call", "landing", "seconds", "paper", "ink", "accent", "body",
];

/// The rules of a source as the fields of its form.
pub(crate) fn fields_of(rules: &Rules) -> Fields {
    let screens: Vec<String> = rules.screens.iter().map(ToString::to_string).collect();
    let of = &rules.template;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let approval = if rules.approval { "yes" } else { "" };
    let fields = [
        ("newest", rules.newest.to_string()),
        ("approval", approval.to_owned()),
        ("must", rules.must.join(", ")),
        ("must_not", rules.must_not.join(", ")),
        ("days", rules.days.to_string()),
        ("every", rules.every_minutes.to_string()),
        ("screens", screens.join(", ")),
        ("headline", of.headline.clone()),
        ("body", of.body.clone()),
        ("call", or_none(&of.call)),
        ("landing", of.landing.clone()),
        ("seconds", of.seconds.to_string()),
        ("paper", or_none(&of.paper)),
        ("ink", or_none(&of.ink)),
        ("accent", or_none(&of.accent)),
    ];
    let fields = fields.into_iter();
    Fields::of_pairs(
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn form(asker: &Asker, fields: &Fields) -> Markup {
    html! {
        (Line { is_required: true, hint: Some(asker.say(["小写字母、数字和连字符，例如 cafe-news", "Small letters, digits and hyphens, such as cafe-news"])), ..Line::text("name", asker.say(["名称", "Name"]), fields.get("name")) }.markup())
        (Line { kind: "url", hint: Some(asker.say([
            "RSS、Atom、JSON Feed、CSV 或 JSON 的地址；不填就由你的程序推送",
            "Of an RSS, Atom or JSON feed, a CSV or JSON file; leave it empty for items that a program of yours sends",
        ])), ..Line::text("url", asker.say(["地址", "Address"]), fields.get("url")) }.markup())
        (rules_fields(asker, fields, true))
        button.main { (asker.say(["添加来源", "Add the source"])) }
    }
}

/// Which items air, and how they look.
pub(crate) fn rules_fields(asker: &Asker, fields: &Fields, is_new: bool) -> Markup {
    let or = |name: &str, otherwise: &'static str| {
        let otherwise = if is_new { otherwise } else { "" };
        fields.word(name).unwrap_or(otherwise).to_owned()
    };
    let number = |name: &'static str, label: &str, otherwise: &'static str| {
        let value = or(name, otherwise);
        Line {
            kind: "number",
            is_required: true,
            ..Line::text(name, label, &value)
        }
        .markup()
    };
    let landings = [
        ("page", ["一个页面，可以分享", "A page that can be shared"]),
        ("redirect", ["直接打开原文", "The post itself"]),
        ("follow", ["一个关注页", "A page to follow you by"]),
    ];
    let landings = landings.map(|(word, said)| (word.to_owned(), asker.say(said).to_owned()));
    let words_hint = asker.say(["用逗号分开", "With commas between them"]);
    let headline_hint = asker.say([
        "{title} 是标题，{text} 是正文，{price} 是价格，{source} 是来源的名称",
        "{title}, {text}, {price} and {source} stand for what the item says",
    ]);
    html! {
        (number("newest", asker.say(["同时播出最新几条", "How many air at one time, the newest"]), "5"))
        label.check {
            input type="checkbox" name="approval" value="yes" checked[fields.get("approval") == "yes"];
            span { (asker.say(["每一条都要有人批准", "Somebody approves each item"])) small { (asker.say(["不选就自动播出", "Otherwise they air by themselves"])) } }
        }
        details {
            summary { (asker.say(["更多", "More"])) }
            (Line { hint: Some(words_hint), ..Line::text("must", asker.say(["必须有其中一个词", "One of these words must be there"]), fields.get("must")) }.markup())
            (Line { hint: Some(words_hint), ..Line::text("must_not", asker.say(["不能有这些词", "None of these words may be there"]), fields.get("must_not")) }.markup())
            (number("days", asker.say(["每条播几天", "Days for which an item airs"]), "14"))
            (number("every", asker.say(["多少分钟取一次", "Minutes between two looks"]), "15"))
            (Line { hint: Some(asker.say(["屏幕的编号，用逗号分开；不填就是所有屏幕", "Numbers of screens, with commas between them; all screens if empty"])), ..Line::text("screens", asker.say(["哪些屏幕", "Which screens"]), fields.get("screens")) }.markup())
            (Line { hint: Some(headline_hint), ..Line::text("headline", asker.say(["卡片的标题", "Headline of the card"]), &or("headline", "{title}")) }.markup())
            (Line::text("body", asker.say(["卡片的正文", "Words of the card"]), &or("body", "{text}")).markup())
            (Line::text("call", asker.say(["码旁边的话", "Beside the code"]), fields.get("call")).markup())
            (choice("landing", asker.say(["扫码打开", "A scan opens"]), &or("landing", "page"), &landings))
            (number("seconds", asker.say(["每次播几秒", "Seconds on the screen"]), "12"))
            (Line { hint: Some(asker.say(["例如 #fff8ec；不填就由图片决定", "Such as #fff8ec; the picture decides if empty"])), ..Line::text("paper", asker.say(["底色", "Paper"]), fields.get("paper")) }.markup())
            (Line::text("ink", asker.say(["字色", "Ink"]), fields.get("ink")).markup())
            (Line::text("accent", asker.say(["强调色", "Accent"]), fields.get("accent")).markup())
        }
    }
}

/// Why a source was not taken.
pub(crate) fn why(asker: &Asker, error: &SourceInputError) -> String {
    let words = match error {
        SourceInputError::Name => [
            "名称只能有 1 到 40 个小写字母、数字和连字符，例如 cafe-news。",
            "A name has 1 to 40 small letters, digits and hyphens, such as cafe-news.",
        ],
        SourceInputError::Url => [
            "地址要以 https:// 或 http:// 开头，不带用户名。",
            "An address begins with https:// or http:// and has no user in it.",
        ],
        SourceInputError::Word => [
            "每种词最多 20 个，每个 1 到 40 个字。",
            "Use at most 20 words of a kind, of 1 to 40 characters each.",
        ],
        SourceInputError::Number => [
            "有一个数字太大或太小：1–50 条，1–365 天，1–1440 分钟。",
            "A number is too small or too large: 1 to 50 items, 1 to 365 days, 1 to 1440 minutes.",
        ],
        SourceInputError::Template(_) | SourceInputError::Store(_) => {
            return format!("{}{error}", asker.say(["模板：", "Template: "]));
        }
    };
    asker.say(words).to_owned()
}

/// Why nothing was done with a source: a page of its own, or else words.
pub(crate) fn refused(asker: &Asker, error: &SourceError) -> Result<Response, [&'static str; 2]> {
    match error {
        SourceError::Known(_) => Err([
            "已经有一个叫这个名字的来源。",
            "There is a source of this name already.",
        ]),
        SourceError::TooMany => Err([
            "来源太多了，先删掉一个。",
            "There are too many sources; remove one first.",
        ]),
        SourceError::NoItem { .. } => Err([
            "这一条已经不是那个状态了。",
            "This item is no longer as the page showed it.",
        ]),
        SourceError::Unknown(_) => Ok(refusals::not_here(&asker.visitor)),
        SourceError::Store(error) => Ok(refusals::failed(&asker.visitor, error)),
    }
}

fn split(text: &str) -> Vec<String> {
    let words = text.split([',', '，', '、']).map(str::trim);
    let words = words.filter(|word| !word.is_empty());
    words.take(100).map(str::to_owned).collect()
}

/// What a form says of a source.
pub(crate) fn input(fields: &Fields) -> Result<SourceInput<'_>, SourceInputError> {
    let number = |name: &str| {
        let number = fields.get(name).trim().parse::<u32>();
        number.map(Some).map_err(|_| SourceInputError::Number)
    };
    let screens = fields.get("screens").split([',', '，', '、', ' ']);
    let screens: Result<Vec<ScreenNumber>, _> = screens
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| text.parse().map_err(|_| SourceInputError::Number))
        .collect();
    let mut template: Vec<(&'static str, &str)> = TEMPLATE_KEYS
        .into_iter()
        .filter(|key| *key != "body")
        .filter_map(|key| Some((key, fields.word(key)?)))
        .collect();
    // A card may well have no words below its headline.
    template.push(("body", fields.get("body").trim()));
    Ok(SourceInput {
        name: fields.get("name"),
        url: fields.get("url"),
        newest: number("newest")?,
        must: split(fields.get("must")),
        must_not: split(fields.get("must_not")),
        approval: fields.get("approval") == "yes",
        days: number("days")?,
        every_minutes: number("every")?,
        screens: screens?,
        template,
    })
}

/// `POST /console/sources`: adds one.
pub(crate) async fn add(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let read = input(&fields).and_then(|input| input.read());
    let (source, secret) = match read {
        Ok(read) => read,
        Err(error) => {
            let words = why(&asker, &error);
            let page = page(&app, &asker, &fields, Some(&words)).await;
            return (MISTAKE, page).into_response();
        }
    };
    let (actor, name) = (Arc::clone(&asker.actor), source.name.clone());
    let added = app
        .work(move |app| app.hub.store.add_source(&actor, &source, clock::now_ms()))
        .await;
    match (added, secret) {
        (Ok(()), None) => asker
            .visitor
            .to(&format!("/console/sources/{name}?done=source-added")),
        (Ok(()), Some(secret)) => secret_page(&app, &asker, &name, &secret),
        (Err(SourceError::Store(StoreError::OutOfScope)), _) => refusals::not_yours(&asker.visitor),
        (Err(error), _) => match refused(&asker, &error) {
            Ok(response) => response,
            Err(words) => {
                let page = page(&app, &asker, &fields, Some(asker.say(words))).await;
                (MISTAKE, page).into_response()
            }
        },
    }
}

/// Shows how a program sends items, this once.
fn secret_page(app: &Shared, asker: &Asker, name: &str, secret: &str) -> Response {
    let url = app
        .public_url
        .absolute(&format!("/v1/sources/{name}/items"));
    let command = format!(
        "curl -H 'Authorization: Bearer {secret}' -d '{{\"id\": \"1\", \"title\": \"…\"}}' {url}"
    );
    let body = html! {
        section {
            p { (asker.say(["你的程序这样推送一条：", "A program sends an item like this:"])) }
            p { code.secret { (command) } }
            p.soft { (asker.say(["密钥只显示这一次。", "The secret is shown this once."])) }
        }
        p { a.button href=(asker.at(&format!("/console/sources/{name}"))) { (asker.say(["看这个来源", "See the source"])) } }
    };
    let title = asker.say(["来源做好了", "The source is ready"]);
    let page = layout::page(asker, Chapter::Sources, title, &Fields::default(), &body);
    (StatusCode::CREATED, page).into_response()
}
