//! One of the people: what they may do, a new password, and their end here.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::html;

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::people_forms::{
    Known, link_page, rights_fields, rights_of, why,
};
use crate::server::console::refusals;
use crate::store::{PeopleError, Person, StoreError};
use crate::system::clock;

async fn read(app: &Shared, id: &str) -> Result<Option<(Person, Known)>, StoreError> {
    let Ok(id) = id.parse::<i64>() else {
        return Ok(None);
    };
    app.work(move |app| {
        let store = &app.hub.store;
        let person = store.person(id)?;
        person
            .map(|person| Ok((person, Known::read(store)?)))
            .transpose()
    })
    .await
}

/// `GET /console/people/{person}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    page(&app, &asker, &id, &fields, None).await
}

async fn page(
    app: &Shared,
    asker: &Asker,
    id: &str,
    fields: &Fields,
    wrong: Option<&str>,
) -> Response {
    let (person, known) = match read(app, id).await {
        Ok(Some(found)) => found,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let path = format!("/console/people/{}", person.id);
    let body = html! {
        (layout::mistake(wrong))
        section {
            h2 { (asker.say(["可以做什么", "What they may do"])) }
            (layout::form(asker, &path, "", &html! {
                (rights_fields(asker, &known, person.role, &person.scope))
                button.main { (asker.say(["保存", "Save"])) }
            }))
        }
        section {
            h2 { (asker.say(["忘了密码或丢了手机", "A forgotten password, a lost phone"])) }
            p.soft { (asker.say([
                "会得到一个只能用一次的链接。对方用它选新密码，两步验证会停用。",
                "You get a link that works once, by which they choose a new password. Their second step goes off.",
            ])) }
            (layout::form(asker, &format!("{path}/reset"), "", &html! {
                button { (asker.say(["创建新密码链接", "Make the link"])) }
            }))
        }
        section {
            h2 { (asker.say(["移除", "Remove"])) }
            details {
                summary { (asker.say(["移除 ", "Remove "])) (person.name) }
                p { (asker.say(["所有登录和令牌立即结束。记录里仍然有名字。", "All their sessions and tokens end at once. The log keeps their name."])) }
                (layout::form(asker, &format!("{path}/remove"), "", &html! {
                    button.danger { (asker.say(["移除", "Remove"])) }
                }))
            }
        }
    };
    layout::page(asker, Chapter::People, &person.name, fields, &body)
}

/// What became of a change, as a page.
async fn answer(
    app: &Shared,
    asker: &Asker,
    (id, fields): (&str, &Fields),
    done: Result<(), PeopleError>,
    to: &str,
) -> Response {
    match done {
        Ok(()) => asker.visitor.to(to),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(PeopleError::Unknown) => refusals::not_here(&asker.visitor),
        Err(error) => {
            let page = page(app, asker, id, fields, Some(asker.say(why(&error)))).await;
            (MISTAKE, page).into_response()
        }
    }
}

/// `POST /console/people/{person}`.
pub(crate) async fn change(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(number) = id.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let (role, scope) = match rights_of(&fields) {
        Ok(read) => read,
        Err(words) => {
            let page = page(&app, &asker, &id, &fields, Some(asker.say(words))).await;
            return (MISTAKE, page).into_response();
        }
    };
    let actor = Arc::clone(&asker.actor);
    let done = app
        .work(move |app| {
            app.hub
                .store
                .change_person(&actor, number, (role, &scope), clock::now_ms())
        })
        .await;
    let to = format!("/console/people/{number}?done=saved");
    answer(&app, &asker, (&id, &fields), done, &to).await
}

/// `POST /console/people/{person}/remove`.
pub(crate) async fn remove(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(number) = id.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let done = app
        .work(move |app| app.hub.store.remove_person(&actor, number, clock::now_ms()))
        .await;
    answer(
        &app,
        &asker,
        (&id, &fields),
        done,
        "/console/people?done=removed",
    )
    .await
}

/// `POST /console/people/{person}/reset`.
pub(crate) async fn reset(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(number) = id.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let made = app
        .work(move |app| app.hub.store.reset_link(&actor, number, clock::now_ms()))
        .await;
    match made {
        Ok(secret) => link_page(&app, &asker, &secret),
        Err(error) => answer(&app, &asker, (&id, &fields), Err(error), "").await,
    }
}
