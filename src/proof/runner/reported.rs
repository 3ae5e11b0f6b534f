//! Runners that are one command, which writes a report of all tests.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{Place, Runner};
use crate::affected::Scope;
use crate::process::{self, Ended, Ending, Output, Spec, TAIL};
use crate::proof::junit::{self, Case, End};
use crate::proof::run::{Mark, Marks, Tested, Trouble, add};

/// The most bytes of a report that are read.
const LARGEST: u64 = 64 << 20;

/// How many lines of a build that failed are shown.
const SHOWN: usize = 12;

/// The properties of such a runner.
pub trait Reporting: Send + Sync {
    fn name(&self) -> &'static str;
    fn version(&self, place: &Place) -> Vec<String>;
    fn install(&self) -> &'static str;
    /// A command that prints which packages the tests can import, where no file of the project says it.
    fn installed(&self, _: &Place) -> Option<Vec<String>> {
        None
    }
    /// A command that prints where these modules are imported from: a line each, with the name, a tab and the path.
    fn origins(&self, _: &Place, _: &[String]) -> Option<Call> {
        None
    }
    fn keeps(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether a tree's build can begin with what another tree's build left.
    fn builds(&self) -> bool {
        false
    }
    /// Whether this file has tests and can be run alone.
    fn is_test_file(&self, _: &str) -> bool {
        false
    }
    /// The file below the project that a test is in, if its name tells.
    fn file_of(&self, _: &str, _: &Place) -> Option<String> {
        None
    }
    /// Whether it runs only the tests of [`Scope::names`], where there are any.
    fn takes_names(&self) -> bool {
        false
    }
    /// Writes what the command needs besides its arguments.
    fn prepare(&self, _: &Place) -> io::Result<()> {
        Ok(())
    }
    /// What builds the tests without running them, where that is apart.
    fn build(&self, _: &Place, _: &Scope) -> Option<Call> {
        None
    }
    /// The command, and what it gets through the environment.
    fn call(&self, place: &Place, scope: &Scope) -> Call;
    /// Where the report is.
    fn report(&self, place: &Place) -> Report;
    /// Reads one file of the report.
    fn read(&self, report: &[u8], place: &Place) -> Result<Marks, String>;
    /// What the exit status adds to the report.
    fn means(&self, status: i32) -> Status;
}

/// A command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
}

/// Where a runner writes its report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// What the command prints.
    Stdout,
    /// A file, or all XML below a directory that the command makes in its place.
    File(PathBuf),
    /// Every file whose name has this ending, in each directory of this name below the project's.
    Within { directory: &'static str, ending: &'static str },
}

/// What an exit status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Passed,
    /// A test failed; the report has which.
    Failed,
    /// The tests were run, and only the report has how they ended.
    Reported,
    /// There was no test to run.
    Empty,
    /// The tests could not be run.
    Broken,
    /// Either of the two above, or a failed test: the report decides.
    Unclear,
}

impl Call {
    pub fn spec(self, place: &Place) -> Spec {
        Spec {
            arguments: self.arguments,
            directory: place.directory.clone(),
            environment: [place.environment.clone(), self.environment].concat(),
            limit: place.limit,
            confinement: place.confinement.clone(),
        }
    }
}

/// Fails where a build did; `install` is the hint on how to install what could not be started.
pub fn built(ended: &Ended, install: &str) -> Result<(), Trouble> {
    match &ended.ending {
        Ending::Exit(0) => Ok(()),
        Ending::TimedOut(limit) => Err(Trouble::TimedOut(*limit)),
        Ending::NotStarted(reason) => {
            Err(Trouble::NotInstalled { what: format!("the build ({reason})"), hint: install.to_owned() })
        }
        _ => Err(Trouble::build(&ended.words(), ended, SHOWN)),
    }
}

pub struct Reported<T>(pub T);

