//! Landing pages and the chains that begin on them.

use passerby_hub::people::Actor;
use passerby_hub::store::ScreenChange;
use passerby_hub::system::clock::{DAY_MS, date_of, now_ms};
use passerby_protocol::Assignment;
use serde_json::json;

use crate::stand::{PHONE, ROBOT, Stand, Terminal, film, location, without_click};

const TOML: &str = r##"
title = "三体 <The Three-Body Problem>"
target = "https://shop.example/books/三体"
landing = "page"
share = "路过地铁站，看到想读的书。"
story = "Four hundred light years away."
button = "扫码购书 Buy"
[colours]
accent = "#e2552b"
[[phase]]
name = "launch"
goal_plays = 5
goal_scans = 2
"##;

fn on_air() -> (Stand, Terminal, Assignment) {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    stand.publish(&stand.campaign("book", TOML, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    (stand, terminal, assignment)
}

#[test]
fn link_passed_on_twice_is_counted_back_to_screen_and_play() {
    let (stand, terminal, assignment) = on_air();
    let scanned = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    assert_eq!(stand.visit(1, &scanned).status(), 200);
    assert_eq!(
        location(&stand.visit(1, &terminal.scan_path(assignment, 5))),
        scanned
    );

    let friends = location(&stand.visit(2, &scanned));
    assert_ne!(friends, scanned);
    assert_eq!(stand.visit(2, &friends).status(), 200);
    assert_eq!(
        location(&stand.visit(2, &scanned)),
        friends,
        "the same friend, the same link"
    );
    assert_eq!(
        stand.visit(2, &friends).status(),
        200,
        "seen again, counted once"
    );

    let theirs = location(&stand.visit(3, &friends));
    assert_eq!(stand.visit(3, &theirs).status(), 200);
    assert_eq!(
        without_click(&location(&stand.visit(3, &format!("{theirs}/go")))),
        "https://shop.example/books/%E4%B8%89%E4%BD%93"
    );
    location(&stand.visit(3, &format!("{theirs}/go")));

    let report = stand.report();
    assert_eq!(report["visits"]["total"], 3);
    assert_eq!(
        report["visits"]["by_generation"],
        json!({ "0": 1, "1": 1, "2": 1 })
    );
    assert_eq!(
        report["visits"]["by_screen"][terminal.credentials.screen.to_string()],
        3
    );
    assert_eq!(report["visits"]["by_campaign"]["book"], 3);
    assert_eq!(report["visits"]["clicks"], 1);
    let chain = &report["chains"][0];
    assert_eq!(
        (&chain["play"], &chain["campaign"], &chain["generations"]),
        (&json!(5), &json!("book"), &json!([1, 1, 1]))
    );
    assert_eq!(report["scans"]["total"], 1);
    assert_eq!(report["goals"][0]["scans"], 1);
}

#[test]
fn visitor_whose_address_changes_on_every_hop_still_arrives() {
    let (stand, terminal, assignment) = on_air();
    let mut path = terminal.scan_path(assignment, 5);
    let mut hops = 0;
    loop {
        hops += 1;
        let response = stand.visit(hops, &path);
        if response.status() == 200 {
            break;
        }
        path = location(&response);
    }
    assert_eq!(hops, 2);
}

#[test]
fn previews_see_the_page_and_leave_no_trace() {
    let (stand, terminal, assignment) = on_air();
    let scanned = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    let preview = stand.open(9, ROBOT, &scanned);
    assert_eq!(preview.status(), 200);
    let page = preview.text().unwrap();
    assert!(page.contains(&format!(
        "property=\"og:url\" content=\"{}{scanned}\"",
        stand.base
    )));
    assert!(page.contains("property=\"og:description\" content=\"路过地铁站，看到想读的书。\""));
    assert_eq!(
        stand
            .client
            .head(stand.address(&scanned))
            .send()
            .unwrap()
            .status(),
        200
    );
    let head = stand
        .client
        .head(stand.address(&terminal.scan_path(assignment, 5)))
        .send()
        .unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(stand.report()["visits"]["total"], 0);
    assert_eq!(stand.visit(1, &scanned).status(), 200, "still its owner's");
    assert_eq!(stand.report()["visits"]["by_generation"], json!({ "0": 1 }));
}

#[test]
fn page_is_small_whole_and_from_one_host() {
    let (stand, terminal, assignment) = on_air();
    let scanned = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    let response = stand.visit(1, &scanned);
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("http"));
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    let page = response.text().unwrap();
    assert!(page.contains("三体 &lt;The Three-Body Problem&gt;") && page.contains("扫码购书 Buy"));
    assert!(!page.contains("<script") && page.contains("lang=\"zh-CN\""));

    let packed = |path: &str, agent: &str| {
        let client = reqwest::blocking::Client::builder()
            .no_gzip()
            .build()
            .unwrap();
        let response = client
            .get(stand.address(path))
            .header("user-agent", agent)
            .header("accept-encoding", "gzip")
            .send()
            .unwrap();
        let gzip = response
            .headers()
            .get("content-encoding")
            .is_some_and(|coding| coding == "gzip");
        (response.bytes().unwrap().len(), gzip)
    };
    let (page_bytes, gzip) = packed(&scanned, ROBOT);
    assert!(gzip && page_bytes < 14 << 10, "{page_bytes}");
    let pictures: Vec<&str> = page
        .split("src=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(pictures.len(), 1);
    assert_eq!(pictures[0], format!("{scanned}/picture.jpg"));
    let (picture_bytes, _) = packed(pictures[0], ROBOT);
    assert!(
        page_bytes + picture_bytes < 60 << 10,
        "{page_bytes} + {picture_bytes}"
    );
    let picture = stand.visit(1, pictures[0]);
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
    image::load_from_memory(&picture.bytes().unwrap()).unwrap();
}

#[test]
fn follow_page_opens_in_its_phase_and_a_redirect_without_target_lands() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = "title = \"Fans\"\ntarget = \"https://fans.example\"\n[[phase]]\nname = \"readers\"\nlanding = \"follow\"\n";
    stand.publish(&stand.campaign("fans", toml, &[[9; 3]]));
    stand.publish(&stand.campaign("plain", "", &[[99; 3]]));
    let campaigns = stand.manifest(&terminal).campaigns;
    for (play, (campaign, words)) in (5..).zip(campaigns.iter().zip([">Follow<", "plain"])) {
        let scan = terminal.scan_path(campaign.items[0].assignment, play);
        let page = stand
            .visit(1, &location(&stand.visit(1, &scan)))
            .text()
            .unwrap();
        assert!(page.contains(words), "{page}");
        assert_eq!(page.contains("/go\""), campaign.campaign.target.is_some());
    }
}

#[test]
fn links_that_are_gone_are_told_kindly() {
    let stand = Stand::start();
    for path in [
        "/s/nothing",
        "/s/%FF",
        "/s/nothing/go",
        "/p/nothing.jpg",
        "/p/%FF",
        "/nowhere",
        "/claim/x",
    ] {
        let response = stand.visit(1, path);
        assert_eq!(response.status(), 404, "{path}");
        assert!(response.text().unwrap().contains("<h1>"), "{path}");
    }
    assert_eq!(stand.visit(1, "/").status(), 200);
}

#[test]
fn a_film_is_seen_as_its_poster_and_a_ticker_as_its_first_moment() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("shop", "title = \"Shop\"\nlanding = \"page\"\n", &[]);
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(format!("{folder}/{name}"), bytes).unwrap();
    let clip = std::path::Path::new(&folder).join("clip.mp4");
    film(&clip, "testsrc2=s=320x240:r=10:d=1");
    write("clip.png", &crate::stand::png([50; 3]));
    write("words.ticker.toml", b"lines = ['Sale']\n");
    stand.publish(&folder);
    let items = stand.manifest(&terminal).campaigns[0].items.clone();
    let page = |at: usize| {
        let scan = terminal.scan_path(items[at].assignment, 40 + u32::try_from(at).unwrap());
        let page = stand.visit(1, &location(&stand.visit(1, &scan)));
        assert_eq!(page.status(), 200);
        page.text().unwrap()
    };
    let film = page(0);
    assert!(
        film.contains("<video ")
            && film.contains("poster=\"")
            && film.contains("og:image")
            && film.contains("summary_large_image")
    );
    let words = page(1);
    assert!(words.contains("Shop"), "{words}");
    for there in ["<img", "og:image", "twitter:image", "<figure"] {
        assert!(words.contains(there), "{there}: {words}");
    }
    for item in &items {
        let picture = stand.visit(1, &format!("/p/{}.jpg", item.creative));
        assert_eq!(picture.headers()["content-type"], "image/jpeg");
    }
}

