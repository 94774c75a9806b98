//! What lies in a campaign folder and does not air: why, and how to make it something that does.
//!
//! Invariant: every name gets an answer. What its owner surely meant to be seen is told from what
//! only lies beside it, such as a licence; where that is not known, it counts as meant.

use crate::campaign;
use crate::creative::{CREATIVE_ENDINGS, CreativeKind, ending_of_content};
use crate::file_names::normal_form;
use crate::toml_fields::Problem;

/// What of some folders does not air.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// What somebody meant to be seen.
    pub problems: Vec<Problem>,
    /// What may well lie there, such as notes, or a drawing's source beside its export.
    pub notes: Vec<Problem>,
}

impl LeftOut {
    /// Adds a file or folder.
    pub fn add(&mut self, file: String, reason: Reason) {
        let list = if reason.is_meant {
            &mut self.problems
        } else {
            &mut self.notes
        };
        list.push(Problem::with_file(file, reason.message));
    }

    /// What of it was not known before.
    #[must_use]
    pub fn new_since(&self, known: &Self) -> Self {
        let new = |now: &[Problem], known: &[Problem]| {
            let new = now.iter().filter(|problem| !known.contains(problem));
            new.cloned().collect()
        };
        Self {
            problems: new(&self.problems, &known.problems),
            notes: new(&self.notes, &known.notes),
        }
    }

    /// Adds what was found elsewhere.
    pub fn append(&mut self, mut other: Self) {
        self.problems.append(&mut other.problems);
        self.notes.append(&mut other.notes);
    }
}

/// Why one file does not air, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Whether its owner surely meant it to be seen.
    pub is_meant: bool,
    /// A sentence for its owner.
    pub message: String,
}

impl Reason {
    /// Of what was meant to be seen.
    pub fn meant(message: impl Into<String>) -> Self {
        Self {
            is_meant: true,
            message: message.into(),
        }
    }

    /// Of what may well lie there.
    pub fn beside(message: impl Into<String>) -> Self {
        Self {
            is_meant: false,
            message: message.into(),
        }
    }
}

/// Says why a file that is no creative and no `campaign.toml` does not air. `head` are its first
/// bytes, as many as [`crate::creative::HEAD_BYTES`]; `creatives` the names of the creatives beside
/// it.
pub fn reason_of(name: &str, head: &[u8], creatives: &[String]) -> Reason {
    let lower = normal_form(name).to_lowercase();
    if let Some(reason) = mistaken_name(&lower) {
        return reason;
    }
    let stem = stem_of(&lower);
    let export = creatives
        .iter()
        .find(|creative| stem_of(&creative.to_lowercase()) == stem);
    let family = family_of(&lower);
    if family.is_none_or(|family| family.is_meant)
        && let Some(ending) = ending_of_content(head)
    {
        return Reason::meant(format!(
            "it holds what a screen can show, but its name does not say so, and it does not air; call it {name}{ending}"
        ));
    }
    if let Some(family) = family {
        return match export {
            Some(export) if family.is_meant => Reason::beside(format!(
                "it is {} and does not air; {export} beside it is what people see",
                family.what
            )),
            _ => Reason {
                is_meant: family.is_meant,
                message: format!("it is {} and does not air; {}", family.what, family.cure),
            },
        };
    }
    if COMPANIONS.contains(&stem) {
        return Reason::beside("it does not air; nothing is to be done if it only lies beside");
    }
    let message = format!(
        "screens cannot show such a file, and it does not air; save what people should see as {CREATIVE_ENDINGS}, or take it out of the folder"
    );
    Reason::meant(message)
}

