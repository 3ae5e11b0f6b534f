//! Records of backports in the journal: each is an event, in a chain for each backport.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Store;
use crate::domain::actor::Actor;
use crate::domain::event::Fact;
use crate::git::backport::error::RecordError;
use crate::git::backport::record::{Record, Records};
use crate::workflow::journal::Journal;

/// The prefix of these chains' keys; an incident's identifier has no `/`.
pub const PREFIX: &str = "backport/";

#[derive(Clone)]
pub struct Chains {
    pub store: Arc<Store>,
    pub actor: Actor,
}

#[async_trait]
impl Records for Chains {
    async fn save(&self, record: &Record) -> Result<(), RecordError> {
        let fact = Fact::BackportRecorded { record: serde_json::to_value(record).map_err(other)? };
        let key = format!("{PREFIX}{}", record.plan.id);
        self.store.append_to_chain(&key, &self.actor, Timestamp::now(), &fact).await.map_err(other)
    }

    async fn load(&self, id: Option<&str>) -> Result<Option<Record>, RecordError> {
        let Some(key) = self.key(id).await? else { return Ok(None) };
        match self.store.events(&key).await.map_err(other)?.pop().map(|event| event.fact) {
            Some(Fact::BackportRecorded { record }) => serde_json::from_value(record).map(Some).map_err(other),
            _ => Ok(None),
        }
    }
}

impl Chains {
    /// Returns the key of the chain with this identifier, or of the one written to last.
    pub async fn key(&self, id: Option<&str>) -> Result<Option<String>, RecordError> {
        match id {
            Some(id) => Ok(Some(format!("{PREFIX}{id}"))),
            None => self.store.newest_chain(PREFIX).await.map_err(other),
        }
    }
}

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RecordError {
    RecordError(error.into())
}