#[async_trait]
impl<T: Reporting> Runner for Reported<T> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn version(&self, place: &Place) -> Vec<String> {
        self.0.version(place)
    }

    fn install(&self) -> &'static str {
        self.0.install()
    }

    fn installed(&self, place: &Place) -> Option<Vec<String>> {
        self.0.installed(place)
    }

    fn origins(&self, place: &Place, modules: &[String]) -> Option<Call> {
        self.0.origins(place, modules)
    }

    fn keeps(&self) -> &'static [&'static str] {
        self.0.keeps()
    }

    fn builds(&self) -> bool {
        self.0.builds()
    }

    fn is_test_file(&self, path: &str) -> bool {
        self.0.is_test_file(path)
    }

    fn file_of(&self, test: &str, place: &Place) -> Option<String> {
        self.0.file_of(test, place)
    }

    fn takes_names(&self) -> bool {
        self.0.takes_names()
    }

    fn shown(&self, scope: &Scope) -> String {
        let nowhere = Place { build: "BUILD".into(), scratch: "REPORT".into(), ..Place::default() };
        self.0.call(&nowhere, scope).arguments.join(" ")
    }

    async fn build(&self, place: &Place, scope: &Scope) -> Result<(), Trouble> {
        self.0.prepare(place).map_err(|error| Trouble::Unreadable(error.to_string()))?;
        let Some(call) = self.0.build(place, scope) else { return Ok(()) };
        let ended = process::run(call.spec(place)).await;
        built(&ended, self.0.install())
    }

    async fn test(&self, place: &Place, scope: &Scope) -> Tested {
        match self.run(place, scope).await {
            Ok(tested) => tested,
            Err(error) => Tested::failed(Trouble::Unreadable(error.to_string()), 0.0),
        }
    }
}

impl<T: Reporting> Reported<T> {
    async fn run(&self, place: &Place, scope: &Scope) -> io::Result<Tested> {
        let at = self.0.report(place);
        // A report of an earlier run must not count for this one.
        match &at {
            Report::File(path) if path.is_dir() => fs::remove_dir_all(path)?,
            _ => files(&at, place)?.iter().try_for_each(fs::remove_file)?,
        }
        self.0.prepare(place)?;
        let printed = place.scratch.join("stdout");
        let stdout = if at == Report::Stdout { Some(File::create(&printed)?) } else { None };
        let spec = self.0.call(place, scope).spec(place);
        let program = spec.arguments.first().cloned().unwrap_or_default();
        let ended = process::run_into(spec, Output { stdout, keep: TAIL }).await;
        let mut report = Vec::new();
        let mut marks = Ok(Marks::new());
        let found = if at == Report::Stdout { vec![printed] } else { files(&at, place)? };
        for file in &found {
            let bytes = match fs::metadata(file)?.len() {
                0..=LARGEST => fs::read(file)?,
                size => {
                    marks = Err(format!("the report has {size} bytes, which is more than is read"));
                    break;
                }
            };
            marks = marks.and_then(|before| Ok(merged(before, self.0.read(&bytes, place)?)));
            report.extend(bytes);
        }
        let trouble = self.trouble(&ended, &program, &marks, found.is_empty());
        Ok(Tested {
            marks: marks.unwrap_or_default(),
            asked: None,
            trouble,
            ended: ended.words(),
            seconds: ended.seconds,
            output: ended.output,
            report,
        })
    }

    /// Why the run has no result, if it has none: what ended the command, what the report lacks, or that
    /// the two contradict each other.
    fn trouble(&self, ended: &Ended, program: &str, marks: &Result<Marks, String>, no_report: bool) -> Option<Trouble> {
        let status = match &ended.ending {
            Ending::Exit(status) => self.0.means(*status),
            Ending::TimedOut(limit) => return Some(Trouble::TimedOut(*limit)),
            Ending::NotStarted(_) => {
                let hint = self.0.install().to_owned();
                return Some(Trouble::NotInstalled { what: format!("`{program}`"), hint });
            }
            Ending::Signal(_) => return Some(Trouble::Unreadable(format!("the runner was {}", ended.words()))),
        };
        let with_output =
            |what: &str| format!("{what}; {}\n{}", ended.words(), ended.last_lines(8)).trim_end().to_owned();
        let gave_up = |what: &str| Trouble::build(&format!("{what}; {}", ended.words()), ended, SHOWN);
        let marks = match marks {
            _ if status == Status::Empty => return Some(Trouble::Empty),
            _ if status == Status::Broken => return Some(gave_up("the runner gave up")),
            _ if no_report && status == Status::Reported => return Some(Trouble::Empty),
            _ if no_report && status == Status::Passed => {
                return Some(Trouble::Unreadable(with_output("the report is missing")));
            }
            _ if no_report => return Some(gave_up("no test was run")),
            Err(reason) => return Some(Trouble::Unreadable(with_output(reason))),
            Ok(marks) => marks,
        };
        let failed = marks.values().any(Mark::has_failed);
        match status {
            Status::Passed if failed => Some(Trouble::Contradiction("exit status 0, and failed tests".to_owned())),
            Status::Failed | Status::Unclear if !failed => {
                Some(Trouble::Contradiction(with_output("no failed test in the report")))
            }
            _ if marks.is_empty() => Some(Trouble::Empty),
            _ => None,
        }
    }
}

