//! Films that come into drafts: made ready for screens by ffmpeg in the background, one at a time,
//! also over the end of a process; what cannot be made ready says why and costs itself alone.

use std::fs;
use std::path::Path;
use std::process::Command;

use passerby_hub::drafts::desk;
use passerby_hub::drafts::file::Received;
use passerby_hub::drafts::look::{Looker, PublishFault};
use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::publish::conversion::{Converter, Reason};
use passerby_hub::store::{DraftError, FilmState};
use passerby_testing::required_program;
use serde_json::{Value, json};

use crate::console::{Visitor, location, token};
use crate::stand::Stand;

/// Makes a film.
fn film(file: &Path, source: &str, options: &[&str]) {
    let made = Command::new(required_program("ffmpeg"))
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", source])
        .args(options)
        .arg(file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

/// A program with all rights, at work on one draft.
struct Program<'s> {
    stand: &'s Stand,
    bearer: String,
}

impl<'s> Program<'s> {
    fn new(stand: &'s Stand) -> Self {
        let bearer = token(stand, "Ada", Role::Owner, &Right::ALL);
        Self { stand, bearer }
    }

    fn call(&self, method: &str, path: &str, body: Vec<u8>) -> (u16, Value) {
        let address = self.stand.address(&format!("/api/v1{path}"));
        let request = self.stand.client.request(method.parse().unwrap(), address);
        let answer = request.bearer_auth(&self.bearer).body(body).send().unwrap();
        let status = answer.status().as_u16();
        let said = answer.bytes().unwrap();
        (status, serde_json::from_slice(&said).unwrap())
    }

    fn begin(&self, name: &str) {
        let begun = json!({ "campaign": name, "text": "title = \"Jazz\"\n" });
        let (status, said) = self.call("POST", "/drafts", begun.to_string().into_bytes());
        assert_eq!(status, 201, "{said}");
    }

    fn add(&self, draft: &str, name: &str, file: &Path) {
        let path = format!("/drafts/{draft}/files?name={name}");
        let (status, said) = self.call("POST", &path, fs::read(file).unwrap());
        assert_eq!(status, 200, "{said}");
        assert_eq!(said["left_out"], json!([]), "{said}");
    }

    fn draft(&self, name: &str) -> Value {
        let (status, said) = self.call("GET", &format!("/drafts/{name}"), Vec::new());
        assert_eq!(status, 200, "{said}");
        said
    }

    /// Waits until what a draft says of its films is as wanted.
    fn wait(&self, name: &str, is_so: impl Fn(&[Value]) -> bool) -> Value {
        loop {
            let draft = self.draft(name);
            if is_so(draft["films"].as_array().unwrap()) {
                return draft;
            }
        }
    }

    /// Waits until no film of a draft is open.
    fn ready(&self, name: &str) -> Value {
        let is_over = |film: &Value| !matches!(film["state"].as_str(), Some("waiting" | "running"));
        self.wait(name, |films| films.iter().all(is_over))
    }
}

#[test]
fn a_film_of_a_phone_is_made_ready_by_itself_and_is_what_airs() {
    let stand = Stand::start();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let sound = ["-f", "lavfi", "-i", "sine=d=2", "-shortest"];
    let coded = [
        "-c:v",
        "libx265",
        "-x265-params",
        "log-level=error",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p10le",
        "-color_primaries",
        "bt2020",
        "-color_trc",
        "arib-std-b67",
        "-colorspace",
        "bt2020nc",
        "-tag:v",
        "hvc1",
        "-c:a",
        "pcm_s16le",
    ];
    let options = [&sound[..], &coded[..]].concat();
    film(
        &at("phone.mov"),
        "testsrc2=size=640x360:rate=60:duration=2",
        &options,
    );
    let plain = [
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
    ];
    film(
        &at("good.mp4"),
        "testsrc2=size=320x180:rate=25:duration=1",
        &plain,
    );
    let terminal = stand.terminal("exit B");
    let ada = Program::new(&stand);
    ada.begin("jazz");
    ada.add("jazz", "IMG_0001.MOV", &at("phone.mov"));
    ada.add("jazz", "good.mp4", &at("good.mp4"));
    let draft = ada.ready("jazz");
    let film_named = |draft: &Value, name: &str| {
        let mut films = draft["films"].as_array().unwrap().iter();
        films.find(|film| film["file"] == name).unwrap().clone()
    };
    let phone = film_named(&draft, "IMG_0001.MOV");
    assert_eq!(phone["state"], "made", "{draft}");
    assert_eq!(
        phone["reasons"],
        json!(["codec", "rate", "pixels", "hdr", "sound", "head-last"])
    );
    assert_eq!(phone["told"], "");
    // What was well is the same file.
    assert_eq!(film_named(&draft, "good.mp4")["state"], "kept");
    let good = passerby_protocol::Digest::of(&fs::read(at("good.mp4")).unwrap()).to_string();
    let creative = |draft: &Value, name: &str| {
        let mut files = draft["files"].as_array().unwrap().iter();
        files.find(|file| file["file"] == name).unwrap()["creative"].clone()
    };
    assert_eq!(creative(&draft, "good.mp4"), good.as_str());
    let made = creative(&draft, "IMG_0001.MOV");
    assert_eq!(made, phone["made"]);
    let (status, said) = ada.call("POST", "/drafts/jazz/publish", Vec::new());
    assert_eq!(status, 200, "{said}");
    let manifest = stand.manifest(&terminal);
    let airing: Vec<String> = manifest.campaigns[0]
        .items
        .iter()
        .map(|item| item.creative.to_string())
        .collect();
    assert!(
        airing.contains(&made.as_str().unwrap().to_owned()),
        "{airing:?}"
    );
    // What it is now; and the same film again needs no work.
    let hub = stand.hub();
    let file = hub
        .blobs
        .file(made.as_str().unwrap().parse().unwrap())
        .unwrap();
    let facts = Converter::new(env!("CARGO_BIN_EXE_passerby-hub").into())
        .facts(&file)
        .unwrap();
    assert_eq!(facts.reasons(), Vec::<Reason>::new(), "{facts:?}");
    assert_eq!(
        (&*facts.codec, facts.sound.as_deref()),
        ("h264", Some("aac"))
    );
    ada.begin("blues");
    ada.add("blues", "again.mov", &at("phone.mov"));
    let again = ada.draft("blues");
    assert_eq!(creative(&again, "again.mov"), made);
    assert_eq!(again["films"][0]["state"], "made");
}

#[test]
fn a_draft_is_not_published_before_its_films_are_ready() {
    let mut stand = Stand::start();
    stand.stop();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clip.avi");
    film(
        &file,
        "testsrc2=size=320x180:rate=25:duration=1",
        &["-c:v", "mpeg4"],
    );
    fs::rename(&file, folder.path().join("clip.mp4")).unwrap();
    // An AVI is no film that a draft takes, whatever its name.
    let hub = stand.hub();
    let ada = Actor::COMMAND_LINE;
    let received = |name: &str| Received {
        name: name.to_owned(),
        path: folder.path().join(name),
    };
    let refused = desk::begin(&hub, &ada, ("jazz", ""), "", &[received("clip.mp4")], 1_000);
    assert!(matches!(refused, Err(desk::DeskFault::Nothing(_))));
    film(
        &folder.path().join("fast.mp4"),
        "testsrc2=size=320x180:rate=60:duration=1",
        &["-c:v", "libx264", "-pix_fmt", "yuv420p"],
    );
    let begun = desk::begin(&hub, &ada, ("jazz", ""), "", &[received("fast.mp4")], 1_000);
    let (id, told) = begun.unwrap();
    assert!(told.has_films());
    let draft = hub.store.draft(&id, &Scope::ALL).unwrap().unwrap();
    assert_eq!(draft.films[0].state, FilmState::Waiting);
    let published = Looker::of_this_program().publish(&hub, &ada, &draft, 2_000);
    assert!(
        matches!(published, Err(PublishFault::Draft(DraftError::FilmsWait))),
        "{published:?}"
    );
    drop(hub);
    stand.start_again();
    let program = Program::new(&stand);
    let ready = program.ready("jazz");
    assert_eq!(ready["films"][0]["reasons"], json!(["rate", "head-last"]));
    let (status, said) = program.call("POST", "/drafts/jazz/publish", Vec::new());
    assert_eq!(status, 200, "{said}");
}

#[test]
fn a_hub_that_is_killed_over_a_film_makes_it_ready_after_its_next_start() {
    let mut stand = Stand::start();
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long.mp4");
    let options = ["-c:v", "mpeg4", "-q:v", "5"];
    film(
        &long,
        "testsrc2=size=1280x720:rate=50:duration=20",
        &options,
    );
    {
        let ada = Program::new(&stand);
        ada.begin("jazz");
        ada.add("jazz", "long.mp4", &long);
        let is_on_its_way =
            |film: &Value| film["state"] == "running" && film["reasons"] != json!([]);
        let on_its_way = ada.wait("jazz", |films| films.iter().all(is_on_its_way));
        assert_eq!(
            on_its_way["films"][0]["reasons"],
            json!(["codec", "rate", "head-last"])
        );
        assert_eq!(on_its_way["looked_at"], false);
    }
    stand.kill_and_restart();
    let ada = Program::new(&stand);
    let ready = ada.ready("jazz");
    assert_eq!(ready["films"][0]["state"], "made", "{ready}");
    assert_eq!(ready["problems"], json!([]), "{ready}");
    // Nothing is left of either attempt but what goes by itself.
    let is_new = |entry: &fs::DirEntry| entry.path().join("film/new.mp4").exists();
    let work = fs::read_dir(stand.data().join("source-work")).unwrap();
    assert!(!work.flatten().any(|entry| is_new(&entry)));
}

#[test]
fn a_film_is_called_off_and_tried_again_on_its_page() {
    let stand = Stand::start();
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long.mp4");
    let options = ["-c:v", "mpeg4", "-q:v", "5"];
    film(
        &long,
        "testsrc2=size=1280x720:rate=50:duration=30",
        &options,
    );
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let bytes = fs::read(&long).unwrap();
    let made = ada.upload(
        "/console/new",
        &[("title", "jazz"), ("target", "https://shop.example")],
        &[("files", "long.mp4", &bytes)],
    );
    assert_eq!(
        location(&made),
        "/console/drafts/jazz/films?done=draft-begun"
    );
    let page = ada.get("/console/drafts/jazz/films");
    assert_eq!(page.headers()["refresh"], "3");
    let page = page.text().unwrap();
    assert!(
        page.contains("long.mp4") && page.contains("Call it off"),
        "{page}"
    );
    let draft = ada.get("/console/drafts/jazz");
    assert!(!draft.headers().contains_key("refresh"));
    let draft = draft.text().unwrap();
    assert!(draft.contains("See how far it is"), "{draft}");
    assert!(!draft.contains("/publish\""), "{draft}");
    let number = page.split_once("/films/").unwrap().1;
    let number = number.split('"').next().unwrap();
    let path = format!("/console/drafts/jazz/films/{number}");
    let off = ada.post(&path, &[("do", "call-off")]);
    assert_eq!(location(&off), "/console/drafts/jazz");
    let page = ada.looked_at("/console/drafts/jazz");
    assert!(
        page.contains("Called off") && page.contains("Try again"),
        "{page}"
    );
    let gone = ada.get("/console/drafts/jazz/films");
    assert_eq!(location(&gone), "/console/drafts/jazz");
    let twice = ada.post(&path, &[("do", "call-off")]);
    assert_eq!(twice.status(), 422);
    let again = ada.post(&path, &[("do", "again")]);
    assert_eq!(location(&again), "/console/drafts/jazz/films");
    let off = ada.post(&path, &[("do", "call-off")]);
    assert_eq!(location(&off), "/console/drafts/jazz");
    let log = ada.get("/console/audit").text().unwrap();
    assert!(log.contains("Had a film tried again"), "{log}");
}

#[test]
fn broken_and_hostile_films_say_why_and_cost_themselves_alone() {
    let stand = Stand::start();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let small = "testsrc2=size=320x180:rate=25:duration=2";
    film(&at("good.mp4"), small, &["-c:v", "mpeg4"]);
    let start = ["-c:v", "mpeg4", "-movflags", "+faststart"];
    film(&at("start.mp4"), small, &start);
    let (good, start) = (
        fs::read(at("good.mp4")).unwrap(),
        fs::read(at("start.mp4")).unwrap(),
    );
    // Without the list of its pictures; with a list and no picture; with sizes that lie.
    fs::write(at("headless.mp4"), &good[..good.len() / 2]).unwrap();
    let head = start.windows(4).position(|four| four == b"mdat").unwrap();
    fs::write(at("empty.mp4"), &start[..head + 4]).unwrap();
    let mut lying = start.clone();
    for at in (64..head - 8).step_by(97) {
        lying[at] ^= 0x7f;
    }
    fs::write(at("lying.mp4"), &lying).unwrap();
    let words = [&start[..32], &b"nothing of a film ".repeat(500)[..]].concat();
    fs::write(at("words.mp4"), words).unwrap();
    let ada = Program::new(&stand);
    ada.begin("jazz");
    let names = [
        "headless.mp4",
        "empty.mp4",
        "lying.mp4",
        "words.mp4",
        "good.mp4",
    ];
    for name in names {
        ada.add("jazz", name, &at(name));
    }
    let ready = ada.ready("jazz");
    for film in ready["films"].as_array().unwrap() {
        let name = film["file"].as_str().unwrap();
        match name {
            "good.mp4" => assert_eq!(film["state"], "made", "{film}"),
            // Whatever ffmpeg makes of it, it says so, and the file stays.
            "lying.mp4" => assert!(
                film["state"] == "made" || !film["told"].as_str().unwrap().is_empty(),
                "{film}"
            ),
            _ => {
                assert_eq!(film["state"], "failed", "{film}");
                assert!(!film["told"].as_str().unwrap().is_empty(), "{film}");
            }
        }
    }
    assert_eq!(ready["films"].as_array().unwrap().len(), names.len());
    let problems = ready["problems"].as_array().unwrap();
    assert!(
        problems.iter().any(|one| one["file"] == "words.mp4"),
        "{ready}"
    );
    assert!(
        problems.iter().all(|one| one["file"] != "good.mp4"),
        "{ready}"
    );
}

#[test]
fn only_films_that_air_go_out_whole_or_in_parts() {
    let stand = Stand::start();
    let folder = tempfile::tempdir().unwrap();
    let campaign = folder.path().join("jazz");
    fs::create_dir(&campaign).unwrap();
    film(
        &campaign.join("clip.mp4"),
        "testsrc2=size=320x180:rate=25:duration=1",
        &[
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
            "-movflags",
            "+faststart",
        ],
    );
    let toml = "title = \"Jazz\"\nlanding = \"page\"\ntarget = \"https://shop.example\"\n";
    fs::write(campaign.join("campaign.toml"), toml).unwrap();
    let bytes = fs::read(campaign.join("clip.mp4")).unwrap();
    let digest = passerby_protocol::Digest::of(&bytes);
    let path = format!("/f/{digest}.mp4");
    let get = |range: &str| {
        let request = stand.client.get(stand.address(&path));
        let request = match range {
            "" => request,
            range => request.header("range", range),
        };
        request.header("accept-encoding", "gzip").send().unwrap()
    };
    assert_eq!(get("").status(), 404);
    let terminal = stand.terminal("exit B");
    stand.publish(campaign.to_str().unwrap());
    let whole = get("");
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.headers()["content-type"], "video/mp4");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.bytes().unwrap(), bytes);
    let part = get("bytes=10-19");
    assert_eq!(part.status(), 206);
    let range = format!("bytes 10-19/{}", bytes.len());
    assert_eq!(part.headers()["content-range"], range.as_str());
    assert_eq!(part.bytes().unwrap(), bytes[10..20]);
    let outside = get(&format!("bytes={}-", bytes.len()));
    assert_eq!(outside.status(), 416);
    for other in ["/f/x.mp4", "/f/", "/f/..%2Fhub.db"] {
        let answer = stand.client.get(stand.address(other)).send().unwrap();
        assert_eq!(answer.status(), 404, "{other}");
    }
    // Its landing page plays it, without a script, and shows its picture before.
    let manifest = stand.manifest(&terminal);
    let assignment = manifest.campaigns[0].items[0].assignment;
    let scan = stand.visit(1, &terminal.scan_path(assignment, 1));
    let share = crate::stand::location(&scan);
    let page = stand.visit(1, &share);
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("media-src 'self'"), "{policy}");
    let page = page.text().unwrap();
    assert!(page.contains(&format!("<video src=\"{path}\"")), "{page}");
    for part in [
        "controls",
        "playsinline",
        "preload=\"none\"",
        "picture.jpg\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<script"), "{page}");
    // Off the screens, it is nobody's business any more; the page shows the picture.
    stand.json(&["unpublish", "jazz"]);
    assert_eq!(get("").status(), 404);
    let page = stand.visit(1, &share).text().unwrap();
    assert!(!page.contains("<video") && page.contains("<img"), "{page}");
}

