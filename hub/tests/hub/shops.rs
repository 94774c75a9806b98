//! A real small shop beside a hub: somebody scans, presses, buys, and the shop tells the hub.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use passerby_hub::shops::Link;
use passerby_protocol::Assignment;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::stand::{PHONE, ROBOT, Stand, Terminal, location};

/// Whatever a test waits for has come by then, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A shop: sells a book to whoever opens `/buy?click=…&order=…`, and reports it to the hub.
struct Shop {
    address: SocketAddr,
    /// What it heard from the hub: the status and the answer.
    told: Receiver<(u16, Value)>,
}

impl Shop {
    fn start(hub: String, bearer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let client = reqwest::blocking::Client::new();
            for stream in listener.incoming().flatten() {
                let Some(path) = asked(&stream) else { continue };
                let of = |name: &str| {
                    let (_, rest) = path.split_once(&format!("{name}="))?;
                    Some(rest.split('&').next().unwrap_or("").to_owned())
                };
                if path.starts_with("/buy") {
                    let order = json!({ "click": of("pclick"), "id": of("order"), "kind": "purchase",
                        "value": "59.00", "currency": "CNY" });
                    let sent = client
                        .post(format!("{hub}/v1/conversions"))
                        .bearer_auth(&bearer)
                        .body(order.to_string());
                    let answer = sent.send().unwrap();
                    let status = answer.status().as_u16();
                    let body = serde_json::from_slice(&answer.bytes().unwrap());
                    let _ = tell.send((status, body.unwrap()));
                }
                answer(stream, "thank you");
            }
        });
        Self { address, told }
    }

    fn buy(&self, query: &str) -> (u16, Value) {
        let client = reqwest::blocking::Client::new();
        let bought = client
            .get(format!("http://{}/buy?{query}", self.address))
            .send();
        assert_eq!(bought.unwrap().status(), 200);
        self.told.recv_timeout(PATIENCE).unwrap()
    }
}

fn asked(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream);
    let mut first = String::new();
    lines.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut line = String::new();
    while lines.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    Some(path)
}

fn answer(mut stream: TcpStream, body: &str) {
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}

struct Sold {
    stand: Stand,
    terminal: Terminal,
    assignment: Assignment,
    shop: Shop,
    bearer: String,
    link_secret: String,
}

impl Sold {
    fn start() -> Self {
        let stand = Stand::start();
        let terminal = stand.terminal("exit B");
        let toml = "title = \"三体\"\ntarget = \"https://shop.example/book?from=street#buy\"\nlanding = \"page\"\n";
        stand.publish(&stand.campaign("book", toml, &[[9; 3]]));
        let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
        let key = stand.json(&["conversion-key", "add", "book", "--name", "Xinhua"]);
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        let (bearer, link_secret) = (text("bearer"), text("link_secret"));
        let shop = Shop::start(stand.base.clone(), bearer.clone());
        Self {
            stand,
            terminal,
            assignment,
            shop,
            bearer,
            link_secret,
        }
    }

    /// Somebody scans and presses; what the shop gets behind its address.
    fn press(&self, visitor: u8, play: u32) -> String {
        let stand = &self.stand;
        let link = location(&stand.visit(visitor, &self.terminal.scan_path(self.assignment, play)));
        self.press_on(visitor, &link)
    }

    fn press_on(&self, visitor: u8, link: &str) -> String {
        assert_eq!(self.stand.visit(visitor, link).status(), 200);
        let target = location(&self.stand.visit(visitor, &format!("{link}/go")));
        let click = target
            .strip_prefix("https://shop.example/book?from=street&pclick=")
            .and_then(|rest| rest.strip_suffix("#buy"));
        click.unwrap_or_else(|| panic!("{target}")).to_owned()
    }

    fn report(&self, body: &Value) -> (u16, Value) {
        self.send(&self.bearer, &body.to_string())
    }

    fn send(&self, bearer: &str, body: &str) -> (u16, Value) {
        let address = self.stand.address("/v1/conversions");
        let sent = self.stand.client.post(address).bearer_auth(bearer);
        let answer = sent.body(body.to_owned()).send().unwrap();
        let status = answer.status().as_u16();
        if status >= 400 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
        (
            status,
            serde_json::from_slice(&answer.bytes().unwrap()).unwrap(),
        )
    }

    fn counts(&self) -> Value {
        self.stand.json(&["recount"]);
        self.stand.report()["conversions"].clone()
    }
}

fn outcome(response: &Response) -> String {
    let said = &response.headers()["x-passerby-conversion"];
    said.to_str().unwrap().to_owned()
}