#[test]
fn a_target_hears_from_which_screen_and_picture_a_visitor_came() {
    for landing in ["redirect", "page"] {
        let stand = Stand::start();
        let terminal = stand.terminal("Exit B");
        let folder = stand.campaign(
            "cafe",
            &format!(
                "title = \"Café\"\ntarget = \"https://cafe.example/friday?x=1#top\"\nlanding = \"{landing}\"\n[link]\nutm = {{ medium = \"street\" }}\n"
            ),
            &[[9; 3]],
        );
        stand.publish(&folder);
        let item = &stand.manifest(&terminal).campaigns[0].items[0];
        let opened = stand.visit(1, &terminal.scan_path(item.assignment, 5));
        let leads_to = if landing == "redirect" {
            location(&opened)
        } else {
            let pressed = stand.visit(1, &format!("{}/go", location(&opened)));
            without_click(&location(&pressed))
        };
        assert_eq!(
            leads_to,
            "https://cafe.example/friday?x=1&utm_source=Exit%20B&utm_medium=street&utm_campaign=cafe&utm_content=0#top"
        );
    }
}

#[test]
fn a_target_with_a_host_in_other_letters_goes_out_in_those_that_a_browser_takes() {
    for landing in ["redirect", "page"] {
        let stand = Stand::start();
        let terminal = stand.terminal("one");
        let toml = format!(
            "title = \"店\"\ntarget = \"https://www.店.example:8443/三?x=书#顶\"\nlanding = \"{landing}\"\n"
        );
        stand.publish(&stand.campaign("shop", &toml, &[[9; 3]]));
        let item = &stand.manifest(&terminal).campaigns[0].items[0];
        let opened = stand.visit(1, &terminal.scan_path(item.assignment, 5));
        let leads_to = if landing == "redirect" {
            location(&opened)
        } else {
            let pressed = stand.visit(1, &format!("{}/go", location(&opened)));
            without_click(&location(&pressed))
        };
        assert_eq!(
            leads_to,
            "https://www.xn--hxt.example:8443/%E4%B8%89?x=%E4%B9%A6#%E9%A1%B6"
        );
    }
    let stand = Stand::start();
    let toml = "title = \"店\"\ntarget = \"https://店.example，快来/\"\n";
    let refused = stand.command(&["publish", &stand.campaign("shop", toml, &[[9; 3]])]);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        told.contains("campaign.toml:2") && told.contains("as no host has them"),
        "{told}"
    );
}

