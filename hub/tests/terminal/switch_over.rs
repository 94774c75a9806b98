//! Campaigns switch over one by one, when all of each is there; through kills, rotten files and
//! full disks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use passerby_hub::Hub;
use passerby_playout::content::cache::{Cache, CacheSettings, Space};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_playout::messages::player_requests::Status;
use passerby_protocol::Digest;
use passerby_testing::required_program;

use crate::holding_proxy::{HEAD_BYTES_MAX, HoldingProxy};
use crate::parts::{
    HubProcess, TerminalProcess, drain, enrol, hub, plays_on_hub, settings, wait_until,
};
use crate::stand::{Setup, Terminal};

/// What a connection that was given up may have taken from the hub without anybody reading it.
const IN_FLIGHT_BYTES_MAX: u64 = 64 << 10;

/// A picture of noise, of about three bytes a pixel, that nothing packs.
fn noise(seed: u32, width: u32, height: u32) -> Vec<u8> {
    use image::ImageEncoder as _;
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let mut state = u64::from(seed) << 32 | 1;
    let pixels: Vec<u8> = (0..width * height * 3)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect();
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(
        &mut bytes,
        CompressionType::Uncompressed,
        FilterType::NoFilter,
    )
    .write_image(&pixels, width, height, image::ExtendedColorType::Rgb8)
    .expect("encodes");
    bytes
}

/// A hub, a proxy before it, and a terminal's folder.
struct Street {
    folder: tempfile::TempDir,
    data: PathBuf,
    process: Option<HubProcess>,
    proxy: HoldingProxy,
    terminal: PathBuf,
    enrolment: Enrolment,
}

impl Street {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let data = folder.path().join("hub");
        let process = HubProcess::start(&data, "127.0.0.1:0");
        let proxy = HoldingProxy::to(&process.address);
        let (terminal, enrolment) = enrol(folder.path(), &data, &proxy.url);
        Self {
            data,
            process: Some(process),
            proxy,
            terminal,
            enrolment,
            folder,
        }
    }

    /// Publishes a campaign of these pictures in the place of what it was; returns their digests.
    fn publish(&self, campaign: &str, pictures: &[Vec<u8>]) -> Vec<Digest> {
        let from = self.folder.path().join(campaign);
        let _ = std::fs::remove_dir_all(&from);
        std::fs::create_dir_all(&from).expect("folder");
        for (at, bytes) in pictures.iter().enumerate() {
            std::fs::write(from.join(format!("{at}.png")), bytes).expect("writes");
        }
        hub(&self.data, &["publish", from.to_str().expect("text")]);
        pictures.iter().map(|bytes| Digest::of(bytes)).collect()
    }

    fn start(&self) -> Terminal {
        Terminal::start(&self.terminal, &self.enrolment)
    }

    fn cache(&self) -> Cache {
        Cache::new(&self.terminal)
    }

    fn size_on_disk(&self, file: Digest, ending: &str) -> u64 {
        let path = self.cache().path(file);
        let path = PathBuf::from(format!("{}{ending}", path.display()));
        std::fs::metadata(path).map_or(0, |metadata| metadata.len())
    }

    /// Waits until a file has come as far as the proxy lets it.
    fn wait_held(&self, file: Digest, held_at: u64) {
        wait_until("the file comes as far as the proxy lets it", || {
            self.size_on_disk(file, ".part") >= held_at - HEAD_BYTES_MAX
        });
    }
}

