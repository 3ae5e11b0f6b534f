//! The image of a release, and the release of an image.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// The longest tag that a registry takes, in characters: distribution's reference grammar.
const LONGEST_TAG: usize = 128;

/// A pattern such as `registry.example.org/payment-api:{release}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    before: String,
    after: String,
}

impl Image {
    /// Returns the pattern; fails where it has not exactly one `{release}`.
    pub fn new(pattern: &str) -> Result<Image, String> {
        match pattern.split_once("{release}") {
            Some((before, after)) if !before.is_empty() && !after.contains('{') => {
                Ok(Image { before: before.to_owned(), after: after.to_owned() })
            }
            _ => Err(format!("`{pattern}` is no image with one `{{release}}` in it")),
        }
    }

    /// Returns the image of `release`; fails, in words, where that can't be a tag.
    pub fn of(&self, release: &str) -> Result<String, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let tag = !release.is_empty()
            && release.len() <= LONGEST_TAG
            && release.chars().all(fits)
            && !release.starts_with(['.', '-']);
        match tag {
            true => Ok(format!("{}{release}{}", self.before, self.after)),
            false => Err(format!("release `{release}` can't be the tag of an image")),
        }
    }

    /// Returns the release that `image` is of; the image itself where it does not fit the pattern.
    pub fn release<'a>(&self, image: &'a str) -> &'a str {
        image
            .strip_prefix(&self.before)
            .and_then(|rest| rest.strip_suffix(&self.after))
            .filter(|release| self.of(release).is_ok())
            .unwrap_or(image)
    }
}

impl<'de> Deserialize<'de> for Image {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Image, D::Error> {
        Image::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_tag_becomes_part_of_an_image() {
        let image = Image::new("registry:5000/pay:{release}").expect("a pattern");
        let cases = [
            ("v2.3.2-hotfix.1", Some("registry:5000/pay:v2.3.2-hotfix.1")),
            ("", None),
            ("-v1", None),
            ("v1 --privileged", None),
            ("release/1", None),
            ("v1+build", None),
            ("v1@sha256:00", None),
            ("é", None),
        ];
        for (release, expected) in cases {
            assert_eq!(image.of(release).ok().as_deref(), expected, "{release}");
        }
    }

    #[test]
    fn an_image_of_another_pattern_is_named_as_it_is() {
        let image = Image::new("registry/pay:{release}").expect("a pattern");
        for other in ["registry/pay@sha256:00", "elsewhere/pay:v1", "registry/pay:"] {
            assert_eq!(image.release(other), other);
        }
    }

    #[test]
    fn a_pattern_has_one_release() {
        for pattern in ["", "pay", "{release}", "pay:{release}-{release}", "pay:{tag}"] {
            assert!(Image::new(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_release_is_read_again(release in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,40}") {
            let image = Image::new("registry/pay:{release}").expect("a pattern");
            let tagged = image.of(&release).expect("a tag");
            prop_assert_eq!(image.release(&tagged), release);
        }
    }
}
