//! The programs that tests start beside our own, and the files of other packages that they read.

use std::path::{Path, PathBuf};

/// Every program that a test may need, and the Debian package that brings it; `scripts/prepare`
/// installs them.
const PACKAGES: [(&str, &str); 21] = [
    ("Xvfb", "xvfb"),
    ("chromium", "chromium"),
    ("ffmpeg", "ffmpeg"),
    ("ffprobe", "ffmpeg"),
    ("findmnt", "util-linux"),
    ("initdb", "postgresql"),
    ("losetup", "mount"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mount", "mount"),
    ("pebble", "pebble"),
    ("pebble-challtestsrv", "pebble"),
    ("pg_dump", "postgresql"),
    ("postgres", "postgresql"),
    ("prlimit", "util-linux"),
    ("psql", "postgresql"),
    ("setpriv", "util-linux"),
    ("strace", "strace"),
    ("unshare", "util-linux"),
    ("weston", "weston"),
    ("weston-screenshooter", "weston"),
    ("zbarimg", "zbar-tools"),
];

/// Every folder of files that a test may need, and the Debian package that brings it.
const FILE_PACKAGES: [(&str, &str); 3] = [
    ("/usr/share/fonts/truetype/noto", "fonts-noto-core"),
    ("/usr/share/fonts/opentype/noto", "fonts-noto-cjk"),
    (
        "/usr/lib/python3/dist-packages/aiosmtpd",
        "python3-aiosmtpd",
    ),
];

/// Where administrators' programs lie, which the PATH of a user may leave out.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];
/// Where Debian has the programs of each version of PostgreSQL, in `NUMBER/bin`.
const POSTGRES_FOLDER: &str = "/usr/lib/postgresql";

/// Finds a program that a test needs.
///
/// # Panics
/// It is not installed: the test fails, and says what to install.
#[track_caller]
pub fn required_program(name: &str) -> PathBuf {
    let package = PACKAGES
        .iter()
        .find_map(|&(program, package)| (program == name).then_some(package))
        .unwrap_or_else(|| panic!("{name} is not among the programs of testing/src/programs.rs"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.map(PathBuf::from))
        .chain(postgres_folders());
    folders
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| {
            panic!(
                "this test needs {name}, which is not installed; install it with: \
                 sudo apt-get install {package} (scripts/test does that)"
            )
        })
}

/// Finds a program of `scripts/test-requirements.txt`, which Debian does not have.
///
/// # Panics
/// It is not installed: the test fails, and says what to do.
#[track_caller]
pub(crate) fn test_tool(name: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let program = cache.map(|cache| cache.join("passerby-test-tools/bin").join(name));
    program.filter(|program| program.is_file()).unwrap_or_else(|| {
        panic!(
            "this test needs {name}, which is not installed; scripts/test installs it; by hand: \
             bash -c '. scripts/prepare; prepare_test_tools'"
        )
    })
}

/// Every version's, the newest first.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir(POSTGRES_FOLDER).into_iter().flatten();
    let mut folders: Vec<PathBuf> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    folders.sort();
    folders.reverse();
    folders
}

/// Finds the library that shows a program another time, when it is loaded before all others.
///
/// # Panics
/// It is not installed: the test fails, and says what to install.
#[track_caller]
pub fn faketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten();
    let mut files = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    files.find(|file| file.is_file()).expect(
        "this test needs libfaketime, which is not installed; install it with: \
         sudo apt-get install faketime (scripts/test does that)",
    )
}

/// Finds a file that a test needs.
///
/// # Panics
/// It is not installed: the test fails, and says what to install.
#[track_caller]
pub fn required_file(path: &str) -> &Path {
    let file = Path::new(path);
    let package = FILE_PACKAGES
        .iter()
        .find_map(|&(folder, package)| file.starts_with(folder).then_some(package))
        .unwrap_or_else(|| panic!("{path} is not among the files of testing/src/programs.rs"));
    assert!(
        file.is_file(),
        "this test needs {path}, which is not installed; install it with: \
         sudo apt-get install {package} (scripts/test does that)"
    );
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "is not among the programs")]
    fn a_program_whose_package_nobody_knows_is_a_mistake_of_the_test() {
        required_program("cat");
    }

    #[test]
    #[should_panic(expected = "prepare_test_tools")]
    fn a_tool_that_is_missing_is_said_with_what_installs_it() {
        test_tool("absent");
    }

    #[test]
    fn every_package_is_one_that_scripts_test_installs() {
        let prepare = crate::package_folder().join("../scripts/prepare");
        let prepare = std::fs::read_to_string(prepare).expect("scripts/prepare");
        let (_, list) = prepare
            .split_once("test_packages=(")
            .expect("a list of packages");
        let (list, _) = list.split_once(')').expect("its end");
        let installed: Vec<&str> = list.split_whitespace().collect();
        for (what, package) in PACKAGES.iter().chain(&FILE_PACKAGES) {
            assert!(installed.contains(package), "{what} is in {package}");
        }
    }
}
