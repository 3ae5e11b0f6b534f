//! Merges in memory, many in one process: `git merge-tree --write-tree --stdin`, which is the only
//! authority for what a merge gives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::oid::Oid;
use super::{Git, GitError};

/// One merge to make: `theirs` into `ours`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The common ancestor; `None` where git is to find the merge bases itself.
    pub base: Option<Oid>,
    pub ours: Oid,
    pub theirs: Oid,
}

/// What git made of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    Clean {
        tree: Oid,
    },
    Conflict(Conflict),
    /// Git stopped at this merge, and says why: a person is needed.
    Failed {
        reason: String,
    },
}

impl Merged {
    /// The tree of a clean merge.
    pub fn tree(&self) -> Option<Oid> {
        match self {
            Merged::Clean { tree } => Some(*tree),
            Merged::Conflict(_) | Merged::Failed { .. } => None,
        }
    }
}

/// A merge that git can't make by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conflict {
    pub stages: Vec<Stage>,
    pub messages: Vec<Message>,
}

/// One side of a conflicted path: 1 the ancestor's, 2 ours, 3 theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    pub path: String,
    pub mode: String,
    pub oid: Oid,
    pub stage: u8,
}

/// What git says about a path, with its name for the kind of conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    pub paths: Vec<String>,
    pub kind: String,
    pub text: String,
}

impl Conflict {
    /// The conflicted paths, each once, in order.
    pub fn files(&self) -> Vec<String> {
        let staged = self.stages.iter().map(|stage| &stage.path);
        let mut files: Vec<String> = match self.stages.is_empty() {
            false => staged.cloned().collect(),
            true => self.messages.iter().flat_map(|message| message.paths.iter().cloned()).collect(),
        };
        files.sort();
        files.dedup();
        files
    }
}

/// Returns what each merge gives, in order. A merge that ends git is `Failed`, and those after it
/// are made by another process.
pub async fn merge_all(git: &Git, options: &[String], merges: &[Merge]) -> Result<Vec<Merged>, GitError> {
    let mut answers = Vec::with_capacity(merges.len());
    while answers.len() < merges.len() {
        let rest = &merges[answers.len()..];
        let args = options.iter().map(String::as_str).chain([
            "merge-tree",
            "--write-tree",
            "--allow-unrelated-histories",
            "--stdin",
        ]);
        let output = git.call(args).input(rest.iter().map(line).collect::<String>()).output().await?;
        answers.extend(parse(&output.stdout));
        if answers.len() < merges.len() {
            answers.push(Merged::Failed { reason: failure(output.status, &output.stderr) });
        }
    }
    Ok(answers)
}

fn line(merge: &Merge) -> String {
    match merge.base {
        Some(base) => format!("{base} -- {} {}\n", merge.ours, merge.theirs),
        None => format!("{} {}\n", merge.ours, merge.theirs),
    }
}

fn failure(status: Option<i32>, stderr: &str) -> String {
    match (status, stderr.trim()) {
        (None, "") => "git was ended by a signal".to_owned(),
        (Some(status), "") => format!("git ended with status {status}"),
        (_, stderr) => stderr.to_owned(),
    }
}

/// Reads the complete answers (git-merge-tree, "OUTPUT" and "INPUT FORMAT").
fn parse(output: &[u8]) -> Vec<Merged> {
    let mut fields = Fields { rest: output };
    let mut answers = Vec::new();
    while let Some(answer) = fields.answer() {
        answers.push(answer);
    }
    answers
}

struct Fields<'a> {
    rest: &'a [u8],
}

impl Fields<'_> {
    /// The text up to the next NUL; `None` where there is none.
    fn next(&mut self) -> Option<String> {
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let field = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest = &self.rest[end + 1..];
        Some(field)
    }

    fn answer(&mut self) -> Option<Merged> {
        let clean = self.next()? == "1";
        let tree = self.next()?.parse().ok()?;
        if clean {
            self.next()?;
            return Some(Merged::Clean { tree });
        }
        let mut conflict = Conflict { stages: Vec::new(), messages: Vec::new() };
        loop {
            let field = self.next()?;
            if field.is_empty() {
                break;
            }
            conflict.stages.push(stage(&field)?);
        }
        loop {
            let count = self.next()?;
            if count.is_empty() {
                break;
            }
            let mut paths = Vec::new();
            for _ in 0..count.parse::<usize>().ok()? {
                paths.push(self.next()?);
            }
            let kind = self.next()?;
            let text = self.next()?.trim_end().to_owned();
            conflict.messages.push(Message { paths, kind, text });
        }
        Some(Merged::Conflict(conflict))
    }
}

/// Reads `<mode> <object> <stage>\t<path>`.
fn stage(field: &str) -> Option<Stage> {
    let (facts, path) = field.split_once('\t')?;
    let mut facts = facts.split(' ');
    Some(Stage {
        mode: facts.next()?.to_owned(),
        oid: facts.next()?.parse().ok()?,
        stage: facts.next()?.parse().ok()?,
        path: path.to_owned(),
    })
}
