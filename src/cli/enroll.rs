//! `passerby enroll`: enrolment without the stage.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use passerby_playout::hub_link;
use passerby_playout::hub_link::{EnrolError, HubConnection, HubError};
use passerby_playout::messages::player_requests::Pairing;
use passerby_playout::settings::hub_address::{hub_url, is_safe};
use passerby_playout::system::clock::{Clock, SystemClock};
use passerby_protocol::toml_fields::Problem;

use crate::cli::failure::Failure;
use crate::cli::json_output::print_json_line;
use crate::cli::options::ConfigFile;

/// Enrol this screen at a hub
#[derive(clap::Args)]
pub(super) struct Enroll {
    #[command(flatten)]
    config: ConfigFile,
    /// The hub's address, such as `https://hub.example`
    #[arg(long, value_name = "URL", value_parser = hub_url)]
    hub: String,
    /// The enrolment token that `passerby-hub screen add` or `screen renew` printed. Default: a
    /// code is made for the hub's operator to claim
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// How long to wait for the claim, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "600")]
    wait: u64,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Enroll {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let allowed = config.hub.as_ref().is_some_and(|hub| hub.url == self.hub);
        if !is_safe(&self.hub) && !allowed {
            let message = format!(
                "{} can be read and changed by anybody on the way; use https://, or name it in the settings with allow_plain_http = true",
                self.hub
            );
            return Err(Failure::Input(vec![Problem::with_file("--hub", message)]));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Start(error.to_string()))?;
        let told = Cell::new(false);
        let waiting = |pairing: &Pairing| {
            if told.replace(true) {
                return;
            }
            if self.json {
                let code = pairing.code.replace('-', "");
                // A closed standard output ends the program inside; nothing else can fail here.
                let _ = print_json_line(
                    &serde_json::json!({ "code": code, "claim_url": pairing.claim_url }),
                );
            } else {
                println!(
                    "code {}: claim it at {} or with `passerby-hub claim`",
                    pairing.code, pairing.claim_url
                );
            }
        };
        let wait = Duration::from_secs(self.wait);
        let hub = config.hub.clone().unwrap_or_default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new(config.trust_clock));
        let line = HubConnection::new(&hub, &config.data_dir, &clock, config.time_zone.clone());
        let enrolled = runtime.block_on(hub_link::enrol_on(
            &line,
            &self.hub,
            self.token.as_deref(),
            &config.name,
            &config.data_dir,
            Some(wait),
            waiting,
        ));
        let enrolment = enrolled.map_err(|error| match error {
            EnrolError::Credentials(error) => Failure::Start(error.to_string()),
            EnrolError::Hub(HubError::Status { status, title, .. }) => {
                Failure::NotEnrolled(format!("the hub refuses this screen ({status}): {title}"))
            }
            other => Failure::NotEnrolled(other.to_string()),
        })?;
        let screen = enrolment.credentials.screen;
        if self.json {
            print_json_line(&serde_json::json!({ "screen": screen.get(), "hub": enrolment.hub }))
        } else {
            println!("this is screen {screen} of {}", enrolment.hub);
            Ok(())
        }
    }
}
