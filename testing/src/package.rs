//! Where the package lies whose tests run.

use std::path::PathBuf;

/// The folder of the `Cargo.toml` whose tests run, as cargo says it when it runs them. What it says
/// when it builds them may be another checkout, which shares the build folder and is gone.
///
/// # Panics
/// When something else than cargo runs the tests.
pub fn package_folder() -> PathBuf {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR");
    folder.expect("cargo runs the tests").into()
}
