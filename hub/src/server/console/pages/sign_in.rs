//! The way in and out: name and password, the second step, the language.
//!
//! Invariant: a wrong name and a wrong password get the same answer after the same time.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::people::Secret;
use crate::server::Shared;
use crate::server::console::asker::{
    Asker, Visitor, forget_session, keep_language, keep_session, session_cookie,
};
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Line};
use crate::server::console::refusals;
use crate::server::cookies::cookie;
use crate::server::language::Language;
use crate::server::limits::Kind;
use crate::server::phones::trace::Client;
use crate::store::{PeopleError, SecondStep};
use crate::system::clock;

/// Longest name or password that is looked at, in bytes.
const TYPED_BYTES_MAX: usize = 1_000;

/// `GET /console/sign-in`.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor, fields: Fields) -> Response {
    let has_owner = app.work(|app| app.hub.store.has_owner()).await;
    match has_owner {
        Ok(true) => sign_in_page(&visitor, &fields, None),
        Ok(false) => begin_page(&visitor),
        Err(error) => refusals::failed(&visitor, &error),
    }
}

/// Nobody has used the first link yet.
fn begin_page(visitor: &Visitor) -> Response {
    layout::outside(
        visitor,
        visitor.say(["从这里开始", "Begin here"]),
        &html! {
            p { (visitor.say([
                "这个 hub 还没有所有者。运行它的电脑在启动时显示了一个链接和二维码，打开它来设置名字和密码。",
                "This hub has no owner yet. The computer that runs it showed a link and a code when it started; open it to choose your name and password.",
            ])) }
            p { (visitor.say(["找不到了？在那台电脑上运行：", "Lost it? On that computer, enter:"])) }
            p { code.secret { "passerby-hub owner-link" } }
        },
    )
}

fn sign_in_page(visitor: &Visitor, fields: &Fields, wrong: Option<&str>) -> Response {
    let name = Line {
        complete: "username",
        is_required: true,
        ..Line::text("name", visitor.say(["名字", "Name"]), fields.get("name"))
    };
    let password = Line {
        kind: "password",
        complete: "current-password",
        is_required: true,
        ..Line::text("password", visitor.say(["密码", "Password"]), "")
    };
    layout::outside(
        visitor,
        visitor.say(["登录", "Sign in"]),
        &html! {
            (layout::mistake(wrong))
            form method="post" action=(visitor.at("/console/sign-in")) {
                input type="hidden" name="to" value=(fields.get("to"));
                (name.markup())
                (password.markup())
                p { button.main { (visitor.say(["登录", "Sign in"])) } }
            }
            p.soft { (visitor.say([
                "忘记密码？请所有者在“人员”里给你一个新链接。",
                "Forgot your password? An owner makes you a new link under People.",
            ])) }
            (unencrypted(visitor))
        },
    )
}

/// What there is to know where others on the network could read along.
pub(crate) fn unencrypted(visitor: &Visitor) -> Markup {
    html! {
        @if !visitor.is_https {
            p.notice.warn { (visitor.say([
                "连接没有加密：同一网络里的人可能看到密码。只在你信任的网络里使用，或者给 hub 配置 https。",
                "This connection is not encrypted: others on this network could read your password. Use it in a network that you trust, or give the hub https.",
            ])) }
        }
    }
}

/// `POST /console/sign-in`.
pub(crate) async fn sign_in(
    State(app): State<Shared>,
    visitor: Visitor,
    client: Client,
    headers: HeaderMap,
    fields: Fields,
) -> Response {
    let (name, password) = (
        fields.get("name").to_owned(),
        fields.get("password").to_owned(),
    );
    let known = {
        let name = name.clone();
        app.work(move |app| {
            let now_ms = clock::now_ms();
            let store = &app.hub.store;
            let networks = client.networks(store, now_ms)?;
            let may = app.limits.take(Kind::SignIn, &networks, now_ms);
            if let Err(again_s) = may.and_then(|()| app.attempts.take(&name, now_ms)) {
                return Ok(Err(again_s));
            }
            store.person_named(&name).map(Ok)
        })
        .await
    };
    let known = match known {
        Ok(Ok(known)) => known,
        Ok(Err(again_s)) => return too_many(&visitor, &fields, again_s),
        Err(error) => return refusals::failed(&visitor, &error),
    };
    let is_short = password.len() <= TYPED_BYTES_MAX && name.len() <= TYPED_BYTES_MAX;
    let (person, kept) = known.unzip();
    let right = app
        .passwords
        .is_right(if is_short { password } else { String::new() }, kept)
        .await;
    let Ok(is_right) = right else {
        return refusals::crowded(&visitor);
    };
    let Some(person) = person.filter(|_| is_right && is_short) else {
        let wrong = visitor.say(["名字或密码不对。", "Name or password is wrong."]);
        let page = sign_in_page(&visitor, &fields, Some(wrong));
        return (StatusCode::FORBIDDEN, page).into_response();
    };
    begin(&app, &visitor, &headers, person.id, fields.get("to")).await
}

fn too_many(visitor: &Visitor, fields: &Fields, again_s: u32) -> Response {
    let wrong = visitor.say([
        "尝试的次数太多了。请过一会儿再试。",
        "There were too many tries. Wait a little and try again.",
    ]);
    let page = sign_in_page(visitor, fields, Some(wrong));
    let retry = [(header::RETRY_AFTER, again_s.to_string())];
    (StatusCode::TOO_MANY_REQUESTS, retry, page).into_response()
}

