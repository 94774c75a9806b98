//! The server that takes the hub's mail, for programs.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::alerts::check::{self, RuleError};
use crate::alerts::sealed_password;
use crate::server::Shared;
use crate::server::api::calls::alerts::of_rule;
use crate::server::api::calls::errors::{Answer, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::problem::Problem;
use crate::store::{MailEncryption, MailServer};
use crate::system::clock;

async fn told(app: &Shared) -> Answer {
    let known = app.work(|app| app.hub.store.mail_server()).await;
    let known = known.map_err(of_store)?;
    let has_password = known.as_ref().is_some_and(|(_, sealed)| sealed.is_some());
    let server = known.map(|(server, _)| server);
    ok(json!({ "server": server, "has_password": has_password }))
}

pub(in crate::server::api) async fn show(State(app): State<Shared>, _: Caller) -> Answer {
    told(&app).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    host: String,
    port: u16,
    encryption: MailEncryption,
    user: Option<String>,
    password: Option<String>,
    from: String,
    #[serde(default)]
    reply_to: Option<String>,
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let said: Said = sent.json()?;
    let server = MailServer {
        host: said.host,
        port: said.port,
        encryption: said.encryption,
        user: said.user,
        from: said.from,
        reply_to: said.reply_to,
    };
    let password = said.password.filter(|password| !password.is_empty());
    let is_long = |password: &String| password.len() > check::PASSWORD_BYTES_MAX;
    if password.as_ref().is_some_and(is_long) {
        let said = format!(
            "use a password of at most {} bytes",
            check::PASSWORD_BYTES_MAX
        );
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, said));
    }
    let checked: Result<MailServer, RuleError> = check::mail_server(server, password.is_some());
    let server = checked.map_err(of_rule)?;
    let set = app
        .work(move |app| {
            let sealed = password.map(|password| sealed_password(&app.hub, &password));
            let store = &app.hub.store;
            store.set_mail_server(&actor, &server, sealed.as_deref(), clock::now_ms())
        })
        .await;
    set.map_err(of_store)?;
    told(&app).await
}

pub(in crate::server::api) async fn remove(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Answer {
    let removed = app
        .work(move |app| app.hub.store.remove_mail_server(&actor, clock::now_ms()))
        .await;
    removed.map_err(of_store)?;
    ok(json!({}))
}
