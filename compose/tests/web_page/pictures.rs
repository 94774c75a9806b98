//! What the pictures show, and what is said of those that are not good.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use passerby_compose::creative::web_page::PagePicture;
use passerby_playout::content::creative::CreativeFile;
use passerby_playout::settings::page_rules::PageRules;
use passerby_playout::system::clock::Clock;

use crate::alone;
use crate::browsers::await_nothing_left;
use crate::server::{Answer, Server, halves};
use crate::setup::{MINUTE, PageSetup, SIZE, pixel, stopped_clock};

#[test]
fn a_page_is_taken_at_its_exact_size_and_airs_after_a_restart_without_a_browser() {
    let _turn = alone();
    let setup = PageSetup::new();
    // A message box must not stop it; the zone is the venue's; the strip is there only if scripts
    // ran.
    let script =
        "<div id=strip style='position:absolute;top:50%;width:100%;height:20px'></div><script>
        alert('hello');
        if (Intl.DateTimeFormat().resolvedOptions().timeZone === 'Asia/Shanghai')
            strip.style.background = '#0f0';
        </script>";
    let server = Server::start(halves(script));
    let settings = "settle_seconds = 0\nzoom_percent = 150\n";
    let page = setup.page_of(&server, "menu.page.toml", settings);
    let mut keeper = setup.keeper();
    let first = keeper.picture(&page, SIZE).err().expect("no picture yet");
    assert_eq!(
        first.0,
        "menu.page.toml: there is no picture of the page yet; it is being taken"
    );
    let picture = setup.await_picture(&mut keeper, &page);
    let rgb = picture.rgb().unwrap();
    assert_eq!(rgb.len(), (SIZE.0 * SIZE.1 * 3) as usize);
    assert_eq!(pixel(&rgb, 5, 5), [255, 0, 0]);
    assert_eq!(pixel(&rgb, SIZE.0 - 5, SIZE.1 - 5), [0, 0, 255]);
    // 20 px at 150 percent are 30.
    assert_eq!(pixel(&rgb, 5, 182), [0, 255, 0]);
    assert_eq!(pixel(&rgb, 5, 208), [0, 255, 0]);
    assert_eq!(pixel(&rgb, 5, 212), [255, 0, 0]);
    assert_eq!(picture.trouble, None);
    drop(keeper);
    await_nothing_left();

    let mut keeper = setup.keeper_with(Path::new("/nowhere/chromium"), Duration::from_secs(5));
    let again = keeper.picture(&page, SIZE).expect("from disk");
    assert_eq!(again.rgb().unwrap(), rgb);
    setup.clock.waited(16 * MINUTE);
    let old = setup.await_trouble(&mut keeper, &page, |trouble| trouble.is_some());
    let trouble = old.trouble.clone().unwrap();
    assert!(
        trouble.contains("/nowhere/chromium") && trouble.contains("airs the picture from "),
        "{trouble}"
    );
    assert_eq!(old.rgb().unwrap(), rgb);
    assert_eq!(server.hits(), 1);
}

#[test]
fn what_goes_wrong_leaves_the_last_good_picture() {
    let _turn = alone();
    let mut setup = PageSetup::new();
    let server = Server::start(halves(""));
    let page = setup.page_of(&server, "news.page.toml", "settle_seconds = 0\n");
    let mut keeper = setup.keeper();
    let good = setup.await_picture(&mut keeper, &page);
    assert_eq!(good.trouble, None);
    let good = good.rgb().unwrap();
    assert_eq!(pixel(&good, 5, 5), [255, 0, 0]);
    drop(keeper);

    let missing = "<img src='/missing.png' style='width:200px;height:100px'>";
    let closed = {
        // A port that nobody listens to any more.
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", port.local_addr().unwrap())
    };
    setup.rules.private_hosts = vec!["127.0.0.1".parse().unwrap()];
    let mut keeper = setup.keeper();
    for (answer, reason) in [
        (Answer::Status(500), "the server answered 500"),
        (Answer::Redirect(closed), "its server refuses connections"),
        (
            Answer::Redirect("file:///etc/hostname".into()),
            "neither http nor https",
        ),
        (
            Answer::Html("<body style='background:#fff'>".into()),
            "one plain colour",
        ),
        (halves(missing), "a picture on it is missing"),
        (Answer::Hang, "does not answer within 10 s"),
    ] {
        if matches!(answer, Answer::Hang) {
            keeper = setup.keeper_with(&setup.program, Duration::from_secs(10));
        }
        server.answers(answer);
        setup.clock.waited(16 * MINUTE);
        let found = setup.await_trouble(&mut keeper, &page, |trouble| {
            trouble.is_some_and(|said| said.contains(reason))
        });
        assert_eq!(found.rgb().unwrap(), good, "after: {reason}");
        await_nothing_left();
    }

    // And it comes back by itself.
    keeper = setup.keeper();
    server.answers(Answer::Html(
        "<body style='margin:0;height:100vh;background:linear-gradient(#0f0 50%,#000 50%)'>".into(),
    ));
    setup.clock.waited(16 * MINUTE);
    // A new keeper knows of no trouble and has the old picture first.
    let is_fresh = |picture: &PagePicture| pixel(&picture.rgb().unwrap(), 5, 5) == [0, 255, 0];
    let fresh = setup.ask_until(&mut keeper, &page, |found| {
        found.as_ref().is_ok_and(is_fresh)
    });
    assert_eq!(fresh.map(|picture| picture.trouble), Ok(None));
}

#[test]
fn a_plain_page_airs_where_there_is_nothing_better() {
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(Answer::Html("<body style='background:#0a0'>".into()));
    let page = setup.page_of(&server, "plain.page.toml", "settle_seconds = 0\n");
    let mut keeper = setup.keeper();
    let plain = setup.await_picture(&mut keeper, &page);
    let trouble = plain.trouble.clone().expect("it says that it is not good");
    assert!(trouble.contains("one plain colour"), "{trouble}");
    assert_eq!(pixel(&plain.rgb().unwrap(), 9, 9), [0, 0xaa, 0]);
}

#[test]
fn bad_page_files_are_told_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let setup = PageSetup {
        program: "/nowhere/chromium".into(),
        folder,
        clock: stopped_clock(),
        rules: PageRules::default(),
        is_own: true,
    };
    let mut keeper = setup.keeper();
    let mut says = |page: &CreativeFile, size| keeper.picture(page, size).err().unwrap().0;
    let bad = setup.page("bad.page.toml", "url = 'ftp://x'\nevery_minutes = 0\n");
    let said = says(&bad, SIZE);
    assert!(said.contains("bad.page.toml:1: url is") && said.contains("bad.page.toml:2: every"));
    let good = setup.page("a.page.toml", "url = 'https://a.example'\n");
    assert!(says(&good, (60_000, 60_000)).contains("pixels"));
    fs::write(&good.path, "url = 'https://b.example'\n").unwrap();
    assert!(says(&good, SIZE).contains("changed on disk"));
    fs::remove_file(&good.path).unwrap();
    assert!(says(&good, SIZE).contains("put it back"));
}
