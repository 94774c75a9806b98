//! The page itself, written from what the player says.
//!
//! Invariant: whatever a name or a message holds, it brings no markup and turns nothing around.

use passerby_playout::messages::player_requests::{Status, Transfers};
use passerby_protocol::foreign::plain_lines;

/// How the counting goes; what there is nothing to say of is left out.
fn plays(status: &Status) -> String {
    let mut words = format!("{} recorded", status.plays_recorded);
    if status.screen.is_some() {
        words += &format!(", {} waiting for the hub", status.plays_waiting);
    }
    if status.plays_held > 0 {
        words += &format!(", {} not yet on the disk", status.plays_held);
    }
    if status.plays_dropped > 0 {
        words += &format!(", at least {} missing", status.plays_dropped);
    }
    words
}

/// Writes the page; `token` is the one that opened it by its link, which the picture needs as well.
pub(super) fn html(status: &Status, token: Option<&str>) -> String {
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
        ("Plays", plays(status)),
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
    let transfers = transfer_rows(&status.transfers);
    let network = &status.network;
    let network = [
        ("Plays", &network.plays),
        ("Content", &network.content),
        ("Hub's clock", &network.clock),
        ("Data", &network.data),
    ];
    let network = network
        .into_iter()
        .filter_map(|(label, words)| Some((label, words.clone()?)));
    let rows: String = emergency
        .chain(rows)
        .chain(transfers)
        .chain(others)
        .chain(network)
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
         <h1>{name}</h1><img src='/frame.jpg{query}' alt='What is on the screen now'><dl>{rows}</dl>{problems}",
        name = escaped(name),
        query = token.map_or_else(String::new, |token| format!("?token={}", escaped(token))),
    )
}

/// How far the hub's files have come; nothing on a screen that wants none.
fn transfer_rows(transfers: &Transfers) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if transfers.files_wanted > 0 {
        let missing = transfers.files_wanted - transfers.files_there.min(transfers.files_wanted);
        let files = format!(
            "{} of {} there, {} of {}",
            transfers.files_there,
            transfers.files_wanted,
            megabytes(transfers.bytes_there),
            megabytes(transfers.bytes_wanted)
        );
        rows.push(("Files", files));
        if missing > 0 && !transfers.campaigns_waiting.is_empty() {
            rows.push(("Waiting for files", transfers.campaigns_waiting.join(", ")));
        }
    }
    if let Some(coming) = &transfers.under_way {
        let percent = coming.bytes_there * 100 / coming.bytes_wanted.max(1);
        let name = coming.file.get(..12).unwrap_or(&coming.file);
        rows.push((
            "Coming now",
            format!(
                "{name}… of {}, {percent} % of {}",
                coming.campaign,
                megabytes(coming.bytes_wanted)
            ),
        ));
    }
    rows.extend(
        transfers
            .waits_for
            .iter()
            .map(|reason| ("Files wait", reason.clone())),
    );
    rows.extend(
        transfers
            .last_error
            .iter()
            .map(|error| ("Last file", error.clone())),
    );
    if transfers.cache_bytes > 0 {
        let cache = format!(
            "{} of {}",
            megabytes(transfers.cache_bytes),
            megabytes(transfers.cache_bytes_max)
        );
        rows.push(("Cache", cache));
    }
    rows
}

/// Bytes as people read them.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// Makes foreign text fit for the page: no markup, and nothing unseen that turns text around.
fn escaped(text: &str) -> String {
    plain_lines(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_playout::messages::player_requests::UnderWay;

    #[test]
    fn a_screen_of_its_own_waits_for_no_hub_and_misses_nothing() {
        let mut status = Status {
            plays_recorded: 7,
            plays_waiting: 7,
            ..Status::default()
        };
        assert_eq!(plays(&status), "7 recorded");
        (status.screen, status.plays_held, status.plays_dropped) = (Some(1), 2, 3);
        assert_eq!(
            plays(&status),
            "7 recorded, 7 waiting for the hub, 2 not yet on the disk, at least 3 missing"
        );
    }

    #[test]
    fn foreign_names_and_messages_cannot_turn_the_page_around_or_write_in_it() {
        let status = Status {
            name: "Exit\u{202e}B <b>".to_owned(),
            emergency: Some("Leave\u{2066} now\u{200b}".to_owned()),
            ..Status::default()
        };
        let page = html(&status, None);
        assert!(
            page.contains("ExitB &lt;b&gt;") && page.contains("Leave now"),
            "{page}"
        );
        assert!(
            !page
                .chars()
                .any(|c| matches!(c, '\u{202e}' | '\u{2066}' | '\u{200b}'))
        );
    }

    #[test]
    fn the_page_says_how_far_the_files_have_come() {
        assert_eq!(transfer_rows(&Transfers::default()), []);
        let transfers = Transfers {
            files_there: 3,
            files_wanted: 5,
            bytes_there: 3 << 20,
            bytes_wanted: (8 << 20) + 1,
            campaigns_waiting: vec!["film<i>".into(), "b".into()],
            under_way: Some(UnderWay {
                campaign: "film<i>".into(),
                file: "ab".repeat(32),
                bytes_there: 1 << 20,
                bytes_wanted: 4 << 20,
            }),
            last_error: Some("the hub answered 503".into()),
            waits_for: Some("the day's budget of data is used up".into()),
            cache_bytes: 5 << 20,
            cache_bytes_max: 64 << 20,
        };
        let status = Status {
            transfers,
            ..Status::default()
        };
        let page = html(&status, None);
        for text in [
            "3 of 5 there, 3.0 MB of 8.1 MB",
            "film&lt;i&gt;, b",
            "abababababab… of film&lt;i&gt;, 25 % of 4.0 MB",
            "the hub answered 503",
            "the day&#39;s budget of data is used up",
            "5.0 MB of 64.0 MB",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
    }

    #[test]
    fn names_and_problems_cannot_bring_markup() {
        let status = Status {
            name: "<b>".into(),
            problems: vec!["a<script>".into()],
            emergency: Some("<i>".into()),
            ..Status::default()
        };
        let page = html(&status, None);
        assert!(
            page.contains("&lt;b&gt;")
                && page.contains("&lt;i&gt;")
                && page.contains("a&lt;script&gt;")
                && !page.contains("<script")
        );
    }
}
