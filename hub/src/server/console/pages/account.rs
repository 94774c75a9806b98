//! One's own account: password, sessions, tokens.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::hexadecimal::{hex, unhex32};

use crate::people::{NAME_CHARS_MAX, Right, acceptable, line};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::pages::join::{name_words, password_words};
use crate::server::console::pages::people_forms::why;
use crate::server::console::pages::quotas;
use crate::server::console::pages::sign_in::unencrypted;
use crate::server::console::{devices, refusals, words};
use crate::store::{PeopleError, Quota, SessionLine, StoreError, TokenLine, Usage};
use crate::system::clock::{self, DAY_MS};

/// For how many days a token may work.
const TOKEN_DAYS: [i64; 4] = [7, 30, 90, 365];

/// What the page shows.
struct Own {
    sessions: Vec<SessionLine>,
    tokens: Vec<TokenLine>,
    recovery_codes: usize,
    quota: (Quota, Usage),
}

async fn read(app: &Shared, asker: &Asker) -> Result<Own, StoreError> {
    let id = asker.person.id;
    app.work(move |app| {
        let (store, now_ms) = (&app.hub.store, clock::now_ms());
        Ok(Own {
            sessions: store.sessions_of(id, now_ms)?,
            tokens: store.tokens_of(id, now_ms)?,
            recovery_codes: store.recovery_codes_left(id)?,
            quota: store.quota_of(id)?,
        })
    })
    .await
}

/// `GET /console/account`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None).await
}

