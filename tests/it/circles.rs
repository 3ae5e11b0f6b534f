//! No circles of files: each can be read after those that it uses.
//!
//! A folder's `mod.rs` is the face of the files in it, so what they take from it makes no circle; nor
//! do unit tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::{Source, paths, sources, without_tests};

/// The circles that there still are, each as one of its files, with its reason. One that is opened has
/// to leave the list.
const KNOWN: &[(&str, &str)] = &[
    ("app/service", "a service makes the sessions, and each session has its service"),
    ("deploy/pipeline/runs", "the enum of the forges' settings, which moves with them to a room of their own"),
    ("guard/checks", "each check's rule is its own, and a finding names its check"),
    ("report/document", "a report is made of views, and some views of findings"),
    ("steps/deploy", "a deploy plans the way back"),
];

#[test]
fn files_use_each_other_in_no_circle() {
    let circles = circles(&uses(&sources()));
    let is_known = |circle: &BTreeSet<String>| KNOWN.iter().any(|(file, _)| circle.contains(*file));
    let new: Vec<_> = circles.iter().filter(|circle| !is_known(circle)).collect();
    assert!(new.is_empty(), "these files use each other; move what they share to a file below both:\n{new:#?}");
    for (file, _) in KNOWN {
        assert!(circles.iter().any(|circle| circle.contains(*file)), "`{file}` is in no circle: take it off KNOWN");
    }
}

#[test]
fn a_circle_is_found_whatever_the_path_looks_like() {
    let found = |files: &[(&str, &str)]| {
        let source = |(path, text): &(&str, &str)| Source { path: (*path).to_owned(), text: (*text).to_owned() };
        circles(&uses(&files.iter().map(source).collect::<Vec<_>>()))
    };
    let circle = |files: &[&str]| vec![files.iter().map(|file| (*file).to_owned()).collect::<BTreeSet<_>>()];
    let b = ("a/b.rs", "use crate::a::{c::C, d};\n");
    assert_eq!(found(&[b, ("a/c.rs", "fn f() { super::b::g() }\n")]), circle(&["a/b", "a/c"]));
    assert_eq!(
        found(&[b, ("a/d.rs", "use super::e;\n"), ("a/e.rs", "use super::b;\n")]),
        circle(&["a/b", "a/d", "a/e"])
    );
    assert_eq!(found(&[b, ("a/c.rs", "// super::b is only spoken of\n")]), Vec::<BTreeSet<String>>::new());
    let tested = ("a/c.rs", "\n#[cfg(test)]\nmod tests {\n    use super::super::b;\n}\n");
    assert_eq!(found(&[b, tested]), Vec::<BTreeSet<String>>::new());
    let face = ("a/mod.rs", "mod b;\npub fn f() { b::g() }\n");
    assert_eq!(found(&[face, ("a/b.rs", "use super::f;\n")]), Vec::<BTreeSet<String>>::new());
    assert_eq!(found(&[face, ("a/b.rs", "use crate::x;\n"), ("x.rs", "use crate::a;\n")]), circle(&["a", "a/b", "x"]));
}

/// Which files each file uses, by their paths as modules.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn uses(sources: &[Source]) -> Uses {
    let module = |source: &Source| {
        let path = source.path.trim_end_matches(".rs");
        path.strip_suffix("/mod").unwrap_or(path).to_owned()
    };
    let is_code = |source: &&Source| !source.path.contains("tests") && !matches!(&*source.path, "lib.rs" | "main.rs");
    let files: BTreeSet<String> = sources.iter().filter(is_code).map(module).collect();
    let uses = |source: &Source| {
        let own = module(source);
        let named = named(&own, without_tests(&source.text));
        // The longest beginning of a path that is a file; what a file takes from a face above it is its own.
        let file =
            |path: String| files.iter().filter(|file| is_below(&path, file)).max_by_key(|file| file.len()).cloned();
        named.into_iter().filter_map(file).filter(|file| !is_below(&own, file)).collect()
    };
    sources.iter().filter(is_code).map(|source| (module(source), uses(source))).collect()
}

/// Whether a path is that of the file, or begins with it.
fn is_below(path: &str, file: &str) -> bool {
    path.strip_prefix(file).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Every path that the code of a module names, from the root of the crate.
fn named(module: &str, text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (word, base) in [("crate::", ""), ("super::", module)] {
        for at in starts(&code, word) {
            let rest = if base.is_empty() { &code[at + word.len()..] } else { &code[at..] };
            found.extend(paths(rest).into_iter().map(|path| resolved(base, &path)));
        }
    }
    let declared =
        code.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    let children = declared.filter(|child| !starts(&code, &format!("{child}::")).is_empty());
    found.extend(children.map(|child| format!("{module}/{child}")));
    found
}

/// Where a path begins with `word`, which is no part of a longer word or path.
fn starts(code: &str, word: &str) -> Vec<usize> {
    let alone = |at: &usize| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':'));
    code.match_indices(word).map(|(at, _)| at).filter(alone).collect()
}

/// `super::x::Y` as seen in `module`.
fn resolved(module: &str, path: &str) -> String {
    let mut parts: Vec<&str> = module.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split("::").filter(|part| !matches!(*part, "" | "self")) {
        match part {
            "super" => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The groups of files that reach each other.
fn circles(uses: &Uses) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = uses.keys().map(|file| (file, reach(uses, file))).collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for (file, below) in &reached {
        if below.contains(file) && !circles.iter().any(|circle| circle.contains(*file)) {
            circles
                .push(below.iter().filter(|other| reached[**other].contains(file)).map(|one| (*one).clone()).collect());
        }
    }
    circles
}

/// Every file that this one uses, or one of those, and so on.
fn reach<'a>(uses: &'a Uses, file: &str) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&String> = uses[file].iter().collect();
    while let Some(next) = waiting.pop() {
        if reached.insert(next) {
            waiting.extend(uses.get(next).into_iter().flatten());
        }
    }
    reached
}
