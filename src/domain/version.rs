//! Versions in the names of tags.

use semver::Version;

/// Returns the version that a tag ends with, whatever its prefix is: `v2.3.1`, `2.3.1`,
/// `production-v2.3.1`, `api/v2.3.2-hotfix.1`; `None` if there is none.
pub fn of_tag(tag: &str) -> Option<Version> {
    let begins = |index: usize| {
        let before = tag[..index].chars().next_back();
        before.is_none_or(|c| !c.is_ascii_digit() && c != '.')
    };
    let digits = tag.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(index, _)| index);
    digits.filter(|index| begins(*index)).find_map(|index| Version::parse(&tag[index..]).ok())
}

#[cfg(test)]
mod tests {
    use super::of_tag;

    #[test]
    fn the_version_is_what_a_tag_ends_with() {
        for (tag, version) in [
            ("v2.3.1", Some("2.3.1")),
            ("2.3.1", Some("2.3.1")),
            ("production-v2.3.1", Some("2.3.1")),
            ("api2/v2.3.2-hotfix.1", Some("2.3.2-hotfix.1")),
            ("hotfix-001", None),
            ("nightly-20261120", None),
            ("v1.2", None),
            ("v1.2.3.4", None),
            ("", None),
        ] {
            assert_eq!(of_tag(tag).map(|version| version.to_string()).as_deref(), version, "{tag}");
        }
    }
}
