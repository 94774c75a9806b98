//! Why the hub itself did not send a message: told as text to programs and in the log, and by pages
//! in the language of whoever reads them.

use std::fmt;

/// A reason that is the hub's, and not that of whoever was to take the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnReason {
    /// There is no server for mail.
    NoMailServer,
    /// The password of the server for mail cannot be opened with the keys of this hub.
    OthersPassword,
    /// The address of the web hook cannot be opened with them.
    OthersHook,
    /// The rule has lost its web hook meanwhile.
    NoHook,
    /// What is kept as an address for mail is none.
    NoAddress,
    /// What is kept as the address of a web hook is none.
    NoLink,
}

impl OwnReason {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NoMailServer,
        Self::OthersPassword,
        Self::OthersHook,
        Self::NoHook,
        Self::NoAddress,
        Self::NoLink,
    ];

    /// The text that is kept and told to programs.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoMailServer => "no mail server is set; an owner sets it on the page of alerts",
            Self::OthersPassword => {
                "the mail server's password was sealed by another hub; set it anew"
            }
            Self::OthersHook => "the web hook was sealed by another hub; set it anew",
            Self::NoHook => "the rule has no web hook any more",
            Self::NoAddress => "no address for mail",
            Self::NoLink => "no http or https link",
        }
    }

    /// Finds one by its text; `None` for what others said.
    pub fn of_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.text() == text)
    }
}

impl fmt::Display for OwnReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_found_by_its_text_again_and_nothing_else_is() {
        for reason in OwnReason::ALL {
            assert_eq!(OwnReason::of_text(&reason.to_string()), Some(reason));
        }
        assert_eq!(OwnReason::of_text("550 no such user"), None);
    }
}
