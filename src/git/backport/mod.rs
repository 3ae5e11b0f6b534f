//! One fix on any number of branches, exactly as git would put it there, without a work tree.
//!
//! `plan` lists the remote's branches and says of each whether it needs the fix. `merge` makes the
//! merges and the commits in a quarantine. `push` moves all the branches at once, each under a
//! lease on the commit that was read; `land` does what is possible where the remote refuses that.
//! Each may be repeated: a branch that has the fix already, from a run that was killed, is recognised.

mod apply;
mod attributes;
mod blame;
mod breaking;
mod change;
mod class;
mod commit;
mod copies;
mod drivers;
pub mod error;
pub mod fix;
mod folders;
mod history;
pub mod kept;
pub mod land;
pub mod merge;
mod message;
pub mod moved;
pub mod obstacle;
mod old_git;
pub mod outcome;
pub mod plan;
mod presence;
pub mod push;
pub mod record;
mod remote;
pub mod report;
pub mod request;
pub mod resolution;
mod settle;
mod splice;
pub mod target;
pub mod targets;
mod tracking;
pub mod verdict;
pub mod work_tree;

use std::time::Instant;

use error::BackportError;
use report::Report;
use request::Request;

use super::Git;

/// How often a backport is planned again because a branch moved meanwhile.
const ATTEMPTS: u32 = 128;

/// Plans, merges and pushes; again from the start while branches move underneath.
pub async fn backport(git: &Git, request: &Request) -> Result<Report, BackportError> {
    let started = Instant::now();
    for _ in 0..ATTEMPTS {
        let plan = plan::plan(git, request).await?;
        let merged = merge::merge(git, &plan).await?;
        let landed = land::land(git, &plan, &merged).await?;
        if landed.stale.is_empty() {
            return Ok(Report::new(&plan, merged, &landed, started.elapsed()));
        }
    }
    Err(BackportError::Moving { attempts: ATTEMPTS })
}
