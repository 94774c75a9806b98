//! Feeds become cards on the screens.

use passerby_protocol::creative::CreativeKind;

use super::web_server::{Answer, WebServer};
use super::{of_title, stand_with, states, titles, wait_for, wait_for_source};
use crate::stand::{location, png, without_click};

const RSSHUB: &str = include_str!("../../feeds/rsshub-weibo.xml");
const WORDPRESS: &str = include_str!("../../feeds/wordpress.xml");
const MASTODON: &str = include_str!("../../feeds/mastodon.xml");
const JSON_FEED: &str = include_str!("../../feeds/feed.json");

/// A feed with so many posts, numbered from one; the last is the newest and the first in it.
fn feed(posts: std::ops::RangeInclusive<u32>, id: impl Fn(u32) -> String) -> String {
    let items: String = posts
        .rev()
        .map(|post| {
            format!(
                "<item><title>Post {post}</title><description>Words of post {post}</description>\
                 <link>https://cafe.example/{post}</link><guid isPermaLink=\"false\">{}</guid></item>",
                id(post)
            )
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>x</title>{items}</channel></rss>")
}

#[test]
fn what_rsshub_wordpress_and_mastodon_write_airs_with_picture_words_code_and_end() {
    let server = WebServer::start();
    for (path, feed) in [
        ("/weibo", RSSHUB),
        ("/wordpress", WORDPRESS),
        ("/mastodon", MASTODON),
        ("/json", JSON_FEED),
    ] {
        server.say(path, Answer::ok(feed));
    }
    for name in ["jazz", "sunday", "soup", "dumplings"] {
        server.say(
            &format!("/{name}.png"),
            Answer::ok(png([u8::try_from(name.len()).unwrap() * 20; 3])),
        );
    }
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    for name in ["weibo", "wordpress", "mastodon", "json"] {
        let url = server.url(&format!("/{name}"));
        stand.json(&["source", "add", name, "--url", &url, "--days", "9"]);
    }
    let manifest = wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 8);
    let jazz = of_title(&manifest, "周五晚八点，爵士三重奏。座位不多，扫码预订。");
    assert_eq!(
        jazz.id.as_str(),
        "weibo:2",
        "the newest has the highest number"
    );
    assert_eq!(
        jazz.campaign.target.as_deref(),
        Some("https://weibo.example/1234567890/Qa1bC2")
    );
    let placement = &jazz.campaign.placements[0];
    assert_eq!(
        CreativeKind::of_name(&placement.creative),
        Some(CreativeKind::Card)
    );
    assert_eq!(jazz.items[0].parts[0].name, "picture.png");
    assert!(jazz.campaign.phases[0].until.is_some());
    for (title, target) in [
        (
            "We’re open on Sundays",
            "https://cafe.example/2026/11/open-on-sundays/?utm_source=rss&utm_medium=rss",
        ),
        (
            "Fish & chips < 10 euros",
            "https://cafe.example/2026/11/fish/",
        ),
        (
            "Soup of the day is pumpkin",
            "https://social.example/@cafe/115000000000000002",
        ),
        ("冬至饺子", "https://cafe.example/2"),
    ] {
        let campaign = of_title(&manifest, title);
        assert_eq!(campaign.campaign.target.as_deref(), Some(target));
    }

    // Each has a code of its own, which opens a page that leads to its link; what the terminal
    // fetches is there, and needs nobody else.
    let assignment = jazz.items[0].assignment;
    let share = location(&stand.visit(1, &terminal.scan_path(assignment, 7)));
    let page = stand.visit(1, &share).text().unwrap();
    assert!(page.contains("爵士三重奏"), "{page}");
    let gone = location(&stand.visit(1, &format!("{share}/go")));
    assert_eq!(
        without_click(&gone),
        "https://weibo.example/1234567890/Qa1bC2"
    );
    for asset in &manifest.assets {
        let path = format!("/v1/blobs/{}", asset.sha256);
        let blob = stand.get(&terminal, &path).send().unwrap();
        assert_eq!(blob.status(), 200);
        assert_eq!(blob.bytes().unwrap().len() as u64, asset.size);
    }
}

#[test]
fn a_document_that_is_what_it_was_is_not_sent_again_and_nothing_airs_twice() {
    let server = WebServer::start();
    server.say(
        "/feed",
        Answer::ok(feed(1..=3, |post| post.to_string())).with("etag", "\"one\""),
    );
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    stand.json(&[
        "source",
        "add",
        "cafe",
        "--url",
        &server.url("/feed"),
        "--newest",
        "2",
    ]);
    let manifest = wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 2);
    assert_eq!(titles(&manifest), ["Post 2", "Post 3"]);
    let host = server.host();
    let fetch = || stand.json(&["source", "fetch", "cafe", "--source-host", &host]);
    let again = fetch();
    assert_eq!(
        (&again["fetched"], &again["new"]),
        (&false.into(), &0.into())
    );
    let asked = server.asked("/feed");
    assert_eq!(
        asked.last().unwrap().header("if-none-match"),
        Some("\"one\"")
    );
    assert!(
        asked[0]
            .header("user-agent")
            .unwrap()
            .starts_with("passerby-hub/")
    );

    // It changes all its ids, and has one post more.
    server.say(
        "/feed",
        Answer::ok(feed(1..=4, |post| format!("new-{post}"))),
    );
    let changed = fetch();
    assert_eq!(
        (&changed["new"], &changed["published"]),
        (&1.into(), &serde_json::json!([3]))
    );
    let after = stand.manifest(&terminal);
    assert_eq!(titles(&after), ["Post 3", "Post 4"]);
    // What goes on airing keeps its number, and so its code.
    assert_eq!(
        of_title(&manifest, "Post 3").items[0].assignment,
        of_title(&after, "Post 3").items[0].assignment
    );
    // The code of what has left the screens leads to where it did.
    let left = of_title(&manifest, "Post 2").items[0].assignment;
    let share = location(&stand.visit(1, &terminal.scan_path(left, 9)));
    assert_eq!(
        without_click(&location(&stand.visit(1, &format!("{share}/go")))),
        "https://cafe.example/2"
    );
    let shown = stand.json(&["source", "show", "cafe"]);
    assert_eq!(states(&shown), ["airing", "airing", "ended"]);
    assert_eq!(shown["left_out"], "2 beside the newest 2");
}

