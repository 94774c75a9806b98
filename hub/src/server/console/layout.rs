//! The frame of every page: head, navigation, title, and what forms have in common.
//!
//! Invariants: a page loads its own style and pictures of this hub, nothing else, and runs no
//! script; it has one heading of the first level and one column on a phone; every field has its
//! label.

use std::sync::OnceLock;

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{Digest, foreign};

use crate::people::Right;
use crate::server::console::asker::{Asker, Visitor};
use crate::server::console::fields::Fields;
use crate::server::console::{fault_words, words};
use crate::server::language::Language;
use crate::system::clock;

/// What a page may load and where its forms may go.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const STYLE: &str = include_str!("style.css");

/// A chapter of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chapter {
    Overview,
    Screens,
    Campaigns,
    Sources,
    Report,
    Alerts,
    People,
    Audit,
    Account,
}

impl Chapter {
    const ALL: [(Self, &'static str, [&'static str; 2], Option<Right>); 9] = [
        (Self::Overview, "/console", ["概览", "Overview"], None),
        (
            Self::Screens,
            "/console/screens",
            ["屏幕", "Screens"],
            Some(Right::SeeScreens),
        ),
        (
            Self::Campaigns,
            "/console/campaigns",
            ["活动", "Campaigns"],
            Some(Right::SeeCampaigns),
        ),
        (
            Self::Sources,
            "/console/sources",
            ["来源", "Sources"],
            Some(Right::SeeCampaigns),
        ),
        (
            Self::Report,
            "/console/report",
            ["报表", "Report"],
            Some(Right::SeeReports),
        ),
        (
            Self::Alerts,
            "/console/alerts",
            ["提醒", "Alerts"],
            Some(Right::ChangeAlerts),
        ),
        (
            Self::People,
            "/console/people",
            ["人员", "People"],
            Some(Right::ChangePeople),
        ),
        (
            Self::Audit,
            "/console/audit",
            ["记录", "Log"],
            Some(Right::SeeAudit),
        ),
        (Self::Account, "/console/account", ["账户", "Account"], None),
    ];
}

/// A page for somebody who is signed in. What was just done, as the address says, stands above it.
pub(crate) fn page(
    asker: &Asker,
    chapter: Chapter,
    title: &str,
    fields: &Fields,
    body: &Markup,
) -> Response {
    let visitor = &asker.visitor;
    let done = words::done(fields.get("done")).map(|said| visitor.say(said));
    let known = Chapter::ALL.iter();
    let known = known.filter(|(.., right)| right.is_none_or(|right| asker.actor.may(right)));
    document(
        visitor,
        title,
        &html! {
            a.skip href="#main" { (visitor.say(["跳到内容", "Skip to the content"])) }
            header.top {
                div.bar {
                    a.brand href=(visitor.at("/console")) { "Passerby" span { "路人" } }
                    (language_switch(visitor))
                }
                nav aria-label=(visitor.say(["章节", "Chapters"])) {
                    @for (this, path, name, _) in known {
                        a href=(visitor.at(path)) aria-current=[(*this == chapter).then_some("page")] { (visitor.say(*name)) }
                    }
                }
            }
            (strip(asker))
            main id="main" {
                h1 { (title) }
                @if let Some(done) = done { p.notice.good role="status" { (done) } }
                (body)
            }
        },
    )
}

/// What covers screens now, above every page, with the one press that ends it.
fn strip(asker: &Asker) -> Markup {
    html! {
        @for airing in asker.emergencies.iter() {
            aside.alarm aria-label=(asker.say(["紧急消息", "Emergency message"])) {
                div {
                    p { strong { (airing.headline) } }
                    p { (asker.say(["紧急消息，已到 ", "Emergency message, on "])) (number(airing.reached)) " / " (number(airing.screens)) (asker.say([" 块屏幕，自 ", " screens, since "])) (moment(airing.begun_ms)) (asker.say(["，", ", by "])) (foreign::escaped(&airing.begun_by)) }
                    @if asker.actor.may(Right::RaiseEmergency) {
                        (form(asker, &format!("/console/emergency/{}/end", airing.emergency), "", &html! {
                            button { (asker.say(["结束它", "End it"])) }
                        }))
                    }
                }
            }
        }
    }
}

/// A page for whoever is not in yet, or may not be there.
pub(crate) fn outside(visitor: &Visitor, title: &str, body: &Markup) -> Response {
    document(
        visitor,
        title,
        &html! {
            header.top { div.bar {
                span.brand { "Passerby" span { "路人" } }
                (language_switch(visitor))
            } }
            main.narrow { h1 { (title) } (body) }
        },
    )
}

