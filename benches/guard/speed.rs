//! How long the guard takes, from two commits to the findings: a fix of 20 lines in a repository of
//! 5,000 files, and a diff of 2,000 lines.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hotfix::git::{Git, change};
use hotfix::guard;
use hotfix::guard::policy::Policy;

/// How many files the repository has, and how often each is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    files: usize,
    runs: usize,
}

pub const MEASURED: Scale = Scale { files: 5_000, runs: 20 };
pub const TRIED: Scale = Scale { files: 100, runs: 1 };

/// Prints the median, the fastest and the slowest run of each.
pub fn run(Scale { files, runs }: Scale) {
    let sandbox = tempfile::tempdir().expect("a directory");
    import(sandbox.path(), files);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let git = Git::at(sandbox.path());
    for (name, head, limit) in [("20 lines", "fix", 100), ("2,000 lines", "large", 2_000)] {
        let mut times: Vec<Duration> = Vec::new();
        let mut findings = 0;
        for _ in 0..runs {
            let start = Instant::now();
            let change = runtime.block_on(change::read(&git, "main", head)).expect("both are there");
            findings = guard::look(&policy(), &change).len();
            times.push(start.elapsed());
        }
        assert!(findings > 0, "{name}: a change without a test is found");
        times.sort();
        let [fastest, median, slowest] = [0, runs / 2, runs - 1].map(|index| times[index].as_secs_f64() * 1000.0);
        println!(
            "{name:<12} in {files} files: {median:>7.1} ms  ({fastest:.1} to {slowest:.1} ms, {runs} runs, \
             {findings} findings; promised: under {limit} ms)"
        );
    }
}

fn policy() -> Policy {
    let defaults: toml::Table = toml::from_str(include_str!("../../config/default.toml")).expect("it is valid");
    defaults["guard"].clone().try_into().expect("it is whole")
}

/// Makes a repository with the branches `main`, `fix` and `large`.
fn import(directory: &Path, files: usize) {
    let mut stream = String::new();
    commit(&mut stream, "main", None);
    for index in 0..files {
        file(&mut stream, &path(index), &source(index, 0));
    }
    commit(&mut stream, "fix", Some("main"));
    for (index, lines) in [(7, 8), (8, 12)] {
        file(&mut stream, &path(index), &source(index, lines));
    }
    commit(&mut stream, "large", Some("main"));
    for index in 0..100 {
        file(&mut stream, &path(index), &source(index, 20));
    }
    git(directory, &["init", "--quiet", "--initial-branch=main"], "");
    git(directory, &["fast-import", "--quiet"], &stream);
}

/// One file in five is of another language.
fn path(index: usize) -> String {
    let ending = ["rs", "py", "ts", "go", "java"][index % 5];
    format!("src/part{}/file{index}.{ending}", index % 50)
}

/// Twenty functions of ten lines; `changed` of the lines are other ones.
fn source(index: usize, changed: usize) -> String {
    let mut text = String::new();
    for function in 0..20 {
        let (head, tail, indent) = match index % 5 {
            0 => (format!("pub fn part{function}(a: u64) -> u64 {{"), "}", "    "),
            1 => (format!("def part{function}(a: int) -> int:"), "", "    "),
            2 => (format!("export function part{function}(a: number): number {{"), "}", "    "),
            3 => (format!("func Part{function}(a int) int {{"), "}", "\t"),
            _ => (format!("class Part{function} {{ static void go(int a) {{"), "}}", "        "),
        };
        let _ = writeln!(text, "{head}");
        for line in 0..8 {
            let number = if function * 8 + line < changed * 8 && line == 3 { 100 + function } else { line };
            let _ = writeln!(text, "{indent}call{line}(a, {number});");
        }
        let _ = writeln!(text, "{tail}");
    }
    text
}

fn commit(stream: &mut String, branch: &str, from: Option<&str>) {
    let from = from.map(|from| format!("from refs/heads/{from}\n")).unwrap_or_default();
    let _ = write!(stream, "commit refs/heads/{branch}\ncommitter A <a@example.org> 0 +0000\ndata 1\nx\n{from}");
}

fn file(stream: &mut String, path: &str, text: &str) {
    let _ = write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len());
}

fn git(directory: &Path, arguments: &[&str], input: &str) {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(arguments).stdin(Stdio::piped());
    let mut child = command.spawn().expect("git is installed");
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("git reads it");
    assert!(child.wait().expect("it ends").success());
}
