//! What is left of a video once nobody looks at it any more: nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use passerby_compose::creative::video::Clip;
use passerby_playout::messages::stage_messages::Health;
use passerby_testing::required_program;
use tempfile::TempDir;

use crate::alone;
use crate::clips::{H264, counting};
use crate::processes::{children, open_files, our_children, threads, wait_until};
use crate::viewer::{beat, next_picture, opened, shown, tools};

/// Names the clip for the process that is killed.
const KILLED_CLIP: &str = "PASSERBY_TEST_KILLED_CLIP";

#[test]
fn fifty_videos_leave_no_child_no_thread_and_no_pipe_behind() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    counting(&path, "320x180", 24, H264);
    drop(opened(&path, &Health::default(), None).unwrap());
    wait_until("a child stays", || our_children().is_empty());
    let (threads_before, files_before) = (threads(), open_files());
    let tools = tools();
    let clip = Clip::probe(&tools, &path, "clip.mp4").unwrap();
    for round in 0..50 {
        let mut video = shown(&tools, &clip, (320, 180));
        if round % 2 == 0 {
            video.frame_source.begin();
            next_picture(video.frame_source.as_mut(), beat(1));
        }
        drop(video);
    }
    wait_until("a child stays", || our_children().is_empty());
    // Other tests' threads wait for their turn meanwhile, and may have come or gone.
    let slack = 8;
    wait_until("threads stay", || threads() <= threads_before + slack);
    wait_until("pipes stay", || open_files() <= files_before + slack);
}

#[test]
fn a_killed_terminal_leaves_no_decoder_behind() {
    // This test starts itself as the terminal.
    if let Some(path) = std::env::var_os(KILLED_CLIP) {
        let _video = opened(Path::new(&path), &Health::default(), None).unwrap();
        fs::write(Path::new(&path).with_extension("open"), "").unwrap();
        loop {
            thread::park();
        }
    }
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    counting(&path, "640x360", 24, H264);
    // Once as it is, and once on a machine with nothing but ffmpeg, where only the pipe ends the
    // child.
    let bare = folder.path().join("bin");
    fs::create_dir(&bare).unwrap();
    for program in ["ffmpeg", "ffprobe"] {
        std::os::unix::fs::symlink(required_program(program), bare.join(program)).unwrap();
    }
    for search_path in [std::env::var_os("PATH").unwrap(), bare.into_os_string()] {
        let open = path.with_extension("open");
        let _ = fs::remove_file(&open);
        let mut terminal = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "leftovers::a_killed_terminal_leaves_no_decoder_behind",
            ])
            .env(KILLED_CLIP, &path)
            .env("PATH", search_path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the terminal opens no video", || open.exists());
        let decoders = children(terminal.id(), "ffmpeg");
        assert_eq!(decoders.len(), 1, "{decoders:?}");
        terminal.kill().unwrap();
        terminal.wait().unwrap();
        wait_until("the decoder outlives its terminal", || {
            let state = fs::read_to_string(format!("/proc/{}/stat", decoders[0]));
            // One that nobody waits for is as dead.
            state.map_or(true, |stat| stat.contains(") Z "))
        });
    }
}
