//! A small disk in memory, which takes root.

use std::path::{Path, PathBuf};
use std::process::Command;

use passerby_testing::required_program;

pub(crate) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one at a folder that it makes.
    pub(crate) fn at(folder: &Path, mb: u64) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let size = format!("size={mb}m");
        let mounted = Command::new(required_program("mount"))
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder)
            .output()
            .unwrap();
        assert!(
            mounted.status.success(),
            "this test needs a disk of its own; run the tests as root, in a container with --privileged: {}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self {
            folder: folder.to_owned(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fills it to the last byte, with a file that can be removed.
    pub(crate) fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.filler()).unwrap();
        let block = vec![1; 4_096];
        while file.write_all(&block).is_ok() {}
    }

    pub(crate) fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(&self.folder)
            .status();
    }
}
