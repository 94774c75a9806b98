//! The terminal's local page: what is on the screen now, and how the terminal is doing.
//!
//! Invariant: the page itself only asks the player. What may change the screen is in [`crate::local_api`], behind its
//! guard, as all of this is.

use std::net::TcpListener;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use crossbeam_channel::{Sender, bounded};
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use passerby_playout::link::{PlayerRequest, Status};
use passerby_playout::show::Snapshot;
use tokio::sync::oneshot;

use crate::local_api::{self, Api};

/// How long a picture may take to come back from the GPU.
const SNAPSHOT_WAIT: Duration = Duration::from_secs(10);
const JPEG_QUALITY: u8 = 85;

/// Serves the page until the program ends.
pub(crate) async fn serve(listener: TcpListener, player: Sender<PlayerRequest>, api: Api) {
    let app = Router::new()
        .route("/", get(page))
        .route("/frame.jpg", get(frame))
        .route("/status.json", get(status))
        .with_state(player)
        .merge(local_api::router(api))
        .layer(axum::middleware::from_fn(local_api::guard));
    let served = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => axum::serve(listener, app).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::warn!("the local page has ended: {error}");
    }
}

async fn ask(player: &Sender<PlayerRequest>) -> Option<Status> {
    let (reply, answer) = oneshot::channel();
    player.try_send(PlayerRequest::Status(reply)).ok()?;
    answer.await.ok()
}

async fn status(State(player): State<Sender<PlayerRequest>>) -> Response {
    match ask(&player).await {
        Some(status) => ([(header::CACHE_CONTROL, "no-store")], axum::Json(status)).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn frame(State(player): State<Sender<PlayerRequest>>) -> Response {
    let (reply, answer) = bounded::<Snapshot>(1);
    if player.try_send(PlayerRequest::Snapshot(reply)).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let encoded = tokio::task::spawn_blocking(move || {
        answer
            .recv_timeout(SNAPSHOT_WAIT)
            .ok()
            .and_then(|frame| jpeg(&frame))
    })
    .await;
    match encoded {
        Ok(Some(bytes)) => (
            [
                (header::CONTENT_TYPE, "image/jpeg"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            bytes,
        )
            .into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "no picture yet").into_response(),
    }
}

fn jpeg(frame: &Snapshot) -> Option<Vec<u8>> {
    let rgb: Vec<u8> = frame
        .rgba
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    encoder
        .write_image(
            &rgb,
            frame.width_px,
            frame.height_px,
            ExtendedColorType::Rgb8,
        )
        .ok()?;
    Some(bytes)
}

async fn page(State(player): State<Sender<PlayerRequest>>) -> Response {
    match ask(&player).await {
        Some(status) => {
            ([(header::CACHE_CONTROL, "no-store")], Html(html(&status))).into_response()
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn html(status: &Status) -> String {
    let name = if status.name.is_empty() {
        "This screen"
    } else {
        &status.name
    };
    let on_air = match &status.on_air {
        _ if status.emergency.is_some() => "an emergency message".to_owned(),
        Some(on_air) if !on_air.campaign.is_empty() => format!(
            "{} · play {}",
            on_air.campaign,
            on_air.play.unwrap_or_default()
        ),
        Some(_) => "the house creative".to_owned(),
        None => "nothing yet".to_owned(),
    };
    let rows = [
        ("On air", on_air),
        (
            "Code",
            status
                .on_air
                .as_ref()
                .and_then(|on_air| on_air.url.clone())
                .unwrap_or_else(|| "none".to_owned()),
        ),
        (
            "Screen",
            status.screen.map_or_else(
                || "not enrolled".to_owned(),
                |screen| format!("number {screen}"),
            ),
        ),
        (
            "Size",
            format!("{} × {} pixels", status.screen_px[0], status.screen_px[1]),
        ),
        (
            "Plays",
            format!(
                "{} recorded, {} waiting for the hub, {} missing at least",
                status.plays_recorded, status.plays_waiting, status.plays_dropped
            ),
        ),
        (
            "Clock",
            if status.clock_trusted {
                "known"
            } else {
                "not known: only undated content airs"
            }
            .to_owned(),
        ),
    ];
    let others = status.zones.iter().skip(1).map(|zone| {
        let shown = match zone.campaign.as_str() {
            "" => "the house creative",
            campaign => campaign,
        };
        (zone.zone.as_str(), shown.to_owned())
    });
    let emergency = status
        .emergency
        .iter()
        .map(|headline| ("Emergency", headline.clone()));
    let rows: String = emergency
        .chain(rows)
        .chain(others)
        .map(|(label, value)| format!("<dt>{}</dt><dd>{}</dd>", escaped(label), escaped(&value)))
        .collect();
    let problems: String = status
        .problems
        .iter()
        .map(|problem| format!("<li>{}</li>", escaped(problem)))
        .collect();
    let problems = if problems.is_empty() {
        String::new()
    } else {
        format!("<h2>What went wrong lately</h2><ul>{problems}</ul>")
    };
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>\
         <meta http-equiv=refresh content=3><title>{name}</title><style>\
         :root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;margin:1.25rem auto;max-width:60rem;padding:0 1rem}}\
         img{{width:100%;border-radius:.5rem;background:#000;display:block}}dl{{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}}\
         dt{{opacity:.65}}dd{{margin:0;overflow-wrap:anywhere}}h1{{font-size:1.25rem}}h2{{font-size:1rem}}</style>\
         <h1>{name}</h1><img src='/frame.jpg' alt='What is on the screen now'><dl>{rows}</dl>{problems}",
        name = escaped(name),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_problems_cannot_bring_markup() {
        let status = Status {
            name: "<b>".into(),
            problems: vec!["a<script>".into()],
            emergency: Some("<i>".into()),
            ..Status::default()
        };
        let page = html(&status);
        assert!(
            page.contains("&lt;b&gt;")
                && page.contains("&lt;i&gt;")
                && page.contains("a&lt;script&gt;")
                && !page.contains("<script")
        );
    }
}
