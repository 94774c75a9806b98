//! Who looks at a page of the console: a visitor with a language, and who they are once they have
//! signed in.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::people::{Actor, Secret};
use crate::public_url::PublicUrl;
use crate::server::Shared;
use crate::server::cookies::{cookie, set_cookie};
use crate::server::language::{COOKIE, Language};
use crate::store::{AiringEmergency, Person};

/// How long a language is remembered, in seconds: a year.
const LANGUAGE_S: u32 = 31_536_000;

/// Whoever looks.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) language: Language,
    /// What stands before every path, where the hub is below one.
    base: Arc<str>,
    /// Whether browsers reach the hub encrypted.
    pub(crate) is_https: bool,
    /// The path and what is behind it, as it was asked for.
    pub(crate) path: String,
}

/// Somebody who signed in.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) visitor: Visitor,
    pub(crate) person: Arc<Person>,
    pub(crate) session: Secret,
    pub(crate) actor: Arc<Actor>,
    /// What covers screens of theirs now, for the strip above every page.
    pub(crate) emergencies: Arc<Vec<AiringEmergency>>,
}

impl Visitor {
    pub(crate) fn new(headers: &HeaderMap, public_url: &PublicUrl, path: String) -> Self {
        Self {
            language: Language::of(headers, cookie(headers, COOKIE)),
            base: public_url.local("").into(),
            is_https: public_url.is_https(),
            path,
        }
    }

    /// Picks a text in the language.
    pub(crate) const fn say(&self, words: [&'static str; 2]) -> &'static str {
        self.language.say(words)
    }

    /// A path as the browser asks for it.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Leads on to a path, with a `GET`.
    pub(crate) fn to(&self, path: &str) -> Response {
        redirect(&self.at(path))
    }
}

impl Asker {
    /// What every form of theirs carries, so that no other site can send one in their name.
    pub(crate) fn csrf(&self) -> String {
        csrf_of(&self.session)
    }

    /// See [`Visitor::say`].
    pub(crate) const fn say(&self, words: [&'static str; 2]) -> &'static str {
        self.visitor.say(words)
    }

    /// Whether they read Chinese: where a sentence has numbers in it, each language puts them
    /// elsewhere.
    pub(crate) fn is_chinese(&self) -> bool {
        self.visitor.language == Language::Chinese
    }

    /// See [`Visitor::at`].
    pub(crate) fn at(&self, path: &str) -> String {
        self.visitor.at(path)
    }
}

/// What the forms of a session carry.
pub(crate) fn csrf_of(session: &Secret) -> String {
    session.derived("form")
}

fn redirect(path: &str) -> Response {
    let value = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/console"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, value)]).into_response()
}

/// The name of the cookie with the session. Over https no page of another host, and no page without
/// encryption, can set it.
pub(crate) const fn session_cookie(is_https: bool) -> &'static str {
    if is_https {
        "__Host-passerby"
    } else {
        "passerby"
    }
}

/// Has the browser keep a session.
pub(crate) fn keep_session(response: &mut Response, is_https: bool, session: &Secret) {
    set_cookie(
        response,
        is_https,
        session_cookie(is_https),
        session.as_str(),
        None,
    );
}

/// Has the browser forget it.
pub(crate) fn forget_session(response: &mut Response, is_https: bool) {
    set_cookie(response, is_https, session_cookie(is_https), "", Some(0));
}

/// Has the browser keep a language.
pub(crate) fn keep_language(response: &mut Response, is_https: bool, language: Language) {
    set_cookie(
        response,
        is_https,
        COOKIE,
        language.word(),
        Some(LANGUAGE_S),
    );
}

impl FromRequestParts<Shared> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Infallible> {
        let known = parts.extensions.get().cloned();
        Ok(known.unwrap_or_else(|| {
            let path = parts.uri.path().to_owned();
            Self::new(&parts.headers, &app.public_url, path)
        }))
    }
}

impl FromRequestParts<Shared> for Asker {
    type Rejection = Response;

    /// The gate has put them there; a call that is open to all has nobody.
    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let known = parts.extensions.get().cloned();
        known.ok_or_else(|| redirect(&app.public_url.local("/console/sign-in")))
    }
}
