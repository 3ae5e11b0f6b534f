//! No diff makes the guard slow, large, or stop.

use proptest::prelude::*;

use super::{POLICY, file, look};
use crate::domain::change::{Change, FileChange};
use crate::guard::language;

fn violations(files: Vec<FileChange>) -> Vec<String> {
    let found = look(&POLICY, &Change { files });
    let size: usize =
        found.iter().map(|found| found.message.len() + found.counted.iter().map(String::len).sum::<usize>()).sum();
    assert!(size < 100_000, "{size} bytes of findings");
    found.into_iter().map(|found| found.check).collect()
}

#[test]
fn a_line_of_ten_megabytes() {
    let line = "a".repeat(10 << 20);
    assert!(violations(vec![file("src/a.rs", "fn a() {}\n", &line)]).contains(&"unknown".to_owned()));
    violations(vec![file("a.conf", "a\n", &line), file("tests/b.txt", &line, "a\n")]);
}

#[test]
fn deep_nesting_in_every_language() {
    for language in language::ALL {
        let path = format!("src/a.{}", language.extensions[0]);
        for (open, close) in
            [("(", ")"), ("{", "}"), ("[", ""), ("class A {", "}"), ("if (a) ", ""), ("<", ">"), ("'", "")]
        {
            let text = open.repeat(20_000) + &close.repeat(20_000);
            violations(vec![file(&path, "x\n", &text)]);
        }
    }
}

#[test]
fn many_of_everything() {
    let files: Vec<_> =
        (0..2000).map(|index| file(&format!("src/{index}.py"), "a = 1\n", "class A:\n  pass\n")).collect();
    violations(files);
    let functions: String =
        (0..8_000).map(|index| format!("pub fn f{index}(a: u8) {{ g(a); h(a, {index}); k(a); }}\n")).collect();
    violations(vec![file("src/a.rs", &functions, ""), file("src/b.rs", "", &functions)]);
    violations(vec![file("src/a.rs", &functions, &functions.replace("u8", "u16"))]);
    let same: String = "void f(int a) { g(a); }\n".repeat(20_000);
    violations(vec![file("src/a.cpp", &same, &same.replace("int", "long"))]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any bytes, cut up into what languages are made of.
    #[test]
    fn any_text_in_any_language(
        before in pieces(), after in pieces(), language in 0..language::ALL.len(), bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let path = format!("src/a.{}", language::ALL[language].extensions[0]);
        let both = [before.into_bytes(), bytes].concat();
        violations(vec![FileChange::new(&path, Some(both), Some(after.into_bytes()))]);
    }

    /// The same text on both sides has nothing to find, whatever it is.
    #[test]
    fn what_is_the_same_is_no_finding(text in pieces(), language in 0..language::ALL.len()) {
        let path = format!("src/a.{}", language::ALL[language].extensions[0]);
        let spaced = text.replace('\n', "\n\n");
        prop_assert_eq!(violations(vec![file(&path, &text, &text)]), ["regression-test"]);
        let found = violations(vec![file(&path, &text, &spaced)]);
        prop_assert!(!found.contains(&"size".to_owned()) || text.contains(['"', '\'', '`', '#', '<']), "{:?}", found);
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "class A",
        "def f(a)",
        "fn f(a: u8)",
        "pub ",
        "{",
        "}",
        "(",
        ")",
        ":",
        ";",
        "\n",
        "    ",
        "\"",
        "'",
        "`",
        "#",
        "//",
        "/*",
        "*/",
        "function f()",
        "return x",
        "=",
        "=>",
        "end",
        "private",
        "public",
        "@Test",
        "#[test]",
        "try",
        "catch (e)",
        "except:",
        "pass",
        "<?php ",
        "namespace N",
        "é",
        "\u{0}",
        "\r\n",
        "\t",
        "template <T>",
        "struct S",
        "impl S",
        "import a",
        "async ",
        "<b>",
        "0",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}
