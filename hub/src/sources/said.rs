//! What an item says, for those who look at it before it airs.

use serde::Serialize;

use crate::sources::card::Words;
use crate::store::ItemRecord;

/// What an item says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ItemSaid {
    /// Its text; may be empty.
    pub text: String,
    /// Where it can be read.
    pub link: Option<String>,
    /// The address of its picture.
    pub picture: Option<String>,
    /// What it costs.
    pub price: Option<String>,
}

impl ItemSaid {
    /// Reads what the store has of an item; nothing where another hub wrote it in another form.
    pub fn of(item: &ItemRecord) -> Self {
        match serde_json::from_str::<Words>(&item.words) {
            Ok(words) => Self {
                text: words.text,
                link: words.link,
                picture: words.picture,
                price: words.price,
            },
            Err(_) => Self::default(),
        }
    }
}
