//! What the responder of the demo writes.

use std::path::Path;

use super::files::RELEASE;
use crate::git::{Git, GitError};

/// A change to the service, as a patch to be committed.
pub struct Fix {
    /// The commit's subject.
    pub subject: &'static str,
    /// What the responder thinks of it.
    pub thought: &'static str,
    patch: &'static str,
}

/// Mends what is broken, and nothing else.
pub const GOOD: Fix = Fix {
    subject: "Take whole amounts as amounts without cents",
    thought: "`12` is `12.00`",
    patch: include_str!("../../demo/fixes/whole-amounts.patch"),
};

/// Passes every test, and breaks what three customers in ten pay.
pub const BAD: Fix = Fix {
    subject: "Read amounts as numbers",
    thought: "any number is an amount",
    patch: include_str!("../../demo/fixes/any-number.patch"),
};

impl Fix {
    /// Commits the change in a work tree, replacing any fix before it, and returns its diff.
    pub async fn commit(&self, work_tree: &Path) -> Result<String, GitError> {
        let git = Git::at(work_tree);
        git.run(["restore", "--source", RELEASE, "--staged", "--worktree", "src"]).await?;
        git.call(["apply", "--index", "-"]).input(self.patch).text().await?;
        git.run(["commit", "--quiet", "--message", self.subject]).await?;
        git.run(["show", "--format=", "--unified=1", "--no-color", "--no-ext-diff"]).await
    }
}