/// Names that are almost those of a campaign's own files, in lower case.
fn mistaken_name(lower: &str) -> Option<Reason> {
    if lower == "emergency.txt" {
        return Some(Reason::meant(
            "a message over everything is read from the folder that data.dir of kiosk.toml names, and not from here; move it there",
        ));
    }
    let is_campaign_file = |name: &str| name == campaign::FILE_NAME;
    if is_campaign_file(lower) {
        return Some(Reason::meant(format!(
            "its name is written otherwise than {}, and what it says does not count; call it {}",
            campaign::FILE_NAME,
            campaign::FILE_NAME
        )));
    }
    let (rest, last) = lower.rsplit_once('.')?;
    if UNFINISHED.contains(&last) {
        return Some(Reason::meant(
            "it has not been copied or loaded to its end, and does not air; wait for that, or copy it again",
        ));
    }
    let is_text = CreativeKind::of_name(rest).is_some_and(CreativeKind::is_text);
    if (is_campaign_file(rest) || is_text) && !COPIES.contains(&last) {
        return Some(Reason::meant(format!(
            "its name ends in .{last}, and what it says does not count; take that ending away (in Windows, let the Explorer show file name extensions first)"
        )));
    }
    if CreativeKind::of_name(rest).is_some() && !COPIES.contains(&last) {
        let family = family_of(lower);
        if family.is_none_or(|family| !family.is_meant) {
            return Some(Reason::meant(format!(
                "its name ends in .{last}, and it does not air; take that ending away if it is what {rest} says"
            )));
        }
    }
    (last == "toml").then(|| {
        Reason::meant(format!(
            "no screen reads a file of this name, and it does not air; a campaign's settings are called {}, texts NAME.card.toml, NAME.ticker.toml or NAME.page.toml",
            campaign::FILE_NAME
        ))
    })
}

/// What programs that copy and load call a file that is not whole.
const UNFINISHED: [&str; 6] = [
    "part",
    "partial",
    "crdownload",
    "download",
    "filepart",
    "!ut",
];
/// Endings behind an ending that say that a file stands beside another.
const COPIES: [&str; 12] = [
    "bak", "old", "orig", "xmp", "aae", "md5", "sha1", "sha256", "asc", "sig", "license", "json",
];
/// Names without an ending, or before one, of what only lies beside.
const COMPANIONS: [&str; 12] = [
    "readme",
    "license",
    "licence",
    "licenses",
    "licences",
    "copying",
    "copyright",
    "notice",
    "authors",
    "changelog",
    "makefile",
    "checksums",
];

/// Formats for which the same is to be done.
struct Family {
    /// In lower case, without the dot.
    endings: &'static [&'static str],
    what: &'static str,
    cure: &'static str,
    is_meant: bool,
}

fn family_of(lower: &str) -> Option<&'static Family> {
    let (_, ending) = lower.rsplit_once('.')?;
    FAMILIES
        .iter()
        .find(|family| family.endings.contains(&ending))
}

/// Everything up to the first ending that means something: `a` of `a.png` and of `a.card.toml`.
fn stem_of(lower: &str) -> &str {
    let stem = lower.rsplit_once('.').map_or(lower, |(stem, _)| stem);
    [".card", ".ticker", ".page"]
        .iter()
        .find_map(|inner| stem.strip_suffix(inner))
        .unwrap_or(stem)
}

