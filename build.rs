//! Tells the linker of the terminal what no manifest can.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        // A program that may lie anywhere in memory lists where its addresses stand. Without this
        // the list is 12 MB of what is read at each start, and of the memory that the terminal is
        // counted with; packed, it is a hundredth. Debian 12 and newer read it (glibc 2.36).
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
