//! Gates: commands that have to succeed on the fix before it may go to production.

mod alike;
pub mod known;

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use serde::Deserialize;

use crate::domain::check::GateResult;
use crate::private;
use alike::Failure;

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
#[derive(Clone, Copy, Debug)]
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

/// Runs the gates that `failed` on what production runs, in `before`, and says of each whether it fails there in the
/// same way.
pub async fn compare(gates: &[Gate], before: &Subject<'_>, with: &Subject<'_>, failed: Vec<&mut GateResult>) {
    for result in failed {
        let Some(gate) = gates.iter().find(|gate| gate.name == result.name && gate.concerns(before.changed)) else {
            continue;
        };
        let end = gate.start(before).await;
        if let Err(error) = keep(before.logs, &gate.name, &end) {
            tracing::warn!(%error, gate = gate.name, "what a gate printed could not be kept");
        }
        let directories = [before, with].map(|subject| subject.directory.display().to_string());
        let before = Failure { ended: &end.words(), output: &end.output, directory: &directories[0] };
        result.fails_before = alike::is_failure(&end.ending)
            && fs::read_to_string(&result.log).is_ok_and(|output| {
                let with = Failure { ended: &result.ended, output: &output, directory: &directories[1] };
                alike::fails_alike(&before, &with)
            });
    }
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

    async fn start(&self, subject: &Subject<'_>) -> Ended {
        let spec = Spec {
            arguments: self.arguments(subject.changed),
            directory: subject.directory.to_owned(),
            environment: subject.environment.to_vec(),
            limit: self.limit.0,
            confinement: subject.confinement.cloned(),
        };
        process::run_into(spec, Output { stdout: None, keep: KEPT }).await
    }

    async fn run(&self, subject: &Subject<'_>) -> GateResult {
        let end = self.start(subject).await;
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
            tail: if end.succeeded() { String::new() } else { end.first_error(SHOWN) },
            waived: false,
            fails_before: false,
            log,
        }
    }
}

/// Writes what the gate printed into a file of its own and returns its path.
fn keep(logs: &Path, name: &str, end: &Ended) -> std::io::Result<PathBuf> {
    fs::create_dir_all(logs)?;
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).take(80).collect();
    let path = logs.join(format!("gate-{safe}.log"));
    private::write(&path, end.output.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