/// Every format that people and their machines leave in such folders, with what makes it one that
/// airs.
const FAMILIES: &[Family] = &[
    Family {
        endings: &["heic", "heif", "heics", "heifs", "hif"],
        what: "a HEIC picture",
        cure: "export it as JPEG; an iPhone takes JPEG from the start with Settings, Camera, Formats, Most Compatible",
        is_meant: true,
    },
    Family {
        endings: &[
            "avif", "avifs", "jxl", "jp2", "j2k", "jpf", "jpx", "jxr", "wdp", "bmp", "dib", "tif",
            "tiff", "tga", "pcx", "ppm", "pgm", "pbm", "pnm", "qoi", "ico", "icns", "exr", "hdr",
            "dds", "wbmp", "xbm", "xpm", "mpo", "livp",
        ],
        what: "a picture in a format that screens do not show",
        cure: "export it as PNG or JPEG",
        is_meant: true,
    },
    Family {
        endings: &[
            "dng", "raw", "cr2", "cr3", "crw", "nef", "nrw", "arw", "srf", "sr2", "orf", "rw2",
            "raf", "pef", "srw", "x3f", "3fr", "iiq", "kdc", "mrw", "rwl", "gpr", "erf", "mef",
            "mos",
        ],
        what: "a camera's raw picture",
        cure: "export it as JPEG",
        is_meant: true,
    },
    Family {
        endings: &["svgz"],
        what: "a packed drawing",
        cure: "save it as plain SVG",
        is_meant: true,
    },
    Family {
        endings: &[
            "ai", "eps", "cdr", "odg", "vsd", "vsdx", "wmf", "emf", "dxf", "dwg", "fig", "sketch",
            "afdesign",
        ],
        what: "a drawing program's file",
        cure: "export it as SVG or PNG",
        is_meant: true,
    },
    Family {
        endings: &[
            "psd",
            "psb",
            "xcf",
            "kra",
            "clip",
            "afphoto",
            "pxd",
            "pdn",
            "xd",
            "procreate",
            "ora",
            "cpt",
            "sai",
            "mdp",
        ],
        what: "a picture program's file",
        cure: "export it as PNG or JPEG",
        is_meant: true,
    },
    Family {
        endings: &["pdf", "ps", "xps", "oxps", "djvu", "epub"],
        what: "a document",
        cure: "export its pages as PNG or JPEG, one file a page",
        is_meant: true,
    },
    Family {
        endings: &[
            "ppt", "pptx", "pptm", "pps", "ppsx", "ppsm", "pot", "potx", "odp", "otp", "key",
            "gslides", "dps",
        ],
        what: "a set of slides",
        cure: "export it as pictures (PNG, one a slide) or as a film (MP4)",
        is_meant: true,
    },
    Family {
        endings: &[
            "doc", "docx", "docm", "dot", "dotx", "odt", "ott", "rtf", "pages", "wps", "wpd",
            "pub", "indd", "idml", "afpub", "gdoc", "xls", "xlsx", "xlsm", "ods", "numbers", "et",
            "gsheet",
        ],
        what: "an office document",
        cure: "export what people should see as PNG or JPEG, or write it as NAME.card.toml",
        is_meant: true,
    },
    Family {
        endings: &[
            "avi", "mkv", "wmv", "asf", "flv", "f4v", "mpg", "mpeg", "mpe", "m1v", "m2v", "mpv",
            "vob", "ts", "mts", "m2ts", "m2t", "3gp", "3g2", "3gpp", "ogv", "ogm", "rm", "rmvb",
            "divx", "mxf", "y4m", "insv", "braw", "r3d", "h264", "264", "h265", "265", "hevc",
            "ivf", "swf", "mjpeg", "mjpg", "dv", "m4p", "gifv", "lrv",
        ],
        what: "a film in a format that screens do not play",
        cure: "export it as MP4 with H.264, such as with ffmpeg -i OLD -pix_fmt yuv420p NEW.mp4",
        is_meant: true,
    },
    Family {
        endings: &[
            "prproj",
            "aep",
            "veg",
            "drp",
            "kdenlive",
            "imovieproj",
            "blend",
            "fla",
            "lottie",
            "riv",
            "wfp",
            "mogrt",
        ],
        what: "a project of a film or animation program",
        cure: "export it as MP4 with H.264",
        is_meant: true,
    },
    Family {
        endings: &[
            "mp3", "wav", "flac", "ogg", "oga", "opus", "m4a", "m4b", "aac", "wma", "aif", "aiff",
            "mid", "midi", "amr", "caf", "ape", "ac3", "weba",
        ],
        what: "sound alone",
        cure: "sound is heard with a film only; export both together as MP4, and write sound = true in its [[placement]]",
        is_meant: true,
    },
    Family {
        endings: &[
            "zip", "rar", "7z", "tar", "gz", "tgz", "bz2", "xz", "zst", "iso", "dmg", "cab", "lzh",
            "zipx",
        ],
        what: "an archive",
        cure: "unpack it, and put the pictures and films themselves here",
        is_meant: true,
    },
    Family {
        endings: &[
            "html",
            "htm",
            "xhtml",
            "mht",
            "mhtml",
            "webarchive",
            "url",
            "webloc",
        ],
        what: "a web page or a link to one",
        cure: "to show a page, write NAME.page.toml with its url",
        is_meant: false,
    },
    Family {
        endings: &["ttf", "otf", "ttc", "otc", "woff", "woff2", "eot"],
        what: "a font",
        cure: "put it into a folder that content.fonts of kiosk.toml names",
        is_meant: false,
    },
    Family {
        endings: &["srt", "vtt", "ass", "ssa", "sub", "sbv", "lrc", "smi"],
        what: "a file of subtitles",
        cure: "screens show those that are part of a film's picture",
        is_meant: false,
    },
    Family {
        endings: &[
            "txt", "md", "rst", "log", "nfo", "csv", "tsv", "json", "xml", "yaml", "yml", "ini",
            "cfg", "conf", "css", "js", "sh", "py", "bat", "cmd", "ps1", "lnk", "desktop", "ics",
            "vcf", "eml", "msg", "tex", "bib", "sql", "db",
        ],
        what: "a text or a program's data",
        cure: "to show words, write them as NAME.card.toml or NAME.ticker.toml",
        is_meant: false,
    },
    Family {
        endings: &[
            "xmp", "aae", "thm", "dop", "pp3", "icc", "icm", "bak", "old", "orig", "tmp", "temp",
            "md5", "sha1", "sha256", "asc", "sig", "license", "gitkeep", "torrent",
        ],
        what: "what a program keeps beside another file",
        cure: "nothing is to be done",
        is_meant: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn told(name: &str) -> Reason {
        reason_of(name, b"", &[])
    }

    #[test]
    fn what_was_meant_to_be_seen_is_a_problem_with_its_cure() {
        for (name, cure) in [
            ("IMG_0002.HEIC", "Most Compatible"),
            ("poster.pdf", "export its pages as PNG or JPEG"),
            (
                "deck.pptx",
                "export it as pictures (PNG, one a slide) or as a film (MP4)",
            ),
            ("deck.key", "as a film (MP4)"),
            ("menu.docx", "NAME.card.toml"),
            ("poster.psd", "export it as PNG or JPEG"),
            ("logo.ai", "export it as SVG or PNG"),
            ("scan.tiff", "export it as PNG or JPEG"),
            ("old.bmp", "export it as PNG or JPEG"),
            ("new.avif", "export it as PNG or JPEG"),
            ("DSC_1.NEF", "export it as JPEG"),
            ("clip.avi", "MP4 with H.264"),
            ("clip.MKV", "MP4 with H.264"),
            ("song.mp3", "with a film only"),
            ("all.zip", "unpack it"),
            ("sale.card.toml.txt", "take that ending away"),
            ("campaign.toml.txt", "take that ending away"),
            ("Campaign.toml", "call it campaign.toml"),
            ("CAMPAIGN.TOML", "call it campaign.toml"),
            ("sale.toml", "NAME.card.toml"),
            ("campaign (1).toml", "called campaign.toml"),
            (
                "poster.png.txt",
                "take that ending away if it is what poster.png says",
            ),
            ("clip.mp4.part", "not been copied"),
            ("clip.mp4.crdownload", "not been copied"),
            ("poster.jpg.zip", "unpack it"),
            ("emergency.txt", "data.dir"),
            ("thing.xyz", "save what people should see as .jpg"),
            ("poster", "save what people should see as .jpg"),
        ] {
            let reason = told(name);
            assert!(reason.is_meant, "{name}: {reason:?}");
            assert!(reason.message.contains(cure), "{name}: {reason:?}");
        }
    }

    #[test]
    fn what_may_well_lie_there_is_a_note() {
        for name in [
            "README",
            "README.md",
            "LICENCES.md",
            "LICENSE",
            "notes.txt",
            "prices.csv",
            "poster.png.xmp",
            "IMG_0001.AAE",
            "brand.otf",
            "clip.srt",
            "poster.jpg.bak",
            "campaign.toml.old",
            "sale.card.toml.orig",
            "shop.url",
        ] {
            assert!(!told(name).is_meant, "{name}: {:?}", told(name));
        }
    }

    #[test]
    fn a_source_beside_its_export_is_a_note_that_names_the_export() {
        let creatives = ["Poster.png".to_owned(), "deck.mp4".to_owned()];
        for (source, export) in [("poster.PSD", "Poster.png"), ("deck.pptx", "deck.mp4")] {
            let reason = reason_of(source, b"", &creatives);
            assert!(!reason.is_meant, "{reason:?}");
            assert!(reason.message.contains(export), "{reason:?}");
        }
    }

    #[test]
    fn a_picture_whose_name_does_not_say_so_is_told_by_what_is_in_it() {
        for name in [
            "poster",
            "photo.jpg_large",
            "image.xyz",
            "README",
            "IMG_1.HEIC",
        ] {
            let reason = reason_of(name, b"\x89PNG\r\n\x1a\n", &[]);
            assert!(reason.is_meant, "{reason:?}");
            let cure = format!("call it {name}.png");
            assert!(reason.message.contains(&cure), "{reason:?}");
        }
    }

    #[test]
    fn no_ending_stands_in_two_families_or_airs() {
        let mut seen = HashSet::new();
        for ending in FAMILIES.iter().flat_map(|family| family.endings) {
            assert!(seen.insert(ending), "{ending} twice");
            assert_eq!(
                CreativeKind::of_name(&format!("a.{ending}")),
                None,
                "{ending}"
            );
            assert_eq!(*ending, ending.to_lowercase());
        }
    }
}
