//! The rules that the source keeps, read from the source itself. Formatting, `unwrap` and the like
//! are left to rustfmt and clippy.

use std::fs;
use std::path::Path;

/// What each module of the library may name besides itself: `a` stands for all of module `a`,
/// `a::b` for that part alone. Unit tests may name anything. ARCHITECTURE.md tells why.
const MAY_USE: &[(&str, &[&str])] = &[
    // The language of the field and pure decisions.
    ("domain", &[]),
    ("redact", &["guard::secret"]),
    ("xml", &[]),
    ("private", &[]),
    // What settings are made of, and where a crash can be asked for.
    ("value", &[]),
    ("crash", &[]),
    ("verdict", &["domain"]),
    ("guard", &["domain", "value", "redact", "xml"]),
    // What starts programs and connections.
    ("process", &["redact", "crash"]),
    ("http", &["redact"]),
    ("git", &["domain", "redact", "process::machine"]),
    // The engine. It knows no adapter: what it needs of them it has as traits.
    ("workflow", &["domain", "crash", "redact"]),
    // Adapters.
    (
        "config",
        &["domain", "value", "affected", "deploy", "gate", "guard", "notify", "probe", "process::sandbox", "proof"],
    ),
    ("affected", &["domain", "value", "process", "xml"]),
    ("proof", &["domain", "value", "affected", "git", "guard::policy", "private", "process", "xml"]),
    // Guard, proof and gates in one.
    ("check", &["domain", "config", "value", "gate", "git", "guard", "process", "proof"]),
    ("deploy", &["domain", "value", "git::project", "process", "http", "redact", "crash"]),
    ("gate", &["domain", "value", "private", "process", "redact"]),
    ("notify", &["domain", "value", "process", "http", "redact", "workflow::courier"]),
    ("probe", &["domain", "value", "process", "http", "redact", "investigate::logs"]),
    (
        "store",
        &[
            "domain",
            "private",
            "redact",
            "workflow::derived",
            "workflow::journal",
            "watch::keep",
            "git::backport::record",
            "git::backport::error",
            // What runs, and on which machine.
            "process",
        ],
    ),
    ("investigate", &["domain", "redact"]),
    ("watch", &["domain", "config", "probe", "verdict", "redact"]),
    // A place to try hotfix in.
    ("demo", &["git", "process"]),
    // Who is who, and what their keys have signed.
    ("people", &["domain", "config::mistake"]),
    ("sign", &["domain", "git", "people", "private", "redact"]),
    // Whose rules are in force.
    ("policy", &["domain", "config", "git", "people", "private", "report::template"]),
    ("report", &["domain", "private"]),
    // The job, by way of all of these.
    (
        "steps",
        &[
            "domain",
            "workflow",
            "config",
            "value",
            "git",
            "process",
            "store",
            "check",
            "deploy",
            "gate",
            "investigate",
            "people",
            "policy",
            "probe",
            "proof",
            "sign",
            "verdict",
            "watch",
            "report",
        ],
    ),
    (
        "app",
        &[
            "steps",
            "check",
            "domain",
            "workflow",
            "config",
            "gate::known",
            "git",
            "guard::sarif",
            "store",
            "deploy",
            "notify",
            "people",
            "policy",
            "probe",
            "sign",
            // What runs, and who looks after it.
            "process::machine",
            "process::installed",
            "process::running",
            "process::supervised",
            "proof",
            "guard::checks",
            "report",
            "watch",
            "private",
        ],
    ),
    // The faces: operations and their results, no adapter.
    (
        "cli",
        &[
            "app",
            "domain",
            "report",
            "config",
            "value",
            // Who looks on while the engine works.
            "workflow::progress",
            // What an audit finds in the lists, and how long notices may take after a command.
            "workflow::derived",
            "workflow::engine::ROUND",
            // What there is to do about git's own errors.
            "git::GitError",
            "git::project::ProjectError",
            // Which parts of a check are asked for.
            "check::Parts",
            // The results that `backport` shows.
            "git::backport",
            // The sandbox that `demo` tells its story in.
            "demo",
            // Commands that need no incident, and no repository.
            "watch",
            "process::supervised",
            // What this program is to the commands that it runs.
            "process::contained",
        ],
    ),
];

/// What of that a module may not name all the same.
const MAY_NOT_USE: &[(&str, &[&str])] = &[
    // A face writes no event: each is a method of a session.
    ("cli", &["domain::event"]),
];

/// Files that may be longer than `LONGEST`, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// The most lines of a file.
const LONGEST: usize = 500;

#[test]
fn each_module_names_only_what_it_may() {
    report(sources().iter().flat_map(|source| layering(source, MAY_USE, MAY_NOT_USE)));
}

#[test]
fn only_the_git_module_starts_git() {
    report(sources().iter().flat_map(git_started_elsewhere));
}

#[test]
fn only_the_command_line_names_its_library() {
    report(sources().iter().flat_map(clap_named_elsewhere));
}

#[test]
fn the_command_line_puts_no_json_together() {
    report(sources().iter().flat_map(json_by_hand));
}

#[test]
fn a_file_is_one_concept_and_so_not_long() {
    report(sources().iter().filter_map(too_long));
}

