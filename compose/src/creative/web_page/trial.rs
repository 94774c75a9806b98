//! Takes a picture of a page once, as the terminal would, for whoever wants to know beforehand what
//! will become of it.

use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_playout::settings::page_rules::PageRules;
use passerby_protocol::private_host::PrivateHost;
use passerby_protocol::web_page::WebPage;
use url::Url;

use crate::creative::web_page::browser::Browser;
use crate::creative::web_page::capture;
use crate::creative::web_page::capture::Task;
use crate::creative::web_page::destination::Destinations;
use crate::creative::web_page::devtools::{RunError, StopSignal};

/// A page that is looked at before it airs.
#[derive(Debug)]
pub struct Trial<'a> {
    /// What the operator lets pages do.
    pub rules: &'a PageRules,
    /// The page.
    pub page: &'a WebPage,
    /// Whether its file lies in the operator's own folders, so that it may open the host that it
    /// names.
    pub is_own: bool,
    /// The venue's time zone, which pages take for the local one.
    pub time_zone: &'a TimeZone,
    /// Pixels of its place on the screen.
    pub size_px: (u32, u32),
}

/// What was seen on a picture of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TrialPicture {
    /// Why a terminal takes it for no good one, and shows the one before it.
    pub doubt: Option<String>,
    /// What is well to know.
    pub notes: Vec<String>,
}

impl Trial<'_> {
    /// Takes a picture and throws it away; takes up to [`crate::creative::web_page::RUN_MAX`].
    ///
    /// # Errors
    /// The page would not air; says why and what to do.
    pub fn run(&self) -> Result<TrialPicture, String> {
        let browser = Browser::chosen_or_found(None, self.rules)?;
        let task = Task {
            page: self.page,
            width_px: self.size_px.0,
            height_px: self.size_px.1,
            time_zone: self.time_zone.iana_name(),
            destinations: destinations(self.rules, self.page, self.is_own),
            load_max: capture::LOAD_MAX,
            run_max: capture::RUN_MAX,
        };
        let (_wake, wakes) = crossbeam_channel::bounded(1);
        let call_off = StopSignal {
            wake: &wakes,
            asked: &|| false,
        };
        match capture::take(&browser, &task, &call_off) {
            Ok(shot) => Ok(TrialPicture {
                doubt: shot.doubt,
                notes: shot.notes,
            }),
            Err(RunError::Failed(reason) | RunError::NoSandbox(reason)) => Err(reason),
            Err(RunError::TooLong) => Err(too_long(capture::RUN_MAX)),
            Err(RunError::CalledOff) => Ok(TrialPicture::default()),
        }
    }
}

/// Says who pages run as, where that is not the terminal's own user.
///
/// # Errors
/// They cannot be taken on this machine; says why and what to do.
pub fn runs_as(rules: &PageRules) -> Result<Option<String>, String> {
    let browser = Browser::chosen_or_found(None, rules)?;
    Ok(browser.user.map(|user| user.name))
}

/// What a page may open: what the operator allows, and, when it is the operator's own, what it
/// names itself.
pub(super) fn destinations(rules: &PageRules, page: &WebPage, is_own: bool) -> Destinations {
    let mut hosts = rules.private_hosts.clone();
    if is_own {
        let urls = [Some(&page.url), page.ends_at.as_ref()];
        hosts.extend(urls.into_iter().flatten().filter_map(|url| {
            let url = Url::parse(url.trim_end_matches('*')).ok()?;
            Some(PrivateHost::new(
                url.host_str()?,
                url.port_or_known_default()?,
            ))
        }));
    }
    Destinations::new(hosts)
}

pub(super) fn too_long(run_max: Duration) -> String {
    format!("it is not there after {} s", run_max.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_operators_own_page_opens_the_private_host_that_it_names() {
        let text = "url = 'http://192.168.1.20:8080/board'\nends_at = 'http://Board.lan/*'\n";
        let page = WebPage::parse("a.page.toml", text).expect("good");
        let mut rules = PageRules::default();
        let own = destinations(&rules, &page, true);
        assert!(own.allow("192.168.1.20", 8080) && own.allow("board.lan", 80));
        assert!(!own.allow("192.168.1.20", 80) && !own.allow("192.168.1.1", 8080));
        let of_hub = destinations(&rules, &page, false);
        assert!(!of_hub.allow("192.168.1.20", 8080) && !of_hub.allow("board.lan", 80));
        rules.private_hosts = vec!["192.168.1.20".parse().expect("a host")];
        assert!(destinations(&rules, &page, false).allow("192.168.1.20", 8080));
    }
}
