//! Whether the fix asks for other dependencies than production has.

use super::Check;
use crate::domain::change::{Content, FileChange};
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::manifest::entries::{Difference, Unreadable};
use crate::guard::manifest::{Format, Role, format_of};

/// The most dependencies of one file that are named.
const NAMED: usize = 10;

/// Ecosystems whose projects usually keep a lock file.
const LOCKING: [&str; 7] = ["cargo", "npm", "python", "pipenv", "go", "bundler", "composer"];

pub const CHECK: Check = Check {
    name: "dependencies",
    level: Level::Block,
    rate: Some(0.004),
    help: "A fix adds, removes and changes no dependency: a new version brings more than the fix. Manifests and lock \
           files are compared by meaning, so that their form, comments and the project's own version are free.",
    look,
};

/// A manifest or lock file, and how it differs.
struct Changed<'a> {
    file: &'a FileChange,
    format: &'static Format,
    result: Result<Vec<Difference>, Unreadable>,
}

fn look(subject: &Subject) -> Vec<Finding> {
    let files = subject.change.files.iter().filter(|file| !subject.policy.is_test(&file.path));
    let changed: Vec<_> = files.filter_map(changed).collect();
    changed.iter().flat_map(|one| findings(one, &changed)).collect()
}

/// How a manifest or lock file differs, if it does.
fn changed(file: &FileChange) -> Option<Changed<'_>> {
    let (before, after) = (format_of(file.old_path()), format_of(&file.path));
    let format = after.or(before)?;
    let result = match file.content {
        Content::Text | Content::Binary => format.compare(
            file.before.as_deref().filter(|_| before.is_some()),
            file.after.as_deref().filter(|_| after.is_some()),
        ),
        Content::Large => Err(Unreadable("it is too large".to_owned())),
        Content::Submodule => Err(Unreadable("it is another repository".to_owned())),
    };
    let differs = result.as_ref().map_or(true, |differences| !differences.is_empty());
    differs.then_some(Changed { file, format, result })
}

fn findings(one: &Changed, all: &[Changed]) -> Vec<Finding> {
    let path = &one.file.path;
    let differences = match &one.result {
        Ok(differences) => differences,
        Err(error) => {
            let message = format!("unknown whether `{path}` asks for other dependencies: {error}");
            return vec![Finding::of_file(path, message)];
        }
    };
    let shown = &differences[..differences.len().min(NAMED)];
    let more = match differences.len() - shown.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let alone = alone(one, all);
    match one.format.role {
        Role::Manifest => {
            let finding = |(index, difference): (usize, &Difference)| {
                let more = if index + 1 == shown.len() { more.as_str() } else { "" };
                place(Finding::of_file(path, format!("{difference}{more}{alone}")), one.file, [difference])
            };
            shown.iter().enumerate().map(finding).collect()
        }
        Role::Lock => {
            let texts: Vec<String> = shown.iter().map(Difference::to_string).collect();
            let message = format!("`{path}` locks others: {}{more}{alone}", texts.join(", "));
            vec![place(Finding::of_file(path, message), one.file, shown)]
        }
    }
}

/// What to add where a manifest changed without its lock file, or a lock file without a manifest.
fn alone(one: &Changed, all: &[Changed]) -> &'static str {
    let counterpart = |other: &&Changed| {
        let (manifest, lock) = if one.format.role == Role::Lock { (*other, one) } else { (one, *other) };
        let below = folder(&manifest.file.path).starts_with(folder(&lock.file.path));
        other.format.ecosystem == one.format.ecosystem && other.format.role != one.format.role && below
    };
    match one.format.role {
        _ if all.iter().any(|other| counterpart(&other)) => "",
        Role::Lock => "; no manifest changed with it",
        Role::Manifest if LOCKING.contains(&one.format.ecosystem) => "; no lock file changed with it",
        Role::Manifest => "",
    }
}

/// The folder of a path with its last `/`; empty at the top.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

