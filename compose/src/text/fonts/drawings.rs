//! The fonts in which the text of drawings is set.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use resvg::usvg::fontdb;

use crate::text::fonts::bundled::BUNDLED_FILES;

/// The fonts of drawings: the bundled ones, and with [`DrawingFonts::with`] the operator's.
#[derive(Clone)]
pub(crate) struct DrawingFonts {
    pub(crate) database: Arc<fontdb::Database>,
    /// The operator's folders, for another process that draws.
    pub(crate) folders: Vec<PathBuf>,
}

impl DrawingFonts {
    /// The bundled fonts alone; made once, shared by all.
    pub(crate) fn bundled() -> &'static Self {
        static BUNDLED: OnceLock<DrawingFonts> = OnceLock::new();
        BUNDLED.get_or_init(|| {
            let mut fonts = fontdb::Database::new();
            for bytes in BUNDLED_FILES {
                fonts.load_font_source(fontdb::Source::Binary(Arc::new(bytes)));
            }
            fonts.set_serif_family(FAMILY);
            fonts.set_sans_serif_family(FAMILY);
            fonts.set_monospace_family(FAMILY);
            fonts.set_cursive_family(FAMILY);
            fonts.set_fantasy_family(FAMILY);
            Self {
                database: Arc::new(fonts),
                folders: Vec::new(),
            }
        })
    }

    /// The bundled fonts and others, each the content of a font file that was found to be one in
    /// one of some folders.
    pub(crate) fn with(
        folders: &[PathBuf],
        files: impl IntoIterator<Item = Arc<dyn AsRef<[u8]> + Send + Sync>>,
    ) -> Self {
        let mut fonts = Self {
            folders: folders.to_vec(),
            ..Self::bundled().clone()
        };
        for bytes in files {
            Arc::make_mut(&mut fonts.database).load_font_source(fontdb::Source::Binary(bytes));
        }
        fonts
    }
}

/// What every family of letters falls back to.
pub(crate) const FAMILY: &str = "Noto Sans SC";
