//! The outbox: what each destination still has to get follows from the journal alone.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Destination, Notifier};
use crate::domain::incident::{Announcement, FailedNotice, Incident, StepState, Topic};
use crate::domain::name;
use crate::workflow::courier::{About, Courier, Notice, Phase, Undelivered};

/// How many of the notices that were left out are named.
const NAMED: usize = 5;

/// Every destination with its notifier.
pub struct Outbox {
    destinations: Vec<(Destination, Box<dyn Notifier>)>,
}

impl Outbox {
    pub fn new(destinations: &[Destination], directory: &Path) -> Outbox {
        let build = |destination: &Destination| (destination.clone(), destination.by.build(directory));
        Outbox { destinations: destinations.iter().map(build).collect() }
    }

    fn find(&self, name: &str) -> Option<&(Destination, Box<dyn Notifier>)> {
        self.destinations.iter().find(|(destination, _)| destination.name == name)
    }

    /// Tries a destination with a notice of its own, as `person`. Returns what was done, in words.
    pub async fn test(&self, destination: &str, person: &str, now: Timestamp) -> Result<&'static str, Undelivered> {
        let Some((_, notifier)) = self.find(destination) else {
            return Err(format!("there is no destination `{destination}`").into());
        };
        notifier.test(&test_notice(destination, person, now)).await
    }

    /// What each destination has not got of the incident, in order, whether it may be tried now or not.
    pub fn outstanding(&self, incident: &Incident, now: Timestamp) -> Vec<Pending> {
        let mut pending = Vec::new();
        for (destination, _) in &self.destinations {
            let notices = self.undelivered(&destination.name, incident, now);
            let failed = notices.first().and_then(|first| incident.notices_failed.get(&first.id)).cloned();
            let again = failed.as_ref().map(again);
            pending.extend(notices.into_iter().map(|notice| Pending { notice, failed: failed.clone(), again }));
        }
        pending
    }

    /// What `destination` has not got, in order, each as a notice of its own, whether it may be tried now or not.
    fn undelivered(&self, destination: &str, incident: &Incident, now: Timestamp) -> Vec<Notice> {
        let Some((config, notifier)) = self.find(destination) else { return Vec::new() };
        let is_of_them = config.severities.is_empty()
            || incident.severity.is_some_and(|severity| config.severities.contains(&severity));
        if !is_of_them {
            return Vec::new();
        }
        // What was announced and is not in the journal as sent: a crash loses nothing.
        incident
            .announcements
            .iter()
            .filter(|announcement| match config.topics.is_empty() {
                true => notifier.is_usual(announcement.topic),
                false => config.topics.contains(&announcement.topic),
            })
            .filter(|announcement| notifier.takes(announcement.topic))
            .map(|announcement| notice(incident, destination, announcement, now))
            .filter(|notice| !incident.notices_sent.contains(&notice.id))
            .collect()
    }
}

/// A notice that a destination has not got.
#[derive(Clone, Debug)]
pub struct Pending {
    pub notice: Notice,
    /// How the destination failed last, since something arrived there.
    pub failed: Option<FailedNotice>,
    /// When it is tried again, at the earliest; `None` for at once.
    pub again: Option<Timestamp>,
}

/// How long to wait after the n-th failure of a destination in a row: 5 s, doubling, up to 10 min.
fn rest(attempts: u32) -> Duration {
    Duration::from_secs((5u64 << attempts.saturating_sub(1).min(7)).min(600))
}

/// When a destination that failed is tried again.
fn again(failed: &FailedNotice) -> Timestamp {
    let usual = failed.at.checked_add(rest(failed.attempts)).unwrap_or(failed.at);
    failed.again.map_or(usual, |again| again.max(usual))
}

fn notice(incident: &Incident, destination: &str, announcement: &Announcement, now: Timestamp) -> Notice {
    let subject = format!("{} {}: {}", incident.label(), announcement.topic.title(), announcement.text);
    let about = about(incident, now);
    let mut text = format!(
        "{}\n{}\n{}, {}",
        name::line(&incident.title(), 200),
        announcement.text,
        announcement.topic.title(),
        announcement.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
    );
    if matches!(announcement.topic, Topic::Deployed | Topic::RolledBack | Topic::Closed | Topic::Aborted) {
        let after = announcement.at.duration_since(incident.declared).as_secs();
        text.push_str(&format!(", {} after it was declared", crate::domain::elapsed::elapsed(after)));
    }
    text.push('\n');
    Notice {
        id: format!("{}/{destination}", announcement.seq),
        seq: announcement.seq,
        incident: incident.key.clone(),
        destination: destination.to_owned(),
        topic: announcement.topic,
        at: announcement.at,
        subject: name::line(&subject, 200),
        what: announcement.text.clone(),
        text,
        covers: Vec::new(),
        about,
    }
}

