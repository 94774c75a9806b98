//! How much the files of people, of slots and of the whole hub may take, and how much they do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::foreign;

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::paging::Page;
use crate::server::console::refusals;
use crate::store::{Quota, QuotaLine, QuotaSubject, StoreError, Usage};
use crate::system::clock;

/// Most MiB, and most files, that may be typed.
const TYPED_MAX: u64 = 1 << 40;
/// Most rows that one page shows.
const ROWS_MAX: usize = 100;

/// `GET /console/quotas`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None).await
}

async fn page(app: &Shared, asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let lines = match app.work(|app| app.hub.store.quotas()).await {
        Ok(lines) => lines,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    // Those that the page shows; others are on other pages.
    let (shown, count) = (Page::of(fields, lines.len(), ROWS_MAX), lines.len());
    let lines = &lines[shown.rows()];
    let subjects: Vec<(String, String)> = lines
        .iter()
        .map(|line| (line.subject.word(), called(asker, line)))
        .collect();
    let field = |name: &'static str, label: [&'static str; 2], hint: [&'static str; 2]| {
        Line {
            kind: "number",
            hint: Some(asker.say(hint)),
            ..Line::text(name, asker.say(label), fields.get(name))
        }
        .markup()
    };
    let body = html! {
        (layout::mistake(wrong))
        section {
            ul.rows { @for line in lines { li.item {
                strong { (called(asker, line)) }
                @if line.subject != QuotaSubject::Everybody { (bars(asker, line.quota, line.used)) }
                @else { p.soft { (bounds(asker, line.quota)) } }
                @if line.is_of_everybody && !line.quota.is_none() {
                    p.soft { (asker.say(["和每个人一样", "as everybody"])) }
                }
            } } }
            (shown.links(asker, "/console/quotas", &[]))
        }
        section {
            h2 { (asker.say(["设定上限", "Set a bound"])) }
            @if count > lines.len() {
                p.soft { (asker.say(["只能给这一页上的人设定；其他人在别的页上。", "For those on this page; the others are on other pages."])) }
            }
            (layout::form(asker, "/console/quotas", "", &html! {
                (choice("subject", asker.say(["给谁", "For"]), fields.get("subject"), &subjects))
                (field("mib", ["最多多少 MiB", "Most MiB"], ["留空就不限。", "Empty for no bound."]))
                (field("files", ["最多多少个文件", "Most files"], ["留空就不限。", "Empty for no bound."]))
                div.actions {
                    button.main name="do" value="set" { (asker.say(["设定", "Set it"])) }
                    button name="do" value="forget" { (asker.say(["和每个人一样", "As everybody"])) }
                }
                p.hint { (asker.say([
                    "超出的不会被删除，只是不再收新的。同一个文件只算一次，没人用了就不再算。",
                    "Nothing is deleted that is more; only nothing further is taken. A file counts once, until nobody uses it.",
                ])) }
            }))
        }
    };
    let title = asker.say(["存储上限", "Room for files"]);
    layout::page(asker, Chapter::People, title, fields, &body)
}

fn called(asker: &Asker, line: &QuotaLine) -> String {
    match line.subject {
        QuotaSubject::Hub => asker.say(["整个 hub", "The whole hub"]).to_owned(),
        QuotaSubject::Everybody => asker
            .say([
                "没有单独设定的每个人",
                "Each person without one of their own",
            ])
            .to_owned(),
        QuotaSubject::Person(_) => foreign::escaped(&line.name).into_owned(),
        QuotaSubject::Slot(_) => format!(
            "{}{}",
            asker.say(["档期：", "Slot: "]),
            foreign::escaped(&line.name)
        ),
    }
}

fn bounds(asker: &Asker, quota: Quota) -> String {
    if quota.is_none() {
        return asker.say(["不限", "No bound"]).to_owned();
    }
    let mib = quota.bytes_max.map_or_else(
        || asker.say(["大小不限", "any size"]).to_owned(),
        |bytes| format!("{} MiB", bytes >> 20),
    );
    let files = quota.files_max.map_or_else(
        || asker.say(["文件数不限", "any number of files"]).to_owned(),
        |files| format!("{files} {}", asker.say(["个文件", "files"])),
    );
    format!("{mib} · {files}")
}

/// What is used of it, as bars where there is a bound.
pub(crate) fn bars(asker: &Asker, quota: Quota, used: Usage) -> Markup {
    let mib = used.bytes.div_ceil(1 << 20);
    let most_mib = quota.bytes_max.map(|bytes| bytes >> 20);
    let files = asker.say(["个文件", "files"]);
    if quota.is_none() {
        return html! { p.soft { (mib) " MiB · " (used.files) " " (files) } };
    }
    html! {
        (bar(&format!("{mib}"), "MiB", used.bytes, quota.bytes_max, most_mib))
        (bar(&format!("{}", used.files), files, used.files, quota.files_max, quota.files_max))
    }
}

fn bar(said: &str, unit: &str, used: u64, most: Option<u64>, most_said: Option<u64>) -> Markup {
    html! {
        p.soft {
            @if let (Some(most), Some(most_said)) = (most, most_said) {
                @let label = format!("{said} / {most_said} {unit}");
                progress max=(most.max(1)) value=(used.min(most)) aria-label=(label) {}
                " " (label)
            } @else { (said) " " (unit) }
        }
    }
}

/// What was typed into a field for a number; `None` for what is none, or too large.
fn number(fields: &Fields, name: &str) -> Option<Option<u64>> {
    match fields.get(name).trim() {
        "" => Some(None),
        text => {
            let number = text.parse::<u64>().ok()?;
            (number <= TYPED_MAX).then_some(Some(number))
        }
    }
}

/// `POST /console/quotas`.
pub(crate) async fn set(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let subject = QuotaSubject::of_word(fields.get("subject"));
    let typed = number(&fields, "mib").zip(number(&fields, "files"));
    let (Some(subject), Some((mib, files))) = (subject, typed) else {
        let wrong = asker.say([
            "请填整数，或者留空。",
            "Type whole numbers, or leave them empty.",
        ]);
        let page = page(&app, &asker, &fields, Some(wrong)).await;
        return (MISTAKE, page).into_response();
    };
    let quota = Quota {
        bytes_max: mib.map(|mib| mib << 20),
        files_max: files,
    };
    let actor = Arc::clone(&asker.actor);
    let forgets = fields.get("do") == "forget";
    let set = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            match subject {
                QuotaSubject::Person(person) if forgets => {
                    store.forget_quota(&actor, person, now_ms)
                }
                _ if forgets => store.set_quota(&actor, subject, Quota::default(), now_ms),
                _ => store.set_quota(&actor, subject, quota, now_ms),
            }
        })
        .await;
    match set {
        Ok(()) => asker.visitor.to("/console/quotas?done=saved"),
        Err(StoreError::OutOfScope) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}
