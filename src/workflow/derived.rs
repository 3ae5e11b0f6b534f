//! What the lists of incidents and releases say, by the journals alone. The store keeps both as tables for
//! speed; nobody has to trust them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::journal::{Illegal, apply};
use crate::domain::audit::Tampering;
use crate::domain::event::{Event, Fact};
use crate::domain::evidence::{Detail, Evidence};
use crate::domain::incident::Incident;
use crate::domain::investigation::Investigation;
use crate::domain::observation::Watch;
use crate::domain::production::{Deploy, FoundRunning, RollBack, WayBack};
use crate::domain::release::ReleaseRecord;
use crate::domain::step_name::StepName;
use crate::domain::summary::Summary;
use crate::domain::verdict::Verdict;

/// A line of the list of releases, with the event that it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The key of the incident.
    pub incident: String,
    pub seq: i64,
    pub record: ReleaseRecord,
}

/// A line of a list that is not what the journals say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// The key of the incident.
    pub incident: String,
    /// `incident` or `release`.
    pub list: &'static str,
    /// The release's name; the incident's identifier in the list of incidents.
    pub row: String,
    /// `inserted`, `edited` or `removed`.
    pub what: Tampering,
}

/// What journals say about releases.
#[derive(Debug, Default)]
pub struct Log {
    deployments: Vec<Deployment>,
    departures: Vec<Departure>,
}

/// A release that an event brought into production, or found there.
#[derive(Debug)]
struct Deployment {
    listed: Listed,
    /// Whether it came back, so that its commit and images are those of its deploy.
    is_back: bool,
    /// When its own incident judged it last, or deployed it.
    judged: Timestamp,
}

/// A release that was taken out of production, which no longer is one to go back to.
#[derive(Debug)]
struct Departure {
    incident: String,
    at: Timestamp,
    environment: String,
    release: String,
}

/// Returns why a release was changed: the incident's title, or the reason of the order.
pub fn reason(incident: &Incident) -> String {
    let given = incident.order().map(|order| order.reason.clone()).filter(|reason| !reason.is_empty());
    format!("{} {}", incident.id, given.unwrap_or_else(|| incident.title()))
}

/// Returns what a step found running that hotfix did not deploy, if it was the first to see it.
pub fn found_running(step: StepName, evidence: &Evidence) -> Option<FoundRunning> {
    match step {
        Investigation::STEP => read::<Investigation>(evidence)?.found,
        WayBack::STEP => read::<WayBack>(evidence)?.found,
        _ => None,
    }
}

/// Returns the reason in the log for a release that hotfix did not deploy.
pub fn reason_of_found(incident: &Incident) -> String {
    format!("seen running by {}, not deployed by hotfix", incident.id)
}

impl Log {
    /// Adds what the journal of one incident says, and returns the incident; nothing for a chain without
    /// one.
    pub fn add(&mut self, events: &[Event]) -> Result<Option<Incident>, Illegal> {
        let (mut incident, mut own) = (None, Vec::new());
        if events.iter().any(|event| matches!(event.fact, Fact::BackportRecorded { .. })) {
            return Ok(None);
        }
        for event in events {
            let after = apply(incident, event)?;
            self.see(event, &after, &mut own);
            incident = Some(after);
        }
        self.deployments.append(&mut own);
        Ok(incident)
    }

