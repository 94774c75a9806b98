//! Why a campaign was not published.

use passerby_protocol::ScreenNumber;

use crate::database::DatabaseError;
use crate::store::StoreError;

/// Says why a campaign was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// There are no such screens.
    #[error("there is no screen {}; see `passerby-hub screen list`", listed(.0))]
    UnknownScreens(Vec<ScreenNumber>),
    /// A screen has used all its assignment numbers.
    #[error("screen {0} has no number left for new placements; add it again as a new screen")]
    NumbersUsedUp(ScreenNumber),
    /// A screen's campaigns no longer fit into one manifest.
    #[error("screen {0} would have more campaigns than fit into its manifest; unpublish one first")]
    ManifestFull(ScreenNumber),
    /// Its codes would carry a host that nobody has pointed at this hub.
    #[error(
        "campaign.toml: link.domain is {0:?}, which does not lead to this hub as far as it knows; point it here and run `passerby-hub domain add {0}`, or take the key out"
    )]
    ForeignDomain(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for PublishError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

fn listed(screens: &[ScreenNumber]) -> String {
    let texts: Vec<String> = screens.iter().map(ScreenNumber::to_string).collect();
    texts.join(", ")
}
