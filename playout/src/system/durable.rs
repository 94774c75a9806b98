//! Folders and names that outlast a power cut.
//!
//! Invariant: a name is on disk only when the folder that holds it was synced after the name was
//! made; syncing the file itself is not enough.

use std::fs::File;
use std::path::{Path, PathBuf};

/// Makes a folder and those above it that are missing, each of them on disk when this returns.
///
/// # Errors
/// The disk fails, or a file is in the way.
pub(crate) fn make_folder(folder: &Path) -> std::io::Result<()> {
    let missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && !above.exists())
        .map(Path::to_path_buf)
        .collect();
    std::fs::create_dir_all(folder)?;
    // From the top, so that no folder is on disk before the one that holds it.
    for made in missing.iter().rev() {
        sync_names(holder_of(made))?;
    }
    Ok(())
}

/// Writes the names in a folder to disk: what was made, renamed or removed in it.
///
/// # Errors
/// The disk fails.
pub(crate) fn sync_names(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder in which a path lies.
pub(crate) fn holder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_above_are_made_too_and_a_file_in_the_way_is_told() {
        let folder = tempfile::tempdir().expect("folder");
        let deep = folder.path().join("a/b/c");
        make_folder(&deep).expect("makes");
        make_folder(&deep).expect("is there already");
        assert!(deep.is_dir());
        std::fs::write(folder.path().join("file"), b"").expect("writes");
        assert!(make_folder(&folder.path().join("file/d")).is_err());
        assert_eq!(holder_of(Path::new("data")), Path::new("."));
    }
}
