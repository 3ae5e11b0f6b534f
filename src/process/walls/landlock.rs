//! Landlock (landlock(7)): a thread gives up rights, for itself and for all that it starts.

use std::io;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::plan::Rule;

/// Without files being moved between directories, which it allows since Linux 5.19, nothing can be built.
const NEEDED: ABI = ABI::V2;

/// Also truncation (Linux 6.2), control of devices (6.10), signals and abstract sockets (6.12), where the kernel has it.
const WANTED: ABI = ABI::V6;

/// Returns rules that [`restrict`] enforces; fails where the kernel can't. Connections by TCP are allowed only with
/// `network`.
pub fn ruleset(rules: &[(PathBuf, Rule)], network: bool) -> io::Result<RulesetCreated> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))
        .map_err(in_words)?;
    if !network {
        ruleset = ruleset.handle_access(AccessNet::ConnectTcp).map_err(in_words)?;
    }
    let mut created = ruleset
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(WANTED)))
        .and_then(Ruleset::create)
        .map_err(in_words)?;
    for (path, rule) in rules {
        let rights = match rule {
            Rule::List => AccessFs::ReadDir.into(),
            Rule::Read => AccessFs::from_read(WANTED),
            Rule::Write => AccessFs::from_all(WANTED),
        };
        // What is gone by now needs no rule.
        let Ok(opened) = PathFd::new(path) else { continue };
        let rights = if path.is_dir() { rights } else { rights & AccessFs::from_file(WANTED) };
        created = created.add_rule(PathBeneath::new(opened, rights)).map_err(in_words)?;
    }
    Ok(created)
}

/// Restricts this thread, and no other.
pub fn restrict(ruleset: RulesetCreated) -> io::Result<()> {
    match ruleset.restrict_self().map_err(in_words)?.ruleset {
        RulesetStatus::NotEnforced => Err(io::Error::other("the kernel has no Landlock")),
        _ => Ok(()),
    }
}

fn in_words(error: RulesetError) -> io::Error {
    io::Error::other(format!("Landlock: {error}"))
}
