//! The branches that had to get the fix.

use serde::{Deserialize, Serialize};

use super::evidence::Detail;
use super::step_name::StepName;

/// Each branch that had to get the fix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backports {
    pub targets: Vec<BackportTarget>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackportTarget {
    pub branch: String,
    /// `picked`, `merged`, `contains`, `equivalent`, `resolved`, `conflict`, `waived` and the like.
    pub verdict: String,
    /// The commit that brought the fix, or the branch's tip where the fix itself is in its history;
    /// `None` where there is none, or where it is not known which one made the same change.
    pub commit: Option<String>,
    /// The branch's tip before.
    pub old: String,
    /// The files in conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Why it does not need the fix; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// Branches without a commit of the fix, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    pub verdict: String,
    pub files: Vec<String>,
    pub why: String,
    pub branches: Vec<String>,
}

/// How many branches of a group are named in a sentence.
const NAMED: usize = 3;

impl Group {
    /// Returns the groups of the branches that have no commit of the fix, in the order of their first branches.
    pub fn all<'a>(targets: impl IntoIterator<Item = &'a BackportTarget>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for target in targets.into_iter().filter(|target| target.commit.is_none()) {
            let BackportTarget { branch, verdict, files, why, .. } = target;
            let same = |group: &&mut Group| (&group.verdict, &group.files, &group.why) == (verdict, files, why);
            match groups.iter_mut().find(same) {
                Some(group) => group.branches.push(branch.clone()),
                None => {
                    let (verdict, files, why) = (verdict.clone(), files.clone(), why.clone());
                    groups.push(Group { verdict, files, why, branches: vec![branch.clone()] });
                }
            }
        }
        groups
    }

    /// Returns `conflict in api/decorators.py`, or another reason.
    pub fn what(&self) -> String {
        let files = if self.files.is_empty() { String::new() } else { format!(" in {}", self.files.join(", ")) };
        let why = if self.why.is_empty() { String::new() } else { format!(", {}", self.why) };
        format!("{}{files}{why}", self.verdict)
    }

    /// Returns the branch, or `11 branches (a, b, c and 8 more)`.
    pub fn which(&self) -> String {
        let named = &self.branches[..self.branches.len().min(NAMED)];
        match (named, self.branches.len() - named.len()) {
            ([branch], 0) => branch.clone(),
            (named, 0) => format!("{} branches ({})", named.len(), named.join(", ")),
            (named, more) => format!("{} branches ({} and {more} more)", self.branches.len(), named.join(", ")),
        }
    }
}

impl BackportTarget {
    /// Whether the branch should have the fix and has not.
    pub fn lacks_the_fix(&self) -> bool {
        self.commit.is_none() && !matches!(self.verdict.as_str(), "not-affected" | "equivalent")
    }
}

impl Detail for Backports {
    const STEP: StepName = StepName::Backport;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(branch: &str, verdict: &str, file: &str) -> BackportTarget {
        let files = if file.is_empty() { Vec::new() } else { vec![file.to_owned()] };
        let text = |text: &str| text.to_owned();
        BackportTarget {
            branch: text(branch),
            verdict: text(verdict),
            commit: None,
            old: text("1"),
            files,
            why: text(""),
        }
    }

    #[test]
    fn branches_with_the_same_reason_are_one_line() {
        let branches = ["a", "b", "c", "d"].map(|branch| target(branch, "conflict", "api/decorators.py"));
        let others = [target("x", "conflict", "other.py"), target("y", "needs", ""), target("z", "needs", "")];
        let merged = BackportTarget { commit: Some("2".to_owned()), ..target("m", "merged", "") };
        let groups = Group::all(branches.iter().chain(&others).chain([&merged]));
        let lines: Vec<_> = groups.iter().map(|group| format!("{} on {}", group.what(), group.which())).collect();
        assert_eq!(
            lines,
            [
                "conflict in api/decorators.py on 4 branches (a, b, c and 1 more)",
                "conflict in other.py on x",
                "needs on 2 branches (y, z)",
            ]
        );
    }
}