#[test]
fn what_is_bought_is_tied_to_the_screen_the_play_and_the_friend_who_passed_it_on() {
    let sold = Sold::start();
    let stand = &sold.stand;
    let first = location(&stand.visit(1, &sold.terminal.scan_path(sold.assignment, 5)));
    let own = sold.press_on(1, &first);
    assert_eq!(own, sold.press_on(1, &first), "one click a visit");
    let friends = location(&stand.visit(2, &first));
    let friend = sold.press_on(2, &friends);
    assert_ne!(own, friend);

    let (status, answer) = sold.shop.buy(&format!("pclick={friend}&order=order-1"));
    assert_eq!(
        (status, &answer["click_known"]),
        (201, &json!(true)),
        "{answer}"
    );
    // The browser comes back to the page, and the shop reports it again, twice.
    for _ in 0..2 {
        let (status, again) = sold.shop.buy(&format!("pclick={friend}&order=order-1"));
        assert_eq!((status, &again["conversion"]), (200, &answer["conversion"]));
    }
    let (status, _) = sold.shop.buy("order=order-2");
    assert_eq!(status, 201);
    let counts = sold.counts();
    assert_eq!(
        (&counts["total"], &counts["value"]),
        (&json!(1), &json!({ "CNY": "59.00" }))
    );
    assert_eq!(counts["by_generation"], json!({ "1": 1 }));
    assert_eq!(counts["by_campaign"], json!({ "book": 1 }));
    let screen = sold.terminal.credentials.screen.to_string();
    assert_eq!(counts["by_screen"], json!({ screen: 1 }));
    assert_eq!(counts["without_click"]["total"], 1);
    let days = stand.json(&["report", "--by", "day"]);
    assert_eq!(
        (&days["total"]["conversions"], &days["total"]["value"]),
        (&json!(1), &json!({ "CNY": "59.00" }))
    );
    let csv = stand.command(&["report", "--by", "campaign", "--format", "csv"]);
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(
        csv.contains("conversions,value") && csv.contains("1,\"CNY 59.00\""),
        "{csv}"
    );
    let text = String::from_utf8(stand.command(&["report"]).stdout).unwrap();
    assert!(text.contains("1 purchase worth CNY 59.00"), "{text}");

    let (status, _) = sold.report(&json!({ "id": "order-1", "kind": "refund" }));
    assert_eq!(status, 201);
    let counts = sold.counts();
    assert_eq!(
        (&counts["total"], &counts["value"], &counts["withdrawn"]),
        (&json!(0), &json!({}), &json!(1))
    );
}

#[test]
fn a_shop_hears_what_is_wrong_and_a_list_is_taken_one_by_one() {
    let sold = Sold::start();
    let click = sold.press(1, 5);
    let order = json!({ "click": click, "id": "1", "kind": "purchase", "value": "5.00", "currency": "CNY" });
    assert_eq!(sold.report(&order).0, 201);
    let but = |name: &str, value: Value| {
        let mut body = order.clone();
        body[name] = value;
        sold.report(&body)
    };
    assert_eq!(but("value", json!("6.00")).0, 409);
    for (name, value) in [
        ("value", json!("1e3")),
        ("value", json!("-1")),
        ("currency", json!("RMB")),
        ("kind", json!("A purchase")),
        ("id", json!("")),
        ("at", json!("2026-12-01")),
        ("at", json!("2999-12-01T00:00:00Z")),
        ("at", json!("1999-12-01T00:00:00Z")),
    ] {
        let (status, problem) = but(name, value);
        assert_eq!(status, 422, "{problem}");
        assert!(!problem["title"].as_str().unwrap().is_empty());
    }
    for body in [
        "",
        "{",
        "[[",
        "7",
        "{\"id\":1}",
        "{\"id\":\"1\",\"kind\":\"a\",\"x\":1}",
    ] {
        let (status, problem) = sold.send(&sold.bearer, body);
        assert_eq!(status, 400, "{body}: {problem}");
    }
    assert_eq!(sold.send(&sold.bearer, &"[".repeat(70_000)).0, 413);
    assert_eq!(sold.send("wrong", &order.to_string()).0, 401);
    assert_eq!(sold.send(&sold.link_secret, &order.to_string()).0, 401);

    let list = json!([order, { "id": "2", "kind": "sign-up" }, { "id": "3", "kind": "" }]);
    let (status, answer) = sold.report(&list);
    let statuses = answer["conversions"].as_array().unwrap().iter();
    let statuses: Vec<_> = statuses
        .map(|one| one["status"].as_u64().unwrap())
        .collect();
    assert_eq!((status, statuses), (200, vec![200, 201, 422]), "{answer}");
    assert_eq!(sold.counts()["total"], 1);

    let keys = sold.stand.json(&["conversion-key", "list", "book"]);
    let number = keys[0]["key"].to_string();
    sold.stand
        .json(&["conversion-key", "revoke", "book", &number]);
    assert_eq!(sold.report(&order).0, 401);
}

