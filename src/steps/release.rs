//! Tags the approved commit and pushes the tag.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use semver::Version;

use super::{Tools, needed, short, work_tree};
use crate::domain::check::Check;
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Fix, Review};
use crate::domain::incident::Incident;
use crate::domain::name;
use crate::domain::next::Next;
use crate::domain::production::Release;
use crate::domain::step_name::StepName;
use crate::domain::version;
use crate::git::anchor;
use crate::git::project::{ProjectError, RefChange};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct MakeRelease(pub Arc<Tools>);

const TRAILER: &str = "Hotfix-Incident";

#[async_trait]
impl Step for MakeRelease {
    fn name(&self) -> StepName {
        StepName::Release
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let tag = self.free_tag(at.incident).await?;
        Ok(vec![Action::new("create tag", format!("`{tag}`, annotated")), Action::new("push", format!("`{tag}`"))])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let (fix, review): (Fix, Review) = (needed(at.incident)?, needed(at.incident)?);
        if review.commit != fix.commit {
            let reason = format!("{} was reviewed, but the fix is {}", short(&review.commit), short(&fix.commit));
            return Ok(Outcome::Back { to: StepName::Fix, reason });
        }
        if let Some(reason) = self.moved(at.incident, &fix.commit).await? {
            return Ok(Outcome::Back { to: StepName::Fix, reason });
        }
        // A tag is public: nothing is released that can't be deployed.
        self.0.deployer()?;
        let tree = self.0.project.git.run(["rev-parse", &format!("{}^{{tree}}", fix.commit)]).await?;
        if let Some(reason) = unproven(&needed(at.incident)?, &fix.commit, &tree) {
            return Ok(Outcome::Back { to: StepName::Check, reason });
        }
        for _ in 0..20 {
            let tag = match self.own_tag(at.incident, &fix.commit).await? {
                Some(tag) => tag,
                None => self.create(at.incident, &fix.commit).await?,
            };
            match self.push(&tag).await {
                Ok(()) => return Ok(Outcome::Done(evidence(tag, fix.commit))),
                // Another clone took this name first: take the next one.
                Err(ProjectError::Stale { .. }) => {
                    self.0.project.git.run(["tag", "--delete", &tag]).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::failed("no free name for the tag was found in 20 attempts", Next::Resume))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let fix: Fix = needed(at.incident)?;
        // Another clone may have made and pushed it.
        self.0.fetch().await?;
        let Some(tag) = self.own_tag(at.incident, &fix.commit).await? else { return Ok(None) };
        Ok(self.is_pushed(&tag).await?.then(|| evidence(tag, fix.commit)))
    }

    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        let Some(release) = at.incident.detail::<Release>() else {
            return Ok(Undo::Nothing("nothing was tagged".to_owned()));
        };
        let refname = format!("refs/tags/{}", release.tag);
        if let Some((object, _)) = self.on_remote(&release.tag).await? {
            self.0.project.push(&[RefChange::delete(&refname, object)]).await?;
        }
        if self.0.project.commit(&refname).await?.is_some() {
            self.0.project.git.run(["tag", "--delete", &release.tag]).await?;
        }
        Ok(Undo::Done(format!("tag `{}` removed here and on the remote", release.tag)))
    }
}

impl MakeRelease {
    /// Why the reviewed commit is no longer the branch's tip, if so: the branch has new commits, or was
    /// rewritten. A deleted branch says nothing.
    async fn moved(&self, incident: &Incident, commit: &str) -> Result<Option<String>, StepError> {
        let branch: Branch = needed(incident)?;
        let local = self.0.project.commit(&format!("refs/heads/{}", branch.name)).await?;
        // In another clone the branch may be behind, or missing.
        if local.is_some() || self.0.project.commit(commit).await?.is_none() {
            work_tree::bring(&self.0, incident, &branch).await?;
        }
        let tip = self.0.project.commit(&format!("refs/heads/{}", branch.name)).await?;
        let moved = tip.filter(|tip| tip != commit);
        Ok(moved.map(|tip| format!("`{}` is at {}, but {} was proven", branch.name, short(&tip), short(commit))))
    }

    /// The tag of this incident on `commit`, if it already exists.
    async fn own_tag(&self, incident: &Incident, commit: &str) -> Result<Option<String>, StepError> {
        let format = format!("--format=%(refname:short)%00%(contents:trailers:key={TRAILER},valueonly,separator=%x2C)");
        let tags = self.0.project.git.run(["tag", "--list", "--points-at", commit, &format]).await?;
        let own = tags.lines().filter_map(|line| line.split_once('\0')).find(|(_, key)| *key == incident.key);
        Ok(own.map(|(tag, _)| tag.to_owned()))
    }

    async fn create(&self, incident: &Incident, commit: &str) -> Result<String, StepError> {
        let tag = self.free_tag(incident).await?;
        let message = format!(
            "{}: {}\n\n{TRAILER}: {}\n{}\n",
            incident.id,
            name::line(&incident.title(), 100),
            incident.key,
            anchor::line(incident.seq, &incident.head)
        );
        let create = ["tag", "--annotate", "--file=-", "--cleanup=verbatim", &tag, commit];
        self.0.project.git.call(create).input(message).text().await?;
        Ok(tag)
    }

    async fn push(&self, tag: &str) -> Result<(), ProjectError> {
        let refname = format!("refs/tags/{tag}");
        let object = self.0.project.git.run(["rev-parse", "--verify", &refname]).await?;
        match self.0.project.push(&[RefChange::create(&refname, &object)]).await {
            Err(ProjectError::Stale { refname }) => {
                let there = self.0.project.list_remote(&refname, self.0.project.limit).await?;
                let ours = there.iter().any(|(on_remote, _)| *on_remote == object);
                if ours { Ok(()) } else { Err(ProjectError::Stale { refname }) }
            }
            ended => ended,
        }
    }

