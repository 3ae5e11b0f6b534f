//! Waivers in a commit's message, by its author, where there is no incident that could have them.

use super::error::AppError;
use crate::config::check::Choice;
use crate::domain::check::Check;
use crate::domain::name;
use crate::git::project::{Project, ProjectError};

/// `Hotfix-Waive: CHECK reason`, in the last paragraph of a commit's message.
const TRAILER: &str = "Hotfix-Waive";

/// One waiver of an author.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiver {
    check: String,
    author: String,
    reason: String,
}

/// Marks what the authors of the commits between `base` and the fix waive, if it is one of `allowed`, which
/// production's rules name. A waiver that does not count is told.
pub async fn waive(
    project: &Project,
    base: &str,
    allowed: &[Choice],
    check: &mut Check,
    told: impl Fn(&str),
) -> Result<(), AppError> {
    let format = format!("--format=%an%x1f%(trailers:key={TRAILER},valueonly,unfold,separator=%x1f)");
    let commits = format!("{base}..{}", check.commit);
    let log = project.git.run(["log", "-z", &format, &commits]).await.map_err(ProjectError::from)?;
    let waivers = waivers(&log);
    if waivers.is_empty() {
        return Ok(());
    }
    for waiver in waivers {
        if !allowed.iter().any(|choice| choice.0 == waiver.check) {
            told(&format!("{TRAILER} of `{}` does not count: check.waivable_by_author has it not", waiver.check));
            continue;
        }
        let found = check.violations.iter_mut().filter(|violation| violation.check == waiver.check && violation.blocks);
        for violation in found {
            violation.waived = true;
            violation.waived_by = format!("its author, {}: {}", waiver.author, waiver.reason);
        }
    }
    Ok(())
}

/// The waivers in git's answer: for each commit its author and the trailers. One without a reason is none.
fn waivers(log: &str) -> Vec<Waiver> {
    let mut found = Vec::new();
    for commit in log.split('\0') {
        let mut fields = commit.trim_matches('\n').split('\x1f');
        let author = name::line(fields.next().unwrap_or_default(), 80);
        for (check, reason) in fields.filter_map(|trailer| trailer.trim().split_once(char::is_whitespace)) {
            let reason = name::line(reason.trim(), 200);
            if !reason.is_empty() {
                found.push(Waiver { check: check.to_owned(), author: author.clone(), reason });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_has_a_check_and_a_reason() {
        let log = "Ada\x1fsize the parser is one file\x1fmarker \0Bob\x1f\0Eve\x1fmarker   a typo\0";
        let found: Vec<_> = waivers(log)
            .iter()
            .map(|waiver| format!("{} {}: {}", waiver.author, waiver.check, waiver.reason))
            .collect();
        assert_eq!(found, ["Ada size: the parser is one file", "Eve marker: a typo"]);
    }
}
