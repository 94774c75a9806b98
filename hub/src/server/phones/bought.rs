//! `/c/{campaign}`: a link of a shop that can do no more than lead a browser somewhere once
//! somebody has bought something.
//!
//! Invariants: whoever opens it gets on, whatever it counts for; what it says is counted once for
//! its id, and of a link without a signature once for a click, of a person, with a mark; it leads
//! nowhere but to where the campaign leads, unless its shop has signed it.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use maud::html;
use passerby_protocol::CampaignId;

use crate::conversions::Proof;
use crate::server::limits::Kind;
use crate::server::phones::note;
use crate::server::phones::redirection::see;
use crate::server::phones::trace::Client;
use crate::server::{AppState, Shared};
use crate::shops::{Link, LinkError, may_lead_to};
use crate::store::{ConversionError, StoreError};
use crate::system::clock;

/// The header that tells whoever builds a shop what became of its link.
const OUTCOME: HeaderName = HeaderName::from_static("x-passerby-conversion");

pub(crate) async fn bought(
    State(app): State<Shared>,
    campaign: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    client: Client,
) -> Response {
    let campaign = campaign
        .ok()
        .and_then(|Path(id)| id.parse::<CampaignId>().ok());
    let Some(campaign) = campaign else {
        return note::unknown_link();
    };
    let query = query.unwrap_or_default();
    app.work(move |app: &AppState| open(app, &campaign, &query, &client, clock::now_ms()))
        .await
        .unwrap_or_else(note::failed)
}

fn open(
    app: &AppState,
    campaign: &CampaignId,
    query: &str,
    client: &Client,
    now_ms: i64,
) -> Result<Response, StoreError> {
    if let Some(refusal) = app.refusal(Kind::Press, client, now_ms)? {
        return Ok(refusal);
    }
    let Some(target) = app.hub.store.target_of(campaign)? else {
        return Ok(note::unknown_link());
    };
    let (outcome, to) = match Link::read(&app.hub, campaign, query) {
        Ok(link) => {
            let to = link
                .to
                .clone()
                .filter(|to| may_lead_to(to, link.proof, target.as_deref()));
            (count(app, campaign, &link, client, now_ms)?, to)
        }
        Err(LinkError::Store(error)) => return Err(error),
        Err(error) => (format!("refused: {error}"), None),
    };
    let mut response = match to.or(target) {
        Some(to) => see(&to),
        None => note::note(StatusCode::OK, ["谢谢", "Thank you"], |_| html! {}),
    };
    if let Ok(outcome) = HeaderValue::try_from(outcome) {
        response.headers_mut().insert(OUTCOME, outcome);
    }
    Ok(response)
}

/// Counts what a link says, and tells what became of it.
fn count(
    app: &AppState,
    campaign: &CampaignId,
    link: &Link,
    client: &Client,
    now_ms: i64,
) -> Result<String, StoreError> {
    let store = &app.hub.store;
    // A shop's word holds whatever opens its link; anybody's holds for a person alone.
    let counts = match link.proof {
        Proof::Key | Proof::SignedLink => client.counts_within(),
        Proof::OpenLink => client.counted(store, now_ms)?.is_some(),
    };
    if !counts {
        return Ok("refused: nobody opened it".to_owned());
    }
    let said = match &link.said {
        Ok(said) => said,
        Err(error) => return Ok(format!("refused: {error}")),
    };
    match store.take_conversion(campaign, said, link.proof, now_ms) {
        Ok(taken) if taken.is_new => Ok("new".to_owned()),
        Ok(_) => Ok("known".to_owned()),
        Err(ConversionError::Store(error)) => Err(error),
        Err(error) => Ok(format!("refused: {error}")),
    }
}
