//! What is wrong with the files of one item.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use passerby_compose as compose;
use passerby_playout::catalog::CatalogItem;
use passerby_protocol::campaign::CreativeKind;
use passerby_protocol::creative::video_media_type;
use passerby_protocol::parts;
use passerby_protocol::toml_fields::Problem;

/// Bytes of a video that tell what it is.
const HEAD_BYTES: usize = 12;

/// Looks at a creative and at the files that it refers to.
pub(super) fn problems(item: &CatalogItem) -> Vec<Problem> {
    let mut problems = of_file(&item.path, item.kind);
    for part in item.parts.iter() {
        let kind = CreativeKind::of_name(&part.name).unwrap_or(CreativeKind::Picture);
        problems.extend(of_file(&part.path, kind));
    }
    problems
}

fn of_file(path: &Path, kind: CreativeKind) -> Vec<Problem> {
    let file = path.display().to_string();
    let one = |reason: String| vec![Problem::with_file(&file, reason)];
    match kind {
        CreativeKind::Picture => compose::inspect_picture(path).map_or_else(
            |error| {
                let reason = error.to_string();
                // The composer names the picture without its folder; here the whole path stands before the message.
                let name = path
                    .file_name()
                    .map(|name| format!("{}: ", name.to_string_lossy()))
                    .unwrap_or_default();
                one(reason.strip_prefix(&name).unwrap_or(&reason).to_owned())
            },
            |_| Vec::new(),
        ),
        CreativeKind::Drawing => match text(path) {
            Ok(text) if text.contains("<svg") => Vec::new(),
            Ok(_) => one("it is not an SVG drawing; export it again as plain SVG".to_owned()),
            Err(reason) => one(reason),
        },
        CreativeKind::Video => match head(path) {
            Ok(head) if video_media_type(&head).is_some() => Vec::new(),
            Ok(_) => one(
                "it is neither an MP4 nor a WebM video; export it again as one of these".to_owned(),
            ),
            Err(error) => one(format!("cannot be read: {error}")),
        },
        CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page => match text(path) {
            Ok(text) => parts::check_syntax(&file, &text).err().unwrap_or_default(),
            Err(reason) => one(reason),
        },
    }
}

fn text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text; save it as UTF-8".to_owned())
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    File::open(path)?
        .take(HEAD_BYTES as u64)
        .read_to_end(&mut head)?;
    Ok(head)
}