async fn page(
    app: &Shared,
    asker: &Asker,
    fields: &Fields,
    wrong: Option<[&'static str; 2]>,
) -> Response {
    let own = match read(app, asker).await {
        Ok(own) => own,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let body = html! {
        (layout::mistake(wrong.map(|words| asker.say(words))))
        p { (asker.say(["你是", "You are: "])) strong { (asker.say(words::role(asker.person.role))) } (asker.say(["。", ". "])) (asker.say(words::role_means(asker.person.role))) (asker.say(["。", "."])) }
        (layout::form(asker, "/console/sign-out", "actions", &html! { button { (asker.say(["退出", "Sign out"])) } }))
        (unencrypted(&asker.visitor))
        (password(asker))
        (second_step(asker, own.recovery_codes))
        (sessions(asker, &own.sessions))
        (tokens(asker, &own.tokens))
        @if asker.actor.may(Right::ChangeDrafts) { section {
            h2 { (asker.say(["你的文件", "Your files"])) }
            (quotas::bars(asker, own.quota.0, own.quota.1))
        } }
    };
    layout::page(
        asker,
        Chapter::Account,
        asker.say(["账户", "Account"]),
        fields,
        &body,
    )
}

fn password(asker: &Asker) -> Markup {
    let field = |name, words, complete| {
        Line {
            kind: "password",
            complete,
            is_required: true,
            ..Line::text(name, asker.say(words), "")
        }
        .markup()
    };
    html! {
        section {
            h2 { (asker.say(["密码", "Password"])) }
            details {
                summary { (asker.say(["更改密码", "Change your password"])) }
                (layout::form(asker, "/console/account/password", "", &html! {
                    input type="hidden" name="username" autocomplete="username" value=(asker.person.name);
                    (field("old", ["现在的密码", "The password of now"], "current-password"))
                    (field("new", ["新密码", "The new one"], "new-password"))
                    p.soft { (asker.say(["其他设备会退出。", "All other devices are signed out."])) }
                    button { (asker.say(["更改", "Change it"])) }
                }))
            }
        }
    }
}

fn second_step(asker: &Asker, recovery_codes: usize) -> Markup {
    html! {
        section {
            h2 { (asker.say(["两步验证", "Second step"])) }
            @if asker.person.has_second_step {
                p { span.badge.good { (asker.say(["已启用", "On"])) } " " span.soft { (asker.say(["剩余恢复码：", "Recovery codes left: "])) (recovery_codes) } }
                details {
                    summary { (asker.say(["停用", "Turn it off"])) }
                    (layout::form(asker, "/console/account/second-step/end", "", &html! {
                        (Line { kind: "password", complete: "current-password", is_required: true, ..Line::text("password", asker.say(["密码", "Password"]), "") }.markup())
                        button.danger { (asker.say(["停用", "Turn it off"])) }
                    }))
                }
            } @else {
                p.soft { (asker.say(["登录时除了密码，还要输入手机上的六位数字。", "Besides your password, six digits from your phone are needed to sign in."])) }
                a.button href=(asker.at("/console/account/second-step")) { (asker.say(["启用", "Turn it on"])) }
            }
        }
    }
}

fn sessions(asker: &Asker, sessions: &[SessionLine]) -> Markup {
    let own = asker.session.sha256();
    html! {
        section {
            h2 { (asker.say(["已登录的设备", "Where you are signed in"])) }
            ul.rows { @for session in sessions { li.item {
                @if session.handle == own { strong { (asker.say(["这台设备", "This device"])) } br; }
                span title=(session.client) { (devices::called(asker.visitor.language, &session.client)) }
                br; span.soft { (layout::ago(asker.visitor.language, session.seen_ms, clock::now_ms())) (asker.say(["使用过，", ", "])) (layout::moment(session.made_ms)) (asker.say([" 登录", " signed in"])) }
            } } }
            @if sessions.len() > 1 {
                (layout::form(asker, "/console/account/sessions/end", "", &html! {
                    button { (asker.say(["退出其他设备", "Sign all others out"])) }
                }))
            }
        }
    }
}

fn tokens(asker: &Asker, tokens: &[TokenLine]) -> Markup {
    let days: Vec<(String, String)> = TOKEN_DAYS
        .iter()
        .map(|days| {
            (
                days.to_string(),
                format!("{days} {}", asker.say(["天", "days"])),
            )
        })
        .collect();
    html! {
        section {
            h2 { (asker.say(["令牌", "Tokens"])) }
            p.soft { (asker.say(["程序用令牌以你的名义调用 ", "Programs use a token to call "])) a href=(asker.at("/api/v1/openapi.json")) { "/api/v1" } (asker.say(["。", " in your name."])) }
            ul.rows { @for token in tokens { li.item {
                strong { (token.name) } br;
                @for right in &token.rights { span.tag { (asker.say(words::right(*right))) } " " }
                br; span.soft { (asker.say(["到 ", "until "])) (layout::moment(token.expires_ms)) " · "
                    @match token.used_ms { Some(used_ms) => { (asker.say(["上次使用：", "used "])) (layout::ago(asker.visitor.language, used_ms, clock::now_ms())) }, None => { (asker.say(["没有用过", "never used"])) } }
                }
                (layout::form(asker, &format!("/console/account/tokens/{}/end", hex(&token.handle)), "", &html! {
                    button.danger { (asker.say(["停用", "End it"])) }
                }))
            } } }
            details {
                summary { (asker.say(["创建令牌", "Make a token"])) }
                (layout::form(asker, "/console/account/tokens", "", &html! {
                    (Line { is_required: true, ..Line::text("name", asker.say(["名称", "Name"]), "") }.markup())
                    fieldset {
                        legend { (asker.say(["它可以", "It may"])) }
                        @for right in Right::ALL.into_iter().filter(|right| asker.actor.may(*right)) {
                            label.check { input type="checkbox" name="right" value=(right.word()); span { (asker.say(words::right(right))) } }
                        }
                    }
                    (choice("days", asker.say(["有效期", "For"]), "30", &days))
                    button { (asker.say(["创建", "Make it"])) }
                }))
            }
        }
    }
}

async fn mistaken(
    app: &Shared,
    asker: &Asker,
    fields: &Fields,
    words: [&'static str; 2],
) -> Response {
    (MISTAKE, page(app, asker, fields, Some(words)).await).into_response()
}

/// Tells whether this is the asker's password. Tries count as those of signing in do.
pub(super) async fn is_own_password(
    app: &Shared,
    asker: &Asker,
    password: &str,
) -> Result<bool, Response> {
    let name = asker.person.name.clone();
    let known = app
        .work(move |app| {
            if app.attempts.take(&name, clock::now_ms()).is_err() {
                return Ok(None);
            }
            app.hub.store.person_named(&name)
        })
        .await;
    let kept = match known {
        Ok(known) => known.map(|(_, kept)| kept),
        Err(error) => return Err(refusals::failed(&asker.visitor, &error)),
    };
    let typed = password.chars().take(1_000).collect();
    let right = app.passwords.is_right(typed, kept).await;
    right.map_err(|_| refusals::later(&asker.visitor))
}

/// `POST /console/account/password`.
pub(crate) async fn change_password(
    State(app): State<Shared>,
    asker: Asker,
    fields: Fields,
) -> Response {
    match is_own_password(&app, &asker, fields.get("old")).await {
        Ok(true) => {}
        Ok(false) => {
            return mistaken(
                &app,
                &asker,
                &fields,
                ["现在的密码不对。", "The password of now is wrong."],
            )
            .await;
        }
        Err(response) => return response,
    }
    let new = fields.get("new").to_owned();
    if let Err(error) = acceptable(&new, &asker.person.name) {
        return mistaken(&app, &asker, &fields, password_words(error)).await;
    }
    let Ok(kept) = app.passwords.hash(new).await else {
        return refusals::later(&asker.visitor);
    };
    let (actor, id, session) = (
        Arc::clone(&asker.actor),
        asker.person.id,
        asker.session.sha256(),
    );
    let done = app
        .work(move |app| {
            app.hub
                .store
                .set_password(&actor, id, &kept, Some(&session), clock::now_ms())
        })
        .await;
    match done {
        Ok(()) => asker.visitor.to("/console/account?done=password"),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(_) => refusals::not_here(&asker.visitor),
    }
}

/// `POST /console/account/sessions/end`.
pub(crate) async fn end_sessions(State(app): State<Shared>, asker: Asker) -> Response {
    let (actor, id, session) = (
        Arc::clone(&asker.actor),
        asker.person.id,
        asker.session.sha256(),
    );
    let done = app
        .work(move |app| {
            app.hub
                .store
                .end_other_sessions(&actor, id, &session, clock::now_ms())
        })
        .await;
    match done {
        Ok(_) => asker.visitor.to("/console/account?done=sessions"),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(_) => refusals::not_here(&asker.visitor),
    }
}

/// `POST /console/account/tokens`.
pub(crate) async fn make_token(
    State(app): State<Shared>,
    asker: Asker,
    fields: Fields,
) -> Response {
    let name = match line(fields.get("name"), NAME_CHARS_MAX) {
        Ok(name) => name,
        Err(error) => return mistaken(&app, &asker, &fields, name_words(error)).await,
    };
    let rights: BTreeSet<Right> = fields
        .all("right")
        .filter_map(Right::of_word)
        .filter(|right| asker.actor.may(*right))
        .collect();
    if rights.is_empty() {
        return mistaken(
            &app,
            &asker,
            &fields,
            ["选一下它可以做什么。", "Choose what it may do."],
        )
        .await;
    }
    let days = fields.get("days").parse::<i64>().ok();
    let days = days
        .filter(|days| TOKEN_DAYS.contains(days))
        .unwrap_or(TOKEN_DAYS[0]);
    let (actor, id) = (Arc::clone(&asker.actor), asker.person.id);
    let made = app
        .work(move |app| {
            let now_ms = clock::now_ms();
            app.hub
                .store
                .make_token(&actor, (id, &name), &rights, now_ms + days * DAY_MS, now_ms)
        })
        .await;
    match made {
        Ok(secret) => {
            let body = html! {
                section {
                    p { (asker.say(["令牌只显示这一次。程序这样发送它：", "The token is shown this once. Programs send it like this:"])) }
                    p { code.secret { "Authorization: Bearer " (secret.as_str()) } }
                }
                p { a.button href=(asker.at("/console/account")) { (asker.say(["回到账户", "Back to your account"])) } }
            };
            let page = layout::page(
                &asker,
                Chapter::Account,
                asker.say(["令牌做好了", "The token is ready"]),
                &Fields::default(),
                &body,
            );
            (StatusCode::CREATED, page).into_response()
        }
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(error) => mistaken(&app, &asker, &fields, why(&error)).await,
    }
}

/// `POST /console/account/tokens/{token}/end`.
pub(crate) async fn end_token(
    State(app): State<Shared>,
    asker: Asker,
    Path(handle): Path<String>,
) -> Response {
    let Some(handle) = unhex32(&handle) else {
        return refusals::not_here(&asker.visitor);
    };
    let (actor, id) = (Arc::clone(&asker.actor), asker.person.id);
    let done = app
        .work(move |app| {
            app.hub
                .store
                .end_token(&actor, id, &handle, clock::now_ms())
        })
        .await;
    match done {
        Ok(()) => asker.visitor.to("/console/account?done=token-ended"),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(_) => refusals::not_here(&asker.visitor),
    }
}
