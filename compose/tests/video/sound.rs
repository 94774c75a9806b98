//! A video's sound, heard into a file.

use std::fs;

use passerby_compose::creative::video::{Clip, Showing, open};
use passerby_compose::settings::SoundOutput;
use passerby_playout::messages::stage_messages::Health;
use tempfile::TempDir;

use crate::alone;
use crate::clips::clip_with_sound;
use crate::processes::{our_children, wait_until};
use crate::viewer::{beat, next_picture, tools};

#[test]
fn sound_is_heard_only_where_it_is_allowed() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    clip_with_sound(&path);
    let tools = tools();
    let clip = Clip::probe(&tools, &path, "clip.mp4").unwrap();
    assert!(clip.has_sound());
    let wav = folder.path().join("heard.wav");
    let health = Health::default();
    let play = |sound: Option<&SoundOutput>| {
        let showing = Showing {
            shown_px: (320, 180),
            sound,
            poster: &mut |_, _, _| None,
            health: health.clone(),
        };
        let mut video = open(&tools, &clip, showing).unwrap();
        assert!(!wav.exists(), "it is heard before it is seen");
        video.frame_source.begin();
        next_picture(video.frame_source.as_mut(), beat(1));
        video
    };
    drop(play(None));
    let sound = |format: &str, volume_percent| SoundOutput {
        format: format.to_owned(),
        device: wav.to_str().unwrap().to_owned(),
        volume_percent,
    };
    drop(play(Some(&sound("wav", 0))));
    // Its failure is no failure of the play.
    let mut video = play(Some(&sound("nosuch", 50)));
    next_picture(video.frame_source.as_mut(), beat(5));
    drop(video);
    assert!(!wav.exists());
    let video = play(Some(&sound("wav", 50)));
    wait_until("nothing is heard", || {
        fs::metadata(&wav).is_ok_and(|file| file.len() > 20_000)
    });
    drop(video);
    wait_until("the sound goes on", || our_children().is_empty());
    assert_eq!(health.trouble(), None);
}
