//! What the hub has sent, for commands that look at it.

use std::path::Path;

use passerby_playout::content::cache::Cache;
use passerby_playout::content::catalog;
use passerby_playout::content::catalog::Catalog;
use passerby_playout::hub_link::kept_content;
use passerby_playout::identity::credentials::Enrolment;

/// What may air of what the hub has sent.
pub(super) fn of_hub(data_dir: &Path, enrolment: &Enrolment) -> Catalog {
    let cache = Cache::new(data_dir);
    kept_content(data_dir, enrolment, &cache, 0, None)
        .map(|content| catalog::of_hub(&content, &cache))
        .unwrap_or_default()
}