/// Begins a session of somebody who has shown who they are, and leads on. The secret is always a
/// new one, whatever cookie the browser came with.
pub(crate) async fn begin(
    app: &Shared,
    visitor: &Visitor,
    headers: &HeaderMap,
    person: i64,
    to: &str,
) -> Response {
    let client = headers.get(header::USER_AGENT);
    let client = client.map_or(String::new(), |value| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    });
    let begun = app
        .work(move |app| {
            app.hub
                .store
                .begin_session(person, &client, clock::now_ms())
        })
        .await;
    let (session, is_whole) = match begun {
        Ok(begun) => begun,
        Err(PeopleError::Store(error)) => return refusals::failed(visitor, &error),
        Err(_) => return visitor.to("/console/sign-in"),
    };
    let to = own_path(to);
    let mut response = if is_whole {
        visitor.to(to)
    } else {
        visitor.to(&path_with("/console/second-step", &[("to", to)]))
    };
    keep_session(&mut response, visitor.is_https, &session);
    response
}

/// Where to go on: a page of the console, and nothing else that somebody may have put there.
pub(crate) fn own_path(to: &str) -> &str {
    let is_own = to == "/console" || to.starts_with("/console/") || to.starts_with("/console?");
    let is_plain = to
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own && is_plain && to.len() <= TYPED_BYTES_MAX && !to.contains("//") {
        to
    } else {
        "/console"
    }
}

/// `GET /console/second-step`.
pub(crate) async fn second_step(asker: Asker, fields: Fields) -> Response {
    second_step_page(&asker, &fields, None)
}

fn second_step_page(asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let code = Line {
        complete: "one-time-code",
        is_required: true,
        hint: Some(asker.say([
            "手机丢了？输入一个恢复码。",
            "Lost your phone? Enter one of your recovery codes.",
        ])),
        ..Line::text(
            "code",
            asker.say(["手机上的六位数字", "The six digits on your phone"]),
            "",
        )
    };
    layout::outside(
        &asker.visitor,
        asker.say(["第二步", "The second step"]),
        &html! {
            (layout::mistake(wrong))
            (layout::form(asker, "/console/second-step", "", &html! {
                input type="hidden" name="to" value=(fields.get("to"));
                (code.markup())
                p { button.main { (asker.say(["继续", "Go on"])) } }
            }))
            (layout::form(asker, "/console/sign-out", "", &html! {
                button.quiet { (asker.say(["取消", "Cancel"])) }
            }))
        },
    )
}

/// `POST /console/second-step`.
pub(crate) async fn take_second_step(
    State(app): State<Shared>,
    asker: Asker,
    fields: Fields,
) -> Response {
    let (id, session) = (asker.person.id, asker.session.sha256());
    let (name, code) = (asker.person.name.clone(), fields.get("code").to_owned());
    let taken = app
        .work(move |app| {
            let now_ms = clock::now_ms();
            let allowed = app.attempts.take(&format!("\n{name}"), now_ms);
            allowed.map(|()| app.hub.store.second_step(id, &session, &code, now_ms))
        })
        .await;
    let wrong = match taken {
        Ok(Ok(SecondStep::Done(session))) => {
            let mut response = asker.visitor.to(own_path(fields.get("to")));
            keep_session(&mut response, asker.visitor.is_https, &session);
            return response;
        }
        Ok(Ok(SecondStep::Wrong) | Err(PeopleError::Unknown)) => [
            "这个数字不对，或者已经用过。",
            "These digits are wrong, or were used before.",
        ],
        Ok(Err(PeopleError::Store(error))) => return refusals::failed(&asker.visitor, &error),
        Ok(Err(_)) => return refusals::later(&asker.visitor),
        Err(_) => [
            "尝试的次数太多了。请过一会儿再试。",
            "There were too many tries. Wait a little and try again.",
        ],
    };
    let page = second_step_page(&asker, &fields, Some(asker.say(wrong)));
    (MISTAKE, page).into_response()
}

/// `POST /console/sign-out`, also before the second step.
pub(crate) async fn sign_out(
    State(app): State<Shared>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Response {
    let session = cookie(&headers, session_cookie(visitor.is_https)).and_then(Secret::parse);
    if let Some(session) = session {
        let ended = app
            .work(move |app| app.hub.store.end_session(&session.sha256()))
            .await;
        if let Err(error) = ended {
            return refusals::failed(&visitor, &error);
        }
    }
    let mut response = visitor.to("/console/sign-in");
    forget_session(&mut response, visitor.is_https);
    response
}

/// `POST /console/language`.
pub(crate) async fn language(visitor: Visitor, fields: Fields) -> Response {
    let mut response = visitor.to(own_path(fields.get("to")));
    if let Some(language) = Language::of_word(fields.get("language")) {
        keep_language(&mut response, visitor.is_https, language);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_out_of_the_console() {
        for own in [
            "/console",
            "/console?done=saved",
            "/console/screens/3?after=2",
        ] {
            assert_eq!(own_path(own), own);
        }
        for foreign in [
            "",
            "//evil.example/console",
            "https://evil.example/console/",
            "/console//evil.example",
            "/console/\\evil.example",
            "/consolex",
            "/console/\r\nSet-Cookie: a=b",
            "/s/abc",
        ] {
            assert_eq!(own_path(foreign), "/console", "{foreign}");
        }
    }
}