#[test]
fn after_kill_9_in_mid_download_only_the_rest_is_fetched() {
    let street = Street::new();
    let big = noise(1, 1_500, 1_000);
    let [file] = street.publish("film", std::slice::from_ref(&big))[..] else {
        panic!("one picture");
    };
    let (name, size) = (file.to_string(), big.len() as u64);
    let settings = settings(street.folder.path(), &street.enrolment.hub);
    let run = || TerminalProcess::start(&settings, 50);

    // Three kills, each a megabyte further.
    let mut cuts = vec![0];
    for round in 1..=3 {
        let held_at = round * (1 << 20);
        street.proxy.hold(&name, held_at);
        let child = run();
        // Each kill may have left something on the way.
        street.wait_held(
            file,
            held_at - round * (HEAD_BYTES_MAX + IN_FLIGHT_BYTES_MAX),
        );
        child.kill();
        cuts.push(street.size_on_disk(file, ".part"));
    }
    street.proxy.release(&name);
    let child = run();
    wait_until("the whole file", || street.size_on_disk(file, "") == size);
    child.kill();
    assert_eq!(
        std::fs::read(street.cache().path(file)).expect("there"),
        big
    );
    assert_eq!(street.size_on_disk(file, ".part"), 0);
    assert_eq!(
        street.proxy.asked(&name),
        cuts,
        "each began where the last was cut"
    );
    let served = street.proxy.served(&name);
    let most = size + 4 * HEAD_BYTES_MAX + 3 * IN_FLIGHT_BYTES_MAX;
    assert!((size..most).contains(&served), "{served} bytes for {size}");
    println!(
        "{size} bytes, three kills at {:?}: {served} bytes came through",
        &cuts[1..]
    );
}

#[test]
fn a_campaign_switches_while_anothers_file_still_loads_and_one_that_is_taken_off_leaves_at_once() {
    let mut street = Street::new();
    let [a_old] = street.publish("a", &[noise(1, 40, 30)])[..] else {
        panic!("one picture");
    };
    let b_old = street.publish("b", &[noise(2, 40, 30), noise(3, 40, 30)]);
    let terminal = street.start();
    terminal.show_until("a", |shown| shown.creative == a_old);
    terminal.show_until("b", |shown| shown.creative == b_old[1]);

    // b's new version has a large file that does not come.
    let (small, big) = (noise(4, 40, 30), noise(5, 1_000, 800));
    let size = big.len() as u64;
    let name = Digest::of(&big).to_string();
    street.proxy.hold(&name, 1 << 20);
    let b_new = street.publish("b", &[small, big]);
    street.wait_held(b_new[1], 1 << 20);
    let status = terminal.wait_for("b waits", |status| {
        let coming = status.transfers.under_way.as_ref();
        coming.is_some_and(|coming| {
            coming.file == name && coming.bytes_there >= (1 << 20) - HEAD_BYTES_MAX
        })
    });
    assert_eq!(status.transfers.campaigns_waiting, ["b"]);
    assert!(status.transfers.files_there < status.transfers.files_wanted);
    assert!(status.transfers.bytes_there < status.transfers.bytes_wanted);

    // a's new version switches meanwhile; b airs on as it was, and its codes are still good.
    let [a_new] = street.publish("a", &[noise(6, 40, 30)])[..] else {
        panic!("one picture");
    };
    terminal.show_until("a's new version", |shown| shown.creative == a_new);
    let now = terminal.next(30);
    let digests: BTreeSet<Digest> = now.iter().map(|shown| shown.creative).collect();
    assert_eq!(digests, [a_new, b_old[0], b_old[1]].into());
    assert!(
        street.size_on_disk(b_new[1], "") == 0,
        "b's file is still on its way"
    );
    let registry = Hub::open(&street.data).expect("opens");
    let now_ms = jiff::Timestamp::now().as_millisecond();
    for shown in now.iter().filter(|shown| !shown.url.is_empty()) {
        let token = shown.url.rsplit('/').next().expect("a token");
        assert!(registry.verified(token, now_ms).expect("answers").is_ok());
    }

    // What is taken off leaves at once, though b is not whole.
    let version = terminal.status().manifest_version;
    hub(&street.data, &["unpublish", "a"]);
    terminal.wait_for("the new manifest", |status| {
        status.manifest_version > version
    });
    let now = terminal.next(20);
    // The play that was on the screen, and one that was ready, may have been a's.
    let late = now[2..].iter().find(|shown| shown.campaign != "b");
    assert_eq!(late, None);
    assert!(
        street.size_on_disk(b_new[1], "") == 0,
        "b's file is still on its way"
    );

    // All of this is so after a restart without the hub.
    terminal.stop();
    street.process = None;
    let terminal = street.start();
    let digests: BTreeSet<Digest> = terminal
        .next(20)
        .iter()
        .map(|shown| shown.creative)
        .collect();
    assert_eq!(digests, b_old.iter().copied().collect());
    terminal.stop();

    // The rest comes, and b switches as a whole.
    let address = street.proxy.hub_address();
    street.process = Some(HubProcess::start(&street.data, &address));
    street.proxy.release(&name);
    let terminal = street.start();
    let before = terminal.show_until("b's new version", |shown| b_new.contains(&shown.creative));
    assert!(
        before[..before.len() - 1]
            .iter()
            .all(|shown| b_old.contains(&shown.creative))
    );
    terminal.show_until("its large file", |shown| shown.creative == b_new[1]);
    let digests: BTreeSet<Digest> = terminal
        .next(20)
        .iter()
        .map(|shown| shown.creative)
        .collect();
    assert_eq!(digests, b_new.iter().copied().collect());
    let status = terminal.wait_for("all is there", |status| {
        status.transfers.files_there == status.transfers.files_wanted
    });
    assert_eq!(
        (
            status.transfers.campaigns_waiting.len(),
            status.transfers.under_way
        ),
        (0, None)
    );
    terminal.stop();
    let served = street.proxy.served(&name);
    let asked = street.proxy.asked(&name).len() as u64;
    assert!(
        served <= size + asked * (HEAD_BYTES_MAX + IN_FLIGHT_BYTES_MAX),
        "{served} bytes for {size}"
    );

    // A campaign that comes back as it was costs nothing.
    let file = a_new.to_string();
    let before = street.proxy.asked(&file).len();
    let terminal = street.start();
    assert_eq!(street.publish("a", &[noise(6, 40, 30)]), [a_new]);
    terminal.show_until("a again", |shown| shown.creative == a_new);
    assert_eq!(street.proxy.asked(&file).len(), before);
    terminal.stop();
    let mut ledger = Ledger::open(&street.terminal).expect("opens").0;
    drain(&mut ledger, &street.enrolment);
    assert_eq!(plays_on_hub(&street.data), ledger.last_seq());
}

