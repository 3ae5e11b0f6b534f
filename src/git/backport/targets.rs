//! Which branches are targets: pure.

use globset::{GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::BackportError;
use super::request::{Mode, Request};

/// The beginning of the names of the branches that are proposed. They are never targets.
pub const PROPOSALS: &str = "backport/";

/// Chooses among branches by the rules of a request.
#[derive(Debug)]
pub struct Chooser {
    rules: Vec<(GlobMatcher, Mode)>,
    exclude: Vec<GlobMatcher>,
}

/// A branch that a rule names and that is no target all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    pub branch: String,
    pub reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    Excluded,
    Inactive,
    /// Its name is not UTF-8; it is shown escaped.
    NotUtf8,
}

impl Chooser {
    /// Fails on a glob that can't be read.
    pub fn new(request: &Request) -> Result<Chooser, BackportError> {
        let rules = request.rules.iter().map(|rule| Ok((matcher(&rule.glob)?, rule.mode)));
        Ok(Chooser {
            rules: rules.collect::<Result<_, BackportError>>()?,
            exclude: request.exclude.iter().map(|glob| matcher(glob)).collect::<Result<_, _>>()?,
        })
    }

    /// Returns the mode of the first rule that matches.
    pub fn mode(&self, branch: &str) -> Option<Mode> {
        self.rules.iter().find(|(glob, _)| glob.is_match(branch)).map(|(_, mode)| *mode)
    }

    pub fn excludes(&self, branch: &str) -> bool {
        self.exclude.iter().any(|glob| glob.is_match(branch))
    }
}

/// `*` matches `/` too, as it does in a refspec: `feature/*` has `feature/team/title`.
fn matcher(glob: &str) -> Result<GlobMatcher, BackportError> {
    let built = GlobBuilder::new(glob).literal_separator(false).build();
    Ok(built.map_err(|source| BackportError::BadGlob { glob: glob.to_owned(), source })?.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::Chooser;
    use crate::git::backport::request::{Mode, Request, Rule};

    #[test]
    fn the_first_rule_that_matches_gives_the_mode() {
        let mut request = Request::new("fix", ["feature/*"]);
        request.rules.push(Rule { glob: "{develop,feature/x}".to_owned(), mode: Mode::Merge });
        let chooser = Chooser::new(&request).expect("globs");
        for (branch, mode) in [
            ("feature/x", Some(Mode::Pick)),
            ("feature/team/x", Some(Mode::Pick)),
            ("develop", Some(Mode::Merge)),
            ("development", None),
        ] {
            assert_eq!(chooser.mode(branch), mode, "{branch}");
        }
    }
}
