//! The image of a release, and the release of an image.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::domain::image::repository;

/// The longest tag that a registry takes, in characters: distribution's reference grammar.
const LONGEST_TAG: usize = 128;

/// A pattern such as `registry.example.org/payment-api:{release}`; or `{image}`, for the one image that
/// was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    Tagged { before: String, after: String },
    Built,
}

impl Image {
    /// Returns the pattern; fails where it has not exactly one `{release}` and is not `{image}`.
    pub fn new(pattern: &str) -> Result<Image, String> {
        match pattern.split_once("{release}") {
            _ if pattern == "{image}" => Ok(Image::Built),
            Some((before, after)) if !before.is_empty() && !after.contains('{') => {
                Ok(Image::Tagged { before: before.to_owned(), after: after.to_owned() })
            }
            _ => Err(format!("`{pattern}` is neither `{{image}}` nor an image with one `{{release}}` in it")),
        }
    }

    /// Returns the image of `release`: of those that were `built`, the one with the pattern's name; else by
    /// its tag. Fails, in words, where there is none.
    pub fn of(&self, release: &str, built: &[String]) -> Result<String, String> {
        match (self, built) {
            (Image::Tagged { before, after }, _) => {
                let tagged = format!("{before}{release}{after}");
                let built = built.iter().find(|image| repository(image) == repository(&tagged));
                match (built, is_tag(release)) {
                    (Some(built), _) => Ok(built.clone()),
                    (None, true) => Ok(tagged),
                    (None, false) => Err(format!("release `{release}` can't be the tag of an image")),
                }
            }
            (Image::Built, [image]) => Ok(image.clone()),
            (Image::Built, []) => Err(format!("no image of `{release}` is known: set image.build")),
            (Image::Built, _) => Err(format!("`{release}` has several images: give each its name, NAME:{{release}}")),
        }
    }

    /// Returns the release that `image` is of; the image itself where its name does not say.
    pub fn release<'a>(&self, image: &'a str) -> &'a str {
        let Image::Tagged { before, after } = self else { return image };
        image
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .filter(|release| is_tag(release))
            .unwrap_or(image)
    }
}

/// Whether a registry takes `text` for a tag.
fn is_tag(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !text.is_empty() && text.len() <= LONGEST_TAG && text.chars().all(fits) && !text.starts_with(['.', '-'])
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
            assert_eq!(image.of(release, &[]).ok().as_deref(), expected, "{release}");
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
    fn what_was_built_is_deployed_by_its_digest() {
        let image = |pattern: &str| Image::new(pattern).expect("a pattern");
        let built = ["r:5000/web@sha256:00".to_owned(), "r:5000/pay@sha256:11".to_owned()];
        let of = |pattern: &str, built: &[String]| image(pattern).of("v2", built);
        assert_eq!(of("r:5000/pay:{release}", &built).as_deref(), Ok("r:5000/pay@sha256:11"));
        assert_eq!(of("r:5000/pay:{release}-slim", &built).as_deref(), Ok("r:5000/pay@sha256:11"));
        assert_eq!(of("r:5000/other:{release}", &built).as_deref(), Ok("r:5000/other:v2"));
        assert_eq!(of("{image}", &built[..1]).as_deref(), Ok("r:5000/web@sha256:00"));
        assert_eq!(of("{image}", &[]), Err("no image of `v2` is known: set image.build".to_owned()));
        assert!(of("{image}", &built).is_err());
        assert_eq!(image("{image}").release("r:5000/web@sha256:00"), "r:5000/web@sha256:00");
    }

    #[test]
    fn a_pattern_has_one_release() {
        for pattern in ["", "pay", "{release}", "pay:{release}-{release}", "pay:{tag}", "{image}:x", "r/{image}"] {
            assert!(Image::new(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_release_is_read_again(release in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,40}") {
            let image = Image::new("registry/pay:{release}").expect("a pattern");
            let tagged = image.of(&release, &[]).expect("a tag");
            prop_assert_eq!(image.release(&tagged), release);
        }
    }
}
