//! Who the browser runs as: never root.
//!
//! Invariants: a terminal that runs as root gives the browser to another user, without any
//! capability and with no way to get one, or does not start it; any other terminal runs it as
//! itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Who it is where the operator names nobody; every Debian has it.
const USER: &str = "nobody";

/// A user of this machine other than root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BrowserUser {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    setpriv: PathBuf,
}

impl BrowserUser {
    /// Finds who the browser must run as; none is the terminal's own user.
    ///
    /// # Errors
    /// There is nobody; says what to do.
    pub(super) fn needed(chosen: Option<&str>) -> Result<Option<Self>, String> {
        let own = rustix::process::geteuid();
        if own.is_root() {
            return Self::find(chosen.unwrap_or(USER)).map(Some);
        }
        match chosen {
            Some(name) if number_of("-u", name)? != own.as_raw() => Err(format!(
                "pages.user of kiosk.toml is {name:?}, and only a terminal that runs as root can give its pages to \
                 another user; take the key out, or start the terminal as {name}"
            )),
            _ => Ok(None),
        }
    }

    fn find(name: &str) -> Result<Self, String> {
        let (uid, gid) = (number_of("-u", name)?, number_of("-g", name)?);
        if uid == 0 || gid == 0 {
            return Err(format!(
                "pages.user of kiosk.toml is {name:?}, which is root by another name; pages never run as root"
            ));
        }
        let setpriv = program("setpriv").ok_or(
            "this terminal runs as root, and pages need setpriv to run as somebody else; \
             install it with: apt-get install util-linux",
        )?;
        Ok(Self {
            name: name.to_owned(),
            uid,
            gid,
            setpriv,
        })
    }

    /// What stands before the browser's command line. The order does not matter: setpriv sets who
    /// ends with whom last.
    pub(super) fn command(&self) -> Vec<OsString> {
        let mut command = vec![self.setpriv.clone().into_os_string()];
        let options = [
            format!("--reuid={}", self.uid),
            format!("--regid={}", self.gid),
            "--clear-groups".to_owned(),
            "--inh-caps=-all".to_owned(),
            "--ambient-caps=-all".to_owned(),
            "--bounding-set=-all".to_owned(),
            "--no-new-privs".to_owned(),
            "--pdeathsig=KILL".to_owned(),
        ];
        command.extend(options.map(OsString::from));
        command
    }
}

/// Asks the system for a number of a user, wherever it keeps its users.
fn number_of(which: &str, name: &str) -> Result<u32, String> {
    let asked = Command::new("id")
        .args([which, "--", name])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let number = asked
        .ok()
        .filter(|answer| answer.status.success())
        .and_then(|answer| String::from_utf8(answer.stdout).ok()?.trim().parse().ok());
    number.ok_or_else(|| {
        format!(
            "pages must not run as root, and this machine has no user {name:?} for them; \
             name one in [pages] of kiosk.toml: user = \"…\""
        )
    })
}

/// Looks for a program, also where only root's programs are.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(|folder| Path::new(folder).into()))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_gives_pages_to_another_user_and_never_to_root() {
        let nobody = BrowserUser::find("nobody").expect("every Debian has it");
        assert!(nobody.uid != 0 && nobody.gid != 0);
        let command = nobody.command();
        for option in ["--no-new-privs", "--bounding-set=-all", "--clear-groups"] {
            assert!(command.iter().any(|part| part == option), "{option}");
        }
        let root = BrowserUser::find("root").expect_err("never");
        assert!(root.contains("never run as root"), "{root}");
        let nobody = BrowserUser::find("no-such-user-here").expect_err("unknown");
        assert!(nobody.contains("[pages] of kiosk.toml: user ="), "{nobody}");
    }

    #[test]
    fn a_terminal_of_an_ordinary_user_cannot_choose() {
        let own = rustix::process::geteuid();
        let needed = BrowserUser::needed(None).expect("somebody");
        assert_eq!(needed.is_some(), own.is_root());
        if own.is_root() {
            let chosen = BrowserUser::needed(Some("daemon")).expect("every Debian has it");
            assert_eq!(chosen.map(|user| user.name).as_deref(), Some("daemon"));
        } else {
            let refused = BrowserUser::needed(Some("daemon")).expect_err("not without root");
            assert!(
                refused.contains("only a terminal that runs as root"),
                "{refused}"
            );
        }
    }
}
