use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;

fn policy() -> Policy {
    Policy { by: None, smoke: Vec::new(), map: Vec::new(), full: None, limit: Length(Duration::from_secs(1)) }
}

/// Writes the files, asks, and returns what was selected, with the confidence and the reason.
async fn asked(method: Method, files: &[(&str, &str)], changed: &[&str], policy: &Policy) -> String {
    let project = tempfile::tempdir().unwrap();
    let directory = fs::canonicalize(project.path()).unwrap();
    for (path, text) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let is_test = |path: &str| path.contains("test") || path.contains("spec");
    let changed: Vec<String> = changed.iter().map(|path| (*path).to_owned()).collect();
    let tests: Vec<String> = changed.iter().filter(|path| is_test(path)).cloned().collect();
    let limit = Duration::from_secs(60);
    let question = Question {
        directory: &directory,
        changed: &changed,
        tests: &tests,
        is_test: &is_test,
        environment: &[],
        limit,
        confinement: None,
    };
    let Selection { scope, confidence, .. } = select(method, &question, policy).await;
    let names = [scope.packages, scope.files, scope.related].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let all = if scope.everything { "everything" } else { &names };
    format!("{all} ({})", confidence.as_str())
}

const CRATES: &[(&str, &str)] = &[
    ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\nresolver = \"3\"\n"),
    ("a/Cargo.toml", "[package]\nname = \"one\"\nedition = \"2024\"\n"),
    ("a/src/lib.rs", ""),
    ("b/Cargo.toml", "[package]\nname = \"b\"\nedition = \"2024\"\n[dependencies]\none = { path = \"../a\" }\n"),
    ("b/src/lib.rs", ""),
    ("c/Cargo.toml", "[package]\nname = \"c\"\nedition = \"2024\"\n[dev-dependencies]\nb = { path = \"../b\" }\n"),
    ("c/src/lib.rs", ""),
];

#[tokio::test]
async fn rust_takes_the_crates_that_depend_on_a_changed_one() {
    for (changed, selected) in [
        ("a/src/lib.rs", "./a#one ./b#b ./c#c (high)"),
        ("b/src/lib.rs", "./b#b ./c#c (high)"),
        ("c/tests/x.rs", "./c#c (high)"),
        ("b/tests/snapshots/x.snap", "./b#b (medium)"),
        ("b/src/x.json", "./b#b ./c#c (medium)"),
        ("a/build.rs", "everything (high)"),
        ("a/Cargo.toml", "everything (high)"),
        (".cargo/config.toml", "everything (high)"),
        ("x.rs", "everything (high)"),
    ] {
        assert_eq!(asked(Method::Cargo, CRATES, &[changed], &policy()).await, selected, "{changed}");
    }
}

#[tokio::test]
async fn the_settings_of_hotfix_are_nothing_to_the_tests() {
    let asked = async |changed: &[&str]| asked(Method::Cargo, CRATES, changed, &policy()).await;
    assert_eq!(asked(&["hotfix.toml", "c/src/lib.rs"]).await, "./c#c (high)");
    assert_eq!(asked(&["hotfix.toml"]).await, "everything (high)");
}

const MODULES: &[(&str, &str)] = &[
    ("shop/__init__.py", ""),
    ("shop/money.py", ""),
    ("shop/cart.py", "from shop.money import (\n    cents,\n)\n"),
    ("shop/other.py", ""),
    ("tests/test_cart.py", "import shop.cart\n"),
    ("tests/test_money.py", "from shop import money  # why\n"),
    ("tests/test_other.py", "from shop import other\n"),
];

#[tokio::test]
async fn python_takes_the_tests_that_import_a_changed_module() {
    for (changed, selected) in [
        ("shop/money.py", "tests/test_cart.py tests/test_money.py"),
        ("shop/cart.py", "tests/test_cart.py"),
        ("tests/test_other.py", "tests/test_other.py"),
        ("tests/conftest.py", "everything"),
        ("shop/rates.csv", "everything"),
    ] {
        let asked = asked(Method::Python, MODULES, &[changed], &policy()).await;
        assert!(asked.starts_with(&format!("{selected} (")), "{changed}: {asked}");
    }
}

#[tokio::test]
async fn what_no_import_leads_from_takes_everything() {
    let asked = async |changed: &str| asked(Method::JavaScript, &[], &[changed], &policy()).await;
    assert_eq!(asked("src/a.ts").await, "src/a.ts (medium)");
    assert_eq!(asked("src/rates.json").await, "everything (high)");
    assert_eq!(asked("vite.config.ts").await, "everything (high)");
}

#[tokio::test]
async fn names_are_the_last_resort() {
    let files = &[("lib/cart.rb", ""), ("spec/lib/cart_spec.rb", ""), ("spec/lib/money_spec.rb", ""), ("app/x.rb", "")];
    for (changed, selected) in [
        ("lib/cart.rb", "spec/lib/cart_spec.rb (low)"),
        ("lib/tax.rb", "spec/lib/cart_spec.rb spec/lib/money_spec.rb (low)"),
        ("app/x.rb", "everything (high)"),
    ] {
        assert_eq!(asked(Method::Names, files, &[changed], &policy()).await, selected, "{changed}");
    }
}

#[tokio::test]
async fn maven_takes_the_modules_that_need_a_changed_one() {
    let pom = |artifact: &str, needs: &str| {
        let needs: String = needs
            .split_whitespace()
            .map(|need| format!("<dependency><artifactId>{need}</artifactId></dependency>"))
            .collect();
        format!("<project><artifactId>{artifact}</artifactId><dependencies>{needs}</dependencies></project>")
    };
    let poms = [("pom.xml", pom("root", "")), ("core/pom.xml", pom("core", "")), ("web/pom.xml", pom("web", "core"))];
    let files: Vec<_> = poms.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert_eq!(asked(Method::Jvm, &files, &["core/src/A.java"], &policy()).await, "core web (high)");
    assert_eq!(asked(Method::Jvm, &files, &["web/src/A.java"], &policy()).await, "web (high)");
    assert_eq!(asked(Method::Jvm, &files, &["web/src/a.properties"], &policy()).await, "everything (high)");
}

#[tokio::test]
async fn smoke_tests_and_mapped_ones_are_always_added() {
    let mapping =
        Mapping { paths: vec![Pattern::new("shop/**").unwrap()], tests: vec!["tests/test_mapped.py".to_owned()] };
    let policy = Policy { smoke: vec!["tests/test_smoke.py".to_owned()], map: vec![mapping], ..policy() };
    let asked = asked(Method::Python, MODULES, &["shop/cart.py"], &policy).await;
    assert!(asked.starts_with("tests/test_cart.py tests/test_mapped.py tests/test_smoke.py ("), "{asked}");
}

#[test]
fn a_tree_without_a_new_file_is_asked_for_the_others() {
    let scope = Scope { files: ["src".to_owned(), "no-such.py".to_owned()].into(), ..Scope::default() };
    assert_eq!(scope.within(Path::new(env!("CARGO_MANIFEST_DIR"))).files, ["src".to_owned()].into());
}
