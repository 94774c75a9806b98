//! What pages of strangers try: to show something else than was asked for, to reach what is near
//! the terminal, to run as root.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;

use passerby_compose::slide::FrameSource;
use passerby_playout::system::clock::Clock;

use crate::alone;
use crate::await_that;
use crate::browsers::{await_nothing_left, processes};
use crate::server::{Answer, Server, halves};
use crate::setup::SIZE;
use crate::setup::{MINUTE, PageSetup, pixel};

/// A page of the same two colours that tells itself apart by its words.
fn board(more: &str) -> Answer {
    halves(&format!("<h1>Departures</h1>{more}"))
}

#[test]
fn a_board_that_has_become_another_page_keeps_its_last_good_picture() {
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(board(""));
    let settings = "settle_seconds = 0\nexpect = 'departures'\n";
    let page = setup.page_of(&server, "board.page.toml", settings);
    let mut keeper = setup.keeper();
    let good = setup.await_picture(&mut keeper, &page);
    assert_eq!(good.trouble, None);
    let good = good.rgb().unwrap();

    for (answer, reason) in [
        (Answer::Redirect("/login/a".into()), "/login/a; if that"),
        (
            board("<script>location.replace('/login/b')</script>"),
            "/login/b; if that",
        ),
        (
            board("<meta http-equiv=refresh content='0;url=/login/c'>"),
            "/login/c; if that",
        ),
        (
            board("<script>history.pushState(0, '', '/login/d')</script>"),
            "/login/d; if that",
        ),
        (
            board("<script>location.hash = '#/login/e'</script>"),
            "/page#/login/e; if that",
        ),
        (Answer::Redirect("/page?a=b".into()), "leads in circles"),
        (Answer::Status(404), "the server answered 404"),
        (
            halves("<h1>Please log in</h1>"),
            "does not show \"departures\"",
        ),
        (Answer::Status(502), "the server answered 502"),
        (
            halves(
                "<h1 style='display:none'>Departures</h1><h1 style='visibility:hidden'>Departures</h1>",
            ),
            "does not show \"departures\"",
        ),
    ] {
        server.answers(answer);
        setup.clock.waited(16 * MINUTE);
        let found = setup.await_trouble(&mut keeper, &page, |trouble| {
            trouble.is_some_and(|said| said.contains(reason))
        });
        let trouble = found.trouble.clone().unwrap();
        assert!(trouble.contains("; airs the picture from "), "{trouble}");
        assert_eq!(found.rgb().unwrap(), good, "after: {reason}");
    }
    drop(keeper);

    // It never airs either where there is no good picture yet; its file may say that it is meant.
    server.answers(Answer::Redirect("/login".into()));
    let unmeant = setup.page_of(&server, "other.page.toml", "settle_seconds = 0\n");
    let mut keeper = setup.keeper();
    let said = setup.ask_until(&mut keeper, &unmeant, |found| {
        found
            .as_ref()
            .is_err_and(|said| said.contains("leads to another page, http://127.0.0.1"))
    });
    let said = said.err().unwrap();
    let address = &server.address;
    assert!(
        said.contains(&format!(
            "add ends_at = \"http://{address}/login\" to its file"
        )),
        "{said}"
    );
    let meant = format!("settle_seconds = 0\nends_at = 'http://{address}/login'\n");
    let meant = setup.page_of(&server, "meant.page.toml", &meant);
    assert_eq!(setup.await_picture(&mut keeper, &meant).trouble, None);
}

#[test]
fn words_that_come_late_or_stand_in_parts_of_the_page_are_found() {
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(Answer::Hang);
    for (name, more) in [
        (
            "late",
            "<h1 id=x>Loading…</h1><script>setTimeout(() => x.textContent = 'Abfahrt 12:05', 1500)</script>",
        ),
        (
            "shadow",
            "<div id=x></div><script>x.attachShadow({mode: 'open'}).innerHTML = '<p>ABFAHRT</p><p>12:05</p>'</script>",
        ),
        (
            "frame",
            "<iframe srcdoc='<p>Abfahrt&nbsp; 12:05</p>' style='width:200px;height:80px'></iframe>",
        ),
        (
            "drawing",
            "<svg width=200 height=40><text y=20>Abfahrt 12:05</text></svg>",
        ),
    ] {
        server.answers(halves(more));
        let settings = format!("# {name}\nsettle_seconds = 0\nexpect = 'Abfahrt 12:05'\n");
        let page = setup.page_of(&server, &format!("{name}.page.toml"), &settings);
        let mut keeper = setup.keeper();
        let found = setup.ask_until(&mut keeper, &page, |found| {
            found
                .as_ref()
                .map_or_else(|said| !said.ends_with("it is being taken"), |_| true)
        });
        assert_eq!(found.map(|picture| picture.trouble), Ok(None), "{name}");
    }
}

