//! What can be done next, typed, so that a face can show a command, a button or a tool call.

use std::fmt::Write;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rung::Rung;
use super::severity::Severity;
use super::strategy::Strategy;

/// One action that somebody can take. Written to the journal: variants are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Next {
    Approve {
        role: String,
    },
    /// Make the fix in the work tree at `place`, and commit it.
    Fix {
        place: String,
    },
    /// Do everything that is left of an incident.
    Ship,
    /// Try again, or continue what was interrupted.
    Resume,
    /// Try again, if another try is a longer watch.
    WatchOn,
    Check,
    Decide {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strategy: Option<Strategy>,
    },
    Waive {
        check: String,
    },
    RollBack {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rung: Option<Rung>,
    },
    Deploy {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        release: Option<String>,
    },
    /// Resolve the conflict that the fix has on `branch`.
    Resolve {
        branch: String,
    },
    /// Set `setting` in hotfix.toml; one in brackets is a table to be added.
    Configure {
        setting: String,
    },
    Abort,
    Wait {
        /// Something to wait for.
        why: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    Declare {
        title: String,
        severity: Severity,
    },
    List,
    Status,
    Log,
    /// Something that a person does outside hotfix.
    ByHand {
        what: String,
    },
}

/// The ways to continue after a step was held, failed or got stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Hint {
    /// A sentence, in journals of an older hotfix.
    Text(String),
    /// Ways to choose from, the best first; each is a sequence.
    Ways(Vec<Vec<Next>>),
}

impl Next {
    pub fn by_hand(what: impl Into<String>) -> Next {
        Next::ByHand { what: what.into() }
    }

    pub fn configure(setting: impl Into<String>) -> Next {
        Next::Configure { setting: setting.into() }
    }

    pub fn waive(check: impl Into<String>) -> Next {
        Next::Waive { check: check.into() }
    }

    pub fn wait_for(why: impl Into<String>) -> Next {
        Next::Wait { why: why.into(), until: None }
    }

    pub fn decide(strategy: Strategy) -> Next {
        Next::Decide { strategy: Some(strategy) }
    }

    /// Returns the command to type, with the incident's `id` if one is given; a phrase for what is not a
    /// command.
    pub fn command(&self, id: Option<&str>) -> String {
        // The incident as an argument of its own, or as an option.
        let it = id.map(|id| format!(" {id}")).unwrap_or_default();
        let of = id.map(|id| format!(" --id {id}")).unwrap_or_default();
        match self {
            Next::Approve { role } => format!("hotfix approve{it} --role {role}"),
            Next::Fix { place } => format!("fix it in {place}, `git commit`"),
            Next::Ship => format!("hotfix ship{it}"),
            Next::Resume | Next::WatchOn => format!("hotfix resume{it}"),
            Next::Check => format!("hotfix check{it}"),
            Next::Decide { strategy: None } => format!("hotfix decide{it}"),
            Next::Decide { strategy: Some(strategy) } => format!("hotfix decide{it} --strategy {strategy}"),
            Next::Waive { check } => format!("hotfix waive {check}{of} --reason ..."),
            Next::RollBack { to, rung } => format!("hotfix rollback{it}{}", rung_options(to.as_deref(), *rung)),
            Next::Deploy { release: None } => format!("hotfix deploy{it}"),
            Next::Deploy { release: Some(release) } => format!("hotfix deploy {release}"),
            Next::Resolve { branch } => format!("hotfix backport --resolve {branch}{of}"),
            Next::Configure { setting } if setting.starts_with("[[") => format!("add a {setting} to hotfix.toml"),
            Next::Configure { setting } => format!("set {setting} in hotfix.toml"),
            Next::Abort => format!("hotfix abort{it} --reason ..."),
            Next::Wait { why, until: None } => format!("wait for {why}"),
            Next::Wait { why, until: Some(until) } => {
                format!("wait for {why}, until {}", until.strftime("%Y-%m-%d %H:%M UTC"))
            }
            Next::Declare { title, severity } => format!("hotfix start \"{title}\" --severity {severity}"),
            Next::List => "hotfix list".to_owned(),
            Next::Status => format!("hotfix status{it}"),
            Next::Log => "hotfix log".to_owned(),
            Next::ByHand { what } => what.clone(),
        }
    }

    /// Whether it is a command, and not a phrase.
    pub fn is_command(&self) -> bool {
        !matches!(self, Next::Fix { .. } | Next::Configure { .. } | Next::Wait { .. } | Next::ByHand { .. })
    }

