//! Gates: commands that have to succeed on the fix before it may go to production.

pub mod known;

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use serde::Deserialize;

use crate::domain::check::GateResult;
use crate::process::sandbox::Confinement;
use crate::process::{self, Ended, Output, Spec};
use crate::value::{CommandLine, Length, Pattern};

/// One gate of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    pub name: String,
    pub command: CommandLine,
    pub limit: Length,
    /// It is run only where a changed file is one of these; always where none is named.
    #[serde(default)]
    pub paths: Vec<Pattern>,
    /// Whether those changed files are put behind the command's arguments.
    #[serde(default)]
    pub append: bool,
}

/// What gates are run on.
#[derive(Debug)]
pub struct Subject<'a> {
    pub directory: &'a Path,
    /// The changed files that exist with the fix.
    pub changed: &'a [String],
    pub environment: &'a [(String, String)],
    /// Where what they print is kept.
    pub logs: &'a Path,
    /// What holds them.
    pub confinement: Option<&'a Confinement>,
}

/// The most of a gate's output that is kept, in bytes; the end of it.
const KEPT: usize = 4 << 20;

/// The lines of a failed gate that are shown.
const SHOWN: usize = 20;

/// Runs at once all gates that concern the changed files, and returns their results in the order of
/// `gates`.
pub async fn run(gates: &[Gate], subject: &Subject<'_>, ended: impl Fn(&GateResult)) -> Vec<GateResult> {
    let concerned = gates.iter().filter(|gate| gate.concerns(subject.changed));
    join_all(concerned.map(|gate| {
        let ended = &ended;
        async move {
            let result = gate.run(subject).await;
            ended(&result);
            result
        }
    }))
    .await
}

impl Gate {
    fn concerns(&self, changed: &[String]) -> bool {
        self.paths.is_empty() || changed.iter().any(|path| self.fits(path))
    }

    fn fits(&self, path: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.matches(path))
    }

    /// The command with its arguments. A file's name is never an option: it starts with `./`.
    fn arguments(&self, changed: &[String]) -> Vec<String> {
        let mut arguments = self.command.arguments();
        if self.append {
            // A line for `sh -c` gets them as "$@", behind its own name.
            if matches!(self.command, CommandLine::Line(_)) {
                arguments.push(self.name.clone());
            }
            arguments.extend(changed.iter().filter(|path| self.fits(path)).map(|path| format!("./{path}")));
        }
        arguments
    }

    async fn run(&self, subject: &Subject<'_>) -> GateResult {
        let spec = Spec {
            arguments: self.arguments(subject.changed),
            directory: subject.directory.to_owned(),
            environment: subject.environment.to_vec(),
            limit: self.limit.0,
            confinement: subject.confinement.cloned(),
        };
        let end = process::run_into(spec, Output { stdout: None, keep: KEPT }).await;
        let log = match keep(subject.logs, &self.name, &end) {
            Ok(log) => log.display().to_string(),
            Err(error) => {
                tracing::warn!(%error, gate = self.name, "what a gate printed could not be kept");
                String::new()
            }
        };
        GateResult {
            name: self.name.clone(),
            passed: end.succeeded(),
            seconds: end.seconds,
            ended: end.words(),
            tail: if end.succeeded() { String::new() } else { failing(&end) },
            waived: false,
            log,
        }
    }
}

/// Writes what the gate printed into a file of its own and returns its path.
fn keep(logs: &Path, name: &str, end: &Ended) -> std::io::Result<PathBuf> {
    use std::io::Write;
    fs::create_dir_all(logs)?;
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).take(80).collect();
    let path = logs.join(format!("gate-{safe}.log"));
    let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
    file.write_all(end.output.as_bytes())?;
    Ok(path)
}

/// The part of the output that shows what failed: from the first line that looks like an error, or
/// its end.
fn failing(end: &Ended) -> String {
    let lines: Vec<&str> = end.output.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(SHOWN);
    let is_error = |line: &&str| {
        let line = line.trim_start().to_lowercase();
        ["error", "fail", "panicked", "fatal", "e   "].iter().any(|word| line.starts_with(word))
            || line.contains(": error")
            || line.contains(" panicked at ")
    };
    let first = lines.iter().position(is_error).unwrap_or(last).min(last);
    let shown = &lines[first..lines.len().min(first + SHOWN)];
    let more = lines.len() - first - shown.len();
    let mut text = shown.join("\n");
    if more > 0 {
        text.push_str(&format!("\n... {more} more lines"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Ending;

    fn gate(text: &str) -> Gate {
        toml::from_str(&format!("name = \"x\"\nlimit = \"1s\"\n{text}")).unwrap()
    }

    #[test]
    fn a_gate_is_run_for_the_files_that_concern_it() {
        let changed = ["src/a.py".to_owned(), "-x.py".to_owned(), "b.js".to_owned()];
        let every = gate("command = [\"c\"]");
        assert!(every.concerns(&[]) && every.arguments(&changed) == ["c"]);
        let python = gate("command = [\"c\"]\npaths = [\"**/*.py\"]\nappend = true");
        assert_eq!(python.arguments(&changed), ["c", "./src/a.py", "./-x.py"]);
        assert!(python.concerns(&changed) && !python.concerns(&changed[2..]));
        let line = gate("command = \"c \\\"$@\\\"\"\nappend = true");
        assert_eq!(line.arguments(&changed[..1]), ["sh", "-c", "c \"$@\"", "x", "./src/a.py"]);
    }

    #[test]
    fn the_first_error_is_shown_not_the_chatter_behind_it() {
        let failing = |output: String| failing(&Ended { ending: Ending::Exit(1), output, seconds: 0.0 });
        let chatter = |from: usize, to: usize| (from..to).map(|line| format!("line {line}\n")).collect::<String>();
        let shown = failing(format!("{}error: no `x`\n{}", chatter(0, 50), chatter(50, 100)));
        assert!(
            shown.starts_with("error: no `x`\nline 50\n") && shown.ends_with("line 68\n... 31 more lines"),
            "{shown}"
        );
        assert!(failing(chatter(0, 50)).starts_with("line 30\n"));
        assert_eq!(failing(String::new()), "");
    }
}