#[test]
fn a_link_of_a_shop_counts_once_leads_on_and_is_marked_where_anybody_could_have_written_it() {
    let sold = Sold::start();
    let stand = &sold.stand;
    let book = "book".parse().unwrap();
    let click = sold.press(1, 5);
    let said = format!("click={click}&id=order-1&value=59.00&currency=CNY");
    let signed = |said: &str| {
        let signature = Link::signature(&sold.link_secret, &book, said);
        format!("/c/book?{said}&sig={signature}")
    };
    let opened = stand.visit(1, &signed(&said));
    assert_eq!(
        (outcome(&opened), location(&opened)),
        (
            "new".to_owned(),
            "https://shop.example/book?from=street#buy".to_owned()
        )
    );
    assert_eq!(outcome(&stand.visit(1, &signed(&said))), "known");
    assert_eq!(outcome(&stand.open(9, ROBOT, &signed(&said))), "known");
    let away = format!("{said}&to=https%3A%2F%2Fother.example%2Fthanks");
    let led = stand.visit(1, &signed(&away));
    assert_eq!(location(&led), "https://other.example/thanks");

    // Whoever changes what was signed counts nothing, and gets on.
    let changed = signed(&said).replace("59.00", "99.00");
    let refused = stand.visit(1, &changed);
    assert!(outcome(&refused).starts_with("refused: the signature"));
    assert_eq!(
        location(&refused),
        "https://shop.example/book?from=street#buy"
    );

    let click = sold.press(2, 6);
    let open = |visitor: u8, agent: &str, said: &str| {
        stand.open(visitor, agent, &format!("/c/book?{said}"))
    };
    let said = format!("click={click}&id=open-1&to=https%3A%2F%2Fevil.example%2F");
    assert!(outcome(&open(9, ROBOT, &said)).starts_with("refused"));
    let first = open(2, PHONE, &said);
    assert_eq!(
        (outcome(&first), location(&first)),
        (
            "new".to_owned(),
            "https://shop.example/book?from=street#buy".to_owned()
        )
    );
    assert_eq!(outcome(&open(3, PHONE, &said)), "known");
    let more = format!("click={click}&id=open-2");
    assert!(outcome(&open(2, PHONE, &more)).starts_with("refused"));
    assert!(outcome(&open(2, PHONE, "id=open-3")).starts_with("refused"));
    assert_eq!(open(2, PHONE, &"x".repeat(3_000)).status(), 302);
    assert_eq!(stand.visit(2, "/c/nothing?id=1").status(), 404);
    let counts = sold.counts();
    assert_eq!(
        (&counts["total"], &counts["unsigned"]["total"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn a_campaign_names_the_parameter_of_clicks_or_wants_none() {
    let stand = Stand::start();
    let terminal = stand.terminal("exit B");
    for (name, lines, end, play) in [
        ("named", "[link]\nclick = \"cid\"\n", Some("?cid="), 5),
        ("off", "[link]\nclick = \"\"\n", None, 6),
    ] {
        let toml = format!(
            "title = \"x\"\ntarget = \"https://shop.example/\"\nlanding = \"page\"\n{lines}"
        );
        stand.publish(&stand.campaign(name, &toml, &[[9; 3]]));
        let manifest = stand.manifest(&terminal);
        let campaign = manifest
            .campaigns
            .iter()
            .find(|one| one.id.as_str() == name);
        let assignment = campaign.unwrap().items[0].assignment;
        let link = location(&stand.visit(1, &terminal.scan_path(assignment, play)));
        assert_eq!(stand.visit(1, &link).status(), 200);
        let target = location(&stand.visit(1, &format!("{link}/go")));
        let strange = location(&stand.visit(7, &format!("{link}/go")));
        assert_eq!(strange, "https://shop.example/", "nobody's press has an id");
        match end {
            Some(end) => assert_eq!(target.split_at(21).1[..5], *end, "{target}"),
            None => assert_eq!(target, "https://shop.example/"),
        }
    }
}

/// The lines that begin with `curl` or `printf` in the code blocks of a guide, a line each.
fn commands_of(guide: &str) -> Vec<String> {
    let blocks = guide.split("```").skip(1).step_by(2);
    let shell = blocks.filter_map(|block| block.strip_prefix("sh\n"));
    shell.map(str::to_owned).collect()
}

#[test]
fn the_lines_of_the_guides_for_shops_do_what_they_say() {
    for guide in ["shops.md", "shops.zh-CN.md"] {
        let path = format!("{}/../docs/{guide}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let commands = commands_of(&text);
        assert!(commands.len() >= 4, "{guide}: {commands:?}");
        let sold = Sold::start();
        let click = sold.press(1, 5);
        for command in commands {
            let ran = Command::new("bash")
                .args(["-euo", "pipefail", "-c", &command])
                .env("HUB", &sold.stand.base)
                .env("KEY", &sold.bearer)
                .env("LINK_SECRET", &sold.link_secret)
                .env("CLICK", &click)
                .output()
                .expect("bash, curl and openssl run");
            assert!(
                ran.status.success(),
                "{guide}: {command}\n{}",
                String::from_utf8_lossy(&ran.stderr)
            );
        }
        let counts = sold.counts();
        assert_eq!(
            (&counts["total"], &counts["value"]),
            (&json!(2), &json!({ "CNY": "109.00" })),
            "{guide}: {counts}"
        );
    }
}