#[test]
fn a_use_against_the_direction_is_found() {
    let rules: &[(&str, &[&str])] = &[("domain", &[]), ("store", &["domain", "workflow::journal"])];
    let except: &[(&str, &[&str])] = &[("store", &["domain::rung"])];
    let found = |path: &str, text: &str| {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        layering(&source, rules, except).collect::<Vec<_>>()
    };
    assert_eq!(
        found("store/mod.rs", "use crate::domain::{rung::Rung, event};\n"),
        ["src/store/mod.rs:1: `store` may not use `domain::rung::Rung`"]
    );
    let allowed = "use crate::{domain::{event, step}, store::list};\n// crate::cli is only spoken of\n";
    assert!(found("store/mod.rs", allowed).is_empty());
    assert_eq!(
        found(
            "store/mod.rs",
            "use crate::domain::event;\nuse crate::workflow::{\n    engine::Engine,\n    journal,\n};\n"
        ),
        ["src/store/mod.rs:2: `store` may not use `workflow::engine::Engine`"]
    );
    assert_eq!(
        found("domain/name.rs", "fn f() {\n    let _ = crate::redact::redact(\"\");\n}\n"),
        ["src/domain/name.rs:2: `domain` may not use `redact::redact`"]
    );
    assert_eq!(
        found("forge/mod.rs", "use crate::domain::event;\n"),
        ["src/forge/mod.rs:1: there is no rule for `forge` in MAY_USE"]
    );
}

#[test]
fn json_by_hand_is_found() {
    let found = |path: &str| {
        let text = "use serde_json::json;\nlet _ = json!({});\n".to_owned();
        json_by_hand(&Source { path: path.to_owned(), text })
    };
    assert_eq!(found("cli/list.rs"), ["src/cli/list.rs:2: what is printed for machines is a view in src/app/view/"]);
    assert!(found("app/view/schema.rs").is_empty());
}

/// A file of the library.
pub struct Source {
    /// Its path below src/.
    pub path: String,
    pub text: String,
}

impl Source {
    /// The top-level module that it belongs to.
    fn module(&self) -> &str {
        let (first, _) = self.path.split_once('/').unwrap_or((&self.path, ""));
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// A breach of a rule at a byte of the text.
    fn breach(&self, at: usize, rule: &str) -> String {
        format!("src/{}:{}: {rule}", self.path, self.text[..at].matches('\n').count() + 1)
    }
}

pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).expect("it lies below src/").display().to_string();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn layering<'a>(
    source: &'a Source,
    rules: &'a [(&str, &[&str])],
    except: &'a [(&str, &[&str])],
) -> impl Iterator<Item = String> + 'a {
    let module = source.module();
    let denied = except.iter().find(|(name, _)| *name == module).map_or(&[][..], |(_, denied)| denied);
    let rule = rules.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
    let tests = source.path.contains("/tests/") || source.path.ends_with("/tests.rs");
    let text = if tests { "" } else { without_tests(&source.text) };
    let paths = if matches!(module, "lib" | "main") { Vec::new() } else { crate_paths(text) };
    paths.into_iter().filter_map(move |(at, path)| {
        let Some(allowed) = rule else {
            return Some(source.breach(at, &format!("there is no rule for `{module}` in MAY_USE")));
        };
        let within = |allowed: &str| path == allowed || path.starts_with(&format!("{allowed}::"));
        let may = within(module) || allowed.iter().any(|allowed| within(allowed));
        let may = may && !denied.iter().any(|denied| within(denied));
        (!may).then(|| source.breach(at, &format!("`{module}` may not use `{path}`")))
    })
}

fn git_started_elsewhere(source: &Source) -> Vec<String> {
    if source.module() == "git" {
        return Vec::new();
    }
    let found = source.text.match_indices(r#"Command::new("git")"#);
    found.map(|(at, _)| source.breach(at, "only src/git/ starts the git program")).collect()
}

fn clap_named_elsewhere(source: &Source) -> Vec<String> {
    if source.module() == "cli" {
        return Vec::new();
    }
    let found = source.text.match_indices("clap::");
    found.map(|(at, _)| source.breach(at, "only src/cli/ names clap")).collect()
}

/// What a face prints for machines is a view of `app`, so that every face prints the same.
fn json_by_hand(source: &Source) -> Vec<String> {
    if source.module() != "cli" {
        return Vec::new();
    }
    let found = source.text.match_indices("json!");
    found.map(|(at, _)| source.breach(at, "what is printed for machines is a view in src/app/view/")).collect()
}

fn too_long(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let excused = LONG.iter().any(|(path, _)| *path == source.path);
    match lines > LONGEST {
        true if !excused => Some(format!("src/{}:{lines}: more than {LONGEST} lines", source.path)),
        false if excused => Some(format!("src/{}:{lines}: short enough to leave LONG", source.path)),
        _ => None,
    }
}

/// What comes before the unit tests, which end a file.
pub fn without_tests(text: &str) -> &str {
    text.split_once("\n#[cfg(test)]\nmod tests {").map_or(text, |(before, _)| before)
}

/// Every path from the root of the crate that the code names, groups taken apart, with the byte
/// where it begins. Comments are passed over.
fn crate_paths(text: &str) -> Vec<(usize, String)> {
    let comment = |at: usize| text[text[..at].rfind('\n').map_or(0, |end| end + 1)..].trim_start().starts_with("//");
    let begins = text.match_indices("crate::").filter(|(at, _)| !comment(*at));
    begins.flat_map(|(at, root)| paths(&text[at + root.len()..]).into_iter().map(move |path| (at, path))).collect()
}

/// The paths at the beginning of `text`: one, or those of a group.
pub fn paths(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    if !rest.starts_with('{') {
        return vec![path.trim_end_matches(':').to_owned()];
    }
    let mut depth = 0;
    let mut starts = vec![1];
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 1 => starts.push(at + 1),
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    let members = starts.into_iter().map(|start| rest[start..].trim_start()).filter(|member| !member.starts_with('}'));
    members.flat_map(paths).map(|member| format!("{path}{member}")).collect()
}

fn report(breaches: impl Iterator<Item = String>) {
    let breaches: Vec<String> = breaches.collect();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}
