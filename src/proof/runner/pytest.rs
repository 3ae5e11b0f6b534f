//! Python's pytest, by its JUnit report.

use std::path::{Path, PathBuf};

use super::reported::{Call, Report, Reporting, Status, marks};
use super::{Place, Program, has};
use crate::affected::Scope;
use crate::process::{installed, is_on_path};
use crate::proof::run::{Mark, Marks};

pub struct Pytest(pub Program);

pub fn is_project(directory: &Path) -> bool {
    // A folder of tests may have such files too, but is not the project that they test.
    let is_tests = directory.file_name().is_some_and(|name| name == "tests" || name == "test");
    has(directory, &["pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini"])
        || !is_tests && has(directory, &["requirements.txt", "conftest.py", "tests", "test"])
}

impl Pytest {
    fn program(&self, place: &Place) -> Vec<String> {
        if let Some(python) = installed::own(&place.directory, &place.top, "python") {
            return self.0.or(&[&python.to_string_lossy(), "-m", "pytest"]);
        }
        // Debian calls it pytest-3.
        match ["pytest", "pytest-3"].into_iter().find(|name| is_on_path(name)) {
            Some(program) => self.0.or(&[program]),
            None => self.0.or(&["python3", "-m", "pytest"]),
        }
    }

    /// The Python that runs the tests: that of `python -m pytest`, of `uv run pytest`, of a script's first line.
    fn interpreter(&self, place: &Place) -> Vec<String> {
        let program = self.program(place);
        match program.as_slice() {
            [python @ .., m, pytest] if m == "-m" && pytest == "pytest" => python.to_vec(),
            [script] => vec![of_script(script).unwrap_or_else(|| "python3".to_owned())],
            [runner @ .., _] => [runner, &["python".to_owned()]].concat(),
            [] => Vec::new(),
        }
    }
}

/// The Python that a script on the PATH names in its first line.
fn of_script(script: &str) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let script = std::env::split_paths(&path).map(|directory| directory.join(script)).find(|path| path.is_file())?;
    let text = std::fs::read(script).ok()?;
    let first = String::from_utf8_lossy(text.split(|byte| *byte == b'\n').next()?).into_owned();
    let python = first.strip_prefix("#!")?.split_whitespace().last()?.to_owned();
    python.contains("python").then_some(python)
}

/// Prints the version and, by the names of their directories, all installed packages.
const LIST: &str = "\
import os, sys
print(sys.version, sys.prefix)
for path in filter(os.path.isdir, sys.path):
    print(*sorted(name for name in os.listdir(path) if name.endswith(('.dist-info', '.egg-info', '.egg-link', '.pth'))))
";

/// Prints where each module would be imported from; of the standard library's nothing.
const ORIGINS: &str = "\
import importlib.util, os, sys
for name in sys.argv[1:]:
    spec = None if name in getattr(sys, 'stdlib_module_names', ()) else importlib.util.find_spec(name)
    paths = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
    for path in [path for path in paths if path and os.path.exists(path)][:1]:
        print(name, os.path.realpath(path), sep='\\t')
";

/// A tree's own code comes before an installed copy of it. Compiled files are not kept: pytest compares their
/// times by the second only.
fn environment(place: &Place) -> Vec<(String, String)> {
    let roots = place.roots.iter().map(PathBuf::as_path).chain([Path::new("src"), Path::new("")]);
    let paths = roots.map(|root| place.directory.join(root).display().to_string().trim_end_matches('/').to_owned());
    let paths = paths.collect::<Vec<_>>().join(":");
    [("PYTHONPATH", paths.as_str()), ("PYTHONDONTWRITEBYTECODE", "1")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

impl Reporting for Pytest {
    fn name(&self) -> &'static str {
        "pytest"
    }

    fn version(&self, place: &Place) -> Vec<String> {
        // Asking for the version must load nothing of the project.
        [self.program(place), ["--version", "--noconftest"].map(str::to_owned).to_vec()].concat()
    }

    fn install(&self) -> &'static str {
        "python3 -m pip install pytest, or set proof.by.pytest.program in hotfix.toml"
    }

    fn installed(&self, place: &Place) -> Option<Vec<String>> {
        Some([self.interpreter(place), ["-c", LIST].map(str::to_owned).to_vec()].concat())
    }

    fn origins(&self, place: &Place, modules: &[String]) -> Option<Call> {
        let script = ["-c", ORIGINS].map(str::to_owned).to_vec();
        let arguments = [self.interpreter(place), script, modules.to_vec()].concat();
        Some(Call { arguments, environment: environment(place) })
    }

    fn is_test_file(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.ends_with("_test.py") || name.starts_with("test_") && name.ends_with(".py")
    }

    fn file_of(&self, test: &str, place: &Place) -> Option<String> {
        // `tests.test_money.TestCents::test_one` is in tests/test_money.py.
        let (class, _) = test.split_once("::")?;
        let parts: Vec<&str> = class.split('.').collect();
        let files = (1..=parts.len()).rev().map(|length| format!("{}.py", parts[..length].join("/")));
        files.into_iter().find(|file| place.directory.join(file).is_file())
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let report = place.scratch.join("pytest.xml");
        let mut arguments = self.program(place);
        arguments.extend(["--quiet", "--continue-on-collection-errors", "-p", "no:cacheprovider"].map(str::to_owned));
        arguments.push(format!("--junitxml={}", report.display()));
        arguments.extend(self.0.arguments.clone());
        arguments.extend(scope.files.iter().map(|file| format!("./{file}")));
        Call { arguments, environment: environment(place) }
    }

    fn report(&self, place: &Place) -> Report {
        Report::File(place.scratch.join("pytest.xml"))
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        // An error is one of collection, or of a test's setup.
        marks(report, |case| format!("{}::{}", case.class, case.name), Mark::Invalid)
    }

    /// https://docs.pytest.org/en/stable/reference/exit-codes.html
    fn means(&self, status: i32) -> Status {
        match status {
            0 => Status::Passed,
            1 => Status::Failed,
            5 => Status::Empty,
            _ => Status::Broken,
        }
    }
}
