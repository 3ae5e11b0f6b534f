//! The file that chooses the images, put behind the user's own compose files, which stay as they are.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

/// The label with the release that a container is of.
pub const RELEASE: &str = "hotfix.release";
/// The label with the change that made a container, so that one that was broken off is known again.
pub const CHANGE: &str = "hotfix.change";

/// What a service is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub release: String,
    pub image: String,
    /// How many containers.
    pub containers: usize,
}

/// Returns the compose file, as JSON, which is YAML too.
pub fn text(wanted: &BTreeMap<String, Wanted>, change: &str) -> String {
    let services = wanted.iter().map(|(service, wanted)| {
        let labels = json!({ RELEASE: literal(&wanted.release), CHANGE: literal(change) });
        (service.clone(), json!({ "image": literal(&wanted.image), "labels": labels }))
    });
    json!({ "services": services.collect::<serde_json::Map<String, Value>>() }).to_string()
}

/// Puts the file in place, whole or not at all.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A value in which compose finds no variable.
fn literal(value: &str) -> String {
    value.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_is_read_out_of_a_release() {
        let wanted = Wanted { release: "${HOME}\"".to_owned(), image: "app@sha256:00".to_owned(), containers: 1 };
        let text = text(&[("api".to_owned(), wanted)].into(), "c");
        insta::assert_snapshot!(text, @r#"{"services":{"api":{"image":"app@sha256:00","labels":{"hotfix.change":"c","hotfix.release":"$${HOME}\""}}}}"#);
    }
}
