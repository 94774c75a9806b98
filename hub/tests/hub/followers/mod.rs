//! People who follow a campaign: asked by mail that a real server takes, written to, known again,
//! and erased.

mod coming_back;
mod erased;
mod in_browser;
mod joining;
mod news;

use passerby_hub::people::{Right, Role};
use passerby_protocol::Assignment;
use passerby_testing::mail_receiver::MailReceiver;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::console::token;
use crate::stand::{PHONE, Stand, Terminal, location};

const TOML: &str = "title = '三体'\nkind = 'fans'\ntarget = 'https://shop.example/book'\nlanding = 'page'\n\
[follow]\nmail = true\nfeed = true\naccount = { name = '公众号：三体书店', link = 'https://wechat.example/x' }\n\
[follow.for_fans]\nwords = '给老朋友的话'\noffer = '一杯茶'\n";

/// A hub with a mail server, a screen and a campaign that people can follow.
struct Fans {
    stand: Stand,
    server: MailReceiver,
    terminal: Terminal,
    assignment: Assignment,
    token: String,
}

impl Fans {
    fn start(toml: &str) -> Self {
        let server = MailReceiver::start(None);
        let host = format!("127.0.0.1:{}", server.port);
        let arguments = ["--source-host", &host, "--follow-mails-a-minute", "1000"];
        let stand = Stand::start_with(&arguments, None);
        let token = token(&stand, "Ada", Role::Owner, &Right::ALL);
        let terminal = stand.terminal("出口 B");
        stand.publish(&stand.campaign("book", toml, &[[200, 80, 40]]));
        let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
        let fans = Self {
            stand,
            server,
            terminal,
            assignment,
            token,
        };
        let mail = json!({ "host": "127.0.0.1", "port": fans.server.port, "encryption": "none",
            "from": "news@hub.example" });
        assert_eq!(fans.call("POST", "/mail", &mail).0, 200);
        fans
    }

    /// Calls as a program does.
    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let address = self.stand.address(&format!("/api/v1{path}"));
        let request = self.stand.client.request(method.parse().unwrap(), address);
        let request = request.bearer_auth(&self.token);
        let request = match body {
            Value::Null => request,
            body => request.body(body.to_string()),
        };
        let answer = request.send().unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// A link of its own for a visitor who scans.
    fn scanned(&self, visitor: u8, play: u32) -> String {
        let path = self.terminal.scan_path(self.assignment, play);
        let link = location(&self.stand.visit(visitor, &path));
        assert_eq!(self.stand.visit(visitor, &link).status(), 200);
        link
    }

    /// Sends a form as a phone does, with the cookie that it has.
    fn send(&self, visitor: u8, path: &str, fields: &[(&str, &str)], cookie: &str) -> Response {
        let request = self.stand.client.post(self.stand.address(path));
        let request = request.header("user-agent", PHONE);
        let request = request.header("x-forwarded-for", format!("192.0.2.{visitor}"));
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, text)| {
                let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
                format!("{name}={text}")
            })
            .collect();
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = if cookie.is_empty() {
            request
        } else {
            request.header("cookie", cookie)
        };
        request.body(fields.join("&")).send().unwrap()
    }

    /// Has a visitor ask for mail.
    fn asks(&self, visitor: u8, address: &str) {
        let link = self.scanned(visitor, u32::from(visitor));
        let fields = [("mail", address), ("agree", "yes")];
        let asked = self.send(visitor, &format!("{link}/follow"), &fields, "");
        assert_eq!(asked.status(), 200, "{}", asked.text().unwrap());
    }

    /// The path of the private link in the next mail, which is to this address.
    fn private_link(&self, address: &str) -> String {
        let mail = self.server.next();
        assert_eq!(mail["to"], json!([address]), "{mail}");
        path_in(&mail)
    }

    /// Has a visitor follow, whole; returns the path of their private link.
    fn follows(&self, visitor: u8, address: &str) -> String {
        self.asks(visitor, address);
        let path = self.private_link(address);
        let confirmed = self.send(visitor, &format!("{path}/confirm"), &[], "");
        assert_eq!(confirmed.status(), 200);
        path
    }

    /// Writes news and sends it; returns its number.
    fn sends(&self, subject: &str) -> i64 {
        let draft = json!({ "subject": subject, "body": "出来了。\n来看看。", "link": "https://shop.example/new" });
        let (status, news) = self.call("POST", "/campaigns/book/news", &draft);
        assert_eq!(status, 201, "{news}");
        let id = news["news"].as_i64().unwrap();
        let path = format!("/campaigns/book/news/{id}/send");
        let (status, sent) = self.call("POST", &path, &Value::Null);
        assert_eq!(status, 200, "{sent}");
        id
    }

    fn fans(&self) -> Value {
        self.call("GET", "/campaigns/book/followers", &Value::Null)
            .1
    }
}

/// The path of the private link in a mail.
fn path_in(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let at = text.find("/fan/").unwrap_or_else(|| panic!("{text}"));
    text[at..at + "/fan/".len() + 64].to_owned()
}

/// The cookie that an answer sets, as a browser sends it back.
fn cookie_of(response: &Response) -> Option<String> {
    let set = response.headers().get("set-cookie")?.to_str().unwrap();
    Some(set.split(';').next().unwrap().to_owned())
}
