//! What chat programs fetch of a link before anybody opens it, replayed request by request.

use serde_json::Value;

use crate::phone_pages::{on_air, opened};
use crate::stand::{Stand, location};

const IMESSAGE: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) \
    Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0";
/// Names no robot: it poses as somebody at a desk.
const WECHAT: &str = "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/53.0.2785.116 Safari/537.36 QBCore/4.0.1301.400 QQBrowser/9.0.2524.400";

/// Visits, those that were seen and confirmed, presses and shares.
fn figures(stand: &Stand) -> [Value; 5] {
    let report = stand.report();
    let visits = &report["visits"];
    [
        visits["total"].clone(),
        visits["seen"].clone(),
        visits["confirmed"].clone(),
        visits["clicks"].clone(),
        report["shares"]["total"].clone(),
    ]
}

/// Asks as a program does that shows what is behind a link; returns the page.
fn fetches(stand: &Stand, from: u8, agent: &str, paths: &[&str]) -> String {
    let mut page = String::new();
    for path in paths {
        let request = stand.client.get(stand.address(path));
        let request = request.header("user-agent", agent);
        let request = request.header("x-forwarded-for", format!("198.51.100.{from}"));
        // Slack asks for the beginning alone.
        let answer = request.header("range", "bytes=0-32768").send().unwrap();
        assert!(answer.status().as_u16() < 500, "{agent}: {path}");
        if page.is_empty() {
            page = answer.text().unwrap();
        }
    }
    page
}

#[test]
fn previews_of_chat_programs_are_whole_and_count_for_nothing() {
    let (fans, [assignment, _]) = on_air();
    let stand = &fans.stand;
    let link = opened(stand, &fans.terminal, assignment, 1);
    let before = figures(stand);
    let page = stand.visit(1, &link).text().unwrap();
    let image = page.split("og:image\" content=\"").nth(1).unwrap();
    let image = image.split('"').next().unwrap();
    let image = image.strip_prefix(stand.base.as_str()).unwrap();
    let icons = ["/favicon.ico", "/apple-touch-icon.png"];
    for (from, agent) in [
        (
            1,
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        ),
        (2, IMESSAGE),
        (3, "TelegramBot (like TwitterBot)"),
        (4, "WhatsApp/2.23.20.0 A"),
        (
            5,
            "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        ),
    ] {
        let shown = fetches(stand, from, agent, &[&link, image, icons[0], icons[1]]);
        for told in ["og:title", "og:description", "og:image", "Exit B"] {
            assert!(shown.contains(told), "{agent}: {told}: {shown}");
        }
        assert_eq!(figures(stand), before, "{agent}");
    }
    // One that poses as a browser is a hit, since nothing tells it apart, but nobody who saw it.
    let own = location(&stand.open_from("198.51.100.6", WECHAT, &link));
    let theirs = fetches(stand, 6, WECHAT, &[&own]);
    assert!(theirs.contains("og:image"), "{theirs}");
    fetches(stand, 6, WECHAT, &[image]);
    let after = figures(stand);
    assert_eq!(after[1..4], before[1..4], "neither seen nor pressed");
}
