//! `requirements.txt` and similar files, in pip's form:
//! <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.

use super::entries::{Entries, Unreadable, Value};
use super::requirement::split;

/// Whether a file holds requirements: by its name, or as a text file in a folder `requirements`.
pub fn is(path: &str, name: &str) -> bool {
    let text = name.ends_with(".txt") || name.ends_with(".in") || name.ends_with(".pip");
    let named = ["requirements", "constraints"].iter().any(|word| name.contains(word));
    text && (named || path.starts_with("requirements/") || path.contains("/requirements/"))
}

/// Returns the requirements, and the options that name where packages come from.
pub fn read(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").lines() {
        let line = line.split_once(" #").map_or(line, |(before, _)| before).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (wanted, hashes) = line.split_once(" --").unwrap_or((line, ""));
        match split(wanted) {
            _ if line.starts_with('-') || line.contains("://") && !line.contains('@') => option(&mut entries, line),
            Some((name, value)) => entries.add("", name, Value { checksum: checksum(hashes), ..value }),
            None if line.starts_with(['.', '/']) => option(&mut entries, line),
            None => {
                return Err(Unreadable(format!(
                    "it has a line that is none of pip's: `{}`",
                    super::entries::brief(line)
                )));
            }
        }
    }
    Ok(entries)
}

/// `-r other.txt`, `-e git+https://...`, `--index-url URL`, or the address of a package.
fn option(entries: &mut Entries, line: &str) {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    entries.add("option", line, Value::default());
}

/// The values of `hash=sha256:A --hash=sha256:B`, in order.
fn checksum(options: &str) -> String {
    let hashes = options.split_whitespace().filter_map(|option| option.split_once("hash="));
    let mut hashes: Vec<_> = hashes.map(|(_, hash)| hash).collect();
    hashes.sort_unstable();
    hashes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    #[test]
    fn names_of_files() {
        for (path, expected) in [
            ("requirements.txt", true),
            ("requirements/base.txt", true),
            ("deploy/dev-requirements.in", true),
            ("constraints.txt", true),
            ("robots.txt", false),
            ("docs/requirements.md", false),
        ] {
            assert_eq!(is(path, path.rsplit('/').next().unwrap()), expected, "{path}");
        }
    }

    #[test]
    fn requirements_and_options() {
        let before =
            read("# pinned\nDjango==3.2  # why\nrequests == 2.0 \\\n  --hash=sha256:bb \\\n  --hash=sha256:aa\n")
                .unwrap();
        let after = read("requests==2.0 --hash=sha256:aa --hash=sha256:cc\ndjango==3.3\n-r  more.txt\n").unwrap();
        let shown: Vec<_> = before.differences(&after).iter().map(Difference::to_string).collect();
        assert_eq!(
            shown,
            [
                "`django` ==3.2 -> ==3.3",
                "`requests` ==2.0 with checksum sha256:aa sha256:bb -> ==2.0 with checksum sha256:aa sha256:cc",
                "`-r more.txt` (option) added: any",
            ]
        );
        assert!(read("<<<<<<< HEAD\n").is_err());
    }
}
