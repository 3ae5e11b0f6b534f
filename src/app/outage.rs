//! Incidents that a watch opens: one for each cause, and linked with the incident in which it was found.

use std::time::Duration;

use jiff::Timestamp;

use super::declare::Report;
use super::error::AppError;
use super::session::Session;
use crate::domain::event::Fact;
use crate::domain::incident::Incident;
use crate::domain::quote::quote;
use crate::steps::publish::is_under_embargo;
use crate::workflow::engine::LEASE;
use crate::workflow::journal::{Journal, JournalError, Lease};

/// How many of the newest incidents are searched for one that was closed before it was linked.
const NEWEST: u32 = 20;

impl Session {
    /// Declares an incident for the outage that holds `incident`, or finds the existing one, and links the
    /// two. Returns `incident` after it.
    ///
    /// May be called again after a crash at any moment: each link is written only if it is missing.
    pub(super) async fn declare_outage(&self, incident: Incident) -> Result<Incident, AppError> {
        let Some(outage) = incident.outage.clone() else { return Ok(incident) };
        let report = Report {
            title: format!("{} fails", capital(&outage.cause)),
            // An order has no severity of its own.
            severity: incident.severity,
            // It may have lines of a log, as the event that it comes from.
            symptoms: vec![quote(&outage.seen)],
            embargo: is_under_embargo(&incident),
            assessment: format!("found by the watch of {}, which is held by it", incident.id),
            cause: Some(outage.cause),
            detected: Some(outage.found),
            ..Report::default()
        };
        let (other, _) = self.declare_once(report, outage.found).await?;
        if other.key == incident.key {
            return Ok(incident);
        }
        if !other.links.iter().any(|link| link.incident == incident.key) {
            let why = "its watch is held by this outage".to_owned();
            self.record(&other.key, Fact::Linked { incident: incident.key.clone(), why }).await?;
        }
        let why = "the outage that holds the watch".to_owned();
        self.record(&incident.key, Fact::Linked { incident: other.key, why }).await
    }

    /// Returns the incident of the report's cause that is open, or was declared after `since`; declares it if
    /// there is none. True if it is new. Two processes at the same time get the same one.
    pub async fn declare_once(&self, report: Report, since: Timestamp) -> Result<(Incident, bool), AppError> {
        let cause = report.cause.clone().unwrap_or_default();
        let lease = self.lease_on(&cause).await?;
        let found = async {
            match self.incident_of(&cause, since).await? {
                Some(known) => Ok((known, false)),
                None => Ok((self.declare(report).await?.incident, true)),
            }
        };
        let found = found.await;
        self.service.tools.store.release(&lease).await?;
        found
    }

    async fn incident_of(&self, cause: &str, since: Timestamp) -> Result<Option<Incident>, AppError> {
        let store = &self.service.tools.store;
        let (open, newest) = (store.open_incidents().await?, store.newest_incidents(NEWEST).await?);
        for summary in open.iter().chain(newest.iter().filter(|summary| summary.declared >= since)) {
            let incident = self.service.incident(&summary.key).await?;
            if incident.declaration().and_then(|declaration| declaration.cause.as_deref()) == Some(cause) {
                return Ok(Some(incident));
            }
        }
        Ok(None)
    }

    /// Waits for the lease on a cause while another process declares it.
    async fn lease_on(&self, cause: &str) -> Result<Lease, AppError> {
        loop {
            match self.service.tools.store.acquire(&format!("cause/{cause}"), &self.actor, LEASE).await {
                Err(JournalError::Leased { .. }) => tokio::time::sleep(Duration::from_millis(200)).await,
                ended => return Ok(ended?),
            }
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
