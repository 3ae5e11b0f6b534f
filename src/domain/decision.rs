//! The decision matrix: which strategy fits, why, and how long it takes.

use serde::{Deserialize, Serialize};

use super::evidence::Detail;
use super::step_name::StepName;
use super::strategy::Strategy;

/// The input of the matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signs {
    /// The text of the report: title, symptoms, assessment.
    pub text: String,
    /// The running release, if it was deployed within the investigated time.
    pub recent_deploy: Option<String>,
    /// The verified release before it.
    pub previous: Option<String>,
    /// The release before it that nobody verified.
    pub unverified: Option<String>,
    /// The recent changes touch a migration: production's data may not fit the old release.
    pub migration: bool,
    /// A deploy of this incident went bad and was rolled back.
    pub rolled_back: bool,
}

/// A strategy with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    pub strategy: Strategy,
    /// The matrix's row and the reasons for it.
    pub reasons: Vec<String>,
    /// How long it usually takes, in minutes: from, to.
    pub minutes: (u32, u32),
    /// What the matrix recommended, if a person chose another strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Strategy>,
}

impl Detail for Recommendation {
    const STEP: StepName = StepName::Decide;
}

/// Returns how long a strategy usually takes, in minutes, until production is right again.
pub fn minutes(strategy: Strategy) -> (u32, u32) {
    match strategy {
        Strategy::A => (5, 10),
        Strategy::B => (30, 60),
        Strategy::C => (60, 120),
        Strategy::D => (120, 240),
    }
}

const CORRUPTION: &[&str] = &["data corruption", "corrupt", "data loss", "losing data", "wrong balances"];
const BREACH: &[&str] = &["active breach", "breach", "intruder", "being exploited", "data leak", "compromised"];
const DEPENDENCY: &[&str] =
    &["third-party", "third party", "upstream", "provider is down", "external service", "external dependency"];
const COMPLEX: &[&str] =
    &["deadlock", "intermittent", "cannot reproduce", "can't reproduce", "complex", "root cause unknown"];
const CONFIGURATION: &[&str] = &[
    "timeout",
    "configuration",
    "config",
    "feature flag",
    "environment variable",
    "certificate",
    "rate limit",
    "memory limit",
];

/// Returns the strategy that the matrix recommends: data at risk first, then a way back, then the
/// keywords of the report, then a quick fix.
pub fn recommend(signs: &Signs) -> Recommendation {
    let text = signs.text.to_lowercase();
    let found = |keywords: &[&'static str]| keywords.iter().copied().find(|word| text.contains(word));
    let mut reasons = Vec::new();
    let strategy = if let Some(word) = found(CORRUPTION) {
        reasons.push(format!("data corruption (`{word}`): stop the service before it does more harm"));
        Strategy::D
    } else if let Some(word) = found(BREACH) {
        reasons.push(format!("security breach (`{word}`): stop the service before it does more harm"));
        Strategy::D
    } else {
        match way_back(signs) {
            Ok(reason) => {
                reasons.push(reason);
                Strategy::A
            }
            Err(reason) => {
                reasons.push(reason);
                if let Some(word) = found(DEPENDENCY) {
                    reasons.push(format!("external dependency (`{word}`): route around it"));
                    Strategy::C
                } else if let Some(word) = found(COMPLEX) {
                    reasons.push(format!("complex (`{word}`): work around it now, schedule the full fix"));
                    Strategy::C
                } else if let Some(word) = found(CONFIGURATION) {
                    reasons.push(format!("configuration (`{word}`): a small change"));
                    Strategy::B
                } else {
                    reasons.push("a code error: a small change with its regression test".to_owned());
                    Strategy::B
                }
            }
        }
    };
    Recommendation { strategy, reasons, minutes: minutes(strategy), instead_of: None }
}

/// Whether a rollback is possible: the reason for it, or the reason against.
fn way_back(signs: &Signs) -> Result<String, String> {
    match (&signs.recent_deploy, &signs.previous) {
        _ if signs.rolled_back => Err("no rollback: production is already back on the release before".to_owned()),
        (None, _) => Err("no rollback: nothing was deployed lately".to_owned()),
        (Some(release), None) => {
            let before =
                signs.unverified.as_ref().map(|before| format!("; `{before}` is the one before, never verified"));
            let before = before.unwrap_or_default();
            Err(format!("no rollback: no verified release before `{release}` is known{before}"))
        }
        (Some(_), Some(_)) if signs.migration => {
            Err("no rollback: the recent changes have a data migration".to_owned())
        }
        (Some(release), Some(previous)) => {
            Ok(format!("recent deploy: `{release}`; the release before, `{previous}`, was verified; no migration"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_row_by_row() {
        let deployed =
            Signs { recent_deploy: Some("v2".to_owned()), previous: Some("v1".to_owned()), ..Signs::default() };
        let text = |text: &str| Signs { text: text.to_owned(), ..Signs::default() };
        for (signs, strategy, reason) in [
            (deployed.clone(), Strategy::A, "recent deploy"),
            (Signs { migration: true, ..deployed.clone() }, Strategy::B, "migration"),
            (Signs { previous: None, ..deployed.clone() }, Strategy::B, "no verified release before `v2`"),
            (Signs { rolled_back: true, ..deployed.clone() }, Strategy::B, "back on the release before"),
            (text("API returns 500"), Strategy::B, "nothing was deployed lately"),
            (text("Timeout too low"), Strategy::B, "nothing was deployed lately"),
            (text("Third-party geocoder is down"), Strategy::C, "nothing was deployed lately"),
            (text("Intermittent deadlock"), Strategy::C, "nothing was deployed lately"),
            (Signs { text: "Data corruption in orders".to_owned(), ..deployed }, Strategy::D, "data corruption"),
            (text("Active breach of the admin API"), Strategy::D, "security breach"),
        ] {
            let recommendation = recommend(&signs);
            assert_eq!(recommendation.strategy, strategy, "{signs:?}");
            assert!(recommendation.reasons[0].contains(reason), "{:?}", recommendation.reasons);
        }
    }
}