#[test]
fn a_file_that_rots_on_the_disk_is_found_told_and_fetched_again_while_the_others_air() {
    let street = Street::new();
    let files = street.publish("a", &[noise(1, 60, 40), noise(2, 60, 40)]);
    let scrubbed = || Setup {
        cache: CacheSettings {
            round: Duration::from_secs(1),
            ..CacheSettings::default()
        },
        ..Setup::default()
    };
    let terminal = Terminal::with(&street.terminal, &street.enrolment, scrubbed());
    terminal.show_until("one", |shown| shown.creative == files[0]);
    terminal.show_until("two", |shown| shown.creative == files[1]);
    // The hub is slow to send it again, so that it can be seen what airs meanwhile.
    let name = files[1].to_string();
    street.proxy.hold(&name, street.proxy.served(&name));
    let path = street.cache().path(files[1]);
    let sound = std::fs::read(&path).expect("there");
    let mut rotten = sound.clone();
    rotten[100] ^= 0x10;
    std::fs::write(&path, &rotten).expect("writes");
    let told = |status: &Status| {
        status.problems.iter().any(|problem| {
            problem.contains(&name)
                && problem.contains("changed on the disk")
                && problem.contains("campaign a")
        })
    };
    let status = terminal.wait_for("the problem", told);
    assert!(status.transfers.campaigns_waiting.len() <= 1);
    terminal.wait_for("it waits", |status| {
        status.transfers.campaigns_waiting == ["a"]
    });
    let meanwhile = terminal.next(10);
    assert!(
        meanwhile[2..]
            .iter()
            .all(|shown| shown.creative == files[0]),
        "{meanwhile:?}"
    );

    // A restart in this state does not take the campaign off.
    terminal.stop();
    let terminal = Terminal::with(&street.terminal, &street.enrolment, scrubbed());
    assert!(
        terminal
            .next(3)
            .iter()
            .all(|shown| shown.creative == files[0])
    );
    street.proxy.release(&name);
    terminal.show_until("the healed file", |shown| shown.creative == files[1]);
    assert_eq!(std::fs::read(&path).expect("there"), sound);
    terminal.stop();
}

