//! What people add to an incident: notes, acknowledgements, another severity.

use super::error::AppError;
use super::session::Session;
use crate::domain::event::Fact;
use crate::domain::incident::Incident;
use crate::domain::severity::Severity;

impl Session {
    /// Adds a note to the timeline; an update is also sent to those who wait.
    pub async fn note(&self, key: &str, text: String, update: bool) -> Result<Incident, AppError> {
        self.say(&self.service.incident(key).await?, Fact::Noted { text, update }).await
    }

    /// Records that this actor has seen the incident and is working on it.
    pub async fn acknowledge(&self, key: &str) -> Result<Incident, AppError> {
        self.say(&self.service.incident(key).await?, Fact::Acknowledged {}).await
    }

    /// Changes the severity.
    ///
    /// Fails without a reason, and for an agent where fewer people approve then.
    pub async fn change_severity(&self, key: &str, severity: Severity, reason: String) -> Result<Incident, AppError> {
        self.say(&self.service.incident(key).await?, Fact::SeverityChanged { severity, reason }).await
    }

    /// Fails without a reason, and for an agent where fewer people approve then.
    pub(super) fn may_change_severity(
        &self,
        incident: &Incident,
        severity: Severity,
        reason: &str,
    ) -> Result<(), AppError> {
        if reason.trim().is_empty() {
            return Err(AppError::NoReason { what: "a change of severity" });
        }
        let config = self.service.config();
        if config.roles(Some(severity)).len() < config.roles(incident.severity).len() {
            self.may_lower()?;
        }
        Ok(())
    }
}
