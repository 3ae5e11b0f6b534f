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
    must_fit: Vec<GlobMatcher>,
}

/// A branch that a rule names but that is no target.
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
            exclude: matchers(&request.exclude)?,
            must_fit: matchers(&request.must_fit)?,
        })
    }

    /// Returns the mode of the first rule that matches.
    pub fn mode(&self, branch: &str) -> Option<Mode> {
        self.rules.iter().find(|(glob, _)| glob.is_match(branch)).map(|(_, mode)| *mode)
    }

    /// Returns a glob that must fit one of these branches and fits none.
    pub fn unfit(&self, branches: &[&str]) -> Option<&str> {
        let fits = |glob: &&GlobMatcher| branches.iter().any(|branch| glob.is_match(branch));
        self.must_fit.iter().find(|glob| !fits(glob)).map(|glob| glob.glob().glob())
    }

    pub fn excludes(&self, branch: &str) -> bool {
        self.exclude.iter().any(|glob| glob.is_match(branch))
    }
}

/// Returns the branches whose names are most like the glob, at most three, the likest first.
pub fn nearest(glob: &str, branches: &[&str]) -> Vec<String> {
    let likeness = |branch: &str| strsim::jaro_winkler(glob, branch);
    let mut nearest: Vec<(f64, &str)> = branches.iter().map(|branch| (likeness(branch), *branch)).collect();
    nearest.sort_by(|a, b| b.0.total_cmp(&a.0));
    nearest.into_iter().take(3).map(|(_, branch)| branch.to_owned()).collect()
}

fn matchers(globs: &[String]) -> Result<Vec<GlobMatcher>, BackportError> {
    globs.iter().map(|glob| matcher(glob)).collect()
}

/// `*` matches `/` too, as it does in a refspec: `feature/*` has `feature/team/title`.
fn matcher(glob: &str) -> Result<GlobMatcher, BackportError> {
    let built = GlobBuilder::new(glob).literal_separator(false).build();
    Ok(built.map_err(|source| BackportError::BadGlob { glob: glob.to_owned(), source })?.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::{Chooser, nearest};
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

    #[test]
    fn an_exclusion_is_one_whatever_the_rules_say() {
        let request = Request { exclude: vec!["feature/{old,x*}".to_owned()], ..Request::new("fix", ["*"]) };
        let chooser = Chooser::new(&request).expect("globs");
        for (branch, expected) in [("feature/old", true), ("feature/x/y", true), ("feature/new", false), ("x", false)] {
            assert_eq!(chooser.excludes(branch), expected, "{branch}");
        }
    }

    #[test]
    fn a_glob_that_must_fit_and_fits_nothing_is_found() {
        let branches = ["main", "feature/9", "release/1.2"];
        for (globs, expected) in [
            (&["feature/*", "main"][..], None),
            (&["feature/*", "feature/99"], Some("feature/99")),
            (&["Release/*"], Some("Release/*")),
            (&[], None),
        ] {
            let must_fit = globs.iter().map(|glob| glob.to_string()).collect();
            let request = Request { must_fit, ..Request::new("fix", ["nothing/*"]) };
            assert_eq!(Chooser::new(&request).expect("globs").unfit(&branches), expected, "{globs:?}");
        }
        assert_eq!(Chooser::new(&Request::new("fix", ["*"])).expect("globs").unfit(&[]), None);
    }

    #[test]
    fn a_glob_that_cannot_be_read_is_an_error_wherever_it_stands() {
        let bad = || vec!["feature/[".to_owned()];
        for request in [
            Request::new("fix", bad()),
            Request { exclude: bad(), ..Request::new("fix", ["*"]) },
            Request { must_fit: bad(), ..Request::new("fix", ["*"]) },
        ] {
            let error = Chooser::new(&request).expect_err("refused");
            assert_eq!(error.to_string(), "`feature/[` is not a pattern for branches");
        }
    }

    #[test]
    fn the_nearest_names_come_first() {
        let branches = ["main", "feature/9", "feature/10", "release/1.2", "feature/98"];
        assert_eq!(nearest("feature/99", &branches), ["feature/9", "feature/98", "feature/10"]);
        assert_eq!(nearest("relaese/*", &branches)[0], "release/1.2");
        assert!(nearest("x", &[]).is_empty());
    }
}