    async fn on_remote(&self, tag: &str) -> Result<Option<(String, String)>, StepError> {
        Ok(self.0.project.list_remote(&format!("refs/tags/{tag}"), self.0.project.limit).await?.pop())
    }

    async fn is_pushed(&self, tag: &str) -> Result<bool, StepError> {
        Ok(self.on_remote(tag).await?.is_some())
    }

    /// The next name that neither this clone nor the remote has.
    async fn free_tag(&self, incident: &Incident) -> Result<String, StepError> {
        let here = self.0.project.git.run(["tag", "--list"]).await?;
        let mut taken: BTreeSet<String> = here.lines().map(str::to_owned).collect();
        let there = self.0.project.list_remote("refs/tags/*", self.0.project.limit).await?;
        taken.extend(there.into_iter().filter_map(|(_, name)| name.strip_prefix("refs/tags/").map(str::to_owned)));
        let pattern = self.0.config.release.tag.replace("{version}", &next_version(&taken));
        let named = self.0.fill(&pattern.replace("{n}", "\u{1}"), incident)?;
        let tag = free(&without_echo(&named), &taken);
        self.0.project.git.run(["check-ref-format", &format!("refs/tags/{tag}")]).await.map_err(|_| {
            StepError::failed(
                format!("`{tag}` is not a name for a tag"),
                Next::configure("release.tag").then(Next::Resume),
            )
        })?;
        Ok(tag)
    }
}

/// Why the release would differ from what was checked and proven, if so. A check by an older hotfix has
/// only the commit.
fn unproven(check: &Check, commit: &str, tree: &str) -> Option<String> {
    let same = if check.tree.is_empty() { check.commit == commit } else { check.tree == tree };
    let proven = check.proof.as_ref().is_none_or(|proof| proof.trees.fix == tree);
    (!same || !proven).then(|| format!("tree {} would be released, but {} was proven", short(tree), short(&check.tree)))
}

/// `hotfix-20261129-001`, where identifier and prefix would make `hotfix-HOTFIX-20261129-001`.
fn without_echo(tag: &str) -> String {
    tag.strip_prefix("hotfix-HOTFIX-").map_or_else(|| tag.to_owned(), |rest| format!("hotfix-{rest}"))
}

/// The first free name: `\u{1}` in it counts up from 1; without one, `.2`, `.3` ... is appended.
fn free(pattern: &str, taken: &BTreeSet<String>) -> String {
    (1..)
        .map(|n: u32| match (pattern.contains('\u{1}'), n) {
            (true, n) => pattern.replace('\u{1}', &n.to_string()),
            (false, 1) => pattern.to_owned(),
            (false, n) => format!("{pattern}.{n}"),
        })
        .find(|tag| !taken.contains(tag))
        .expect("one of infinitely many names is free")
}

/// The version after the newest released one, its patch number raised by one, without the `v`.
fn next_version(tags: &BTreeSet<String>) -> String {
    let released = tags.iter().filter_map(|tag| version::of_tag(tag));
    let newest = released.filter(|version| version.pre.is_empty()).max();
    let newest = newest.unwrap_or(Version::new(0, 0, 0));
    Version::new(newest.major, newest.minor, newest.patch + 1).to_string()
}

fn evidence(tag: String, commit: String) -> Evidence {
    let summary = format!("`{tag}` on {}", short(&commit));
    Evidence::with(summary, &Release { tag, commit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::proof::{Proof, Trees};

    #[test]
    fn only_the_proven_tree_is_released() {
        let check = |tree: &str, proven: Option<&str>| Check {
            commit: "c".repeat(40),
            tree: tree.to_owned(),
            proof: proven
                .map(|fix| Proof { trees: Trees { fix: fix.to_owned(), ..Trees::default() }, ..Proof::default() }),
            ..Check::default()
        };
        let (one, other) = ("1".repeat(40), "2".repeat(40));
        let unproven = |check: &Check, tree: &str| unproven(check, &"c".repeat(40), tree);
        assert_eq!(unproven(&check(&one, Some(&one)), &one), None);
        assert_eq!(unproven(&check(&one, None), &one), None, "there was nothing to prove");
        assert_eq!(unproven(&check("", None), &one), None, "the commit is the one that was checked");
        let expected = "tree 222222222 would be released, but 111111111 was proven";
        assert_eq!(unproven(&check(&one, Some(&one)), &other).as_deref(), Some(expected));
        assert!(unproven(&check(&one, Some(&other)), &one).is_some());
        assert!(unproven(&Check { commit: other, ..check("", None) }, &one).is_some());
    }

    #[test]
    fn the_next_free_name() {
        let tags = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<BTreeSet<_>>();
        let taken = tags(&["v2.3.1", "v2.3.0", "v2.4.0-rc.1", "v2.3.2-hotfix.1", "hotfix-001", "nightly", "v1.10.0"]);
        assert_eq!(next_version(&taken), "2.3.2");
        assert_eq!(next_version(&tags(&["production-v2.3.1"])), "2.3.2");
        assert_eq!(next_version(&tags(&["x"])), "0.0.1");
        assert_eq!(free("v2.3.2-hotfix.\u{1}", &taken), "v2.3.2-hotfix.2");
        assert_eq!(free("hotfix-001", &taken), "hotfix-001.2");
        assert_eq!(free("hotfix-002", &taken), "hotfix-002");
    }
}
