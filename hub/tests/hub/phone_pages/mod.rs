//! What holds of all pages for people who pass by, whatever they are about.

mod in_browser;
mod languages;
mod link_previews;

use std::path::Path;

use passerby_hub::people::Actor;
use passerby_hub::store::ScreenChange;
use passerby_protocol::Assignment;

use crate::followers::Fans;
use crate::stand::{Stand, Terminal, film, location, png};

/// A campaign with everything that a page can have.
const TOML: &str = "title = '三体：四百光年之外'\nkind = 'fans'\ntarget = 'https://shop.example/book'\nlanding = 'page'\n\
advertiser = '三体书店'\nheadline = '只送一周'\nshare = '路过地铁站，看到想读的书。'\nbutton = '去书店看看'\n\
story = '''\n夜里的地铁站，只剩下广告牌还亮着。\n有人在屏幕前站了很久，扫了码，买了书，然后上了末班车。'''\n\
colours = { paper = '#fff8ee', ink = '#20160c', accent = '#e2552b' }\n\
[words.en]\ntitle = 'The Three-Body Problem, four hundred light years away'\n\
share = 'Walked past the metro, saw a book I want to read.'\nbutton = 'Visit the book shop'\n\
story = '''\nThe metro at night, and only the screens are lit.\nSomebody stood there for long, scanned, bought the book and took the last train.'''\n\
[voices]\ntake = 'words-and-pictures'\nquestion = '你最喜欢哪一章？'\n\
[follow]\nmail = true\nfeed = true\naccount = { name = '@santi', picture = 'wechat.png', link = 'https://social.example/santi' }\n\
[follow.for_fans]\nwords = '☕ 2 : 1'\nlink = 'https://shop.example/fans'\noffer = '☕ 2 : 1'\noffer_until = 2099-12-31\n";
/// Its question in English, which the section above cannot hold twice.
const QUESTION: &str = "Which chapter do you like best?";

/// A hub with such a campaign: its first creative is a picture, the second a film.
fn on_air() -> (Fans, [Assignment; 2]) {
    let toml = TOML.replace("[voices]", &format!("question = '{QUESTION}'\n[voices]"));
    let fans = Fans::start_with(&|stand: &Stand| {
        let folder = stand.campaign("book", &toml, &[[200, 80, 40]]);
        let folder = Path::new(&folder);
        film(&folder.join("1.mp4"), "testsrc2=s=640x360:r=10:d=1");
        std::fs::write(folder.join("1.png"), png([40, 80, 160])).unwrap();
        std::fs::write(folder.join("wechat.png"), png([20, 120, 60])).unwrap();
        folder.to_str().unwrap().to_owned()
    });
    let change = ScreenChange {
        place: Some("地铁2号线 B口 · Exit B".to_owned()),
        way: Some("31.2304, 121.4737".to_owned()),
        ..ScreenChange::default()
    };
    let (store, screen) = (fans.stand.hub().store, fans.terminal.credentials.screen);
    store
        .change_screen(&Actor::COMMAND_LINE, screen, &change, 1)
        .unwrap();
    let items = fans.stand.manifest(&fans.terminal).campaigns[0]
        .items
        .clone();
    let assignments = [items[0].assignment, items[1].assignment];
    (fans, assignments)
}

/// A link that its owner has opened.
fn opened(stand: &Stand, terminal: &Terminal, assignment: Assignment, visitor: u8) -> String {
    let link = location(&stand.visit(visitor, &terminal.scan_path(assignment, 5)));
    assert_eq!(stand.visit(visitor, &link).status(), 200);
    link
}
