//! `passerby-hub owner-link`: the way into the console for whoever may run commands on the hub's
//! machine.

use clap::Args;
use qrcode::{Color, EcLevel, QrCode};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::people::{Actor, Role, Scope};
use crate::public_url::PublicUrl;
use crate::server::join_link;
use crate::store::PeopleError;
use crate::system::clock;

#[derive(Args)]
pub(crate) struct OwnerLink {
    /// Let this person choose a new password, in place of making somebody new an owner; their
    /// second step goes off
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// How browsers reach the hub. Default: as codes have it
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

pub(crate) fn run(options: &OwnerLink) -> Result<(), Failure> {
    let store = options.data.open()?.store;
    let (actor, now_ms) = (Actor::COMMAND_LINE, clock::now_ms());
    let secret = match &options.person {
        Some(name) => {
            let known = store.person_named(name)?;
            let (person, _) = known
                .ok_or_else(|| Failure::Input(vec![format!("nobody here is called {name}")]))?;
            store.reset_link(&actor, person.id, now_ms)?
        }
        None => store.invite(&actor, Role::Owner, &Scope::ALL, now_ms)?,
    };
    let public_url = match &options.public_url {
        Some(url) => url.clone(),
        None => store.scan_base()?.and_then(|base| address_of(&base)).ok_or_else(|| {
            let problem = "no hub has served from here yet, so its address is not known; name it with --public-url";
            Failure::Input(vec![problem.to_owned()])
        })?,
    };
    let link = join_link(&public_url, &secret);
    options
        .output
        .print(&json!({ "link": link }), &told(&link))?;
    Ok(())
}

/// The address of a hub, of what its codes start with: those are in capitals where they may be.
fn address_of(scan_base: &str) -> Option<PublicUrl> {
    let is_upper = scan_base.starts_with("HTTP");
    let address = if is_upper {
        scan_base.to_ascii_lowercase()
    } else {
        scan_base.to_owned()
    };
    address.parse().ok()
}

/// A link as a terminal shows it, with its code.
pub(crate) fn told(link: &str) -> String {
    let code = drawn(link).unwrap_or_default();
    format!(
        "{code}\nopen this to choose your name and password; it works once, within 7 days:\n{link}\n"
    )
}

/// Draws a code with half blocks, light on dark or dark on light alike: the quiet zone is drawn
/// too.
fn drawn(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, colours) = (code.width(), code.to_colors());
    let is_light = |x: usize, y: usize| {
        let within = (2..width + 2).contains(&x) && (2..width + 2).contains(&y);
        !within || colours[(y - 2) * width + x - 2] == Color::Light
    };
    let mut drawn = String::new();
    for y in (0..width + 4).step_by(2) {
        for x in 0..width + 4 {
            drawn.push(match (is_light(x, y), is_light(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        drawn.push('\n');
    }
    Some(drawn)
}

impl From<PeopleError> for Failure {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => error.into(),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_link_is_drawn_with_its_quiet_zone() {
        let drawn =
            drawn("http://127.0.0.1:8420/console/join/0123456789abcdef0123456789abcdef").unwrap();
        let lines: Vec<&str> = drawn.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert!(
            width <= 60 && lines.len() == width.div_ceil(2),
            "{width} × {}",
            lines.len()
        );
        assert!(lines[0].chars().all(|part| part == '█'));
    }
}