/// A small disk in memory, which takes root.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    fn at(folder: &Path, mb: u64) -> Self {
        std::fs::create_dir_all(folder).expect("folder");
        let size = format!("size={mb}m");
        let mounted = Command::new(required_program("mount"))
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder)
            .output()
            .expect("runs");
        assert!(
            mounted.status.success(),
            "this test needs a disk of its own; run the tests as root, in a container with --privileged: {}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self {
            folder: folder.to_owned(),
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(&self.folder)
            .status();
    }
}

#[test]
fn what_does_not_fit_on_the_disk_is_one_problem_and_never_the_ledgers() {
    const DISK_MB: u64 = 40;
    let street = Street::new();
    let disk = SmallDisk::at(&street.folder.path().join("card"), DISK_MB);
    std::fs::copy(
        street.terminal.join("credentials.json"),
        disk.folder.join("credentials.json"),
    )
    .expect("copies");
    let small = street.publish("small", &[noise(1, 60, 40)]);
    let medium = street.publish("medium", &[noise(2, 1_500, 1_000)]);
    street.publish("large", &[noise(3, 3_000, 2_800)]);
    // The floor is 16 MB, so 24 MB are left for the cache: 4.5 MB and nothing of 25 MB.
    let terminal = Terminal::with(&disk.folder, &street.enrolment, Setup::default());
    terminal.show_until("small", |shown| shown.creative == small[0]);
    terminal.show_until("medium", |shown| shown.creative == medium[0]);
    let refusals = |status: &Status| -> Vec<String> {
        let problems = status.problems.iter();
        let about = problems.filter(|problem| problem.contains("data.cache_mb"));
        about.cloned().collect()
    };
    let status = terminal.wait_for("the problem", |status| !refusals(status).is_empty());
    let [problem] = &refusals(&status)[..] else {
        panic!("one problem: {:?}", status.problems);
    };
    assert!(
        problem.contains("campaign large needs 25 MB more"),
        "{problem}"
    );

    // Somebody else fills the disk to its last byte but the ledger's reserve, while another
    // campaign comes. More than what a download is granted at one time.
    let next = noise(4, 1_800, 1_500);
    let name = Digest::of(&next).to_string();
    street.proxy.hold(&name, 1 << 20);
    street.publish("next", &[next]);
    let part = disk.folder.join("cache").join(format!("{name}.part"));
    wait_until("it begins", || part.exists());
    let space = Space::of(&disk.folder).expect("a disk");
    let most = space.free_bytes - space.floor_bytes();
    std::fs::write(
        disk.folder.join("somebody's"),
        vec![7; usize::try_from(most).expect("small")],
    )
    .expect("writes");
    street.proxy.release(&name);
    terminal.wait_for("it is given up", |status| {
        let refused = refusals(status);
        refused
            .iter()
            .any(|problem| problem.contains("campaign next needs"))
    });
    wait_until("its part leaves", || !part.exists());
    let left = Space::of(&disk.folder).expect("a disk").free_bytes;
    assert!(left >= 12 << 20, "{left} bytes are left for the ledger");
    terminal.show_until("small", |shown| shown.creative == small[0]);
    terminal.show_until("medium", |shown| shown.creative == medium[0]);
    // Room comes back, and with it the campaign.
    std::fs::remove_file(disk.folder.join("somebody's")).expect("removes");
    let before = terminal.status().plays_recorded;
    let status = terminal.wait_for("it goes on counting", |status| {
        status.plays_recorded > before + 20
    });
    assert_eq!(status.plays_dropped, 0);
    terminal.stop();
    let mut ledger = Ledger::open(&disk.folder).expect("opens").0;
    drain(&mut ledger, &street.enrolment);
    assert_eq!(plays_on_hub(&street.data), ledger.last_seq());
    let plays = ledger.plays_since(None).expect("reads");
    let mut by_campaign: BTreeMap<String, usize> = BTreeMap::new();
    for play in plays {
        *by_campaign.entry(play.play.content.campaign).or_default() += 1;
    }
    assert!(!by_campaign.contains_key("large"));
    assert!(
        by_campaign.contains_key("small") && by_campaign.contains_key("medium"),
        "{by_campaign:?}"
    );
}