/// Adds the changed lines in which the dependencies are named.
fn place<'a>(finding: Finding, file: &FileChange, named: impl IntoIterator<Item = &'a Difference>) -> Finding {
    let (before, after) = (file.lines_before(), file.lines_after());
    let mut added = Vec::new();
    let mut removed = Vec::new();
    for difference in named {
        let has_name =
            |line: &[u8]| String::from_utf8_lossy(line).to_lowercase().contains(&difference.name.to_lowercase());
        let in_after = file.hunks.iter().flat_map(|hunk| hunk.after.clone()).find(|at| has_name(after[*at]));
        let in_before = || file.hunks.iter().flat_map(|hunk| hunk.before.clone()).find(|at| has_name(before[*at]));
        match in_after {
            Some(at) => added.push(at + 1),
            None => removed.extend(in_before().map(|at| at + 1)),
        }
    }
    if added.is_empty() && removed.is_empty() {
        added.extend(file.hunks.first().map(|hunk| hunk.after.start + 1));
    }
    finding.at(&file.path, Side::After, added).at(file.old_path(), Side::Before, removed)
}

#[cfg(test)]
mod tests {
    use crate::domain::change::FileChange;
    use crate::guard::tests::found;

    fn change(path: &str, before: &str, after: &str) -> FileChange {
        FileChange::new(path, Some(before.into()), Some(after.into()))
    }

    const CARGO: [&str; 2] = ["[dependencies]\na = \"1\"\n", "[dependencies]\na = \"2\"\n"];
    const LOCK: [&str; 2] = [
        "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"r\"\n",
        "[[package]]\nname = \"a\"\nversion = \"2.0.0\"\nsource = \"r\"\n",
    ];

    #[test]
    fn a_manifest_and_its_lock_file() {
        let manifest = change("app/Cargo.toml", CARGO[0], CARGO[1]);
        let lock = change("Cargo.lock", LOCK[0], LOCK[1]);
        assert_eq!(
            found("dependencies", &[manifest.clone(), lock.clone()]),
            [
                "app/Cargo.toml:2: `a` (dependencies) 1 -> 2",
                "Cargo.lock:3: `Cargo.lock` locks others: `a` 1.0.0 from r -> 2.0.0 from r",
            ]
        );
        assert_eq!(
            found("dependencies", &[manifest]),
            ["app/Cargo.toml:2: `a` (dependencies) 1 -> 2; no lock file changed with it"]
        );
        let elsewhere = change("other/Cargo.lock", LOCK[0], LOCK[1]);
        assert!(found("dependencies", &[elsewhere])[0].ends_with("; no manifest changed with it"));
    }

    #[test]
    fn form_is_free_and_tests_are() {
        let formatted = change("Cargo.toml", CARGO[0], "# why\n[dependencies]\n  a = '1'\n");
        let fixture = change("tests/app/Cargo.toml", CARGO[0], CARGO[1]);
        assert_eq!(found("dependencies", &[formatted, fixture]), [""; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let broken = change("Cargo.toml", CARGO[0], "[dependencies");
        assert!(found("dependencies", &[broken])[0].contains("unknown whether `Cargo.toml`"));
        let binary = FileChange::new("bun.lockb", None, Some(vec![0, 1]));
        assert!(found("dependencies", &[binary])[0].contains("unknown whether `bun.lockb`"));
        // A parser's message may quote the file, and the file may try to write to the terminal.
        let hostile = change("pom.xml", "<project/>", "<pro\u{1b}[2J/>");
        let message = found("dependencies", &[hostile]).remove(0);
        assert!(message.contains("it is not XML") && !message.contains(char::is_control), "{message:?}");
    }

    #[test]
    fn a_manifest_that_moves_takes_its_dependencies_along() {
        let moved =
            FileChange { old_path: Some("a/Cargo.toml".to_owned()), ..change("b/Cargo.toml", CARGO[0], CARGO[0]) };
        assert_eq!(found("dependencies", &[moved]), [""; 0]);
        let hidden = FileChange { old_path: Some("Cargo.toml".to_owned()), ..change("old.toml", CARGO[0], CARGO[0]) };
        assert_eq!(
            found("dependencies", &[hidden]),
            ["old.toml: `a` (dependencies) removed: 1; no lock file changed with it"]
        );
    }
}
