//! Small disks, mounted for a test, which takes root: where nothing can be mounted the test fails
//! and says so.

use std::path::{Path, PathBuf};
use std::process::Command;

use passerby_testing::required_program;

/// A disk that is unmounted with the test.
pub(crate) struct Disk {
    at: tempfile::TempDir,
    /// The file in which it lies, for one that is not in memory.
    image: Option<tempfile::NamedTempFile>,
}

impl Disk {
    /// One in memory with so much room.
    pub(crate) fn in_memory(kib: u32) -> Self {
        let at = tempfile::tempdir().expect("a folder");
        let size = format!("size={kib}k");
        must_run(
            "mount",
            &["-t", "tmpfs", "-o", &size, "tmpfs", text(at.path())],
        );
        Self { at, image: None }
    }

    /// An ext4 of 16 MiB in a file, which becomes read-only after its first error.
    pub(crate) fn ext4() -> Self {
        let at = tempfile::tempdir().expect("a folder");
        let image = tempfile::NamedTempFile::new().expect("a file");
        image.as_file().set_len(16 << 20).expect("grows");
        let file = text(image.path());
        must_run("mkfs.ext4", &["-q", "-F", file]);
        must_run(
            "mount",
            &["-o", "loop,errors=remount-ro", file, text(at.path())],
        );
        Self {
            at,
            image: Some(image),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.at.path()
    }

    /// Fills it to the last block; returns the file to remove.
    pub(crate) fn fill(&self) -> PathBuf {
        let file = self.folder().join("filler");
        let mut bytes = 1 << 20;
        while bytes > 0 {
            let mut filler = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(&file)
                .expect("opens");
            if std::io::Write::write_all(&mut filler, &vec![7; bytes]).is_err() {
                bytes /= 2;
            }
        }
        file
    }

    /// Makes the kernel believe that the file system is broken, as it does when a worn memory card
    /// lies: from here on it may only be read, until it is mounted anew.
    pub(crate) fn breaks(&self) -> bool {
        let source = Command::new(required_program("findmnt"))
            .args(["-no", "SOURCE", text(self.folder())])
            .output()
            .expect("findmnt runs");
        let device = String::from_utf8(source.stdout).expect("text");
        let device = device.trim().trim_start_matches("/dev/").to_owned();
        let trigger = format!("/sys/fs/ext4/{device}/trigger_fs_error");
        std::fs::write(trigger, "a worn memory card").is_ok()
    }

    /// Takes it away and brings it back.
    pub(crate) fn mount_anew(&self) {
        assert!(run("umount", &[text(self.folder())]), "nobody uses it");
        let image = self.image.as_ref().expect("one in a file");
        let file = text(image.path());
        let folder = text(self.folder());
        must_run("mount", &["-o", "loop,errors=remount-ro", file, folder]);
    }

    /// `ro` or `rw`; `false` when the system refuses, since files are open for writing.
    pub(crate) fn remount(&self, how: &str) -> bool {
        let how = format!("remount,{how}");
        run("mount", &["-o", &how, text(self.folder())])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &["-l", text(self.folder())]);
    }
}

fn must_run(program: &str, arguments: &[&str]) {
    let output = Command::new(required_program(program))
        .args(arguments)
        .output()
        .expect("runs");
    assert!(
        output.status.success(),
        "this test needs a disk of its own, and `{program} {}` fails here; run the tests as root, in a container with \
         --privileged: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}