fn merged(mut marks: Marks, more: Marks) -> Marks {
    for (name, mark) in more {
        add(&mut marks, name, mark);
    }
    marks
}

/// The files of the report that exist.
fn files(at: &Report, place: &Place) -> io::Result<Vec<PathBuf>> {
    match at {
        Report::Stdout => Ok(Vec::new()),
        Report::File(path) if path.is_dir() => {
            let mut found = Vec::new();
            walk(path, &|_, name| name.ends_with(".xml"), 0, &mut found)?;
            found.sort();
            Ok(found)
        }
        Report::File(path) => Ok(path.is_file().then(|| path.clone()).into_iter().collect()),
        Report::Within { directory, ending } => {
            let mut found = Vec::new();
            let is_report = |folder: &Path, name: &str| {
                // Gradle has a directory for each task below.
                let mut near = folder.ancestors().take(2);
                name.ends_with(ending) && near.any(|folder| folder.ends_with(directory))
            };
            walk(&place.directory, &is_report, 0, &mut found)?;
            found.sort();
            Ok(found)
        }
    }
}

/// How deep below the project's directory reports are looked for.
const DEPTH: usize = 12;

/// Adds the files that `is_report` accepts by their folder and name.
fn walk(
    folder: &Path,
    is_report: &dyn Fn(&Path, &str) -> bool,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        if kind.is_dir() && depth < DEPTH && name != "node_modules" && name != ".git" {
            walk(&entry.path(), is_report, depth + 1, found)?;
        } else if kind.is_file() && is_report(folder, &name.to_string_lossy()) {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// What the failures of a report begin with where the test itself could not be run.
const NOT_RUN: &[&str] = &[
    "ImportError",
    "ModuleNotFoundError",
    "SyntaxError",
    "IndentationError",
    "TabError",
    "LoadError",
    "java.lang.NoClassDefFoundError",
    "java.lang.ClassNotFoundException",
    "java.lang.NoSuchMethodError",
    "java.lang.NoSuchFieldError",
    "java.lang.ExceptionInInitializerError",
    "java.lang.Error: Unresolved compilation",
    "Error: Failed to load",
    "Error: Cannot find module",
    "Failed: Timeout",
    "Error: Test timed out",
    "org.junit.runners.model.TestTimedOutException",
];

/// Returns the marks of JUnit's cases, named by `name`; `errored` is what an error other than a
/// failed assertion counts as, since runners mean different things by it.
pub fn marks(report: &[u8], name: impl Fn(&Case) -> String, errored: impl Fn(String) -> Mark) -> Result<Marks, String> {
    let mut marks = Marks::new();
    for case in junit::read(report)? {
        let name = name(&case);
        add(&mut marks, name, mark(case.ended, &errored));
    }
    Ok(marks)
}

fn mark(ended: End, errored: impl Fn(String) -> Mark) -> Mark {
    match ended {
        End::Passed => Mark::Passed,
        End::Skipped => Mark::Skipped,
        End::Failed(reason) | End::Errored(reason) if NOT_RUN.iter().any(|start| reason.starts_with(start)) => {
            Mark::Invalid(reason)
        }
        End::Failed(reason) => Mark::Failed(reason),
        End::Errored(reason) => errored(reason),
    }
}

/// A path without the directory of the tree, so that a test has the same name in each tree.
pub fn within(path: &str, place: &Place) -> String {
    let directory = place.directory.to_string_lossy();
    path.strip_prefix(directory.as_ref()).map_or(path, |rest| rest.trim_start_matches('/')).to_owned()
}
