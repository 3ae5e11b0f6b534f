//! The messages of the commits that a backport makes: pure.

/// Returns the message of a copy of `commit`, as `git cherry-pick -x` writes it: the line goes
/// straight below a block of trailers, after an empty line below anything else.
pub fn with_origin(message: &str, commit: &str) -> String {
    let mut text = message.to_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if !ends_with_trailers(&text) {
        text.push('\n');
    }
    text.push_str(&format!("(cherry picked from commit {commit})\n"));
    text
}

/// Returns the message of the merge of `fix` into `branch`.
pub fn of_merge(fix: &str, branch: &str) -> String {
    format!("Merge {fix} into {branch}\n")
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
    use super::with_origin;

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
}
