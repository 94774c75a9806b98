//! Processes that do everything wrong, played by shell scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use passerby_protocol::campaign::Campaign;
use passerby_protocol::token::SAMPLE;

use super::*;

fn asked() -> Asked {
    let toml = "title = 'Cafe'\ntarget = 'https://cafe.example/'\n";
    let campaign = Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap();
    Asked {
        subject: Subject {
            id: "cafe".parse().unwrap(),
            campaign,
            placement: 0,
            file: "a.png".into(),
            digest: Digest([1; 32]),
            parts: Vec::new(),
        },
        view: View::of_size(640, 360),
        scan_base: "HTTPS://HUB.EXAMPLE".to_owned(),
        token: SAMPLE.to_owned(),
        now_ms: 0,
    }
}

fn said(script: &str) -> DrawError {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("drawer");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let drawers = Drawers::new(program).within(Duration::from_secs(300), MEMORY_BYTES_MAX);
    drawers.draw(folder.path(), &asked()).unwrap_err()
}

#[test]
fn a_process_that_is_killed_or_talks_nonsense_gives_a_reason() {
    assert!(matches!(said("kill -9 $$"), DrawError::Broke(how) if how.contains("signal: 9")));
    assert!(matches!(said("echo nonsense"), DrawError::Broke(_)));
    assert!(matches!(
        said("head -c 80000000 /dev/zero; exit 1"),
        DrawError::Broke(_)
    ));
    assert_eq!(
        said("echo 'memory allocation of 9 bytes failed' >&2; kill -6 $$"),
        DrawError::Memory(2_048)
    );
}

#[test]
fn a_process_that_reads_nothing_and_never_ends_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("drawer");
    fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let drawers = Drawers::new(program).within(Duration::from_secs(1), MEMORY_BYTES_MAX);
    let mut asked = asked();
    // More than a pipe holds.
    asked.subject.campaign.story = Some("x".repeat(1 << 20));
    assert_eq!(drawers.draw(folder.path(), &asked), Err(DrawError::Late(1)));
    asked.subject.campaign.story = Some("x".repeat(5 << 20));
    assert_eq!(drawers.draw(folder.path(), &asked), Err(DrawError::TooMuch));
    asked.view = View::of_size(0, 0);
    assert_eq!(drawers.draw(folder.path(), &asked), Err(DrawError::Size));
}

#[test]
fn the_digest_of_a_picture_goes_by_all_that_it_shows_and_not_by_where_its_file_lies() {
    let drawers = Drawers::new("/nowhere".into());
    let first = asked();
    let elsewhere = Asked {
        subject: first.subject.clone().by_digest(Path::new("/tmp")),
        ..first.clone()
    };
    assert_eq!(drawers.digest(&first), drawers.digest(&elsewhere));
    let mut others = vec![first.clone(), first.clone(), first.clone(), first.clone()];
    others[0].view.width_px += 1;
    others[1].now_ms += 1;
    others[2].subject.digest = Digest([2; 32]);
    others[3].subject.campaign.headline = Some("New".to_owned());
    for other in &others {
        assert_ne!(drawers.digest(&first), drawers.digest(other));
    }
}