#[test]
fn a_page_reaches_nothing_near_the_terminal_by_any_way() {
    let _turn = alone();
    let mut setup = PageSetup::new();
    let secret = Server::start(halves(""));
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    datagrams.set_nonblocking(true).unwrap();
    let udp = datagrams.local_addr().unwrap();
    let (at, port) = (&secret.address, secret.address.rsplit(':').next().unwrap());
    let server = Server::start(board(""));
    let page = setup.page_of(&server, "board.page.toml", "settle_seconds = 1\n");
    let mut keeper = setup.keeper();
    let good = setup.await_picture(&mut keeper, &page).rgb().unwrap();

    // As a page of its own it is refused, and the operator hears what to write.
    for (to, named) in [
        (format!("http://{at}/page"), at.clone()),
        (
            format!("http://localhost:{port}/page"),
            format!("localhost:{port}"),
        ),
        (format!("http://[::1]:{port}/page"), format!("[::1]:{port}")),
        (
            format!("http://[::ffff:127.0.0.1]:{port}/page"),
            format!("[::ffff:127.0.0.1]:{port}"),
        ),
        (
            format!("http://0x7f000002:{port}/page"),
            format!("127.0.0.2:{port}"),
        ),
        (
            "http://169.254.169.254/latest".to_owned(),
            "169.254.169.254:80".to_owned(),
        ),
    ] {
        server.answers(Answer::Redirect(to));
        setup.clock.waited(16 * MINUTE);
        let found = setup.await_trouble(&mut keeper, &page, |trouble| {
            let allowed = format!("private_hosts = [\"{named}\"]");
            trouble.is_some_and(|said| said.contains(&allowed))
        });
        assert_eq!(found.rgb().unwrap(), good);
    }
    server.answers(board("<script>location = 'http://127.0.0.3/page'</script>"));
    setup.clock.waited(16 * MINUTE);
    let found = setup.await_trouble(&mut keeper, &page, |trouble| {
        trouble.is_some_and(|said| said.contains("private_hosts = [\"127.0.0.3:80\"]"))
    });
    assert_eq!(found.rgb().unwrap(), good);
    await_nothing_left();

    // As a part of another page it is refused as well.
    server.answers(board(&format!(
        "<img src='http://{at}/page'><link rel=stylesheet href='http://{at}/page'><link rel=preconnect href='http://{at}'>
         <iframe src='http://{at}/page'></iframe><script src='http://{at}/page'></script>
         <script>
            fetch('http://{at}/page', {{mode: 'no-cors'}}).catch(() => 0);
            fetch('/redirect?http://{at}/page', {{mode: 'no-cors'}}).catch(() => 0);
            new WebSocket('ws://{at}/page');
            new EventSource('http://{at}/page');
            navigator.sendBeacon('http://{at}/page', 'x');
            try {{ new WebTransport('https://{udp}/').ready.catch(() => 0); }} catch (none) {{}}
            try {{
                const call = new RTCPeerConnection({{iceServers: [{{urls: 'stun:{udp}'}},
                    {{urls: ['turn:{udp}', 'turn:{at}?transport=tcp'], username: 'u', credential: 'c'}}]}});
                call.createDataChannel('x');
                call.createOffer().then((offer) => call.setLocalDescription(offer));
            }} catch (none) {{}}
            new Worker(URL.createObjectURL(new Blob([`fetch('http://{at}/page', {{mode: 'no-cors'}})`])));
         </script>"
    )));
    setup.clock.waited(16 * MINUTE);
    let hits = server.hits();
    keeper.prefetch([(&page, SIZE)]);
    server.await_hits(hits + 1);
    await_that("the page was taken", || processes().is_empty());
    await_nothing_left();
    assert_eq!(secret.visits(), 0, "nobody came");
    assert!(datagrams.recv(&mut [0; 99]).is_err(), "nor by datagrams");
    drop(keeper);

    // What the operator allows is opened.
    setup.rules.private_hosts = vec![at.parse().unwrap()];
    server.answers(Answer::Redirect(format!("http://{at}/page")));
    let settings = format!("settle_seconds = 0\nends_at = 'http://{at}/page'\n");
    let meant = setup.page_of(&server, "meant.page.toml", &settings);
    let picture = setup.await_picture(&mut setup.keeper(), &meant);
    assert_eq!(pixel(&picture.rgb().unwrap(), 5, 5), [255, 0, 0]);
    assert!(secret.visits() > 0);
}

