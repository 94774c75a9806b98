//! `passerby-hub convert-film`: bounds itself and becomes ffmpeg.
//!
//! Invariants: before it becomes ffmpeg it has bound its memory, the size of any file that it
//! writes and its cores, and dies with whoever started it; ffmpeg opens one file, by one of the
//! forms of [`FORMATS`], and no address.

use std::env;
use std::ffi::OsString;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use serde::{Deserialize, Serialize};

use crate::system::priority;

/// The subcommand.
pub const COMMAND: &str = "convert-film";
/// The forms of files that are read: those that cameras, phones and programs that cut films write.
/// None of them leads to another file.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg";
/// Largest order, in bytes.
const ORDER_BYTES_MAX: u64 = 64 << 10;
/// Names the ffmpeg to use, where it is not the one in the search path.
const FFMPEG_VARIABLE: &str = "PASSERBY_FFMPEG";

/// What it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) what: What,
    /// The film, by an absolute path.
    pub(super) film: PathBuf,
    /// Most memory that it may map, in bytes.
    pub(super) memory_bytes_max: u64,
    /// Largest file that it may write, in bytes.
    pub(super) file_bytes_max: u64,
}

/// What is done with the film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum What {
    /// Says what it is, as JSON on standard output.
    Probe,
    /// Writes one for screens into the file that is its standard output, and how far it is to
    /// standard error.
    Convert {
        /// What is made anew of it.
        how: How,
    },
    /// Writes one picture of it, a JPEG, to standard output.
    Poster {
        /// Which one, in milliseconds from its beginning.
        at_ms: u64,
    },
}

/// What is made anew of a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct How {
    /// Whether its pictures are copied as they are.
    pub(super) copies_pictures: bool,
    /// Whether its sound is.
    pub(super) copies_sound: bool,
    /// Whether its colours are brought into what screens show.
    pub(super) is_toned: bool,
    /// Whether they are taken for those of screens as they are: they look pale then.
    pub(super) is_pale: bool,
    /// Whether each of its pictures is two halves.
    pub(super) is_interlaced: bool,
    /// The beat that its pictures are brought into, if it is another one.
    pub(super) beat: Option<String>,
}

/// Reads an order from standard input and becomes ffmpeg.
///
/// # Errors
/// What is wrong with the order, or why ffmpeg does not run; it returns for nothing else.
pub fn run() -> io::Result<()> {
    let mut order = Vec::new();
    io::stdin().take(ORDER_BYTES_MAX).read_to_end(&mut order)?;
    let order: Order = serde_json::from_slice(&order)?;
    let at_most = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    // Only where /proc is not there it cannot be said; the bounds hold all the same.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    setrlimit(Resource::As, at_most(order.memory_bytes_max))?;
    setrlimit(Resource::Fsize, at_most(order.file_bytes_max))?;
    setrlimit(Resource::Core, at_most(0))?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let named = env::var_os(FFMPEG_VARIABLE).filter(|value| !value.is_empty());
    let ffmpeg = named.map_or_else(|| PathBuf::from("ffmpeg"), PathBuf::from);
    if let What::Convert { .. } = order.what {
        // Nobody in a street waits for it.
        priority::give_way();
    }
    let program = match order.what {
        What::Probe => ffprobe_of(&ffmpeg),
        What::Convert { .. } | What::Poster { .. } => ffmpeg,
    };
    Err(Command::new(program).args(arguments(&order)).exec())
}

/// The ffprobe beside a named ffmpeg, if it is there.
fn ffprobe_of(ffmpeg: &Path) -> PathBuf {
    let beside = ffmpeg.with_file_name("ffprobe");
    if beside.is_absolute() && beside.exists() {
        beside
    } else {
        PathBuf::from("ffprobe")
    }
}

fn arguments(order: &Order) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
    let reads = [
        "-v",
        "error",
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        FORMATS,
    ];
    match &order.what {
        What::Probe => {
            add(&reads);
            add(&["-show_streams", "-show_format", "-of", "json", "-i"]);
        }
        What::Convert { .. } => {
            add(&["-nostdin", "-y", "-nostats", "-progress", "pipe:2"]);
            add(&reads);
            add(&["-threads", "2", "-i"]);
        }
        What::Poster { at_ms } => {
            add(&["-nostdin"]);
            add(&reads);
            let at = format!("{}.{:03}", at_ms / 1_000, at_ms % 1_000);
            add(&["-threads", "2", "-ss", &at, "-i"]);
        }
    }
    let mut film = OsString::from("file:");
    film.push(&order.film);
    arguments.push(film);
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
    match &order.what {
        What::Probe => {}
        What::Convert { how } => {
            add(&["-map", "0:v:0", "-map", "0:a:0?", "-dn", "-sn"]);
            add(&["-map_metadata", "-1", "-map_chapters", "-1"]);
            if how.copies_pictures {
                add(&["-c:v", "copy"]);
            } else {
                add(&["-vf", &filters(how)]);
                add(&["-c:v", "libx264", "-preset", "veryfast", "-crf", "21"]);
                add(&["-profile:v", "high", "-pix_fmt", "yuv420p", "-g", "60"]);
                // With several threads and a bound on the rate, x264 makes another file each time.
                add(&["-maxrate", "12M", "-bufsize", "24M", "-threads", "1"]);
                add(&["-flags:v", "+bitexact"]);
            }
            if how.copies_sound {
                add(&["-c:a", "copy"]);
            } else {
                add(&["-c:a", "aac", "-b:a", "160k", "-ac", "2", "-ar", "48000"]);
                add(&["-flags:a", "+bitexact"]);
            }
            // No moment and no version of a program: the same film comes out the same again.
            add(&["-fflags", "+bitexact"]);
            // The file has no name that anybody could find, and none is left if this is killed.
            add(&["-movflags", "+faststart", "-f", "mp4", "/proc/self/fd/1"]);
        }
        What::Poster { .. } => {
            add(&["-map", "0:v:0", "-frames:v", "1", "-q:v", "3"]);
            add(&[
                "-c:v",
                "mjpeg",
                "-pix_fmt",
                "yuvj420p",
                "-f",
                "image2pipe",
                "pipe:1",
            ]);
        }
    }
    arguments
}

/// Into whole pictures with an even beat, in 1920 × 1080, lying or standing as they are seen, with
/// square pixels and even sides, in the colours of screens. ffmpeg turns them upright before.
fn filters(how: &How) -> String {
    let mut filters: Vec<String> = Vec::new();
    if how.is_interlaced {
        filters.push("yadif=deint=interlaced".to_owned());
    }
    if let Some(beat) = &how.beat {
        filters.push(format!("fps={beat}"));
    }
    filters.push(
        "scale=w='iw*sar':h=ih,\
        scale=w='min(iw,if(gt(iw,ih),1920,1080))':h='min(ih,if(gt(iw,ih),1080,1920))':\
        force_original_aspect_ratio=decrease:force_divisible_by=2,setsar=1"
            .to_owned(),
    );
    if how.is_toned {
        filters.push(
            "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,\
             zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
                .to_owned(),
        );
    }
    if how.is_pale {
        filters.push(
            "scale=out_color_matrix=bt709,\
             setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"
                .to_owned(),
        );
    }
    filters.join(",")
}
