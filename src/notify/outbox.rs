//! The outbox: what each destination still has to get follows from the journal alone.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Destination, Notifier};
use crate::domain::incident::{Announcement, Incident};
use crate::domain::name;
use crate::workflow::courier::{Courier, Notice};

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
}

/// How long to wait after the n-th failure of a destination in a row: 5 s, doubling, up to 10 min.
fn rest(attempts: u32) -> Duration {
    Duration::from_secs((5u64 << attempts.saturating_sub(1).min(7)).min(600))
}

fn notice(incident: &Incident, destination: &str, announcement: &Announcement) -> Notice {
    let subject = format!("{} {}: {}", incident.label(), announcement.topic.title(), announcement.text);
    Notice {
        id: format!("{}/{destination}", announcement.seq),
        incident: incident.key.clone(),
        destination: destination.to_owned(),
        subject: name::line(&subject, 200),
        text: format!(
            "{}\n{}\n{}, {}\n",
            name::line(&incident.title(), 200),
            announcement.text,
            announcement.topic.title(),
            announcement.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        ),
    }
}

#[async_trait]
impl Courier for Outbox {
    fn destinations(&self) -> Vec<&str> {
        self.destinations.iter().map(|(destination, _)| destination.name.as_str()).collect()
    }

    fn pending(&self, destination: &str, incident: &Incident, now: Timestamp) -> Vec<Notice> {
        let Some((config, _)) = self.find(destination) else { return Vec::new() };
        // What was announced and is not in the journal as sent: a crash loses nothing.
        let pending: Vec<_> = incident
            .announcements
            .iter()
            .filter(|announcement| config.topics.is_empty() || config.topics.contains(&announcement.topic))
            .map(|announcement| notice(incident, destination, announcement))
            .filter(|notice| !incident.notices_sent.contains(&notice.id))
            .collect();
        // Notices keep their order, so the failures of the first one decide. A clock that went back does
        // not make anybody wait.
        let resting = pending.first().and_then(|first| incident.notices_failed.get(&first.id)).is_some_and(|failed| {
            let since = now.duration_since(failed.at);
            !since.is_negative() && since.unsigned_abs() < rest(failed.attempts)
        });
        if resting { Vec::new() } else { pending }
    }

    async fn send(&self, notice: &Notice) -> Result<(), String> {
        let Some((_, notifier)) = self.find(&notice.destination) else {
            return Err(format!("there is no destination `{}`", notice.destination));
        };
        if notifier.has(notice).await? == Some(true) {
            return Ok(());
        }
        notifier.send(notice).await
    }
}