/// A notice about no incident.
fn test_notice(destination: &str, person: &str, now: Timestamp) -> Notice {
    // Its own each time: a destination that looks for what it has must not find the last test.
    let key = format!("hotfix-test-{}", now.as_millisecond());
    let text = format!("{person} tries out whether notices of hotfix arrive here. Nothing has happened.");
    Notice {
        id: format!("1/{destination}"),
        seq: 1,
        incident: key,
        destination: destination.to_owned(),
        topic: Topic::Update,
        at: now,
        subject: "a test of hotfix: nothing has happened".to_owned(),
        what: text.clone(),
        text: text.clone() + "\n",
        covers: Vec::new(),
        about: About {
            id: "test".to_owned(),
            title: text,
            label: "test".to_owned(),
            phase: Phase::Resolved,
            environment: String::new(),
            declared: now,
            duration: 0,
            wanted: None,
        },
    }
}

fn about(incident: &Incident, now: Timestamp) -> About {
    let wanted = incident.current().and_then(|step| match &step.state {
        StepState::Held { hint, .. } => hint.of_a_person(),
        StepState::Stuck { error, .. } => Some(format!("{} is stuck: {}", step.name, name::line(error, 200))),
        _ => None,
    });
    About {
        id: incident.id.clone(),
        title: incident.title(),
        label: incident.severity.map_or(incident.case.kind(), |severity| severity.as_str()).to_owned(),
        phase: phase(incident),
        environment: incident.case.environment().to_owned(),
        declared: incident.declared,
        duration: incident.ended.unwrap_or(now).duration_since(incident.declared).as_secs().max(0),
        wanted: wanted.filter(|_| !incident.status.is_over()),
    }
}

fn phase(incident: &Incident) -> Phase {
    if incident.status.is_over() {
        return Phase::Resolved;
    }
    // The last of them counts: what went bad is being worked on again.
    let told = incident.announcements.iter().rev().find_map(|announcement| match announcement.topic {
        Topic::Deployed | Topic::RolledBack | Topic::Verified => Some(Phase::Monitoring),
        Topic::Strategy | Topic::Bad => Some(Phase::Identified),
        _ => None,
    });
    told.unwrap_or(Phase::Investigating)
}

/// The newest notice in place of all: after an outage nobody wants to read forty messages. What is left out is
/// counted and named.
fn merged(mut notices: Vec<Notice>) -> Vec<Notice> {
    let Some(mut newest) = notices.pop() else { return notices };
    if notices.is_empty() {
        return vec![newest];
    }
    let plural = if notices.len() == 1 { "notice before it was" } else { "notices before it were" };
    newest.text.push_str(&format!("{} {plural} not delivered:\n", notices.len()));
    for earlier in notices.iter().rev().take(NAMED) {
        newest.text.push_str(&format!("- {}\n", earlier.subject));
    }
    if notices.len() > NAMED {
        newest.text.push_str(&format!("- and {} more\n", notices.len() - NAMED));
    }
    newest.covers = notices.into_iter().map(|notice| notice.id).collect();
    vec![newest]
}

#[async_trait]
impl Courier for Outbox {
    fn destinations(&self) -> Vec<&str> {
        self.destinations.iter().map(|(destination, _)| destination.name.as_str()).collect()
    }

    fn pending(&self, destination: &str, incident: &Incident, now: Timestamp) -> Vec<Notice> {
        let pending = self.undelivered(destination, incident, now);
        // Notices keep their order, so the failures of the first one decide.
        let failed = pending.first().and_then(|first| incident.notices_failed.get(&first.id));
        let Some(failed) = failed else { return pending };
        // A clock that went back does not make anybody wait.
        if now >= failed.at && now < again(failed) {
            return Vec::new();
        }
        let merges = self.find(destination).is_some_and(|(_, notifier)| notifier.merges());
        if merges { merged(pending) } else { pending }
    }

    async fn send(&self, notice: &Notice) -> Result<(), Undelivered> {
        let Some((_, notifier)) = self.find(&notice.destination) else {
            return Err(format!("there is no destination `{}`", notice.destination).into());
        };
        notifier.send(notice).await
    }
}