#[test]
fn a_page_from_the_hub_does_not_even_open_the_private_host_that_it_names() {
    let _turn = alone();
    let mut setup = PageSetup::new();
    setup.is_own = false;
    let server = Server::start(halves(""));
    let page = setup.page_of(&server, "router.page.toml", "settle_seconds = 0\n");
    let said = setup.ask_until(&mut setup.keeper(), &page, |found| {
        found
            .as_ref()
            .is_err_and(|said| !said.ends_with("it is being taken"))
    });
    let said = said.err().unwrap();
    let allowed = format!("private_hosts = [\"{}\"]", server.address);
    assert!(
        said.contains("which is this machine itself") && said.contains(&allowed),
        "{said}"
    );
    assert_eq!(server.visits(), 0);
    setup.rules.private_hosts = vec![server.address.parse().unwrap()];
    let picture = setup.await_picture(&mut setup.keeper(), &page);
    assert_eq!(picture.trouble, None);
}

/// The lines of a process that say who it is and what it may do.
fn rights(pid: u32) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let wanted = [
        "Uid:",
        "Gid:",
        "Groups:",
        "CapEff:",
        "CapBnd:",
        "NoNewPrivs:",
    ];
    status
        .lines()
        .filter(|line| wanted.iter().any(|key| line.starts_with(key)))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_browser_never_runs_as_root_and_has_no_right_of_roots() {
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(Answer::Hang);
    let page = setup.page_of(&server, "slow.page.toml", "");
    let mut keeper = setup.keeper();
    assert!(keeper.picture(&page, SIZE).is_err());
    server.await_hits(1);
    let own = rustix::process::geteuid();
    let wanted = if own.is_root() {
        vec![
            "Uid: 65534 65534 65534 65534",
            "Gid: 65534 65534 65534 65534",
            "Groups:",
            "CapEff: 0000000000000000",
            "CapBnd: 0000000000000000",
            "NoNewPrivs: 1",
        ]
    } else {
        vec!["CapEff: 0000000000000000"]
    };
    let all = processes();
    let leader = all.iter().find(|(_, parent)| *parent == std::process::id());
    let leader = rights(leader.unwrap().0);
    for line in wanted {
        assert!(leader.iter().any(|is| is == line), "{line}: {leader:?}");
    }
    // Its helpers as well, which have rights in a world of their own only.
    for (pid, _) in all {
        let rights = rights(pid);
        assert!(
            !rights.iter().any(|line| line.starts_with("Uid: 0 ")),
            "{rights:?}"
        );
    }
    drop(keeper);
    await_nothing_left();
}

#[test]
fn a_browser_without_a_sandbox_runs_only_as_somebody_who_owns_nothing() {
    let _turn = alone();
    let mut setup = PageSetup::new();
    // As it is where the system allows no user namespaces.
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' --no-sandbox '*) exec {} \"$@\";; esac\n\
         echo '[1:1:FATAL:zygote_host_impl_linux.cc(128)] No usable sandbox! See the documentation' >&2\nexit 1\n",
        setup.program.display()
    );
    let program = setup.folder.path().join("chromium");
    fs::write(&program, script).unwrap();
    for path in [setup.folder.path(), &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    setup.program = program;
    let server = Server::start(halves(""));
    let page = setup.page_of(&server, "menu.page.toml", "settle_seconds = 0\n");
    let found = setup.ask_until(&mut setup.keeper(), &page, |found| {
        found.is_ok()
            || found
                .as_ref()
                .is_err_and(|said| !said.ends_with("it is being taken"))
    });
    if rustix::process::geteuid().is_root() {
        assert_eq!(found.map(|picture| picture.trouble), Ok(None));
    } else {
        let said = found.err().unwrap();
        assert!(
            said.contains("Chromium cannot build its sandbox here"),
            "{said}"
        );
    }
    await_nothing_left();
}

#[test]
fn a_minute_is_a_minute_also_for_the_one_page_that_never_leaves_the_screen() {
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(halves(""));
    let settings = "settle_seconds = 0\nevery_minutes = 1\n";
    let page = setup.page_of(&server, "board.page.toml", settings);
    let mut keeper = setup.keeper();
    let picture = setup.await_picture(&mut keeper, &page);
    let mut frame_source = picture.frame_source();
    FrameSource::begin(&mut frame_source);
    // Ten seconds of the first minute go by in the hope for a gap.
    setup.clock.waited(MINUTE / 6);
    let mut revision = picture.revision;
    for count in 2..6 {
        setup.clock.waited(MINUTE);
        keeper.prefetch([(&page, SIZE)]);
        server.await_hits(count);
        // The next minute begins when the keeper has its picture, which is later than when the
        // browser has gone.
        let taken = setup.ask_until(&mut keeper, &page, |found| {
            found.as_ref().is_ok_and(|found| found.revision > revision)
        });
        revision = taken.unwrap().revision;
    }
}
