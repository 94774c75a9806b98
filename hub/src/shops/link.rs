//! Links of shops: `/c/CAMPAIGN?click=…&id=…`, with `&sig=…` at the end where a shop signs.
//!
//! A signed link proves that somebody who has the campaign's link secret wrote all that stands
//! before the signature. It does not prove that whoever opens it has bought anything, nor that it
//! is opened for the first time; its id counts once. A link without a signature proves that
//! somebody has the click id of a press, and nothing else.

use axum::extract::Query;
use axum::http::Uri;
use passerby_protocol::CampaignId;
use passerby_protocol::hexadecimal::{hex, unhex32};
use reqwest::Url;
use subtle::ConstantTimeEq as _;

use crate::Hub;
use crate::conversions::{BodyError, Proof, Said};
use crate::shops::keys::LINK_PURPOSE;
use crate::store::StoreError;
use crate::system::signing::hmac_sha256;

/// Longest query of a link, in bytes.
pub const LINK_BYTES_MAX: usize = 2_000;

/// A link that was read.
#[derive(Debug)]
pub struct Link {
    /// What it says.
    pub said: Result<Said, BodyError>,
    /// Who says so.
    pub proof: Proof,
    /// Where it leads, if it says where.
    pub to: Option<String>,
}

/// Says why a link is none.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Too long.
    #[error("the link is longer than {LINK_BYTES_MAX} bytes")]
    TooLong,
    /// Signed by nobody whom the campaign knows.
    #[error("the signature is of no key of this campaign; sign all that stands before &sig=")]
    Signature,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Link {
    /// Reads the query of a link of a campaign, as it came.
    ///
    /// # Errors
    /// See [`LinkError`].
    pub fn read(hub: &Hub, campaign: &CampaignId, query: &str) -> Result<Self, LinkError> {
        if query.len() > LINK_BYTES_MAX {
            return Err(LinkError::TooLong);
        }
        let (said, signature) = match query.rsplit_once("&sig=") {
            Some((said, signature)) => (said, Some(signature)),
            None => (query, None),
        };
        let proof = match signature {
            None => Proof::OpenLink,
            Some(signature) => {
                if !is_signed(hub, campaign, said, signature)? {
                    return Err(LinkError::Signature);
                }
                Proof::SignedLink
            }
        };
        let parameters = parameters(said);
        let to = parameters.iter().find(|(name, _)| name == "to");
        Ok(Self {
            said: Said::of_link(&parameters),
            proof,
            to: to.map(|(_, to)| to.clone()),
        })
    }

    /// Signs what stands before the signature, for shops' tests and guides.
    pub fn signature(secret: &str, campaign: &CampaignId, said: &str) -> String {
        let text = format!("{campaign}?{said}");
        hex(&hmac_sha256(secret.as_bytes(), text.as_bytes()))
    }
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let Ok(uri) = format!("/?{query}").parse::<Uri>() else {
        return Vec::new();
    };
    let read = Query::<Vec<(String, String)>>::try_from_uri(&uri);
    read.map(|Query(read)| read).unwrap_or_default()
}

fn is_signed(
    hub: &Hub,
    campaign: &CampaignId,
    said: &str,
    signature: &str,
) -> Result<bool, StoreError> {
    let Some(signature) = unhex32(signature) else {
        return Ok(false);
    };
    let text = format!("{campaign}?{said}");
    let mut is_right = false;
    for sealed in hub.store.sealed_link_secrets(campaign)? {
        if let Some(secret) = hub.keys().open_for(LINK_PURPOSE, &sealed) {
            let own = hmac_sha256(&secret, text.as_bytes());
            is_right |= bool::from(own.ct_eq(&signature));
        }
    }
    Ok(is_right)
}

/// Tells whether a link may lead on to an address: a signed one to any page, another one only to
/// where the campaign leads itself, or whoever likes could send people anywhere under the hub's
/// name.
pub fn may_lead_to(to: &str, proof: Proof, target: Option<&str>) -> bool {
    if passerby_protocol::campaign::target(to).is_err() {
        return false;
    }
    let origin = |text: &str| text.parse::<Url>().ok().map(|url| url.origin());
    match proof {
        Proof::Key | Proof::SignedLink => true,
        Proof::OpenLink => {
            let own = target.and_then(origin);
            own.is_some_and(|own| own.is_tuple() && origin(to) == Some(own))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_shop_and_nowhere_else_unless_it_is_signed() {
        let target = Some("https://shop.example/b?x=1");
        let may = |to, proof| may_lead_to(to, proof, target);
        assert!(may("https://shop.example/thanks", Proof::OpenLink));
        for to in [
            "https://evil.example/",
            "https://shop.example.evil.example/",
            "http://shop.example/",
            "https://shop.example:8443/",
            "//evil.example/",
            "https://shop.example@evil.example/",
            "javascript:alert(1)",
            "https://shop.example\\@evil.example/",
            "",
        ] {
            assert!(!may(to, Proof::OpenLink), "{to}");
        }
        assert!(may("https://other.example/thanks", Proof::SignedLink));
        assert!(!may("javascript:alert(1)", Proof::SignedLink));
        assert!(!may_lead_to("https://shop.example/", Proof::OpenLink, None));
    }

    #[test]
    fn a_signature_is_that_of_the_guide() {
        // The same by `printf %s "$TEXT" | openssl dgst -sha256 -hmac secret`.
        let campaign = "book".parse().unwrap();
        assert_eq!(
            Link::signature("secret", &campaign, "click=0af&id=order-1"),
            "cc65c50afa9efe15b67e04acd5157bb1200b710c59a805ee6ff28ef1e71135e8"
        );
    }
}
