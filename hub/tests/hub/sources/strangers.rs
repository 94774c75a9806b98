//! Sources that are broken, hostile or lead where they should not.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::web_server::{Answer, WebServer};
use super::{stand_with, titles, wait_for, wait_for_source};
use crate::stand::{Stand, png};

const GOOD: &str = "<rss><channel><item><title>Good</title><link>https://cafe.example/good</link></item></channel></rss>";

/// So many blanks, packed to a thousandth.
fn packed(bytes: usize) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip, which every Debian has");
    let mut stdin = gzip.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(&vec![b' '; bytes]));
    let packed = gzip.wait_with_output().unwrap().stdout;
    writing.join().unwrap().unwrap();
    assert!(packed.len() * 500 < bytes, "{}", packed.len());
    packed
}

fn item(title: &str, picture: &str) -> String {
    format!(
        "<rss><channel><item><title>{title}</title><description>&lt;img src=\"{picture}\"&gt;</description></item></channel></rss>"
    )
}

#[test]
fn a_source_reaches_nothing_near_the_hub_by_any_way() {
    let server = WebServer::start();
    let near = TcpListener::bind("127.0.0.1:0").unwrap();
    near.set_nonblocking(true).unwrap();
    let port = near.local_addr().unwrap().port();
    let stand = stand_with(&server);
    let mut ways = vec![
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
    ];
    for (number, to) in ways.clone().iter().enumerate() {
        let path = format!("/to-{number}");
        let moved = Answer {
            status: 302,
            ..Answer::default()
        };
        server.say(&path, moved.with("location", to));
        ways.push(server.url(&path));
    }
    for (number, url) in ways.iter().enumerate() {
        let name = format!("s{number}");
        stand.json(&["source", "add", &name, "--url", url]);
        let output = stand.command(&["source", "fetch", &name, "--source-host", &server.host()]);
        assert_eq!(output.status.code(), Some(2), "{url}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("only public addresses are opened") || said.contains("is not found"),
            "{url}: {said}"
        );
    }
    // Nor by its pictures; the words air without them.
    let terminal = stand.terminal("window");
    let feed = item("Without", &format!("http://127.0.0.1:{port}/p.png"));
    server.say("/feed", Answer::ok(feed));
    stand.json(&["source", "add", "pictures", "--url", &server.url("/feed")]);
    wait_for(&stand, &terminal, |manifest| {
        titles(manifest) == ["Without"]
    });
    let shown = stand.json(&["source", "show", "pictures"]);
    let told = shown["items"][0]["told"].as_str().unwrap();
    assert!(
        told.contains("its picture was left out") && told.contains("this machine itself"),
        "{told}"
    );
    // Nobody has knocked there.
    let refused = near.accept().unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::WouldBlock);

    for url in [
        "file:///etc/passwd",
        "ftp://a.example/",
        "http://user:word@a.example/",
        "gopher://x",
        "a.example/feed",
    ] {
        let output = stand.command(&["source", "add", "odd", "--url", url]);
        assert_eq!(output.status.code(), Some(2), "{url}");
    }
    for to in ["file:///etc/passwd", "http://", "//"] {
        let moved = Answer {
            status: 301,
            ..Answer::default()
        };
        server.say("/odd", moved.with("location", to));
        let _ = stand.command(&["source", "remove", "odd"]);
        stand.json(&["source", "add", "odd", "--url", &server.url("/odd")]);
        let output = stand.command(&["source", "fetch", "odd", "--source-host", &server.host()]);
        assert_eq!(output.status.code(), Some(2), "{to}");
    }
}