    /// `own` are the releases of the event's incident so far.
    fn see(&mut self, event: &Event, incident: &Incident, own: &mut Vec<Deployment>) {
        let (step, evidence) = match &event.fact {
            Fact::StepDone { step, evidence } | Fact::StepWentBad { step, evidence } => (*step, evidence),
            Fact::Undone { step, .. } if *step == Deploy::STEP => {
                deployed(own).for_each(|one| one.judge(event.at, None));
                return;
            }
            _ => return,
        };
        if let Some(found) = found_running(step, evidence) {
            own.push(Deployment::found(event, incident, found));
        } else if step == Deploy::STEP {
            let Some(deploy) = read::<Deploy>(evidence) else { return };
            let Deploy { environment, release, commit, images, .. } = deploy;
            own.push(Deployment::of(event, incident, environment, release, Some((commit, images))));
        } else if step == RollBack::STEP {
            let Some(back) = read::<RollBack>(evidence).filter(|back| back.from != back.to) else { return };
            for one in own.iter_mut().filter(|one| one.listed.record.environment == back.environment) {
                let record = &one.listed.record;
                if record.release == back.from || record.is_deployed() && record.verdict.is_none() {
                    one.judge(event.at, Some(Verdict::Bad));
                }
            }
            self.departures.push(Departure {
                incident: event.incident.clone(),
                at: event.at,
                environment: back.environment.clone(),
                release: back.from,
            });
            own.push(Deployment::of(event, incident, back.environment, back.to, None));
        } else if let Some(watch) = read::<Watch>(evidence) {
            let judged = deployed(own).filter(|one| one.listed.record.release == watch.release);
            judged.for_each(|one| one.judge(event.at, Some(watch.verdict)));
        }
    }

    /// Every release that the journals say was deployed or put back, each with its verdict.
    pub fn releases(&self) -> impl Iterator<Item = ReleaseRecord> {
        self.deployments.iter().map(|one| {
            let verdict = self.verdicts(one).into_iter().next().flatten();
            ReleaseRecord { verdict, ..one.listed.record.clone() }
        })
    }

    /// Returns the line as the journals have it, or `None` if none of them has it.
    pub fn confirmed(&self, line: &Listed) -> Option<Listed> {
        let found = self.find(&line.incident, line.seq)?;
        let verdicts = self.verdicts(found);
        let mut confirmed = found.listed.clone();
        confirmed.record.verdict = match verdicts.contains(&line.record.verdict) {
            true => line.record.verdict.clone(),
            false => verdicts.into_iter().next().flatten(),
        };
        if found.is_back {
            let ReleaseRecord { commit, images, .. } = &line.record;
            let known =
                self.brought(&line.record.release).any(|deploy| (&deploy.commit, &deploy.images) == (commit, images));
            if known {
                (confirmed.record.commit, confirmed.record.images) = (commit.clone(), images.clone());
            }
        }
        Some(confirmed)
    }

    /// Returns every line of the list of releases that differs from the journals, by incident. Those of
    /// the journals in `unread` are left out.
    pub fn differences(&self, list: &[Listed], unread: &[String]) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut add = |line: &Listed, what| {
            let (incident, row) = (line.incident.clone(), line.record.release.clone());
            found.push(Difference { incident, list: "release", row, what });
        };
        for line in list.iter().filter(|line| !unread.contains(&line.incident)) {
            match self.confirmed(line) {
                None => add(line, Tampering::Inserted),
                Some(confirmed) if confirmed != *line => add(line, Tampering::Edited),
                Some(_) => {}
            }
        }
        let listed: std::collections::BTreeSet<_> = list.iter().map(|line| (&line.incident, line.seq)).collect();
        for Deployment { listed: line, .. } in &self.deployments {
            if !listed.contains(&(&line.incident, line.seq)) {
                add(line, Tampering::Removed);
            }
        }
        found
    }

    /// The images of the newest deploy of a release that had any.
    pub fn images(&self, release: &str) -> Vec<String> {
        let built = self.brought(release).filter(|record| !record.images.is_empty());
        built.max_by_key(|record| record.at).map(|record| record.images.clone()).unwrap_or_default()
    }

    fn brought(&self, release: &str) -> impl Iterator<Item = &ReleaseRecord> {
        let deployed = self.deployments.iter().filter(|one| !one.is_back && one.listed.record.is_deployed());
        deployed.map(|one| &one.listed.record).filter(move |record| record.release == release)
    }

    fn find(&self, incident: &str, seq: i64) -> Option<&Deployment> {
        self.deployments.iter().find(|one| one.listed.seq == seq && one.listed.incident == incident)
    }

    /// The verdicts that it may have: by its own incident, and BAD where another one took it out of
    /// production afterwards. In the same millisecond nobody can tell which was first.
    fn verdicts(&self, one: &Deployment) -> Vec<Option<String>> {
        let own = &one.listed.record;
        let others = self.departures.iter().filter(|departure| {
            departure.incident != one.listed.incident
                && departure.environment == own.environment
                && departure.release == own.release
        });
        let last = others.map(|departure| departure.at).max();
        let bad = Some(Verdict::Bad.to_string());
        match last.map(|last| last.cmp(&one.judged)) {
            Some(std::cmp::Ordering::Greater) => vec![bad],
            Some(std::cmp::Ordering::Equal) => vec![bad, own.verdict.clone()],
            _ => vec![own.verdict.clone()],
        }
    }
}

