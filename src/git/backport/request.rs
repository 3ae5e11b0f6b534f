//! What the caller wants backported, and where.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::resolution::Resolution;

/// What to put where. `Request::new` gives every setting its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// A commit, a range `a..b`, a merge commit, or a branch.
    pub fix: String,
    /// What the fix is called in messages; `fix` where it is `None`.
    pub name: Option<String>,
    /// Where a branch given as `fix` starts: its commits are those that this revision lacks. The
    /// remote's default branch where it is `None`.
    pub base: Option<String>,
    /// What the branches of refused targets are called after, `backport/{id}/{target}`; the commit
    /// where it is `None`.
    pub id: Option<String>,
    /// The name or the URL of the remote; `.` for the repository itself.
    pub remote: String,
    /// The first rule whose glob matches a branch gives its mode; a branch that none matches is no
    /// target.
    pub rules: Vec<Rule>,
    /// Globs of branches that are never targets.
    pub exclude: Vec<String>,
    /// Globs that must fit a branch of the remote, as a person typed them: one that fits none is
    /// taken for a mistake. The project's own rules may fit nothing.
    #[serde(default)]
    pub must_fit: Vec<String>,
    /// Leave out branches without a commit for this long.
    pub active: Option<Duration>,
    /// The commit that broke production: a branch without it does not need the fix.
    pub breaking: Option<String>,
    /// Which parent of a merge commit it is picked against, from 1.
    pub mainline: u32,
    /// Whether a picked commit's message says where it came from, as `git cherry-pick -x` does.
    /// A run after a crash then knows its own picks even where the branch changed since.
    pub record_origin: bool,
    /// Whether merge drivers (commands in git's configuration) may run.
    pub drivers: bool,
    /// How conflicts were resolved by a person.
    pub resolutions: Vec<Resolution>,
    /// How long a fetch or a push may take.
    pub limit: Duration,
}

/// How the branches that match a glob get the fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub glob: String,
    pub mode: Mode,
}

/// How a branch gets the fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A copy of each of its commits, as `git cherry-pick` makes it.
    Pick,
    /// A merge commit, as `git merge --no-ff` makes it.
    Merge,
}

impl Request {
    /// A request to pick `fix` onto the branches of `origin` that match `globs`.
    pub fn new<S: Into<String>>(fix: impl Into<String>, globs: impl IntoIterator<Item = S>) -> Request {
        let rules = globs.into_iter().map(|glob| Rule { glob: glob.into(), mode: Mode::Pick }).collect();
        Request {
            fix: fix.into(),
            name: None,
            base: None,
            id: None,
            remote: "origin".to_owned(),
            rules,
            exclude: Vec::new(),
            must_fit: Vec::new(),
            active: None,
            breaking: None,
            mainline: 1,
            record_origin: true,
            drivers: false,
            resolutions: Vec::new(),
            limit: Duration::from_secs(600),
        }
    }
}
