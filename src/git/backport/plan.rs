//! What a backport is going to do: every target with its old commit and a verdict.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::breaking::{self, Tip};
use super::error::BackportError;
use super::fix::{self, Fix};
use super::history::{self, Histories, Sought};
use super::presence;
use super::remote::{self, Branch, Listing};
use super::request::{Mode, Request};
use super::resolution::Resolution;
use super::target::Target;
use super::targets::{self, Chooser, LeftOut, PROPOSALS, Reason};
use super::verdict::{self, Verdict};
use crate::git::oid::Oid;
use crate::git::{Git, repository};

/// How often the branches are listed again because they move while they are fetched.
const ATTEMPTS: u32 = 5;

/// A backport decided, not yet made. The same plan gives the same commits however often it is
/// executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What the branches of refused targets are called after.
    pub id: String,
    pub fix: Fix,
    /// The commit that broke it, as a person named it.
    #[serde(default)]
    pub breaking: Option<Oid>,
    pub remote: String,
    pub record_origin: bool,
    pub drivers: bool,
    /// How conflicts were resolved by a person.
    pub resolutions: Vec<Resolution>,
    pub limit: Duration,
    /// Whether the user signs commits.
    pub sign: bool,
    /// `name <email> seconds zone`: who commits, and when.
    pub committer: String,
    pub targets: Vec<Target>,
    pub left_out: Vec<LeftOut>,
}

/// Lists the remote's branches, fetches what is missing, and says of each target whether it needs
/// the fix. Changes nothing but what a fetch changes.
pub async fn plan(git: &Git, request: &Request) -> Result<Plan, BackportError> {
    refuse_unfit(git).await?;
    let chooser = Chooser::new(request)?;
    let Listing { branches, unreadable } = fetched(git, request, &chooser).await?;
    let (fix, tips, committer, sign) =
        tokio::try_join!(fix::resolve(git, request), remote::tips(git, &branches), committer(git), signs(git))?;
    let now = committer.rsplit(' ').nth(1).and_then(|seconds| seconds.parse::<i64>().ok()).unwrap_or_default();

    let mut targets = Vec::new();
    let escaped = unreadable.iter().map(|name| name.escape_ascii().to_string());
    let mut left_out: Vec<LeftOut> = escaped.map(|branch| LeftOut { branch, reason: Reason::NotUtf8 }).collect();
    for Branch { name: branch, tip: old } in branches {
        let Some(mode) = chooser.mode(&branch) else { continue };
        let Some(tip) = tips.get(&old) else { return Err(BackportError::Unexpected { printed: old.to_string() }) };
        let idle = u64::try_from(now.saturating_sub(tip.time)).unwrap_or_default();
        if chooser.excludes(&branch) {
            left_out.push(LeftOut { branch, reason: Reason::Excluded });
        } else if request.active.is_some_and(|active| idle > active.as_secs()) {
            left_out.push(LeftOut { branch, reason: Reason::Inactive });
        } else {
            targets.push(Target { branch, old, tree: tip.tree, mode, verdict: Verdict::Contains });
        }
    }
    let breaking = match &request.breaking {
        Some(revision) => Some(fix::commit(git, revision).await?),
        None => None,
    };
    judge(git, breaking, &fix, &mut targets).await?;
    Ok(Plan {
        id: request.id.clone().unwrap_or_else(|| fix.tip.short()),
        fix,
        breaking,
        remote: request.remote.clone(),
        record_origin: request.record_origin,
        drivers: request.drivers,
        resolutions: request.resolutions.clone(),
        limit: request.limit,
        sign,
        committer,
        targets,
        left_out,
    })
}

/// `name <email> seconds zone`, with the present time.
async fn committer(git: &Git) -> Result<String, BackportError> {
    Ok(git.run(["var", "GIT_COMMITTER_IDENT"]).await?)
}

