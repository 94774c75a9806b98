//! People and invitations: who may do what.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::hexadecimal::{hex, unhex32};

use crate::people::{Role, Scope};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::people_forms::{
    Known, link_page, rights_fields, rights_of, why,
};
use crate::server::console::paging::Page;
use crate::server::console::{audit_words, refusals, words};
use crate::store::{Invitation, InvitationLine, PeopleError, Person, StoreError};
use crate::system::clock;

/// Most people that one page lists.
const ROWS_MAX: usize = 100;

/// Most links that wait which it lists.
const INVITATIONS_LISTED: usize = 80;

struct Everybody {
    people: Vec<Person>,
    invitations: Vec<InvitationLine>,
    known: Known,
}

async fn read(app: &Shared) -> Result<Everybody, StoreError> {
    app.work(|app| {
        let store = &app.hub.store;
        Ok(Everybody {
            people: store.people()?,
            invitations: store.invitations(clock::now_ms())?,
            known: Known::read(store)?,
        })
    })
    .await
}

/// Says what somebody may do, and with what.
fn about(asker: &Asker, role: Role, scope: &Scope) -> String {
    words::with_scope(asker.visitor.language, asker.say(words::role(role)), scope)
}

/// `GET /console/people`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None).await
}

async fn page(app: &Shared, asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let everybody = match read(app).await {
        Ok(everybody) => everybody,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let page = Page::of(fields, everybody.people.len(), ROWS_MAX);
    let body = html! {
        (layout::mistake(wrong))
        section {
            ul.rows { @for person in &everybody.people[page.rows()] { li {
                a.row href=(asker.at(&format!("/console/people/{}", person.id))) {
                    span.name { (person.name) @if person.id == asker.person.id { " " (asker.say(["（你）", "(you)"])) } }
                    span.more {
                        (about(asker, person.role, &person.scope)) " · "
                        @match person.seen_ms { Some(seen_ms) => { (asker.say(["上次登录：", "signed in "])) (layout::ago(asker.visitor.language, seen_ms, clock::now_ms())) }, None => { (asker.say(["还没登录过", "never signed in"])) } }
                        @if person.has_second_step { " · " (asker.say(["两步验证", "two steps"])) }
                    }
                }
            } } }
            (page.links(asker, "/console/people", &[]))
        }
        @if !everybody.invitations.is_empty() { (waiting(asker, &everybody.invitations)) }
        section {
            h2 { (asker.say(["邀请一个人", "Invite somebody"])) }
            p.soft { (asker.say([
                "会得到一个只能用一次的链接，七天内有效。用你们平时的聊天工具发给对方。",
                "You get a link that works once, within seven days. Send it by whatever you chat with.",
            ])) }
            (layout::form(asker, "/console/people", "", &html! {
                (rights_fields(asker, &everybody.known, Role::Viewer, &Scope::ALL))
                button.main { (asker.say(["创建邀请链接", "Make the link"])) }
            }))
        }
    };
    layout::page(
        asker,
        Chapter::People,
        asker.say(["人员", "People"]),
        fields,
        &body,
    )
}

fn waiting(asker: &Asker, invitations: &[InvitationLine]) -> Markup {
    html! {
        section {
            h2 { (asker.say(["等待使用的链接", "Links that wait"])) }
            ul.rows { @for line in invitations.iter().take(INVITATIONS_LISTED) { li.item {
                @let Invitation { role, scope, resets, expires_ms } = &line.invitation;
                strong { @match resets { Some(name) => { (asker.say(["新密码：", "New password: "])) (name) }, None => { (about(asker, *role, scope)) } } }
                br; span.soft { (asker.say(["来自 ", "by "])) (audit_words::actor(asker.visitor.language, &line.made_by)) (asker.say(["，到 ", ", until "])) (layout::moment(*expires_ms)) }
                (layout::form(asker, &format!("/console/people/links/{}/withdraw", hex(&line.handle)), "", &html! {
                    button.danger { (asker.say(["撤回", "Take back"])) }
                }))
            } } }
            @if invitations.len() > INVITATIONS_LISTED {
                p.soft { (asker.say(["还有更早的没列出：", "Older ones that are not listed: "])) (invitations.len() - INVITATIONS_LISTED) }
            }
        }
    }
}

/// `POST /console/people`: makes a link for somebody new.
pub(crate) async fn invite(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let (role, scope) = match rights_of(&fields) {
        Ok(read) => read,
        Err(words) => return mistaken(&app, &asker, &fields, words).await,
    };
    let actor = Arc::clone(&asker.actor);
    let made = app
        .work(move |app| app.hub.store.invite(&actor, role, &scope, clock::now_ms()))
        .await;
    match made {
        Ok(secret) => link_page(&app, &asker, &secret),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(error) => mistaken(&app, &asker, &fields, why(&error)).await,
    }
}

async fn mistaken(
    app: &Shared,
    asker: &Asker,
    fields: &Fields,
    words: [&'static str; 2],
) -> Response {
    let page = page(app, asker, fields, Some(asker.say(words))).await;
    (MISTAKE, page).into_response()
}

/// `POST /console/people/links/{link}/withdraw`.
pub(crate) async fn withdraw(
    State(app): State<Shared>,
    asker: Asker,
    Path(handle): Path<String>,
) -> Response {
    let Some(handle) = unhex32(&handle) else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let done = app
        .work(move |app| app.hub.store.withdraw(&actor, &handle, clock::now_ms()))
        .await;
    match done {
        Ok(()) => asker.visitor.to("/console/people?done=withdrawn"),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(_) => refusals::not_here(&asker.visitor),
    }
}