#[test]
fn words_approval_and_a_take_down_decide_what_airs() {
    let server = WebServer::start();
    server.say("/feed", Answer::ok(feed(1..=6, |post| post.to_string())));
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    stand.json(&[
        "source",
        "add",
        "cafe",
        "--url",
        &server.url("/feed"),
        "--approval",
        "--must",
        "POST 2",
        "--must",
        "post 4",
        "--must",
        "post 5",
        "--must-not",
        "post 4",
    ]);
    let shown = wait_for_source(&stand, "cafe", |shown| {
        shown["items"].as_array().unwrap().len() == 2
    });
    assert_eq!(states(&shown), ["waiting", "waiting"]);
    assert_eq!(shown["items"][0]["title"], "Post 5");
    assert_eq!(
        shown["left_out"],
        "4 by the words that must or must not be there"
    );
    assert!(stand.manifest(&terminal).campaigns.is_empty());

    stand.json(&["source", "approve", "cafe", "--item", "1"]);
    let manifest = wait_for(&stand, &terminal, |manifest| !manifest.campaigns.is_empty());
    assert_eq!(titles(&manifest), ["Post 2"]);
    stand.json(&["source", "approve", "cafe", "--all"]);
    wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 2);

    let taken = stand.json(&["source", "take-down", "cafe", "--all"]);
    assert_eq!(taken["taken_down"], serde_json::json!([1, 2]));
    assert!(stand.manifest(&terminal).campaigns.is_empty(), "at once");
    let report = stand.json(&["source", "fetch", "cafe", "--source-host", &server.host()]);
    assert_eq!(
        (&report["new"], &report["published"]),
        (&0.into(), &serde_json::json!([]))
    );

    stand.json(&["source", "remove", "cafe"]);
    let gone = stand.command(&["source", "show", "cafe"]);
    assert_eq!(gone.status.code(), Some(2));
}

#[test]
fn cards_look_as_their_template_says() {
    let server = WebServer::start();
    server.say("/feed", Answer::ok(feed(1..=1, |post| post.to_string())));
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    let template = stand.data().parent().unwrap().join("look.toml");
    std::fs::write(&template, "headline = 'New: {title}'\nlanding = 'redirect'\nseconds = 9\ncall = '扫码看原文'\npaper = '#fff8ec'\nweight = 3\n").unwrap();
    let template = template.to_str().unwrap();
    stand.json(&[
        "source",
        "add",
        "cafe",
        "--url",
        &server.url("/feed"),
        "--template",
        template,
    ]);
    let manifest = wait_for(&stand, &terminal, |manifest| !manifest.campaigns.is_empty());
    let campaign = &of_title(&manifest, "New: Post 1").campaign;
    let placement = &campaign.placements[0];
    assert_eq!((placement.seconds, placement.weight), (Some(9), 3));
    assert!(campaign.colours.paper.is_some());

    std::fs::write(template, "headline = '{titel}'\n").unwrap();
    let refused = stand.command(&[
        "source",
        "add",
        "b",
        "--url",
        &server.url("/feed"),
        "--template",
        template,
    ]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("look.toml:1: headline has a { that begins none of {title}"),
        "{said}"
    );
}