/// Whether the user signs commits.
async fn signs(git: &Git) -> Result<bool, BackportError> {
    let output = git.call(["config", "--type=bool", "commit.gpgSign"]).output().await?;
    Ok(output.stdout == b"true\n")
}

async fn refuse_unfit(git: &Git) -> Result<(), BackportError> {
    let repository = repository::read(git).await?;
    let (major, minor) = repository.version;
    if (major, minor) < (2, 39) {
        return Err(BackportError::OldGit { major, minor });
    }
    if repository.shallow {
        return Err(BackportError::Shallow);
    }
    Ok(())
}

/// Returns the branches that a rule names, their commits fetched.
async fn fetched(git: &Git, request: &Request, chooser: &Chooser) -> Result<Listing, BackportError> {
    for _ in 0..ATTEMPTS {
        let mut listing = remote::branches(git, &request.remote, request.limit).await?;
        let names: Vec<&str> = listing.branches.iter().map(|branch| branch.name.as_str()).collect();
        if let Some(glob) = chooser.unfit(&names) {
            let (glob, remote) = (glob.to_owned(), request.remote.clone());
            return Err(BackportError::NoBranch { nearest: targets::nearest(&glob, &names), glob, remote });
        }
        let named = |name: &str| !name.starts_with(PROPOSALS) && chooser.mode(name).is_some();
        listing.branches.retain(|branch| named(&branch.name));
        listing.unreadable.retain(|name| named(&String::from_utf8_lossy(name)));
        if remote::fetch(git, &request.remote, &listing.branches, request.limit).await? {
            return Ok(listing);
        }
    }
    Err(BackportError::Moving { attempts: ATTEMPTS })
}

/// Gives each target its verdict.
async fn judge(git: &Git, breaking: Option<Oid>, fix: &Fix, targets: &mut [Target]) -> Result<(), BackportError> {
    let tips: Vec<Oid> = targets.iter().map(|target| target.old).collect();
    let mut sought: Vec<Sought> =
        fix.commits.iter().map(|commit| Sought { oid: commit.oid, parents: commit.parents.clone() }).collect();
    if sought.iter().all(|commit| commit.oid != fix.tip) {
        sought.push(sought_commit(git, fix.tip).await?);
    }
    let Histories { states, people } = history::read(git, &sought, &tips).await?;
    let lacking = match breaking {
        Some(breaking) => {
            let tips: Vec<Tip> = targets.iter().map(|target| Tip { commit: target.old, tree: target.tree }).collect();
            breaking::lacking(git, breaking, &tips).await?
        }
        None => vec![false; targets.len()],
    };
    let commits: Vec<Oid> = fix.commits.iter().map(|commit| commit.oid).collect();
    let tip = sought.iter().position(|commit| commit.oid == fix.tip).expect("the tip is sought");
    for (at, target) in targets.iter_mut().enumerate() {
        target.verdict = match target.mode {
            Mode::Merge => verdict::of_merge(fix.tip, states[at][tip]),
            Mode::Pick => verdict::decide(&commits, &states[at][..commits.len()], &people),
        };
        if lacking[at] && matches!(target.verdict, Verdict::Needs { .. }) {
            target.verdict = Verdict::NotAffected { breaking };
        }
    }
    let has = |target: &&mut Target| matches!(target.verdict, Verdict::Contains | Verdict::Equivalent { .. });
    let having: BTreeSet<Oid> = targets.iter_mut().filter(has).map(|target| target.tree).collect();
    let absent = presence::absent(git, fix, &having.into_iter().collect::<Vec<_>>()).await?;
    for target in targets.iter_mut().filter(has).filter(|target| absent.contains(&target.tree)) {
        target.verdict = Verdict::Reverted { by: None };
    }
    Ok(())
}

async fn sought_commit(git: &Git, oid: Oid) -> Result<Sought, BackportError> {
    let parents = git.run(["rev-parse", &format!("{oid}^@")]).await?;
    Ok(Sought { oid, parents: fix::oids(&parents)? })
}
