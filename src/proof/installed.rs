//! What is installed beside the sources: the same trees may end differently with other packages.

use std::fs;
use std::path::Path;

use super::cache;
use super::runner::reported::Call;
use super::runner::{Place, Runner};
use crate::process;

/// What package managers write beside what they installed.
const LISTS: &[&str] = &[
    "node_modules/.package-lock.json",
    "node_modules/.yarn-integrity",
    "node_modules/.modules.yaml",
    "vendor/composer/installed.json",
];

/// Returns a digest of the packages that are installed for the project, as far as that is cheap to see: what
/// package managers noted, and what the runner's own command lists.
pub async fn digest(runner: &dyn Runner, place: &Place) -> String {
    let levels = place.directory.ancestors().take_while(|level| level.starts_with(&place.top));
    let lists = levels.flat_map(|level| LISTS.iter().map(|list| noted(&level.join(list))));
    let mut all: Vec<String> = lists.collect();
    if let Some(arguments) = runner.installed(place) {
        let ended = process::run(Call { arguments, environment: Vec::new() }.spec(place)).await;
        all.push(ended.output);
    }
    cache::digest(all.iter().map(String::as_str))
}

fn noted(list: &Path) -> String {
    fs::read(list).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
