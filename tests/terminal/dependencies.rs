//! The directions of dependency that ARCHITECTURE.md promises.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Everything that a package needs to be built, itself left out, by name.
fn closure(
    graph: &BTreeMap<String, Vec<String>>,
    names: &BTreeMap<String, String>,
    of: &str,
) -> BTreeSet<String> {
    let root = names
        .iter()
        .find(|(_, name)| *name == of)
        .map(|(id, _)| id.clone())
        .expect("a package of the workspace");
    let mut seen = BTreeSet::new();
    let mut next = graph[&root].clone();
    while let Some(id) = next.pop() {
        if seen.insert(id.clone()) {
            next.extend(graph[&id].iter().cloned());
        }
    }
    seen.iter().map(|id| names[id].clone()).collect()
}

/// What Cargo says of all packages that this platform needs.
pub(crate) fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            // What other platforms need was never fetched.
            "--filter-platform",
            &format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
            "--manifest-path",
        ])
        .arg(passerby_testing::package_folder().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn packages_depend_on_each_other_in_one_direction_only() {
    let metadata = metadata();
    let names: BTreeMap<String, String> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| {
            (
                package["id"].as_str().expect("id").to_owned(),
                package["name"].as_str().expect("name").to_owned(),
            )
        })
        .collect();
    let graph: BTreeMap<String, Vec<String>> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| {
            let needed = node["deps"].as_array().expect("deps").iter().filter(|dep| {
                // A kind of null is a normal dependency; tests may use more.
                dep["dep_kinds"]
                    .as_array()
                    .expect("kinds")
                    .iter()
                    .any(|kind| kind["kind"] != "dev")
            });
            let needed = needed
                .map(|dep| dep["pkg"].as_str().expect("id").to_owned())
                .collect();
            (node["id"].as_str().expect("id").to_owned(), needed)
        })
        .collect();
    let needs = |package: &str| closure(&graph, &names, package);

    let protocol = needs("passerby-protocol");
    for io in [
        "tokio",
        "reqwest",
        "rusqlite",
        "axum",
        "hyper",
        "passerby-folder",
        "passerby-playout",
        "passerby-hub",
        "passerby",
    ] {
        assert!(
            !protocol.contains(io),
            "protocol does no I/O, but needs {io}"
        );
    }
    let folder = needs("passerby-folder");
    assert!(folder.contains("passerby-protocol"));
    for other in [
        "tokio",
        "rusqlite",
        "image",
        "passerby-playout",
        "passerby-hub",
    ] {
        assert!(
            !folder.contains(other),
            "folder reads folders, but needs {other}"
        );
    }
    let listener = needs("passerby-listener");
    for other in ["passerby-protocol", "passerby-folder", "rusqlite", "image"] {
        assert!(
            !listener.contains(other),
            "listener accepts connections, but needs {other}"
        );
    }
    let playout = needs("passerby-playout");
    assert!(playout.contains("passerby-folder"));
    assert!(playout.contains("passerby-protocol"));
    for pixels in ["bevy", "wgpu", "winit", "image", "passerby", "passerby-hub"] {
        assert!(
            !playout.contains(pixels),
            "playout knows no pixels, but needs {pixels}"
        );
    }
    let compose = needs("passerby-compose");
    assert!(compose.contains("passerby-playout"));
    for window in ["bevy", "wgpu", "winit", "passerby", "passerby-hub"] {
        assert!(
            !compose.contains(window),
            "compose makes pixels and shows none, but needs {window}"
        );
    }
    let paint = needs("passerby-paint");
    assert!(paint.contains("passerby-compose"));
    for window in [
        "bevy",
        "wgpu",
        "winit",
        "softbuffer",
        "passerby",
        "passerby-hub",
    ] {
        assert!(
            !paint.contains(window),
            "paint fills memory and opens nothing, but needs {window}"
        );
    }
    let hub = needs("passerby-hub");
    assert!(hub.contains("passerby-protocol"));
    for terminal in ["bevy", "wgpu", "winit", "passerby"] {
        assert!(
            !hub.contains(terminal),
            "the hub stands alone, but needs {terminal}"
        );
    }
    for shipped in [
        "passerby",
        "passerby-hub",
        "passerby-compose",
        "passerby-playout",
    ] {
        for test_only in ["passerby-simulation", "passerby-testing"] {
            assert!(
                !needs(shipped).contains(test_only),
                "{shipped} ships, but needs {test_only}"
            );
        }
    }
    assert!(needs("passerby-simulation").contains("passerby-playout"));
    assert!(needs("passerby").contains("passerby-playout"));
    assert!(!needs("passerby").contains("passerby-hub"));
}

/// Every source file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_hub_opens_pictures_only_in_the_processes_that_look_at_them_and_draw_them() {
    let folder = passerby_testing::package_folder().join("hub/src");
    let workers = [
        "publish/inspection/worker.rs",
        "publish/postcard/worker.rs",
        "publish/preview/worker.rs",
        "publish/visitor_picture/worker.rs",
    ];
    let workers = workers.map(|worker| folder.join(worker));
    let opens = |source: &str| {
        [
            "passerby_compose",
            "passerby_paint",
            "passerby_playout",
            "image::",
        ]
        .into_iter()
        .find(|name| source.contains(name))
    };
    let mut seen = 0;
    for path in sources(&folder) {
        let source = std::fs::read_to_string(&path).expect("a source file");
        if workers.contains(&path) {
            assert!(
                opens(&source).is_some(),
                "{} looks at nothing",
                path.display()
            );
        } else {
            assert_eq!(opens(&source), None, "{}", path.display());
        }
        // What serves neither is such a process nor starts one.
        if path.starts_with(folder.join("server")) {
            for worker in [
                "inspection::",
                "postcard::worker",
                "preview::worker",
                "visitor_picture::worker",
            ] {
                assert!(!source.contains(worker), "{}", path.display());
            }
        }
        seen += 1;
    }
    assert!(seen > 40, "{seen} files");
}

#[test]
fn the_stage_touches_neither_the_database_nor_the_network() {
    for entry in
        std::fs::read_dir(passerby_testing::package_folder().join("src/stage")).expect("the stage")
    {
        let path = entry.expect("an entry").path();
        // Its tests may use whatever they need.
        if path.is_dir() {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a source file");
        for forbidden in ["rusqlite", "reqwest", "std::net", "tokio", "ledger"] {
            assert!(
                !source.contains(forbidden),
                "{} names {forbidden}",
                path.display()
            );
        }
    }
}