impl Deployment {
    fn of(
        event: &Event,
        incident: &Incident,
        environment: String,
        release: String,
        built: Option<(String, Vec<String>)>,
    ) -> Deployment {
        let is_back = built.is_none();
        let (commit, images) = built.unwrap_or_default();
        let (deployer, reason) = (event.actor.to_string(), reason(incident));
        let record =
            ReleaseRecord { at: event.at, environment, release, commit, images, deployer, reason, verdict: None };
        Deployment {
            listed: Listed { incident: event.incident.clone(), seq: event.seq, record },
            is_back,
            judged: event.at,
        }
    }

    fn found(event: &Event, incident: &Incident, found: FoundRunning) -> Deployment {
        let built = Some((found.commit, Vec::new()));
        let mut one = Deployment::of(event, incident, found.environment, found.release, built);
        (one.listed.record.deployer, one.listed.record.reason) = (String::new(), reason_of_found(incident));
        one
    }

    fn judge(&mut self, at: Timestamp, verdict: Option<Verdict>) {
        self.listed.record.verdict = verdict.map(|verdict| verdict.to_string());
        self.judged = at;
    }
}

/// Those that hotfix deployed or put back.
fn deployed(own: &mut [Deployment]) -> impl Iterator<Item = &mut Deployment> {
    own.iter_mut().filter(|one| one.listed.record.is_deployed())
}

fn read<T: DeserializeOwned>(evidence: &Evidence) -> Option<T> {
    serde_json::from_value(evidence.detail.clone()).ok()
}

/// Returns every line of the list of incidents that differs from `journals`. Those of the journals in
/// `unread` are left out.
pub fn differences(list: &[Summary], journals: &[Incident], unread: &[String]) -> Vec<Difference> {
    let difference =
        |line: &Summary, what| Difference { incident: line.key.clone(), list: "incident", row: line.id.clone(), what };
    let mut found = Vec::new();
    let expected: Vec<Summary> = journals.iter().map(summary).collect();
    for line in list.iter().filter(|line| !unread.contains(&line.key)) {
        match expected.iter().find(|expected| expected.key == line.key) {
            None => found.push(difference(line, Tampering::Inserted)),
            Some(expected) if expected != line => found.push(difference(line, Tampering::Edited)),
            Some(_) => {}
        }
    }
    let missing = expected.iter().filter(|expected| !list.iter().any(|line| line.key == expected.key));
    found.extend(missing.map(|expected| difference(expected, Tampering::Removed)));
    found
}

/// Returns an incident's line in the list of incidents.
pub fn summary(incident: &Incident) -> Summary {
    // A database keeps milliseconds.
    let rounded = |at: Timestamp| Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    Summary {
        key: incident.key.clone(),
        id: incident.id.clone(),
        title: incident.title(),
        severity: incident.severity.map_or("", |severity| severity.as_str()).to_owned(),
        status: incident.status.as_str().to_owned(),
        step: incident.current().map_or("", |step| StepName::as_str(step.name)).to_owned(),
        detected: rounded(incident.detected()),
        declared: rounded(incident.declared),
        updated: rounded(incident.updated),
        ended: incident.ended.map(rounded),
        kind: incident.case.kind().to_owned(),
    }
}