#[test]
fn one_network_that_reads_films_slowly_leaves_others_theirs() {
    let stand = Stand::start();
    let folder = tempfile::tempdir().unwrap();
    let campaign = folder.path().join("jazz");
    fs::create_dir(&campaign).unwrap();
    let clip = campaign.join("clip.mp4");
    let plain = [
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
    ];
    film(&clip, "testsrc2=size=320x180:rate=25:duration=1", &plain);
    // More than lies in the buffers between the hub and whoever does not read.
    let mut bytes = fs::read(&clip).unwrap();
    let free = 48_u32 << 20;
    bytes.extend(free.to_be_bytes());
    bytes.extend(b"free");
    bytes.resize(bytes.len() + free as usize - 8, 0);
    fs::write(&clip, &bytes).unwrap();
    let toml = "title = \"Jazz\"\nlanding = \"page\"\ntarget = \"https://shop.example\"\n";
    fs::write(campaign.join("campaign.toml"), toml).unwrap();
    stand.publish(campaign.to_str().unwrap());
    let path = format!("/f/{}.mp4", passerby_protocol::Digest::of(&bytes));
    let ask = |from: &str| stand.open_from(from, crate::stand::PHONE, &path);
    let slow: Vec<_> = (0..40).map(|_| ask("192.0.2.1")).collect();
    let taken = slow.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(taken, 16, "of one link");
    let refused = slow.iter().find(|answer| answer.status() != 200).unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let other = ask("198.51.100.7");
    assert_eq!(other.status(), 200, "somebody else");
    assert_eq!(other.bytes().unwrap().len(), bytes.len());
    drop(slow);
    // Once the hub has seen that nobody reads any more.
    while ask("192.0.2.1").status() != 200 {}
}