    /// Whether its command names the incident even if no other one is open: somebody else types it, or it
    /// changes production.
    fn names_the_incident(&self) -> bool {
        matches!(self, Next::Approve { .. } | Next::RollBack { .. } | Next::Resolve { .. } | Next::Abort)
    }

    pub fn then(self, next: Next) -> Hint {
        Hint::Ways(vec![vec![self, next]])
    }

    pub fn or(self, way: impl Into<Hint>) -> Hint {
        Hint::from(self).or(way)
    }

    /// As part of a sentence: a command is in backticks.
    fn phrase(&self, command: &str) -> String {
        match self {
            Next::WatchOn => format!("`{command}` to watch longer"),
            next if next.is_command() => format!("`{command}`"),
            _ => command.to_owned(),
        }
    }
}

/// The options of a rollback `to` a release or by a rung; for another release without a name a person
/// has to choose it.
fn rung_options(to: Option<&str>, rung: Option<Rung>) -> String {
    match (to, rung) {
        (Some(to), None | Some(Rung::Undo | Rung::Release)) => format!(" --to {to}"),
        (Some(to), Some(rung)) => format!(" --to {to} --rung {rung}"),
        (None, None | Some(Rung::Undo)) => String::new(),
        (None, Some(Rung::Release)) => " --to RELEASE".to_owned(),
        (None, Some(rung)) => format!(" --rung {rung}"),
    }
}

impl From<Next> for Hint {
    fn from(next: Next) -> Hint {
        Hint::Ways(vec![vec![next]])
    }
}

impl Hint {
    /// What somebody other than whoever runs the job has to do: approve or decide.
    pub fn of_a_person(&self) -> Option<String> {
        let Hint::Ways(ways) = self else { return None };
        match ways.first()?.first()? {
            Next::Approve { role } => Some(format!("an approval as {role} is wanted")),
            Next::Decide { .. } => Some("a decision on the strategy is wanted".to_owned()),
            _ => None,
        }
    }

    /// The same, with `next` at the end of the last way.
    #[must_use]
    pub fn then(mut self, next: Next) -> Hint {
        if let Hint::Ways(ways) = &mut self {
            match ways.last_mut() {
                Some(way) => way.push(next),
                None => ways.push(vec![next]),
            }
        }
        self
    }

    /// The same, with the ways of `other` added.
    #[must_use]
    pub fn or(mut self, other: impl Into<Hint>) -> Hint {
        if let (Hint::Ways(ways), Hint::Ways(others)) = (&mut self, other.into()) {
            ways.extend(others);
        }
        self
    }

    /// The first action of each way.
    pub fn first(&self) -> impl Iterator<Item = &Next> {
        let ways = match self {
            Hint::Text(_) => &[][..],
            Hint::Ways(ways) => ways,
        };
        ways.iter().filter_map(|way| way.first())
    }

