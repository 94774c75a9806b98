//! A new campaign: from pictures, from a template, from an archive.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::drafts::desk::{self, Added, DeskFault};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::pages::drafts::common::{
    failure, large_form, left_out, mistake, path_of, pictures_field, said,
};
use crate::server::console::upload::{self, Upload};
use crate::server::language::Language;
use crate::system::clock;
use crate::templates::{self, KINDS, Kind};

/// `GET /console/new`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let actor = Arc::clone(&asker.actor);
    let last = app
        .work(move |app| app.hub.store.last_target(actor.scope()))
        .await;
    let last = last.ok().flatten().unwrap_or_default();
    page(&asker, &fields, &last, (None, &Added::default()))
}

fn page(
    asker: &Asker,
    fields: &Fields,
    last_target: &str,
    (wrong, told): (Option<&str>, &Added),
) -> Response {
    // What was typed stays, also where it was taken out.
    let target = if fields.has("target") {
        fields.get("target")
    } else {
        last_target
    };
    let kinds: Vec<(String, String)> = KINDS
        .iter()
        .map(|kind| (word(*kind).to_owned(), asker.say(words(*kind)).to_owned()))
        .collect();
    let body = html! {
        (mistake(wrong))
        (left_out(asker, told))
        section {
            h2 { (asker.say(["用图片开始", "Begin with pictures"])) }
            (large_form(asker, "/console/new", &html! {
                (pictures_field(asker, asker.say(["图片和影片", "Pictures and films"])))
                (Line { hint: Some(asker.say(["出现在报表和手机页面上。不填就用第一个文件的名字，或者今天的日期。", "Stands in reports and on phones. The name of the first file, or today's date, if you leave it out."])), ..Line::text("title", asker.say(["标题", "Title"]), fields.get("title")) }.markup())
                (Line { kind: "url", hint: Some(asker.say(["人们扫码后打开的网页。没有链接就没有二维码。", "The page that people open by the code. Without a link there is no code."])), ..Line::text("target", asker.say(["码通向哪里", "Where the code leads"]), target) }.markup())
                (group_field(asker, fields))
                button.main { (asker.say(["继续", "Go on"])) }
            }))
        }
        section {
            details {
                summary { (asker.say(["用模板开始", "Begin with a template"])) }
                (layout::form(asker, "/console/new/template", "", &html! {
                    (Line { is_required: true, ..Line::text("name", asker.say(["名称", "Name"]), fields.get("name")) }.markup())
                    (choice("kind", asker.say(["做什么用", "What for"]), fields.get("kind"), &kinds))
                    (group_field(asker, fields))
                    button { (asker.say(["开始", "Begin"])) }
                }))
            }
            details {
                summary { (asker.say(["导入文件夹（zip）", "Bring a campaign folder (zip)"])) }
                (large_form(asker, "/console/new/import", &html! {
                    div.field {
                        label for="archive" { (asker.say(["活动文件夹的 zip 文件", "The folder of a campaign, as a zip file"])) }
                        input id="archive" name="archive" type="file" accept=".zip,application/zip";
                    }
                    label.check { input type="checkbox" name="replace" value="yes"; span { (asker.say(["替换同名的草稿", "In place of the draft of its name, if there is one"])) } }
                    (group_field(asker, fields))
                    button { (asker.say(["导入", "Bring it in"])) }
                }))
            }
        }
    };
    let title = asker.say(["新活动", "New campaign"]);
    layout::page(asker, Chapter::Campaigns, title, fields, &body)
}

/// The group of the new campaign: somebody who is held to groups takes one of them.
fn group_field(asker: &Asker, fields: &Fields) -> Markup {
    let groups = asker.actor.scope().campaigns.as_ref();
    let groups: Vec<(String, String)> = groups
        .into_iter()
        .flatten()
        .map(|group| (group.clone(), group.clone()))
        .collect();
    html! {
        @match groups.as_slice() {
            [] => {}
            [(only, _)] => { input type="hidden" name="group" value=(only); }
            _ => { (choice("group", asker.say(["分组", "Group"]), fields.get("group"), &groups)) }
        }
    }
}

const fn words(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Event => ["活动", "An event"],
        Kind::Fans => ["长期关注", "People who follow"],
        Kind::Combined => ["先活动，后关注", "An event, then people who follow"],
        Kind::Menu => ["菜单", "A menu"],
        Kind::Offer => ["优惠", "An offer"],
        Kind::Notice => ["通知", "A notice"],
    }
}

