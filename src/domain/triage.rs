//! Where a report goes, and how bad it is: rules in order, the first that fits decides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::severity::Severity;

/// Where a report goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    Hotfix,
    BugFix,
    Backlog,
}

impl Route {
    pub fn as_str(self) -> &'static str {
        match self {
            Route::Hotfix => "hotfix",
            Route::BugFix => "bug fix",
            Route::Backlog => "backlog",
        }
    }
}

/// A rule of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    /// Any of these phrases, anywhere in the text, in upper or lower case.
    pub any: Vec<String>,
    /// If there are any, one of these has to be there too.
    #[serde(default)]
    pub with: Vec<String>,
    pub route: Route,
    /// Only for the route `hotfix`.
    pub severity: Option<Severity>,
}

/// What only sounds like a symptom: the name of a thing that is shown when something fails.
const NO_SYMPTOMS: &[&str] =
    &["error page", "error pages", "error message", "error messages", "error text", "404 page"];

/// The result of the rules for a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Triage {
    pub route: Route,
    pub severity: Option<Severity>,
    /// The rule that decided, and the phrase that it found.
    pub rule: String,
}

/// Returns the most urgent severity among the rules for hotfixes that fit `text`; else the first other
/// rule that fits; else a bug fix.
///
/// An emergency is never hidden by a word like "cosmetic" elsewhere in the report.
pub fn triage(text: &str, rules: &[Rule]) -> Triage {
    let mut text = format!(" {} ", normalized(text));
    for phrase in NO_SYMPTOMS {
        text = text.replace(&format!(" {phrase} "), " - ");
    }
    let found = rules.iter().filter_map(|rule| Some((rule, matched(rule, &text)?)));
    let (hotfixes, others): (Vec<_>, Vec<_>) = found.partition(|(rule, _)| rule.route == Route::Hotfix);
    let urgent = hotfixes.into_iter().min_by_key(|(rule, _)| rule.severity.unwrap_or(Severity::P2));
    match urgent.or_else(|| others.into_iter().next()) {
        Some((rule, word)) => Triage {
            route: rule.route,
            severity: (rule.route == Route::Hotfix).then(|| rule.severity.unwrap_or(Severity::P2)),
            rule: format!("{}: `{word}`", rule.name),
        },
        None => Triage { route: Route::BugFix, severity: None, rule: "no rule fits".to_owned() },
    }
}

fn matched<'a>(rule: &'a Rule, text: &str) -> Option<&'a str> {
    // With spaces around both, only whole words match.
    let has = |phrase: &&String| text.contains(&format!(" {} ", normalized(phrase)));
    (rule.with.is_empty() || rule.with.iter().any(|phrase| has(&phrase)))
        .then(|| rule.any.iter().find(has).map(String::as_str))?
}

/// Lower-case words with single spaces, so that phrases match across line breaks and punctuation.
fn normalized(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, any: &[&str], with: &[&str], route: Route, severity: Option<Severity>) -> Rule {
        let owned = |phrases: &[&str]| phrases.iter().map(|word| word.to_string()).collect();
        Rule { name: name.to_owned(), any: owned(any), with: owned(with), route, severity }
    }

    #[test]
    fn the_most_urgent_rule_decides_and_is_named() {
        let rules = [
            rule("cosmetic", &["cosmetic", "typo"], &[], Route::Backlog, None),
            rule("subset", &["some users"], &[], Route::Hotfix, Some(Severity::P2)),
            rule("revenue", &["payment"], &["500", "fail", "error"], Route::Hotfix, Some(Severity::P0)),
        ];
        let says = |text: &str| {
            let triage = triage(text, &rules);
            format!("{} {:?} {}", triage.route.as_str(), triage.severity.map(Severity::as_str), triage.rule)
        };
        assert_eq!(says("Payment API returns 500, cosmetic?"), r#"hotfix Some("P0") revenue: `payment`"#);
        assert_eq!(says("some\n users see a typo"), r#"hotfix Some("P2") subset: `some users`"#);
        assert_eq!(says("Typo in the payment page"), "backlog None cosmetic: `typo`");
        assert_eq!(says("Typo in the payment error page"), "backlog None cosmetic: `typo`");
        assert_eq!(says("The payment error page returns 500"), r#"hotfix Some("P0") revenue: `payment`"#);
        assert_eq!(says("5000 typos"), "bug fix None no rule fits");
        assert_eq!(says(""), "bug fix None no rule fits");
    }
}
