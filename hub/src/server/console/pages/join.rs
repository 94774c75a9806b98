//! Links that work once: the first owner's, those of people who are invited, and those for a new
//! password.
//!
//! Invariant: looking at a link uses nothing up, and tells no name but that of whose password it
//! sets.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use maud::html;

use crate::people::{NameError, PasswordError, Role, Secret, acceptable, person_name};
use crate::server::Shared;
use crate::server::console::asker::Visitor;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Line};
use crate::server::console::pages::sign_in::{begin, unencrypted};
use crate::server::console::{refusals, words};
use crate::store::{Invitation, PeopleError, StoreError};
use crate::system::clock;

async fn known(app: &Shared, link: &str) -> Result<Option<(Secret, Invitation)>, StoreError> {
    let Some(secret) = Secret::parse(link) else {
        return Ok(None);
    };
    app.work(move |app| {
        let found = app.hub.store.invitation(&secret, clock::now_ms())?;
        Ok(found.map(|found| (secret, found)))
    })
    .await
}

fn over(visitor: &Visitor) -> Response {
    let page = layout::outside(
        visitor,
        visitor.say(["这个链接失效了", "This link no longer works"]),
        &html! {
            p { (visitor.say([
                "它已经用过、被撤回，或者过期了。请向所有者要一个新的；所有者可以在 hub 所在的电脑上运行：",
                "It was used, taken back, or is too old. Ask an owner for a new one; an owner enters on the hub's computer:",
            ])) }
            p { code.secret { "passerby-hub owner-link" } }
            p { a href=(visitor.at("/console/sign-in")) { (visitor.say(["去登录", "Sign in"])) } }
        },
    );
    (axum::http::StatusCode::GONE, page).into_response()
}

/// `GET /console/join/{link}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(link): Path<String>,
    fields: Fields,
) -> Response {
    match known(&app, &link).await {
        Ok(Some((secret, invitation))) => form(&visitor, &secret, &invitation, &fields, None),
        Ok(None) => over(&visitor),
        Err(error) => refusals::failed(&visitor, &error),
    }
}

fn form(
    visitor: &Visitor,
    secret: &Secret,
    invitation: &Invitation,
    fields: &Fields,
    wrong: Option<&str>,
) -> Response {
    let title = match &invitation.resets {
        Some(_) => ["选择新密码", "Choose a new password"],
        None if invitation.role == Role::Owner => ["欢迎", "Welcome"],
        None => ["加入", "Join"],
    };
    let name = Line {
        complete: "username",
        is_required: true,
        hint: Some(visitor.say([
            "登录时用它，也会出现在记录里。",
            "You sign in with it, and the log has it.",
        ])),
        ..Line::text(
            "name",
            visitor.say(["你的名字", "Your name"]),
            fields.get("name"),
        )
    };
    let password = Line {
        kind: "password",
        complete: "new-password",
        is_required: true,
        hint: Some(visitor.say([
            "至少 10 个字。几个不相干的词最好记。",
            "At least 10 characters. A few words that have nothing in common are easy to remember.",
        ])),
        ..Line::text("password", visitor.say(["密码", "Password"]), "")
    };
    layout::outside(
        visitor,
        visitor.say(title),
        &html! {
            (layout::mistake(wrong))
            @match &invitation.resets {
                Some(name) => p { (visitor.say(["为 ", "For "])) strong { (name) } (visitor.say(["。两步验证会停用，其他设备会退出。", ". The second step goes off, and all devices are signed out."])) },
                None => p { (visitor.say(["你将是：", "You will be: "])) strong { (visitor.say(words::role(invitation.role))) }
                    (visitor.say(["。", ". "])) (visitor.say(words::role_means(invitation.role))) (visitor.say(["。", "."])) },
            }
            form method="post" action=(visitor.at(&format!("/console/join/{}", secret.as_str()))) {
                @if invitation.resets.is_none() { (name.markup()) }
                (password.markup())
                p { button.main { (visitor.say(["继续", "Go on"])) } }
            }
            (unencrypted(visitor))
        },
    )
}

/// What is wrong with a name, in words.
pub(crate) fn name_words(error: NameError) -> [&'static str; 2] {
    match error {
        NameError::Empty => ["请填写名字。", "Give it a name."],
        NameError::Long(_) => ["名字太长了。", "This name is too long."],
        NameError::Hidden => [
            "名字里有看不见的字符。",
            "This name has characters that nobody can see.",
        ],
        NameError::Many(_) => ["太多了。", "These are too many."],
    }
}

/// What is wrong with a password, in words.
pub(crate) fn password_words(error: PasswordError) -> [&'static str; 2] {
    match error {
        PasswordError::Short => [
            "密码至少要 10 个字。",
            "Use a password of at least 10 characters.",
        ],
        PasswordError::Long => [
            "密码最多 200 个字。",
            "Use a password of at most 200 characters.",
        ],
        PasswordError::Common => [
            "这个密码谁都会先猜，换一个。",
            "Everybody would try this password first; use another one.",
        ],
    }
}

/// `POST /console/join/{link}`.
pub(crate) async fn join(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(link): Path<String>,
    headers: HeaderMap,
    fields: Fields,
) -> Response {
    let (secret, invitation) = match known(&app, &link).await {
        Ok(Some(known)) => known,
        Ok(None) => return over(&visitor),
        Err(error) => return refusals::failed(&visitor, &error),
    };
    let wrong = |words: [&'static str; 2]| {
        let page = form(
            &visitor,
            &secret,
            &invitation,
            &fields,
            Some(visitor.say(words)),
        );
        (MISTAKE, page).into_response()
    };
    let name = match &invitation.resets {
        Some(name) => name.clone(),
        None => match person_name(fields.get("name")) {
            Ok(name) => name,
            Err(error) => return wrong(name_words(error)),
        },
    };
    let password = fields.get("password").to_owned();
    if let Err(error) = acceptable(&password, &name) {
        return wrong(password_words(error));
    }
    let Ok(kept) = app.passwords.hash(password).await else {
        return refusals::crowded(&visitor);
    };
    let joined = {
        let secret = secret.clone();
        app.work(move |app| app.hub.store.join(&secret, &name, &kept, clock::now_ms()))
            .await
    };
    match joined {
        Ok(id) => begin(&app, &visitor, &headers, id, "/console").await,
        Err(PeopleError::NameTaken) => wrong([
            "这个名字已经有人用了，换一个。",
            "Somebody here is called that already; use another name.",
        ]),
        Err(PeopleError::Store(error)) => refusals::failed(&visitor, &error),
        Err(_) => over(&visitor),
    }
}
