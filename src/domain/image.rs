//! Names of container images. The grammar is that of distribution (reference.go).

/// The most references that one build may name.
const MOST: usize = 100;

/// Returns an image's name without tag and digest.
pub fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rfind(':') {
        Some(at) if !name[at..].contains('/') => &name[..at],
        _ => name,
    }
}

/// Whether `text` names exactly one image: `registry/app@sha256:...`.
pub fn is_by_digest(text: &str) -> bool {
    let Some((name, digest)) = text.split_once("@sha256:") else { return false };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':');
    let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    !name.is_empty()
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(fits)
        && digest.len() == 64
        && digest.chars().all(hexadecimal)
}

/// Returns the references by digest at the end of `text`, one on each line, in order.
pub fn last_references(text: &str) -> Vec<String> {
    let lines = text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let mut found: Vec<String> = Vec::new();
    for line in lines.take_while(|line| is_by_digest(line)).take(MOST) {
        if !found.iter().any(|known| known == line) {
            found.push(line.to_owned());
        }
    }
    found.reverse();
    found
}

/// Returns a name that two of the references share, if there is one.
pub fn named_twice(references: &[String]) -> Option<&str> {
    let mut names: Vec<&str> = references.iter().map(|reference| repository(reference)).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// Returns an image for people, its digest cut to 12 digits.
pub fn short(image: &str) -> &str {
    match image.split_once("@sha256:") {
        Some((name, _)) => image.get(..name.len() + "@sha256:".len() + 12).unwrap_or(image),
        None => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: &str) -> String {
        digit.repeat(64)
    }

    #[test]
    fn a_repository_is_read_off_any_name() {
        for (image, name) in [
            ("app", "app"),
            ("app:v1", "app"),
            ("registry:5000/app", "registry:5000/app"),
            ("registry:5000/app:v1", "registry:5000/app"),
            ("registry:5000/app:v1@sha256:00", "registry:5000/app"),
            ("", ""),
        ] {
            assert_eq!(repository(image), name, "{image}");
        }
    }

    #[test]
    fn only_a_whole_digest_names_one_image() {
        let cases = [
            (format!("registry:5000/pay/app@sha256:{}", digest("a")), true),
            (format!("registry/app:v1@sha256:{}", digest("0")), true),
            (format!("registry/app@sha256:{}", digest("A")), false),
            (format!("registry/app@sha256:{}", "a".repeat(63)), false),
            (format!("registry/app --privileged@sha256:{}", digest("a")), false),
            (format!("-v@sha256:{}", digest("a")), false),
            (format!("@sha256:{}", digest("a")), false),
            (format!("{{release}}@sha256:{}", digest("a")), false),
            ("registry/app:v1".to_owned(), false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_by_digest(&text), expected, "{text}");
        }
    }

    #[test]
    fn the_references_are_the_end_of_what_was_printed() {
        let (a, b) = (format!("r/a@sha256:{}", digest("a")), format!("r/b@sha256:{}", digest("b")));
        assert_eq!(last_references(&format!("{a}\nbuilding\n\n{a}\n  {b}\n{a}\n\n")), [b.clone(), a.clone()]);
        assert_eq!(last_references(&format!("{a}\ndone\n")), Vec::<String>::new());
        assert_eq!(named_twice(&[a.clone(), b.clone()]), None);
        assert_eq!(named_twice(&[a.clone(), b, format!("r/a@sha256:{}", digest("c"))]), Some("r/a"));
        assert_eq!(short(&a), "r/a@sha256:aaaaaaaaaaaa");
        assert_eq!(short("r/a:v1"), "r/a:v1");
    }
}
