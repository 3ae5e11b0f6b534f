//! Suites of tests whose own time is known.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// All tests in one file, that of the fix too.
    Pytest,
    Cargo,
    /// Pytest with several files of tests, one of which the fix adds.
    Service,
}

/// How many tests a file of the service has.
const IN_A_FILE: u32 = 4;

impl Suite {
    pub fn name(self) -> &'static str {
        match self {
            Suite::Pytest => "pytest",
            Suite::Cargo => "cargo",
            Suite::Service => "service",
        }
    }

    /// What runs it, if that is installed; Debian calls pytest `pytest-3`.
    pub fn program(self) -> Option<String> {
        let named: &[&str] = match self {
            Suite::Pytest | Suite::Service => &["pytest", "pytest-3"],
            Suite::Cargo => &["cargo"],
        };
        let is_there = |program: &&&str| Command::new(program).arg("--version").output().is_ok();
        named.iter().find(is_there).map(|program| (*program).to_owned())
    }

    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Suite::Pytest | Suite::Service => &["--quiet", "-p", "no:cacheprovider"],
            Suite::Cargo => &["test", "--quiet", "--offline", "--no-fail-fast"],
        }
    }

    /// How many of its tests run at once.
    pub fn at_once(self) -> u32 {
        match self {
            Suite::Pytest | Suite::Service => 1,
            Suite::Cargo => std::thread::available_parallelism().map_or(1, |count| count.get() as u32),
        }
    }

    /// Makes a repository with a price that is wrong on the branch `main`, and right on `fix`, which is
    /// checked out and has one test more. Each of `tests` tests takes `each`.
    pub fn write(self, repository: &Path, tests: u32, each: Duration) {
        fs::create_dir_all(repository.join("tests")).expect("a directory");
        git(repository, &["init", "--quiet", "--initial-branch=main"]);
        self.write_files(repository, 1, tests, each);
        commit(repository);
        git(repository, &["switch", "--quiet", "--create", "fix"]);
        self.write_files(repository, 2, tests, each);
        commit(repository);
    }

    /// The test of the price is there with the right one alone.
    fn write_files(self, repository: &Path, price: u32, tests: u32, each: Duration) {
        let write = |path: &str, text: String| {
            let path = repository.join(path);
            fs::create_dir_all(path.parent().expect("it lies in the repository")).expect("a directory");
            fs::write(path, text).expect("a file");
        };
        let mut text = String::new();
        match self {
            Suite::Pytest | Suite::Service => {
                let of_fix = "\n\ndef test_price():\n    assert price() == 2\n";
                let in_a_file = if self == Suite::Service { IN_A_FILE } else { tests };
                for first in (0..tests).step_by(in_a_file as usize) {
                    let mut text = "import time\n\nfrom shop import price\n".to_owned();
                    for number in first..tests.min(first + in_a_file) {
                        let _ = write!(
                            text,
                            "\n\ndef test_{number}():\n    time.sleep({})\n    assert price()\n",
                            each.as_secs_f64()
                        );
                    }
                    if price == 2 && self == Suite::Pytest {
                        text.push_str(of_fix);
                    }
                    write(&format!("tests/test_shop_{first}.py"), text);
                }
                if price == 2 && self == Suite::Service {
                    write("tests/test_price.py", format!("from shop import price\n{of_fix}"));
                }
                write("pyproject.toml", "[project]\nname = \"shop\"\n".to_owned());
                write("conftest.py", String::new());
                write("shop.py", format!("def price() -> int:\n    return {price}\n"));
            }
            Suite::Cargo => {
                for number in 0..tests {
                    let wait = format!("std::thread::sleep(std::time::Duration::from_millis({}))", each.as_millis());
                    let _ = write!(
                        text,
                        "#[test]\nfn test_{number}() {{\n    {wait};\n    assert!(shop::price() > 0);\n}}\n\n"
                    );
                }
                if price == 2 {
                    text.push_str("#[test]\nfn test_price() {\n    assert_eq!(shop::price(), 2);\n}\n");
                }
                write("Cargo.toml", "[package]\nname = \"shop\"\nedition = \"2024\"\n[workspace]\n".to_owned());
                write(".gitignore", "target\nCargo.lock\n".to_owned());
                write("src/lib.rs", format!("pub fn price() -> u32 {{\n    {price}\n}}\n"));
                write("tests/shop.rs", text);
            }
        }
    }
}

fn commit(repository: &Path) {
    git(repository, &["add", "--all"]);
    git(repository, &["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message=x"]);
}

/// Runs git in a directory.
pub fn git(directory: &Path, args: &[&str]) {
    let ended = Command::new("git").args(args).current_dir(directory).output().expect("git is installed");
    assert!(ended.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ended.stderr));
}
