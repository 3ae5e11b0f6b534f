//! Findings as SARIF 2.1.0, which forges show beside the code (docs.oasis-open.org/sarif).

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::checks::{self, Check};
use super::finding::{Level, percent, waive};
use crate::domain::check::Violation;

/// Where a finding is that is of no file: forges take none without a place.
const WHOLE: &str = ".";

/// Returns the log of one run that found `violations`, with all checks as its rules. What was waived
/// is in it as suppressed.
pub fn sarif(violations: &[Violation]) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hotfix",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": checks::ALL.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": violations.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(check: &Check) -> Value {
    let level = if check.level == Level::Block { "error" } else { "warning" };
    let rate = check.rate.map(|rate| format!(" It fires on {} of honest fixes.", percent(rate)));
    let help = format!("{}{} {}", check.help, rate.unwrap_or_default(), waive(check.name));
    json!({
        "id": check.name,
        "shortDescription": { "text": check.help.split_inclusive(['.', ':']).next().unwrap_or(check.help) },
        "fullDescription": { "text": check.help },
        "help": { "text": help },
        "defaultConfiguration": { "level": level },
    })
}

fn result(violation: &Violation) -> Value {
    let counted = match violation.counted.len() {
        0 | 1 => String::new(),
        _ => format!(" ({})", violation.counted.join(", ")),
    };
    let mut result = json!({
        "ruleId": violation.check,
        "level": if violation.blocks { "error" } else { "warning" },
        "message": { "text": format!("{}{counted}. {}", violation.message, waive(&violation.check)) },
        "locations": [location(violation.file.as_deref().unwrap_or(WHOLE), violation)],
        "partialFingerprints": { "hotfixFinding/v1": fingerprint(violation) },
    });
    if violation.waived {
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted" }]);
    }
    result
}

fn location(file: &str, violation: &Violation) -> Value {
    let removed = violation.counted.first().is_some_and(|place| place.ends_with("(removed)"));
    let mut place = json!({ "artifactLocation": { "uri": uri(file), "uriBaseId": "%SRCROOT%" } });
    // The number of a line that is gone would point at another line.
    if let Some(line) = violation.line.filter(|_| !removed) {
        place["region"] = json!({ "startLine": line });
    }
    json!({ "physicalLocation": place })
}

/// The same for the same finding when lines were added above it: numbers make no difference.
fn fingerprint(violation: &Violation) -> String {
    let mut hasher = DefaultHasher::new();
    let words = violation.message.replace(|c: char| c.is_ascii_digit(), "");
    (&violation.check, &violation.file, words).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// A relative path as a URI reference (RFC 3986, section 4.2).
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::sarif;
    use crate::domain::check::Violation;

    #[test]
    fn a_finding_is_a_result_at_its_place() {
        let found = Violation {
            check: "marker".to_owned(),
            message: "no comment".to_owned(),
            blocks: true,
            waived: true,
            waived_by: String::new(),
            file: Some("src/a b.rs".to_owned()),
            line: Some(7),
            counted: vec!["src/a b.rs:7".to_owned()],
            log: String::new(),
            rate: None,
        };
        let gone = Violation {
            line: Some(3),
            counted: vec!["x:3 (removed)".to_owned()],
            file: Some("x".to_owned()),
            ..Violation::default()
        };
        let log = sarif(&[found, gone]);
        insta::assert_json_snapshot!(log["runs"][0]["results"], @r#"
        [
          {
            "level": "error",
            "locations": [
              {
                "physicalLocation": {
                  "artifactLocation": {
                    "uri": "src/a%20b.rs",
                    "uriBaseId": "%SRCROOT%"
                  },
                  "region": {
                    "startLine": 7
                  }
                }
              }
            ],
            "message": {
              "text": "no comment. To let it pass: hotfix waive marker --reason \"...\""
            },
            "partialFingerprints": {
              "hotfixFinding/v1": "b7c96853be5ca3e8"
            },
            "ruleId": "marker",
            "suppressions": [
              {
                "kind": "external",
                "status": "accepted"
              }
            ]
          },
          {
            "level": "warning",
            "locations": [
              {
                "physicalLocation": {
                  "artifactLocation": {
                    "uri": "x",
                    "uriBaseId": "%SRCROOT%"
                  }
                }
              }
            ],
            "message": {
              "text": ". To let it pass: hotfix waive  --reason \"...\""
            },
            "partialFingerprints": {
              "hotfixFinding/v1": "78f44205c5214c0d"
            },
            "ruleId": ""
          }
        ]
        "#);
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], "size");
    }
}
