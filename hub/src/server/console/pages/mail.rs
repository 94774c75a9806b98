//! The server that takes the hub's mail.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use maud::html;

use crate::alerts::check::{self, RuleError};
use crate::alerts::sealed_password;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::pages::alert_form;
use crate::server::console::refusals;
use crate::store::{MailEncryption, MailServer, StoreError};
use crate::system::clock;

type Known = Option<(MailServer, Option<Vec<u8>>)>;

async fn known(app: &Shared) -> Result<Known, StoreError> {
    app.work(|app| app.hub.store.mail_server()).await
}

const fn encryption_words(encryption: MailEncryption) -> [&'static str; 2] {
    match encryption {
        MailEncryption::Tls => ["TLS（通常 465 端口）", "TLS (usually port 465)"],
        MailEncryption::Starttls => ["STARTTLS（通常 587 端口）", "STARTTLS (usually port 587)"],
        MailEncryption::None => ["不加密（只用于本机）", "None (for this machine only)"],
    }
}

/// `GET /console/mail`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    match known(&app).await {
        Ok(known) => page(&asker, &known, &fields, None),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

fn page(asker: &Asker, known: &Known, fields: &Fields, wrong: Option<&str>) -> Response {
    let server = known.as_ref().map(|(server, _)| server);
    let port = server.map_or("465".to_owned(), |server| server.port.to_string());
    let encryption = server.map_or(MailEncryption::Tls, |server| server.encryption);
    let ways = MailEncryption::ALL.map(|way| {
        (
            way.word().to_owned(),
            asker.say(encryption_words(way)).to_owned(),
        )
    });
    let has_password = known.as_ref().is_some_and(|(_, sealed)| sealed.is_some());
    let hint = asker.say(if has_password {
        [
            "已经有一个。留空就不变。",
            "There is one. Leave it empty to keep it.",
        ]
    } else {
        [
            "会加密保存，之后不再显示",
            "It is kept sealed and not shown again",
        ]
    });
    let body = html! {
        (layout::mistake(wrong))
        p { a href=(asker.at("/console/alerts")) { (asker.say(["回到提醒", "Back to alerts"])) } }
        section {
            (layout::form(asker, "/console/mail", "", &html! {
                (Line { is_required: true, hint: Some("smtp.example.com"), ..Line::text("host", asker.say(["主机", "Host"]), server.map_or("", |server| &server.host)) }.markup())
                (Line { is_required: true, kind: "number", ..Line::text("port", asker.say(["端口", "Port"]), &port) }.markup())
                (choice("encryption", asker.say(["加密", "Encryption"]), encryption.word(), &ways))
                (Line::text("user", asker.say(["用户名（可以不填）", "User, if it asks for one"]), server.and_then(|server| server.user.as_deref()).unwrap_or("")).markup())
                (Line { kind: "password", complete: "new-password", hint: Some(hint), ..Line::text("password", asker.say(["密码", "Password"]), "") }.markup())
                (Line { is_required: true, kind: "email", ..Line::text("from", asker.say(["发件地址", "Mail is from"]), server.map_or("", |server| &server.from)) }.markup())
                (Line { kind: "email", hint: Some(asker.say(["不填就是发件地址", "Left empty, they go to the sender"])),
                    ..Line::text("reply_to", asker.say(["关注者的回信寄到", "Answers of people who follow go to"]), server.and_then(|server| server.reply_to.as_deref()).unwrap_or("")) }.markup())
                button.main { (asker.say(["保存", "Save"])) }
            }))
            p.soft { (asker.say([
                "本机或内网的服务器要在启动 hub 时用 --source-host 写明。",
                "A server on this machine or in a private network has to be named with --source-host when the hub is started.",
            ])) }
        }
        @if server.is_some() {
            section {
                details {
                    summary { (asker.say(["移除邮件服务器", "Remove the mail server"])) }
                    (layout::form(asker, "/console/mail/remove", "", &html! {
                        button.danger { (asker.say(["移除", "Remove"])) }
                    }))
                }
            }
        }
    };
    let title = asker.say(["邮件服务器", "Mail server"]);
    layout::page(asker, Chapter::Alerts, title, fields, &body)
}

fn read(fields: &Fields) -> Result<(MailServer, Option<String>), RuleError> {
    let password = fields.get("password");
    if password.len() > check::PASSWORD_BYTES_MAX {
        return Err(RuleError::Secret);
    }
    let server = MailServer {
        host: fields.get("host").to_owned(),
        port: fields
            .get("port")
            .trim()
            .parse()
            .map_err(|_| RuleError::Port)?,
        encryption: MailEncryption::of_word(fields.get("encryption")).ok_or(RuleError::Port)?,
        user: fields.word("user").map(str::to_owned),
        from: fields.get("from").trim().to_owned(),
        reply_to: fields.word("reply_to").map(str::to_owned),
    };
    let password = Some(password).filter(|password| !password.is_empty());
    let server = check::mail_server(server, password.is_some())?;
    Ok((server, password.map(str::to_owned)))
}

/// `POST /console/mail`.
pub(crate) async fn change(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let (server, password) = match read(&fields) {
        Ok(read) => read,
        Err(error) => {
            let wrong = Some(asker.say(alert_form::why(error)));
            return match known(&app).await {
                Ok(known) => (MISTAKE, page(&asker, &known, &fields, wrong)).into_response(),
                Err(error) => refusals::failed(&asker.visitor, &error),
            };
        }
    };
    let actor = Arc::clone(&asker.actor);
    let set = app
        .work(move |app| {
            let sealed = password.map(|password| sealed_password(&app.hub, &password));
            let store = &app.hub.store;
            store.set_mail_server(&actor, &server, sealed.as_deref(), clock::now_ms())
        })
        .await;
    match set {
        Ok(()) => asker.visitor.to("/console/mail?done=saved"),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `POST /console/mail/remove`.
pub(crate) async fn remove(State(app): State<Shared>, asker: Asker) -> Response {
    let actor = Arc::clone(&asker.actor);
    let removed = app
        .work(move |app| app.hub.store.remove_mail_server(&actor, clock::now_ms()))
        .await;
    match removed {
        Ok(()) => asker.visitor.to("/console/mail?done=mail-removed"),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}
