//! What every page and form about one link begins with: which link, who asks, what was typed or
//! stands behind the path, and whether that network may ask now.
//!
//! Invariants: a form is read up to what a small body may have, and before that nothing of it is
//! looked at; whoever asks too often gets no further.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts as _, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use maud::html;

use crate::server::body::Unread;
use crate::server::limits::Kind;
use crate::server::phones::note;
use crate::server::phones::redirection::see;
use crate::server::phones::trace::Client;
use crate::server::{AppState, Shared};
use crate::store::{LandingFacts, StoreError};
use crate::system::clock;
use crate::system::random::is_share_name;

/// Most fields that are looked at.
const FIELDS_MAX: usize = 50;

/// Fields by name, each as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormFields(Vec<(String, String)>);

impl FormFields {
    /// Takes those that were read otherwise.
    pub(crate) fn of_pairs(mut fields: Vec<(String, String)>) -> Self {
        fields.truncate(FIELDS_MAX);
        Self(fields)
    }

    /// The first of a name; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether something stands in a field.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// Reads those of a body.
    pub(crate) async fn of_body(body: Vec<u8>) -> Option<Self> {
        let request = Request::builder()
            .method(Method::POST)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .ok()?;
        let Form(fields) = Form::from_request(request, &()).await.ok()?;
        Some(Self::of_pairs(fields))
    }
}

/// A request about a link, or about none: its page, or a form.
pub(crate) struct OfLink {
    /// What the link is called; empty where the path names none.
    pub(crate) name: String,
    /// The same as it was asked for.
    pub(crate) as_typed: String,
    /// Of a form what was typed, of a page what stands behind its path.
    pub(crate) fields: FormFields,
    /// Who asks.
    pub(crate) client: Client,
}

impl FromRequest<Shared> for OfLink {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let mut link = Self::of_head(&mut parts, app).await;
        if parts.method == Method::POST {
            let Ok(unread) = Unread::from_request(Request::from_parts(parts, body), app).await;
            let bytes = unread.small().await.map_err(|_| not_whole())?;
            let typed = FormFields::of_body(bytes).await;
            link.fields = typed.ok_or_else(not_whole)?;
        }
        Ok(link)
    }
}

impl OfLink {
    /// Reads the link and who asks from the head of a request, whose body may be read later.
    pub(crate) async fn of_head(parts: &mut Parts, app: &Shared) -> Self {
        let name = Path::<String>::from_request_parts(parts, app).await;
        let fields = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Ok(client) = Client::from_request_parts(parts, app).await;
        let as_typed = name.map_or_else(|_| String::new(), |Path(name)| name);
        Self {
            // Some programs change the case of what they pass on.
            name: as_typed.to_ascii_lowercase(),
            as_typed,
            fields: FormFields::of_pairs(fields.map(|Query(fields)| fields).unwrap_or_default()),
            client,
        }
    }

    /// Answers off the async threads, unless this network asks too often.
    pub(super) async fn answer(
        self,
        app: &Shared,
        kind: Kind,
        work: impl FnOnce(&AppState, &Self, i64) -> Result<Response, StoreError> + Send + 'static,
    ) -> Response {
        app.work(move |app: &AppState| {
            let now_ms = clock::now_ms();
            match app.refusal(kind, &self.client, now_ms)? {
                Some(refusal) => Ok(refusal),
                None => work(app, &self, now_ms),
            }
        })
        .await
        .unwrap_or_else(note::failed)
    }

    /// What the link's page shows, to whoever it belongs to; `None` for all others.
    pub(crate) fn own_facts(
        &self,
        app: &AppState,
        now_ms: i64,
    ) -> Result<Option<LandingFacts>, StoreError> {
        let store = &app.hub.store;
        let visitor = self.client.counted(store, now_ms)?;
        let facts = store.landing_facts(&self.name, visitor)?;
        Ok(facts.filter(|facts| facts.is_own))
    }

    /// The link's page, for whoever this one is not for; what no link is called leads nowhere.
    pub(crate) fn to_link(&self, app: &AppState) -> Response {
        if !is_share_name(&self.name) {
            return note::unknown_link();
        }
        see(&app.public_url.local(&format!("/s/{}", self.name)))
    }
}

/// The page after a form.
pub(crate) fn after(app: &AppState, path: &str) -> Response {
    let mut response = see(&app.public_url.local(path));
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}

/// The form did not arrive, or is longer than any of ours.
pub(crate) fn not_whole() -> Response {
    note::note(
        StatusCode::BAD_REQUEST,
        ["没有收全", "It did not arrive whole"],
        |language| {
            html! { p { (language.say(["请再发一次，写短一点。", "Please send it once more, and shorter."])) } }
        },
    )
}