    /// Returns it for people: a single command as it is typed, else a sentence with the commands in
    /// backticks. With `several` open incidents each command names this one, `id`.
    pub fn text(&self, id: &str, several: bool) -> String {
        let ways = match self {
            Hint::Text(text) => return text.clone(),
            Hint::Ways(ways) => ways,
        };
        let command = |next: &Next| next.command((several || next.names_the_incident()).then_some(id));
        if let [way] = &ways[..]
            && let [next] = &way[..]
        {
            return command(next);
        }
        let mut text = String::new();
        for (number, way) in ways.iter().enumerate() {
            text.push_str(if number == 0 { "" } else { "; or " });
            for (number, next) in way.iter().enumerate() {
                let between = match number {
                    0 => "",
                    _ if number + 1 == way.len() => ", then ",
                    _ => ", ",
                };
                let _ = write!(text, "{between}{}", next.phrase(&command(next)));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each() -> Vec<Next> {
        let text = |text: &str| text.to_owned();
        vec![
            Next::Approve { role: text("tech-lead") },
            Next::Fix { place: text("/shop-001") },
            Next::Ship,
            Next::Resume,
            Next::WatchOn,
            Next::Check,
            Next::Decide { strategy: None },
            Next::decide(Strategy::B),
            Next::waive("size"),
            Next::RollBack { to: None, rung: None },
            Next::RollBack { to: Some(text("v1")), rung: None },
            Next::RollBack { to: None, rung: Some(Rung::Release) },
            Next::RollBack { to: None, rung: Some(Rung::Restart) },
            Next::RollBack { to: Some(text("v1")), rung: Some(Rung::Recreate) },
            Next::Deploy { release: None },
            Next::Deploy { release: Some(text("v2")) },
            Next::Resolve { branch: text("release/1.x") },
            Next::configure("branch.tag"),
            Next::configure("[[watch.probe]]"),
            Next::Abort,
            Next::wait_for("the other deploy"),
            Next::Wait { why: text("the window"), until: Some("2026-11-20T14:20:00Z".parse().unwrap()) },
            Next::Declare { title: text("API down"), severity: Severity::P0 },
            Next::List,
            Next::Status,
            Next::Log,
            Next::by_hand("git fetch --unshallow"),
        ]
    }

    #[test]
    fn each_has_its_command_with_and_without_an_incident() {
        let lines: Vec<_> =
            each().iter().map(|next| format!("{} | {}", next.command(None), next.command(Some("001")))).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        hotfix approve --role tech-lead | hotfix approve 001 --role tech-lead
        fix it in /shop-001, `git commit` | fix it in /shop-001, `git commit`
        hotfix ship | hotfix ship 001
        hotfix resume | hotfix resume 001
        hotfix resume | hotfix resume 001
        hotfix check | hotfix check 001
        hotfix decide | hotfix decide 001
        hotfix decide --strategy B | hotfix decide 001 --strategy B
        hotfix waive size --reason ... | hotfix waive size --id 001 --reason ...
        hotfix rollback | hotfix rollback 001
        hotfix rollback --to v1 | hotfix rollback 001 --to v1
        hotfix rollback --to RELEASE | hotfix rollback 001 --to RELEASE
        hotfix rollback --rung restart | hotfix rollback 001 --rung restart
        hotfix rollback --to v1 --rung recreate | hotfix rollback 001 --to v1 --rung recreate
        hotfix deploy | hotfix deploy 001
        hotfix deploy v2 | hotfix deploy v2
        hotfix backport --resolve release/1.x | hotfix backport --resolve release/1.x --id 001
        set branch.tag in hotfix.toml | set branch.tag in hotfix.toml
        add a [[watch.probe]] to hotfix.toml | add a [[watch.probe]] to hotfix.toml
        hotfix abort --reason ... | hotfix abort 001 --reason ...
        wait for the other deploy | wait for the other deploy
        wait for the window, until 2026-11-20 14:20 UTC | wait for the window, until 2026-11-20 14:20 UTC
        hotfix start "API down" --severity P0 | hotfix start "API down" --severity P0
        hotfix list | hotfix list
        hotfix status | hotfix status 001
        hotfix log | hotfix log
        git fetch --unshallow | git fetch --unshallow
        "#);
    }

    #[test]
    fn a_hint_is_read_as_it_was_written() {
        for next in each() {
            let hint = Hint::from(next);
            let text = serde_json::to_string(&hint).unwrap();
            assert_eq!(serde_json::from_str::<Hint>(&text).unwrap(), hint, "{text}");
        }
        let old: Hint = serde_json::from_str(r#""`hotfix resume`, or wait""#).unwrap();
        assert_eq!(old.text("001", true), "`hotfix resume`, or wait");
        let hint = Next::by_hand("switch it off").then(Next::Resume).or(Next::waive("autoscaler"));
        insta::assert_snapshot!(serde_json::to_string(&hint).unwrap(), @r#"[[{"do":"by-hand","what":"switch it off"},{"do":"resume"}],[{"do":"waive","check":"autoscaler"}]]"#);
    }

    #[test]
    fn one_command_stands_alone_and_several_are_a_sentence() {
        let by_hand = || Next::by_hand("switch it off");
        for (hint, alone, beside_others) in [
            (Hint::from(Next::Ship), "hotfix ship", "hotfix ship 001"),
            (Hint::from(Next::Abort), "hotfix abort 001 --reason ...", "hotfix abort 001 --reason ..."),
            (
                by_hand().then(Next::Resume),
                "switch it off, then `hotfix resume`",
                "switch it off, then `hotfix resume 001`",
            ),
            (
                by_hand().then(Next::waive("maintenance")).then(Next::Resume),
                "switch it off, `hotfix waive maintenance --reason ...`, then `hotfix resume`",
                "switch it off, `hotfix waive maintenance --id 001 --reason ...`, then `hotfix resume 001`",
            ),
            (
                Next::WatchOn.or(Next::waive("watch")),
                "`hotfix resume` to watch longer; or `hotfix waive watch --reason ...`",
                "`hotfix resume 001` to watch longer; or `hotfix waive watch --id 001 --reason ...`",
            ),
        ] {
            assert_eq!(hint.text("001", false), alone);
            assert_eq!(hint.text("001", true), beside_others);
        }
    }
}
