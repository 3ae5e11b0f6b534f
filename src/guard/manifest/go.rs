//! `go.mod` and `go.sum`: <https://go.dev/ref/mod>.

use super::entries::{Entries, Unreadable, Value, brief};

/// Returns what a module requires and replaces. Whether a requirement is indirect is a comment.
pub fn manifest(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    let mut block = None;
    for line in text.lines() {
        let line = line.split_once("//").map_or(line, |(before, _)| before).trim();
        let (keyword, rest) = match (block, line.split_once([' ', '\t'])) {
            _ if line.is_empty() => continue,
            (Some(_), _) if line == ")" => {
                block = None;
                continue;
            }
            (Some(keyword), _) => (keyword, line),
            (None, Some((keyword, rest))) => (keyword, rest.trim()),
            (None, None) => return Err(no_directive(line)),
        };
        if block.is_none() && rest == "(" {
            block = Some(keyword);
        } else {
            add(&mut entries, keyword, rest).ok_or_else(|| no_directive(line))?;
        }
    }
    block.map_or(Ok(entries), |keyword| Err(Unreadable(format!("its `{keyword} (` does not end"))))
}

fn no_directive(line: &str) -> Unreadable {
    Unreadable(format!("`{}` in it is no directive of Go's", brief(line)))
}

fn add(entries: &mut Entries, keyword: &str, rest: &str) -> Option<()> {
    let words: Vec<&str> = rest.split_whitespace().map(|word| word.trim_matches('"')).collect();
    match keyword {
        "require" | "exclude" => {
            let [module, version] = words[..] else { return None };
            entries.add(keyword, module, Value::version(version));
        }
        "replace" => {
            let arrow = words.iter().position(|word| *word == "=>")?;
            let source = words[arrow + 1..].join(" ");
            entries.add(keyword, words[..arrow].join(" "), Value { source, ..Value::default() });
        }
        "go" | "toolchain" => entries.add("toolchain", keyword, Value::version(rest)),
        "tool" => entries.add(keyword, rest, Value::default()),
        // The module's own name and version.
        "module" | "retract" | "godebug" | "ignore" => {}
        _ => return None,
    }
    Some(())
}

/// Returns the checksums of modules (`module version h1:hash`) and of their go.mod files.
pub fn sums(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [module, version, checksum] = words[..] else {
            return Err(Unreadable(format!("`{}` in it is no checksum of Go's", brief(line))));
        };
        entries.add("", module, Value { version: version.into(), checksum: checksum.into(), ..Value::default() });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    #[test]
    fn form_and_comments_are_free() {
        let before = "module m\n\ngo 1.21\n\nrequire a.b/c v1.0.0\nrequire (\n\td.e/f v1.0.0 // indirect\n)\nreplace x => ../x\n";
        let same =
            "module m // own\ngo 1.21\nrequire (\n\td.e/f v1.0.0\n\ta.b/c v1.0.0\n)\nreplace (\n\tx => ../x\n)\n";
        let after = before.replace("c v1.0.0", "c v1.0.1").replace("../x", "evil v1").replace("1.21", "1.22");
        let shown = |after: &str| -> Vec<String> {
            manifest(before).unwrap().differences(&manifest(after).unwrap()).iter().map(Difference::to_string).collect()
        };
        assert_eq!(shown(same), [""; 0]);
        assert_eq!(
            shown(&after),
            [
                "`x` (replace) from ../x -> from evil v1",
                "`a.b/c` (require) v1.0.0 -> v1.0.1",
                "`go` (toolchain) 1.21 -> 1.22",
            ]
        );
        for text in ["<<<<<<< HEAD\n", "require (\n", "require a\n"] {
            assert!(manifest(text).is_err(), "{text}");
        }
    }

    #[test]
    fn checksums() {
        let [before, after] = ["a v1 h1:x\n", "a v1 h1:y\n"].map(|text| sums(text).unwrap());
        let shown: Vec<_> = before.differences(&after).iter().map(Difference::to_string).collect();
        assert_eq!(shown, ["`a` v1 with checksum h1:x -> v1 with checksum h1:y"]);
        assert!(sums("a v1\n").is_err());
    }
}