fn language_switch(visitor: &Visitor) -> Markup {
    let other: Language = visitor.language.other();
    html! {
        form.language method="post" action=(visitor.at("/console/language")) {
            input type="hidden" name="to" value=(visitor.path);
            button.quiet name="language" value=(other.word()) lang=(other.tag()) { (other.own_name()) }
        }
    }
}

fn document(visitor: &Visitor, title: &str, body: &Markup) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang=(visitor.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (title) " · Passerby" }
                link rel="stylesheet" href=(visitor.at(&format!("/console/style.css?{}", style_version())));
            }
            body { (body) }
        }
    };
    Html(markup.into_string()).into_response()
}

fn style_version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| Digest::of(STYLE.as_bytes()).to_string()[..12].to_owned())
}

/// `GET /console/style.css`.
pub(crate) async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, STYLE).into_response()
}

/// The beginning of a form of theirs: where it goes, and the word that makes it theirs.
pub(crate) fn form(asker: &Asker, path: &str, class: &str, body: &Markup) -> Markup {
    html! {
        form class=(class) method="post" action=(asker.at(path)) {
            input type="hidden" name="csrf" value=(asker.csrf());
            (body)
        }
    }
}

/// What is wrong with a form, above it.
pub(crate) fn mistake(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p.notice.bad role="alert" { (text) } } }
}

/// A field with one line, its label above and a hint below.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) value: &'a str,
    pub(crate) hint: Option<&'a str>,
    /// What else the field says to the browser: its kind and what fills it.
    pub(crate) kind: &'static str,
    pub(crate) complete: &'static str,
    pub(crate) is_required: bool,
}

impl<'a> Line<'a> {
    /// A text that may be empty.
    pub(crate) const fn text(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self {
            name,
            label,
            value,
            hint: None,
            kind: "text",
            complete: "off",
            is_required: false,
        }
    }

    pub(crate) fn markup(&self) -> Markup {
        let hint_id = format!("{}-hint", self.name);
        html! {
            div.field {
                label for=(self.name) { (self.label) }
                input id=(self.name) name=(self.name) type=(self.kind) value=(self.value) autocomplete=(self.complete)
                    required[self.is_required] aria-describedby=[self.hint.map(|_| &hint_id)];
                @if let Some(hint) = self.hint { p.hint id=(hint_id) { (hint) } }
            }
        }
    }
}

/// A field with something to choose from: values and what they are called.
pub(crate) fn choice(
    name: &str,
    label: &str,
    chosen: &str,
    options: &[(String, String)],
) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, said) in options {
                    option value=(value) selected[value == chosen] { (said) }
                }
            }
        }
    }
}

/// A moment as people of the hub's place say it.
pub(crate) fn moment(ms: i64) -> Markup {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = at.to_zoned(clock::time_zone());
    html! { time datetime=(clock::rfc3339(ms)) { (local.strftime("%Y-%m-%d %H:%M")) } }
}

/// How long ago something was, in one unit.
pub(crate) fn ago(language: Language, ms: i64, now_ms: i64) -> String {
    let seconds = ((now_ms - ms) / 1_000).max(0);
    let (count, chinese, english) = match seconds {
        0..60 => return language.say(["刚才", "just now"]).to_owned(),
        60..3_600 => (seconds / 60, "分钟前", "min ago"),
        3_600..86_400 => (seconds / 3_600, "小时前", "h ago"),
        _ => (seconds / 86_400, "天前", "d ago"),
    };
    format!("{count} {}", language.say([chinese, english]))
}

/// A number with thin gaps between thousands.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// What is wrong, with its file and line.
pub(crate) fn problem_list(language: Language, problems: &[Problem]) -> Markup {
    html! {
        ul { @for problem in problems { li {
            @if !problem.file.is_empty() { strong { (foreign::escaped(&problem.file)) @if problem.line > 0 { ":" (problem.line) } } ": " }
            @let fault = problem.fault.as_ref();
            span lang=[fault_words::language_of(language, fault)] { (foreign::escaped(&fault_words::said(language, &problem.message, fault))) }
        } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_said_as_people_read_them() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        let said = |ms| ago(Language::English, 0, ms);
        assert_eq!(
            [said(5), said(120_000), said(7_200_000), said(172_800_000)],
            ["just now", "2 min ago", "2 h ago", "2 d ago"]
        );
        assert_eq!(ago(Language::Chinese, 10, 0), "刚才");
    }
}