/// A page as a phone in some language gets it; a link that is another's leads to one of its own.
fn page_in(stand: &Stand, language: &str, path: &str) -> String {
    let get = |path: &str| {
        let request = stand.client.get(stand.address(path));
        let request = request.header("user-agent", PHONE);
        let request = request.header("x-forwarded-for", "192.0.2.1");
        let request = request.header("accept-language", language);
        request.send().unwrap()
    };
    let mut answer = get(path);
    if answer.status() == 302 {
        let query = path.split_once('?').map_or("", |(_, query)| query);
        answer = get(&format!("{}?{query}", location(&answer)));
    }
    let vary = answer.headers().get_all("vary").iter();
    let vary: Vec<String> = vary
        .map(|name| name.to_str().unwrap().to_lowercase())
        .collect();
    assert!(vary.contains(&"accept-language".to_owned()), "{vary:?}");
    answer.text().unwrap()
}

/// Whether a page has Chinese characters outside what the publisher wrote.
fn has_chinese(page: &str) -> bool {
    page.replace("中文", "")
        .chars()
        .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn a_page_speaks_the_language_of_its_reader_and_never_two() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = "title = 'Jazz'\ntarget = 'https://jazz.example'\nlanding = 'page'\nstory = 'All night.'\n[words.zh]\ntitle = '爵士夜'\nstory = '一整晚。'\nbutton = '买票'\nshare = '一起去？'\n";
    stand.publish(&stand.campaign("jazz", toml, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let scanned = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    let english = page_in(&stand, "en-GB,zh;q=0.5", &scanned);
    assert!(
        english.contains("<html lang=\"en\">") && english.contains("All night."),
        "{english}"
    );
    assert!(
        english.contains(">Visit</a>") && !has_chinese(&english),
        "{english}"
    );
    let chinese = page_in(&stand, "zh-CN", &scanned);
    for words in [
        "<html lang=\"zh-CN\">",
        "<title>爵士夜</title>",
        "一整晚。",
        "买票",
        "一起去？",
    ] {
        assert!(chinese.contains(words), "{words}: {chinese}");
    }
    assert!(
        !chinese.contains("All night.") && !chinese.contains("Pass it on"),
        "{chinese}"
    );
    let switched = page_in(&stand, "zh-CN", &format!("{scanned}?lang=en"));
    assert!(
        switched.contains("All night.") && switched.contains("href=\"?lang=zh\""),
        "{switched}"
    );
    // Pages that say why something is not there do the same.
    for path in [
        "/s/nothing",
        "/q/nothing",
        "/nowhere",
        "/claim/ABCD1234",
        "/",
    ] {
        assert!(!has_chinese(&page_in(&stand, "en", path)), "{path}");
        let chinese = page_in(&stand, "zh-TW,en;q=0.5", path);
        assert!(
            has_chinese(&chinese) && chinese.contains("href=\"?lang=en\""),
            "{path}: {chinese}"
        );
    }
}

#[test]
fn a_page_says_where_and_when_in_public_words_and_by_the_clock_of_the_screen() {
    let (stand, terminal, assignment) = on_air();
    let screen = terminal.credentials.screen;
    let heartbeat = json!({ "software": "0.0.0", "manifest_version": 0, "clock_trusted": true,
        "plays_waiting": 0, "screen_px": [1920, 1080], "disk_free_bytes": 1,
        "traits": { "time_zone": "Asia/Shanghai" } });
    let path = format!("/v1/terminals/{screen}/heartbeat");
    let said = stand.client.post(stand.address(&path));
    let said = said.bearer_auth(&terminal.credentials.bearer);
    let said = said.body(heartbeat.to_string()).send().unwrap();
    assert_eq!(said.status(), 200);
    // Long enough ago to have its day.
    let seen_ms = now_ms() - 3 * DAY_MS;
    let path = terminal.scan_path_at(assignment, 5, seen_ms);
    let scanned = location(&stand.visit(1, &path));
    let hidden = page_in(&stand, "zh-CN", &scanned);
    assert!(
        !hidden.contains("one · ") && !hidden.contains("怎么去"),
        "{hidden}"
    );
    let change = ScreenChange {
        place: Some("地铁2号线 B口".to_owned()),
        way: Some("31.2304, 121.4737".to_owned()),
        ..ScreenChange::default()
    };
    let store = stand.hub().store;
    store
        .change_screen(&Actor::COMMAND_LINE, screen, &change, 1)
        .unwrap();
    let page = page_in(&stand, "zh-CN", &scanned);
    let minutes = seen_ms.div_euclid(60_000);
    let local = minutes + 8 * 60;
    let time = format!(
        "{:02}:{:02}",
        local.rem_euclid(1_440) / 60,
        local.rem_euclid(60)
    );
    assert!(
        page.contains("地铁2号线 B口 · ") && page.contains(&time),
        "{time}: {page}"
    );
    assert!(
        page.contains("content=\"地铁2号线 B口 · 路过地铁站"),
        "{page}"
    );
    // Whoever stood there knows the way.
    assert!(!page.contains("uri.amap.com"), "{page}");
    let friends = location(&stand.visit(2, &scanned));
    let page = stand.visit(2, &friends).text().unwrap();
    assert!(
        page.contains("https://uri.amap.com/marker?position=121.4737,31.2304"),
        "{page}"
    );
}

#[test]
fn an_event_says_its_days_first_and_tells_its_story_once_it_is_over() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let today = date_of(now_ms());
    let day = |days: i64| today.checked_add(jiff::Span::new().days(days)).unwrap();
    let toml = |from: i64, until: i64| {
        format!(
            "title = 'Jazz'\ntarget = 'https://jazz.example'\nlanding = 'page'\n[words.en]\nafter = 'What a night it was.'\n[[phase]]\nname = 'p'\nfrom = {}\nuntil = {}\n",
            day(from),
            day(until)
        )
    };
    let publish =
        |from, until| stand.publish(&stand.campaign("jazz", &toml(from, until), &[[9; 3]]));
    publish(0, 3);
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let scanned = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    let place = |page: &str, words: &str| {
        page.find(words)
            .unwrap_or_else(|| panic!("{words}: {page}"))
    };
    let during = page_in(&stand, "en", &scanned);
    assert!(place(&during, "3 more days") < place(&during, "/go\""));
    assert!(!during.contains("What a night"), "{during}");
    publish(2, 3);
    let before = page_in(&stand, "en", &scanned);
    assert!(place(&before, "in 2 days") < place(&before, "/go\""));
    publish(-3, -1);
    let after = page_in(&stand, "en", &scanned);
    assert!(place(&after, "What a night it was.") < place(&after, "class=\"go quiet\""));
    let chinese = page_in(&stand, "zh", &scanned);
    assert!(chinese.contains("它已经结束了"), "{chinese}");
    stand.json(&["unpublish", "jazz"]);
    assert!(page_in(&stand, "en", &scanned).contains("What a night"));
}
