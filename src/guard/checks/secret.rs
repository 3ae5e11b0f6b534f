//! Whether the fix brings a key, a token or a password into the history, where it stays.

use super::Check;
use crate::domain::change::{Content, FileChange};
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::manifest::{Role, format_of};
use crate::guard::secret::secrets;

/// The most findings of one file; a file of keys needs no more to be seen.
const MOST: usize = 20;

pub const CHECK: Check = Check {
    name: "secret",
    level: Level::Block,
    rate: None,
    help: "No added line has a key, a token or a password: what was once in the history must be taken as known to \
           others. Only the kind and the length of what was found are shown.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    // The checksums of a lock file look like secrets and are none.
    let is_lock = |file: &&FileChange| format_of(&file.path).is_some_and(|format| format.role == Role::Lock);
    let files = subject.change.files.iter().filter(|file| file.content == Content::Text && !is_lock(file));
    files.flat_map(|file| in_file(file, subject.policy.is_test(&file.path))).collect()
}

fn in_file(file: &FileChange, in_test: bool) -> Vec<Finding> {
    let after = file.lines_after();
    let added = file.hunks.iter().flat_map(|hunk| hunk.after.clone());
    let found = added.flat_map(|at| secrets(after[at], in_test).into_iter().map(move |secret| (at, secret)));
    let finding = |(at, secret): (usize, crate::guard::secret::Secret)| {
        let message = format!("an added line of `{}` has a {}: {}", file.path, secret.kind, secret.masked);
        Finding::of_file(&file.path, message).at(&file.path, Side::After, [at + 1])
    };
    found.map(finding).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::change::FileChange;
    use crate::guard::tests::found;

    #[test]
    fn only_added_lines_count_and_nothing_is_shown() {
        let key = format!("k = \"sk{}q7Rk2Vx9Lm4Tz8Wb3Nc6\"\n", "_live_");
        let there = FileChange::new("src/a.py", Some(key.clone().into()), Some(format!("x = 1\n{key}").into()));
        assert_eq!(found("secret", &[there]), [""; 0]);
        let added = FileChange::new("src/a.py", Some("x = 1\n".into()), Some(format!("x = 1\n{key}").into()));
        assert_eq!(
            found("secret", &[added]),
            ["src/a.py:2: an added line of `src/a.py` has a Stripe key: sk_l... (28 characters)"]
        );
    }
}
