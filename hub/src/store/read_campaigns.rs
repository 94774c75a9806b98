//! Campaigns that were read from their JSON, so that it is not read anew for each code and page.
//!
//! Invariants: what is kept goes by the text itself, which each transaction reads from the
//! database, so nobody gets a campaign as it was before a publication, whichever process published;
//! at most [`BYTES_MAX`] of texts are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use passerby_protocol::Campaign;

use crate::store::Result;

/// Most bytes of JSON whose campaigns are kept; past that all begins anew.
const BYTES_MAX: usize = 2 << 20;

/// What was read lately.
#[derive(Default)]
pub(super) struct ReadCampaigns(Mutex<Known>);

#[derive(Default)]
struct Known {
    campaigns: HashMap<String, Arc<Campaign>>,
    bytes: usize,
}

impl ReadCampaigns {
    /// Reads a campaign.
    ///
    /// # Errors
    /// The text is not one.
    pub(super) fn read(&self, body: &str) -> Result<Arc<Campaign>> {
        if let Some(campaign) = self.known(|known| known.campaigns.get(body).map(Arc::clone)) {
            return Ok(campaign);
        }
        let campaign: Arc<Campaign> = Arc::new(serde_json::from_str(body)?);
        self.known(|known| {
            if known.bytes + body.len() > BYTES_MAX {
                *known = Known::default();
            }
            let is_new = (known.campaigns)
                .insert(body.to_owned(), Arc::clone(&campaign))
                .is_none();
            known.bytes += if is_new { body.len() } else { 0 };
        });
        Ok(campaign)
    }

    fn known<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(title: &str) -> String {
        let toml = format!("title = '{title}'\ntarget = 'https://cafe.example/'\n");
        let campaign = Campaign::parse("campaign.toml", &toml, &["a.png".into()]).unwrap();
        serde_json::to_string(&campaign).unwrap()
    }

    #[test]
    fn a_text_is_read_once_and_another_one_is_another_campaign() {
        let read = ReadCampaigns::default();
        let (first, second) = (body("Cafe"), body("Bar"));
        let cafe = read.read(&first).unwrap();
        assert!(Arc::ptr_eq(&cafe, &read.read(&first).unwrap()));
        assert_eq!(read.read(&second).unwrap().title, "Bar");
        assert_eq!(read.read(&first).unwrap().title, "Cafe");
        assert!(read.read("{").is_err());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let read = ReadCampaigns::default();
        let story = "x".repeat(100_000);
        for number in 0..50 {
            let title = format!("{number}");
            let mut text: serde_json::Value = serde_json::from_str(&body(&title)).unwrap();
            text["story"] = story.as_str().into();
            assert_eq!(read.read(&text.to_string()).unwrap().title, title);
            read.known(|known| {
                let bytes: usize = known.campaigns.keys().map(String::len).sum();
                assert_eq!(known.bytes, bytes);
                assert!(bytes <= BYTES_MAX && !known.campaigns.is_empty());
            });
        }
    }
}
