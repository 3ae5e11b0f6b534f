//! What people say of an incident, and who may: the same rules for those who work in this clone and for requests
//! from others.

use super::error::AppError;
use super::session::{Session, Unwatched};
use crate::domain::event::{Fact, Planned};
use crate::domain::incident::Incident;

impl Session {
    /// Records `fact` if this actor may say it of `incident` now; where another clone works on it, sends it there
    /// as a request. Returns the incident after it.
    ///
    /// Fails with the reason why not.
    pub(super) async fn say(&self, incident: &Incident, fact: Fact) -> Result<Incident, AppError> {
        let after;
        let incident = match self.take_in_lately(&Unwatched).await {
            true => {
                after = self.service.incident(&incident.key).await?;
                &after
            }
            false => incident,
        };
        // Nobody has to touch a key for what is refused anyway.
        self.may(incident, &fact).await?;
        let actor = self.proven(&incident.key, &fact).await?;
        self.counts(incident, &fact, &actor).await?;
        match self.is_elsewhere(&incident.key).await? {
            true => self.send(incident, &fact, actor).await,
            false => self.record_as(&actor, &incident.key, fact).await,
        }
    }

    /// Fails unless this actor may say `fact` of `incident` now, whatever proves it.
    pub(super) async fn may(&self, incident: &Incident, fact: &Fact) -> Result<(), AppError> {
        match fact {
            Fact::Approved { .. } => self.may_approve(incident, fact).await,
            Fact::Waived { check, reason } => self.may_waive(incident, check, reason).await,
            Fact::SeverityChanged { severity, reason } => self.may_change_severity(incident, *severity, reason),
            Fact::Noted { .. } | Fact::Acknowledged {} | Fact::ActionDone { .. } => Ok(()),
            Fact::Ticked { item } => self.may_tick(item),
            Fact::ActionAdded { action, kind, .. } => Session::may_add(action, kind),
            Fact::Chosen { .. } | Fact::Planned(Planned { strategy: Some(_), .. }) => self.may_choose(incident, fact),
            _ => Err(AppError::NotToSay { what: fact.name() }),
        }
    }
}