#[test]
fn a_bad_source_costs_itself_only() {
    let server = WebServer::start();
    let bomb = "<!DOCTYPE rss [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><rss><channel><item><title>&b;</title></item></channel></rss>";
    let loop_ = Answer {
        status: 302,
        ..Answer::default()
    };
    let many: String = (0..10_000)
        .map(|n| format!("<item><title>Many {n}</title></item>"))
        .collect();
    for (path, answer) in [
        ("/cut", Answer::ok(&GOOD.as_bytes()[..60])),
        ("/page", Answer::ok("<!doctype html><title>x</title>")),
        ("/nothing", Answer::ok("")),
        ("/loop", loop_.with("location", "/loop")),
        (
            "/away",
            Answer {
                status: 503,
                ..Answer::default()
            }
            .with("retry-after", "7200"),
        ),
        ("/large", Answer::ok(vec![b' '; 17 << 20])),
        (
            "/packed",
            Answer::ok(packed(17 << 20)).with("content-encoding", "gzip"),
        ),
        ("/bomb", Answer::ok(bomb)),
        (
            "/many",
            Answer::ok(format!("<rss><channel>{many}</channel></rss>")),
        ),
        ("/good", Answer::ok(GOOD)),
    ] {
        server.say(path, answer);
    }
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    for path in [
        "cut", "page", "nothing", "loop", "away", "large", "packed", "bomb", "many", "missing",
        "good",
    ] {
        stand.json(&[
            "source",
            "add",
            path,
            "--url",
            &server.url(&format!("/{path}")),
            "--newest",
            "2",
        ]);
    }
    let manifest = wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 4);
    let mut seen = titles(&manifest);
    seen.sort_unstable();
    assert_eq!(seen, ["&b;", "Good", "Many 0", "Many 1"]);
    for (name, said) in [
        ("cut", "no RSS or Atom"),
        ("page", "it is a web page and no feed"),
        ("nothing", "names neither"),
        ("loop", "it leads on more than 5 times"),
        ("away", "the server answers 503"),
        ("large", "it has more than 16384 KiB"),
        ("packed", "it has more than 16384 KiB"),
        ("missing", "the server answers 404"),
    ] {
        let shown = wait_for_source(&stand, name, |shown| shown["problem"].is_string());
        assert!(shown["problem"].as_str().unwrap().contains(said), "{shown}");
        assert!(shown["failures"].as_u64().unwrap() >= 1);
    }
    let many = stand.json(&["source", "show", "many"]);
    assert_eq!(many["left_out"], "9998 beside the newest 2");
    // One that asks to be left alone is.
    let away = stand.json(&["source", "show", "away"]);
    let next: jiff::Timestamp = away["next"].as_str().unwrap().parse().unwrap();
    let last: jiff::Timestamp = away["fetched"].as_str().unwrap().parse().unwrap();
    assert!(next.as_second() - last.as_second() >= 7_199, "{away}");
}

#[test]
fn a_picture_that_is_none_costs_itself_and_the_words_air() {
    let server = WebServer::start();
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    let whole = png([90; 3]);
    for (name, picture, said) in [
        ("cut", whole[..whole.len() / 3].to_vec(), ""),
        (
            "svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            "it is no JPEG, PNG, GIF or WebP",
        ),
        (
            "large",
            [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 9 << 20]].concat(),
            "it has more than 8192 KiB",
        ),
    ] {
        let path = format!("/{name}.png");
        server.say(&path, Answer::ok(picture));
        server.say(&format!("/{name}"), Answer::ok(item(name, &path)));
        stand.json(&[
            "source",
            "add",
            name,
            "--url",
            &server.url(&format!("/{name}")),
        ]);
        let shown = wait_for_source(&stand, name, |shown| shown["items"][0]["state"] == "airing");
        let told = shown["items"][0]["told"].as_str().unwrap();
        assert!(
            told.contains("its picture was left out") && told.contains(said),
            "{told}"
        );
    }
    let manifest = stand.manifest(&terminal);
    assert_eq!(titles(&manifest), ["cut", "large", "svg"]);
    assert!(
        manifest
            .campaigns
            .iter()
            .all(|campaign| campaign.items[0].parts.is_empty())
    );
}

#[test]
fn without_the_operators_word_a_hub_opens_no_server_of_its_own_network() {
    let server = WebServer::start();
    server.say("/feed", Answer::ok(GOOD));
    let stand = Stand::start();
    stand.json(&["source", "add", "cafe", "--url", &server.url("/feed")]);
    let shown = wait_for_source(&stand, "cafe", |shown| shown["problem"].is_string());
    let problem = shown["problem"].as_str().unwrap();
    let host = server.host();
    assert!(
        problem.contains(&format!("--source-host {host}")),
        "{problem}"
    );
    assert!(server.asked("/feed").is_empty());
}
