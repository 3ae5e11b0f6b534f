//! Test programs made by `rustc --test`: they list their tests, and each test is run by its name in a
//! process of its own, whose exit status is its result.

use std::fs::File;
use std::path::PathBuf;
use std::time::Instant;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;

use super::reported::{Call, built};
use super::{Place, Runner};
use crate::affected::Scope;
use crate::process::{self, Ended, Ending, Output, Spec, TAIL};
use crate::proof::run::{Mark, Marks, Tested, Trouble, add};
use crate::value::CommandLine;

/// How the test programs are built.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Builds the test programs.
    pub build: CommandLine,
    /// Where they are then, below the repository.
    pub programs: Vec<PathBuf>,
}

pub struct Libtest(pub Config);

/// A program that has tests.
#[derive(Clone, Debug)]
pub struct TestProgram {
    pub name: String,
    pub path: PathBuf,
    /// Where its tests expect to be run.
    pub directory: PathBuf,
    pub environment: Vec<(String, String)>,
}

#[async_trait]
impl Runner for Libtest {
    fn name(&self) -> &'static str {
        "libtest"
    }

    fn version(&self, _: &Place) -> Vec<String> {
        let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        vec![compiler, "--version".to_owned()]
    }

    fn install(&self) -> &'static str {
        "install Rust, https://rustup.rs, or set RUSTC to a compiler"
    }

    fn shown(&self, _: &Scope) -> String {
        let programs: Vec<_> = self.0.programs.iter().map(|program| program.display().to_string()).collect();
        format!("{}; {}", self.0.build, programs.join("; "))
    }

    async fn build(&self, place: &Place, _: &Scope) -> Result<(), Trouble> {
        let call = Call { arguments: self.0.build.arguments(), environment: Vec::new() };
        built(&process::run(call.spec(place)).await, self.install())
    }

    fn takes_names(&self) -> bool {
        true
    }

    async fn test(&self, place: &Place, scope: &Scope) -> Tested {
        let programs = self.0.programs.iter().map(|program| TestProgram {
            name: program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            path: place.directory.join(program),
            directory: place.directory.clone(),
            environment: Vec::new(),
        });
        run(&programs.collect::<Vec<_>>(), place, scope).await
    }
}

/// Runs every test of the programs, or those that the scope names, as many at once as there are processors.
pub async fn run(programs: &[TestProgram], place: &Place, scope: &Scope) -> Tested {
    let start = Instant::now();
    let mut tests = Vec::new();
    let mut marks = Marks::new();
    for program in programs {
        match list(program, place).await {
            Ok(listed) => {
                let wanted = listed.into_iter().filter(|test| scope.has_test(&program.named(test)));
                tests.extend(wanted.map(|test| (program, test)));
            }
            Err(trouble) => return Tested::failed(trouble, start.elapsed().as_secs_f64()),
        }
    }
    let at_once = std::thread::available_parallelism().map_or(2, usize::from);
    let mut runs = Vec::new();
    for (program, test) in &tests {
        runs.push(async move { (program, test, run_one(program, test, place, start).await) });
    }
    let ends: Vec<_> = stream::iter(runs).buffer_unordered(at_once).collect().await;
    let mut report = String::new();
    for (program, test, mark) in ends {
        add(&mut marks, program.named(test), mark);
    }
    for (name, mark) in &marks {
        report.push_str(&format!("{name} {mark:?}\n"));
    }
    let trouble = match marks.is_empty() {
        _ if start.elapsed() > place.limit => Some(Trouble::TimedOut(place.limit)),
        true => Some(Trouble::Empty),
        false => None,
    };
    let failed = marks.values().filter(|mark| mark.has_failed()).count();
    let (seconds, ended) = (start.elapsed().as_secs_f64(), format!("{failed} of {} failed", marks.len()));
    Tested { marks, asked: None, trouble, ended, seconds, output: String::new(), report: report.into_bytes() }
}

/// A test as its program lists it.
struct Test {
    name: String,
    ignored: bool,
    /// The program has a harness of its own and is one test.
    whole: bool,
}

impl TestProgram {
    /// The name that a test of the program has in the marks.
    fn named(&self, test: &Test) -> String {
        format!("{} {}", self.name, test.name)
    }
}

async fn list(program: &TestProgram, place: &Place) -> Result<Vec<Test>, Trouble> {
    let all = listed(program, place, &["--list", "--format=terse"]).await?;
    let ignored = listed(program, place, &["--list", "--format=terse", "--ignored"]).await?;
    let (Some(all), Some(ignored)) = (all, ignored) else {
        return Ok(vec![Test { name: "all".to_owned(), ignored: false, whole: true }]);
    };
    let test = |name: String| Test { ignored: ignored.contains(&name), name, whole: false };
    Ok(all.into_iter().map(test).collect())
}

/// The names of the tests; `None` where the program does not list them as libtest does.
async fn listed(
    program: &TestProgram,
    place: &Place,
    arguments: &[&str],
) -> Result<Option<std::collections::BTreeSet<String>>, Trouble> {
    let unreadable = |error: std::io::Error| Trouble::Unreadable(error.to_string());
    let list = place.scratch.join("tests.list");
    let stdout = Some(File::create(&list).map_err(unreadable)?);
    let ended = process::run_into(spec(program, place, arguments, place.limit), Output { stdout, keep: TAIL }).await;
    match &ended.ending {
        Ending::Exit(0) => {}
        Ending::NotStarted(reason) => return Err(Trouble::build(reason, &ended, 0)),
        Ending::TimedOut(limit) => return Err(Trouble::TimedOut(*limit)),
        _ => return Ok(None),
    }
    let text = std::fs::read_to_string(&list).map_err(unreadable)?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.ends_with(": benchmark"));
    Ok(lines.map(|line| line.strip_suffix(": test").map(str::to_owned)).collect())
}

async fn run_one(program: &TestProgram, test: &Test, place: &Place, start: Instant) -> Mark {
    if test.ignored {
        return Mark::Skipped;
    }
    let arguments: &[&str] = if test.whole { &[] } else { &["--exact", &test.name, "--test-threads=1"] };
    let left = place.limit.saturating_sub(start.elapsed());
    let ended = process::run(spec(program, place, arguments, left)).await;
    match ended.ending {
        Ending::Exit(0) => Mark::Passed,
        Ending::TimedOut(_) => Mark::Invalid("it took too long".to_owned()),
        Ending::NotStarted(reason) => Mark::Invalid(reason),
        _ => Mark::Failed(reason(&ended)),
    }
}

fn spec(program: &TestProgram, place: &Place, arguments: &[&str], limit: std::time::Duration) -> Spec {
    let program_path = program.path.display().to_string();
    Spec {
        arguments: [program_path.as_str()].iter().chain(arguments).map(|word| (*word).to_owned()).collect(),
        directory: program.directory.clone(),
        environment: [place.environment.clone(), program.environment.clone()].concat(),
        limit,
        confinement: place.confinement.clone(),
    }
}

/// The panic's message; how it ended where there is none.
fn reason(ended: &Ended) -> String {
    let mut lines = ended.output.lines().skip_while(|line| !line.contains("panicked at"));
    let message = lines.nth(1).unwrap_or_default().trim();
    if message.is_empty() { ended.words() } else { message.chars().take(300).collect() }
}
