//! Previews of creatives that lie in a store: the same as of those on a disk; and what is said
//! while the store is away.

use passerby_testing::s3::{BUCKET, S3Server};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::console::Visitor;
use crate::console::ways_in::first_link;
use crate::previews::{at_last, size_of};
use crate::stand::{Stand, png};

const SHOP: &str = "title = 'Shop'\ntarget = 'https://shop.example/'\n\
    [[placement]]\ncreative = '0.png'\nseconds = 9\n\
    [[placement]]\ncreative = '1.png'\nseconds = 9\nheadline = 'Half price'\n\
    [[placement]]\ncreative = 'soup.card.toml'\nseconds = 9\n";
const SOUP: &str = "headline = 'Soup of the day'\npicture = '1.png'\nprice = '18'\n";

#[test]
fn previews_of_files_in_a_store_are_those_of_a_disk_and_say_when_it_is_away() {
    let mut server = S3Server::start();
    let mut variables = server.variables();
    let place = format!("s3://{BUCKET}/hub");
    variables.push(("PASSERBY_HUB_BLOBS".to_owned(), place));
    let stand = Stand::start_in(variables, &[]);
    let folder = stand.campaign("shop", SHOP, &[[9; 3], [120, 30, 60]]);
    std::fs::write(format!("{folder}/soup.card.toml"), SOUP).unwrap();
    stand.publish(&folder);
    // Only the hub itself knows where its files are.
    let mut ada = Visitor::new(&stand);
    let fields = [("name", "Ada"), ("password", "correct horse battery")];
    let joined = ada.post_plain(&first_link(&stand), &fields);
    assert_eq!(joined.status(), 303);
    let account = ada.get("/console/account").text().unwrap();
    let rights = account.split("name=\"right\" value=\"").skip(1);
    let rights = rights.map(|rest| ("right", rest.split('"').next().unwrap()));
    let fields: Vec<_> = rights.chain([("name", "till"), ("days", "30")]).collect();
    let made = ada.post("/console/account/tokens", &fields).text().unwrap();
    let (_, bearer) = made
        .split_once("Bearer ")
        .unwrap_or_else(|| panic!("{made}"));
    let bearer = bearer.split('<').next().unwrap().to_owned();
    let ask = |path: &str| -> Response {
        let address = stand.address(&format!("/api/v1{path}"));
        let request = stand.client.get(address).bearer_auth(&bearer);
        request.send().unwrap()
    };
    let picture = |path: &str| {
        let answer = at_last(|| ask(path));
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().unwrap());
        answer.bytes().unwrap()
    };
    let own = stand.address("/");
    // Also a card, of which the picture lies in the store as well.
    for placement in ["2", "3"] {
        let path = format!("/campaigns/shop/placements/{placement}/preview.png");
        let of_store = picture(&path);
        let file = stand.data().join(format!("preview-{placement}.png"));
        let output = stand
            .hub_command()
            .args(["preview", &folder])
            .arg(&file)
            .args(["--placement", placement])
            .args(["--public-url", own.trim_end_matches('/')])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(std::fs::read(file).unwrap(), of_store, "{placement}");
    }
    // A draft: as it was published, and with a picture of its own.
    let begun = stand.address("/api/v1/drafts/shop/begin");
    let begun = stand.client.post(begun).bearer_auth(&bearer).send();
    assert!(begun.unwrap().status().is_success());
    let of_draft = picture("/drafts/shop/placements/2/preview.png");
    assert_eq!(
        of_draft,
        picture("/campaigns/shop/placements/2/preview.png")
    );
    let whole = png([7, 90, 30]);
    let added = stand.address("/api/v1/drafts/shop/files?name=new.png");
    let added = stand.client.post(added).bearer_auth(&bearer);
    assert!(added.body(whole).send().unwrap().status().is_success());
    let airs = json!({ "text": format!("{SHOP}[[placement]]\ncreative = 'new.png'\n") });
    let changed = stand.address("/api/v1/drafts/shop");
    let changed = stand.client.post(changed).bearer_auth(&bearer);
    let changed = changed.body(airs.to_string()).send().unwrap();
    assert!(changed.status().is_success(), "{}", changed.text().unwrap());
    let new = picture("/drafts/shop/placements/4/preview.png?width=640&height=360");
    assert_eq!(size_of(&new), (640, 360));

    server.kill();
    for path in [
        "/campaigns/shop/placements/1/preview.png?width=800&height=450",
        "/drafts/shop/placements/4/preview.png?width=800&height=450",
    ] {
        let problem = loop {
            let answer = ask(path);
            assert_eq!(answer.status(), 503, "{path}");
            let text = answer.text().unwrap();
            let problem: Value = serde_json::from_str(&text).unwrap();
            if problem["title"] != "it is being drawn; come again" {
                break problem;
            }
        };
        let title = "the hub cannot read its files now; try again later";
        assert_eq!(problem["title"], title, "{problem}");
        assert!(!problem.to_string().contains(BUCKET), "{problem}");
    }
    let path = "/console/campaigns/shop/preview/1?width=800&height=450";
    ada.language = "zh-CN";
    let page = at_last(|| ada.get(path)).text().unwrap();
    assert!(page.contains("hub 现在读不了它的文件"), "{page}");
    assert!(!page.contains("s3://"), "{page}");
    // What was drawn before is still there.
    assert_eq!(
        picture("/campaigns/shop/placements/2/preview.png"),
        of_draft
    );
    server.start_again();
    let again = picture("/campaigns/shop/placements/1/preview.png?width=800&height=450");
    assert_eq!(size_of(&again), (800, 450));
}
