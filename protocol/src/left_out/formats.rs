//! Formats that no screen shows, as people and their machines leave them in such folders.
//!
//! Invariant: no ending stands in two families, and none of one that airs.

/// Formats for which the same is to be done.
pub(super) struct Family {
    /// In lower case, without the dot.
    pub(super) endings: &'static [&'static str],
    pub(super) what: &'static str,
    pub(super) cure: &'static str,
    pub(super) is_meant: bool,
}

pub(super) fn family_of(lower: &str) -> Option<&'static Family> {
    let (_, ending) = lower.rsplit_once('.')?;
    FAMILIES
        .iter()
        .find(|family| family.endings.contains(&ending))
}

/// Every format that people and their machines leave in such folders, with what makes it one that
/// airs.
pub(super) const FAMILIES: &[Family] = &[
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
