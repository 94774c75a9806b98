//! The fonts that come with the program.

pub(super) const REGULAR: &[u8] = include_bytes!("../../../../assets/fonts/NotoSansSC-Regular.otf");
pub(super) const BOLD: &[u8] = include_bytes!("../../../../assets/fonts/NotoSansSC-Bold.otf");
/// The bundled font files, for others that draw text.
pub(super) const BUNDLED_FILES: [&[u8]; 2] = [REGULAR, BOLD];
/// What the bundled fonts are called here, so that no font of the operator's is taken for them.
pub(super) const BUNDLED: &str = "Passerby Sans";