/// The word for a kind in forms and calls.
pub(crate) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Event => "event",
        Kind::Fans => "fans",
        Kind::Combined => "combined",
        Kind::Menu => "menu",
        Kind::Offer => "offer",
        Kind::Notice => "notice",
    }
}

/// The kind of a word.
pub(crate) fn kind_of(said: &str) -> Option<Kind> {
    KINDS.into_iter().find(|kind| word(*kind) == said)
}

fn refused(asker: &Asker, fields: &Fields, fault: DeskFault) -> Response {
    if let Some(page) = failure(asker, &fault) {
        return page;
    }
    let wrong = said(asker, &fault);
    let told = match fault {
        DeskFault::Nothing(told) => told,
        _ => Added::default(),
    };
    (MISTAKE, page(asker, fields, "", (Some(&wrong), &told))).into_response()
}

/// `POST /console/new`.
pub(crate) async fn begin(State(app): State<Shared>, asker: Asker, request: Request) -> Response {
    let upload = match upload::read(&app, &asker, request, None).await {
        Ok(upload) => upload,
        Err(refusal) => return refusal,
    };
    let fields = upload.fields.clone();
    let actor = Arc::clone(&asker.actor);
    let made = app
        .work(move |app| {
            let upload = upload;
            let Upload { fields, files, .. } = &upload;
            let said = (fields.get("title"), fields.get("target"));
            let group = fields.get("group");
            desk::begin(&app.hub, &actor, said, group, files, clock::now_ms())
        })
        .await;
    match made {
        Ok((id, told)) => arrived(&asker, &path_of(&id), &told),
        Err(fault) => refused(&asker, &fields, fault),
    }
}

/// Leads on to a draft; what was not taken of it is told on the way.
fn arrived(asker: &Asker, path: &str, told: &Added) -> Response {
    if told.left_out.is_empty() {
        let page = if told.has_films() { "/films" } else { "" };
        return asker.visitor.to(&format!("{path}{page}?done=draft-begun"));
    }
    let body = html! {
        (left_out(asker, told))
        p { (asker.say(["其余的都收下了：", "Everything else is in: "])) (told.added.len()) }
        p { a.button.main href=(asker.at(path)) { (asker.say(["继续", "Go on"])) } }
    };
    let title = asker.say(["几个文件没有收下", "Some files were not taken"]);
    layout::page(asker, Chapter::Campaigns, title, &Fields::default(), &body)
}

/// `POST /console/new/template`.
pub(crate) async fn from_template(
    State(app): State<Shared>,
    asker: Asker,
    fields: Fields,
) -> Response {
    let Some(kind) = kind_of(fields.get("kind")) else {
        let page = page(&asker, &fields, "", (None, &Added::default()));
        return (MISTAKE, page).into_response();
    };
    let language = match asker.visitor.language {
        Language::Chinese => templates::Language::Zh,
        Language::English => templates::Language::En,
    };
    let (actor, typed) = (Arc::clone(&asker.actor), fields.clone());
    let made = app
        .work(move |app| {
            let (name, group) = (typed.get("name").trim(), typed.get("group"));
            let how = (kind, language);
            desk::begin_with_template(&app.hub, &actor, how, name, group, clock::now_ms())
        })
        .await;
    match made {
        Ok(id) => asker
            .visitor
            .to(&format!("{}?done=draft-begun", path_of(&id))),
        Err(fault) => refused(&asker, &fields, fault),
    }
}

/// `POST /console/new/import`.
pub(crate) async fn import(State(app): State<Shared>, asker: Asker, request: Request) -> Response {
    let upload = match upload::read(&app, &asker, request, None).await {
        Ok(upload) => upload,
        Err(refusal) => return refusal,
    };
    let fields = upload.fields.clone();
    let actor = Arc::clone(&asker.actor);
    let made = app
        .work(move |app| {
            let upload = upload;
            let Upload { fields, files, .. } = &upload;
            let Some(archive) = files.first() else {
                return Err(DeskFault::Nothing(Added::default()));
            };
            let how = (fields.get("group"), fields.get("replace") == "yes");
            desk::import(&app.hub, &actor, archive, how, clock::now_ms())
        })
        .await;
    match made {
        Ok((id, told)) => arrived(&asker, &path_of(&id), &told),
        Err(fault) => refused(&asker, &fields, fault),
    }
}
