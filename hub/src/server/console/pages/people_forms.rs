//! One of the people: what they may do, a new password, and their end here.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::people::{Role, Scope};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::people::{link_page, rights_of, why};
use crate::server::console::{refusals, words};
use crate::store::{PeopleError, Person, Store, StoreError};
use crate::system::clock;

/// The groups that there are.
pub(crate) struct Known {
    screens: Vec<String>,
    campaigns: Vec<String>,
}

impl Known {
    pub(crate) fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            screens: store.screen_words(&Scope::ALL)?.0,
            campaigns: store.campaign_groups(&Scope::ALL)?,
        })
    }
}

/// The fields for a role and what it is held to.
pub(crate) fn rights_fields(asker: &Asker, known: &Known, role: Role, scope: &Scope) -> Markup {
    let bound = |kind: &'static str,
                 words: [&'static str; 2],
                 groups: &[String],
                 held: &Option<std::collections::BTreeSet<String>>| {
        let texts: Vec<&str> = held.iter().flatten().map(String::as_str).collect();
        let texts = texts.join(", ");
        let (of, name, list) = (
            format!("of-{kind}s"),
            format!("{kind}-groups"),
            format!("{kind}-groups-known"),
        );
        html! {
            fieldset {
                legend { (asker.say(words)) }
                label.check { input type="radio" name=(of) value="all" checked[held.is_none()]; span { (asker.say(["全部", "All of them"])) } }
                label.check { input type="radio" name=(of) value="some" checked[held.is_some()]; span { (asker.say(["只限这些分组", "Only these groups"])) } }
                input name=(name) value=(texts) autocomplete="off" aria-label=(asker.say(["分组名称，用逗号分开", "Names of groups, with commas between them"])) aria-describedby=(list);
                p.hint id=(list) {
                    @if groups.is_empty() { (asker.say(["还没有分组", "There is no group yet"])) }
                    @else { (asker.say(["已有：", "There are: "])) (groups.join(", ")) }
                }
            }
        }
    };
    html! {
        fieldset {
            legend { (asker.say(["角色", "Role"])) }
            @for one in Role::ALL {
                label.check {
                    input type="radio" name="role" value=(one.word()) checked[one == role];
                    span { (asker.say(words::role(one))) small { (asker.say(words::role_means(one))) } }
                }
            }
        }
        details open[!scope.is_all()] {
            summary { (asker.say(["只限某些屏幕或活动", "Hold them to some screens or campaigns"])) }
            (bound("screen", ["哪些屏幕", "Which screens"], &known.screens, &scope.screens))
            (bound("campaign", ["哪些活动", "Which campaigns"], &known.campaigns, &scope.campaigns))
        }
    }
}

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