#[test]
fn a_file_that_is_used_elsewhere_is_kept_once_and_says_where() {
    let stand = Stand::start();
    let folder = tempfile::tempdir().unwrap();
    let fast = folder.path().join("fast.mp4");
    let options = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];
    film(&fast, "testsrc2=size=320x180:rate=60:duration=1", &options);
    let ada = Program::new(&stand);
    for name in ["jazz", "blues"] {
        ada.begin(name);
    }
    ada.add("jazz", "first.mp4", &fast);
    ada.ready("jazz");
    let (status, said) = ada.call(
        "POST",
        "/drafts/blues/files?name=second.mp4",
        fs::read(&fast).unwrap(),
    );
    assert_eq!(status, 200, "{said}");
    let place = json!({ "file": "second.mp4", "campaign": "jazz", "name": "first.mp4" });
    assert_eq!(said["elsewhere"], json!([place]), "{said}");
    // In its own draft it is there already, also as what came before it was made anew.
    let (_, said) = ada.call(
        "POST",
        "/drafts/blues/files?name=third.mp4",
        fs::read(&fast).unwrap(),
    );
    assert_eq!(said["added"], json!([]), "{said}");
    let reason = said["left_out"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("here already, as second.mp4"), "{said}");
    let mut browser = Visitor::signed_in(&stand, "Bob", Role::Owner, &Scope::ALL);
    let page = browser.looked_at("/console/drafts/blues");
    assert!(
        page.contains("used elsewhere") && page.contains("first.mp4"),
        "{page}"
    );
    // Whoever has nothing to do with the other draft does not hear of it.
    let scope = Scope {
        screens: None,
        campaigns: Some(["north".to_owned()].into()),
    };
    let places = stand.hub().store.places_of(
        &[passerby_protocol::Digest::of(&fs::read(&fast).unwrap())],
        None,
        &scope,
    );
    assert_eq!(places.unwrap(), []);
}
