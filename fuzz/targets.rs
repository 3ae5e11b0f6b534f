//! What is fuzzed: readers of what anyone may have written. A target takes any bytes, and panics
//! where a promise is broken. The targets of cargo-fuzz and tests/it/fuzz.rs share these.

use std::sync::LazyLock;

use hotfix::config::Config;
use hotfix::domain::change::{Change, FileChange};
use hotfix::guard;
use hotfix::guard::manifest::format_of;
use hotfix::guard::policy::Policy;
use hotfix::guard::secret::secrets;
use hotfix::proof::inline::test_lines;
use hotfix::proof::runner::reported::Reporting;
use hotfix::proof::runner::{Place, Program, dotnet, go, jest, maven, nextest, phpunit, pytest, rspec, vitest};

/// What the guard allows where nothing is configured.
static POLICY: LazyLock<Policy> = LazyLock::new(|| Config::load(None, None).expect("the defaults are whole").guard);

/// One path of each kind of file that the guard reads.
pub const PATHS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "bun.lock",
    "requirements.txt",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "uv.lock",
    "Pipfile",
    "Pipfile.lock",
    "go.mod",
    "go.sum",
    "pom.xml",
    "build.gradle",
    "libs.versions.toml",
    "gradle.properties",
    "gradle.lockfile",
    "Gemfile",
    "pay.gemspec",
    "Gemfile.lock",
    "composer.json",
    "composer.lock",
    "Pay.csproj",
    "packages.lock.json",
];

/// Paths of the languages that the guard reads.
const SOURCES: &[&str] = &[
    "a.rs",
    "a.py",
    "a.js",
    "a.ts",
    "a.tsx",
    "a.go",
    "a.java",
    "a.c",
    "a.cc",
    "a.rb",
    "a.php",
    "a.cs",
    "a.txt",
    "tests/a.rs",
    "db/migrate/1.rb",
];

/// The first byte says which kind of file the rest is.
pub fn manifest(bytes: &[u8]) {
    let Some((kind, content)) = bytes.split_first() else { return };
    let path = PATHS[usize::from(*kind) % PATHS.len()];
    let format = format_of(path).expect("each path is that of a format");
    if format.read(content).is_ok() {
        assert_eq!(format.compare(Some(content), Some(content)), Ok(Vec::new()));
        for difference in format.compare(None, Some(content)).expect("it was read before") {
            let text = difference.to_string();
            assert!(!text.contains(char::is_control), "{path}: {text:?}");
            assert!(text.chars().count() < 500, "{path}: {text}");
        }
    }
}

/// The first byte says what kind of file it is, the second where the old text ends and the new begins.
pub fn change(bytes: &[u8]) {
    let [kind, part, content @ ..] = bytes else { return };
    let paths = || SOURCES.iter().chain(PATHS);
    let path = paths().nth(usize::from(*kind) % paths().count()).expect("it is less than their number");
    let (before, after) = content.split_at(content.len() * usize::from(*part) / 255);
    let file = FileChange::new(*path, Some(before.to_vec()), Some(after.to_vec()));
    let (old, new) = (file.lines_before(), file.lines_after());
    for hunk in &file.hunks {
        assert!(hunk.before.end <= old.len() && hunk.after.end <= new.len());
    }
    for found in guard::look(&POLICY, &Change { files: vec![file.clone()] }) {
        assert!(!found.message.contains(char::is_control), "{:?}", found.message);
        assert!(found.line.is_none_or(|line| line >= 1 && line <= old.len().max(new.len()).max(1)));
    }
}

/// A line of any length.
pub fn secret(bytes: &[u8]) {
    for in_test in [false, true] {
        for secret in secrets(bytes, in_test) {
            assert!(secret.masked.len() < 60 && !secret.masked.contains(char::is_control));
        }
    }
}

/// The first byte says whose report the rest is.
pub fn report(bytes: &[u8]) {
    let Some((kind, report)) = bytes.split_first() else { return };
    let program = Program::default;
    let readers: [Box<dyn Reporting>; 9] = [
        Box::new(nextest::Nextest(program())),
        Box::new(pytest::Pytest(program())),
        Box::new(jest::Jest(program())),
        Box::new(vitest::Vitest(program())),
        Box::new(go::Go(program())),
        Box::new(maven::Maven(program())),
        Box::new(rspec::Rspec(program())),
        Box::new(phpunit::Phpunit(program())),
        Box::new(dotnet::Dotnet(program())),
    ];
    let place = Place::default();
    let _ = readers[usize::from(*kind) % readers.len()].read(report, &place);
}

/// A Rust file with tests inside.
pub fn inline(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for tests in test_lines("a.rs", bytes) {
        assert!(tests.start < tests.end && tests.end <= lines);
    }
}
