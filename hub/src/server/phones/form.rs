//! The small forms that phones send.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest as _, Request};
use axum::http::{Method, header};
use serde::de::DeserializeOwned;

use crate::server::body::Unread;

/// Reads a form of few fields; `None` where it did not arrive whole, or is none.
pub(crate) async fn small<T: DeserializeOwned>(body: Unread) -> Option<T> {
    let bytes = body.small().await.ok()?;
    let request = Request::builder()
        .method(Method::POST)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(bytes))
        .ok()?;
    let Form(sent) = Form::<T>::from_request(request, &()).await.ok()?;
    Some(sent)
}
