//! A Python requirement, `name[extra] >= 1 ; marker` or `name @ url`:
//! <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>.

use super::entries::Value;

/// Returns the name, as packages are compared by, and what is asked of it; `None` for what does not
/// begin with a name.
pub fn split(requirement: &str) -> Option<(String, Value)> {
    let requirement = requirement.trim();
    let end = requirement.find(|character: char| !is_of_name(character)).unwrap_or(requirement.len());
    let (name, rest) = requirement.split_at(end);
    if !name.starts_with(|character: char| character.is_ascii_alphanumeric()) {
        return None;
    }
    let rest: String = rest.split_whitespace().collect();
    let value = match rest.split_once('@').filter(|(before, _)| before.is_empty() || before.ends_with(']')) {
        Some((extras, url)) => Value { version: extras.to_owned(), source: url.to_owned(), checksum: String::new() },
        None => Value::version(rest.trim_start_matches('(').replace("),", ",").trim_end_matches(')')),
    };
    Some((normal(name), value))
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// A name in lower case, each run of `-`, `_` and `.` as one `-`:
/// <https://packaging.python.org/en/latest/specifications/name-normalization/>.
pub fn normal(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        for (text, name, version, source) in [
            ("Django >= 3.2, < 4", "django", ">=3.2,<4", ""),
            ("zope.interface", "zope-interface", "", ""),
            ("requests[socks] (>=2.8.1)", "requests", "[socks](>=2.8.1", ""),
            ("a (==1)", "a", "==1", ""),
            ("a==1 ; python_version < '3'", "a", "==1;python_version<'3'", ""),
            ("a[x] @ https://h/a.zip", "a", "[x]", "https://h/a.zip"),
        ] {
            let (found, value) = split(text).unwrap();
            assert_eq!((found.as_str(), value.version.as_str(), value.source.as_str()), (name, version, source));
        }
        assert_eq!(split("-r other.txt"), None);
        assert_eq!(split(""), None);
    }
}
