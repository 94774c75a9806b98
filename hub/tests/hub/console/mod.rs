//! The console and the calls of programs: rights, ways in, forms, pages, and real browsers.

mod api;
mod by_keyboard;
mod chains;
mod conflicts;
mod content_faults;
mod draft_attacks;
mod draft_previews;
mod drafts;
mod emergencies;
mod guide;
mod in_browser;
mod list_ends;
mod people;
mod quotas;
mod rights;
mod sizes;
mod slots;
mod times;
pub(crate) mod ways_in;

use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::system::clock;
use reqwest::blocking::Response;

use crate::stand::{PHONE, Stand};

/// A browser without a picture: it keeps the session, and fills forms with their CSRF word.
pub(crate) struct Visitor<'s> {
    stand: &'s Stand,
    pub(crate) session: Option<String>,
    pub(crate) language: &'static str,
}

impl<'s> Visitor<'s> {
    pub(crate) const fn new(stand: &'s Stand) -> Self {
        Self {
            stand,
            session: None,
            language: "en",
        }
    }

    /// Somebody of a role who is in already, without a password that would take time to look at.
    pub(crate) fn signed_in(stand: &'s Stand, name: &str, role: Role, scope: &Scope) -> Self {
        let store = stand.hub().store;
        let now_ms = clock::now_ms();
        let link = store
            .invite(&Actor::COMMAND_LINE, role, scope, now_ms)
            .unwrap();
        let id = store.join(&link, name, "nobody's", now_ms).unwrap();
        let (session, _) = store.begin_session(id, "test", now_ms).unwrap();
        Self {
            session: Some(session.as_str().to_owned()),
            ..Self::new(stand)
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        let request = self.stand.client.get(self.stand.address(path));
        self.send(request)
    }

    /// Sends a form with the CSRF word of a page.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let csrf = self.csrf();
        let all: Vec<_> = fields
            .iter()
            .copied()
            .chain([("csrf", csrf.as_str())])
            .collect();
        self.post_plain(path, &all)
    }

    /// Sends a form as it is.
    pub(crate) fn post_plain(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.stand.client.post(self.stand.address(path));
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(fields));
        self.send(request)
    }

    pub(crate) fn send(&mut self, request: reqwest::blocking::RequestBuilder) -> Response {
        let mut request = request
            .header("user-agent", PHONE)
            .header("accept-language", self.language);
        if let Some(session) = &self.session {
            request = request.header("cookie", format!("passerby={session}"));
        }
        let response = request.send().unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            if let Some(value) = cookie.strip_prefix("passerby=") {
                let value = value.split(';').next().unwrap();
                self.session = (!value.is_empty()).then(|| value.to_owned());
            }
        }
        response
    }

    /// The CSRF word of this session, as any of its pages has it.
    pub(crate) fn csrf(&mut self) -> String {
        let page = self.get("/console/account").text().unwrap();
        match page.split_once("name=\"csrf\" value=\"") {
            Some((_, rest)) => rest.split('"').next().unwrap().to_owned(),
            None => String::new(),
        }
    }
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let escaped =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    pairs.join("&")
}

pub(crate) fn location(response: &Response) -> String {
    let location = response.headers().get("location");
    location.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

/// A token with rights, of somebody of a role.
pub(crate) fn token(stand: &Stand, name: &str, role: Role, rights: &[Right]) -> String {
    let store = stand.hub().store;
    let now_ms = clock::now_ms();
    let actor = Actor::COMMAND_LINE;
    let id = match store.person_named(name).unwrap() {
        Some((person, _)) => person.id,
        None => {
            let link = store.invite(&actor, role, &Scope::ALL, now_ms).unwrap();
            store.join(&link, name, "nobody's", now_ms).unwrap()
        }
    };
    let rights = rights.iter().copied().collect();
    let token = store.make_token(&actor, (id, "test"), &rights, now_ms + 3_600_000, now_ms);
    token.unwrap().as_str().to_owned()
}
