//! The messages of the commits that a backport makes: pure.

/// The trailer that names who resolved the conflict of a pick or a merge.
const RESOLVED_BY: &str = "Conflict-resolved-by: ";

/// Returns the message of a copy of `commit`, as `git cherry-pick -x` writes it: the line goes
/// straight below a block of trailers, after an empty line below anything else.
pub fn with_origin(message: &str, commit: &str) -> String {
    with_line(message, &format!("(cherry picked from commit {commit})"))
}

/// Returns the message with the trailer that names the `person` who resolved the conflict.
pub fn with_resolver(message: &str, person: &str) -> String {
    with_line(message, &format!("{RESOLVED_BY}{person}"))
}

/// Returns who resolved the conflict of a commit, by its message: the last one that it names.
pub fn resolved_by(message: &str) -> Option<String> {
    let person = message.lines().rev().find_map(|line| line.strip_prefix(RESOLVED_BY))?.trim();
    (!person.is_empty()).then(|| person.to_owned())
}

/// Returns the message of the merge of `fix` into `branch`.
pub fn of_merge(fix: &str, branch: &str) -> String {
    format!("Merge {fix} into {branch}\n")
}

fn with_line(message: &str, line: &str) -> String {
    let mut text = message.to_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if !ends_with_trailers(&text) {
        text.push('\n');
    }
    text.push_str(line);
    text.push('\n');
    text
}

/// Whether the last paragraph, which is not the first, is trailers or lines that git itself adds
/// (git's trailer.c: only those, or one of those at least and a quarter of the lines).
fn ends_with_trailers(message: &str) -> bool {
    let lines: Vec<&str> = message.trim_end_matches('\n').split('\n').filter(|line| !line.starts_with('#')).collect();
    let Some(blank) = lines.iter().rposition(|line| line.trim().is_empty()) else { return false };
    if lines[..blank].iter().all(|line| line.trim().is_empty()) {
        return false;
    }
    let (mut trailers, mut others, mut recognised) = (0, 0, false);
    let mut continues = None;
    for line in &lines[blank + 1..] {
        if line.starts_with([' ', '\t']) {
            match continues {
                Some(true) => {}
                _ => others += 1,
            }
            continue;
        }
        let generated =
            ["Signed-off-by: ", "(cherry picked from commit "].iter().any(|prefix| line.starts_with(prefix));
        let trailer = generated || is_trailer(line);
        recognised |= generated;
        continues = Some(trailer);
        if trailer { trailers += 1 } else { others += 1 }
    }
    trailers > 0 && (others == 0 || (recognised && trailers * 3 >= others))
}

/// Whether the line is `key: value`, the key of letters, digits and hyphens.
fn is_trailer(line: &str) -> bool {
    let Some((key, _)) = line.split_once(':') else { return false };
    let key = key.trim_end();
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::{ends_with_trailers, resolved_by, with_origin, with_resolver};

    #[test]
    fn trailers_are_told_from_text_as_git_does_it() {
        for (message, expected) in [
            ("Title\n\nKey: value\n", true),
            ("Title\n\nKey: value\n", true),
            ("Key: value\n", false),
            ("\n\nKey: value\n", false),
            ("Title\n\nSome text\nKey: value\n", false),
            ("Title\n\nSigned-off-by: A <a@b>\ntext\ntext\ntext\n", true),
            ("Title\n\nSigned-off-by: A <a@b>\ntext\ntext\ntext\ntext\n", false),
            ("Title\n\nKey: value\n  and more\n", true),
            ("Title\n\n  indented\nKey: value\n", false),
            ("Title\n\nKey: value\n# a comment\n", true),
            ("Title\n\nNo key here: value\n", false),
            ("Title\n\nhttps://example.org\n", true),
            ("", false),
        ] {
            assert_eq!(ends_with_trailers(message), expected, "{message:?}");
        }
    }

    #[test]
    fn the_origin_joins_a_block_of_trailers() {
        for (message, expected) in [
            ("Title\n", "Title\n\n(cherry picked from commit X)\n"),
            ("Title", "Title\n\n(cherry picked from commit X)\n"),
            ("Key: value\n", "Key: value\n\n(cherry picked from commit X)\n"),
            ("Title\n\nBody\n", "Title\n\nBody\n\n(cherry picked from commit X)\n"),
            ("Title\n\nSigned-off-by: A <a@b>\n", "Title\n\nSigned-off-by: A <a@b>\n(cherry picked from commit X)\n"),
            ("Title\n\nFixes: #1\n more\n", "Title\n\nFixes: #1\n more\n(cherry picked from commit X)\n"),
            (
                "Title\n\n(cherry picked from commit Y)\n",
                "Title\n\n(cherry picked from commit Y)\n(cherry picked from commit X)\n",
            ),
        ] {
            assert_eq!(with_origin(message, "X"), expected);
        }
    }

    #[test]
    fn who_resolved_a_conflict_is_read_as_it_was_written() {
        let picked = with_origin("Title\n", "X");
        let by_ada = with_resolver(&picked, "Ada <ada@example.org>");
        assert_eq!(by_ada, "Title\n\n(cherry picked from commit X)\nConflict-resolved-by: Ada <ada@example.org>\n");
        let again = with_resolver(&with_origin(&by_ada, "Y"), "Bob <bob@example.org>");
        for (message, expected) in [
            (picked.as_str(), None),
            (&by_ada, Some("Ada <ada@example.org>")),
            (&again, Some("Bob <bob@example.org>")),
            ("Title\n\nConflict-resolved-by: \n", None),
            ("Title\n\nIt has no Conflict-resolved-by: Ada\n", None),
        ] {
            assert_eq!(resolved_by(message).as_deref(), expected, "{message}");
        }
    }
}
