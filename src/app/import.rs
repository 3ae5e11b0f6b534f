//! Journals from another store.

use std::path::Path;

use super::error::AppError;
use super::service::Place;
use super::session::Session;
use super::view::store::ImportedView;
use crate::domain::audit;
use crate::steps::publish::Base;
use crate::store::Store;
use crate::workflow::journal::{Journal, JournalError, fold};

impl Session {
    /// Copies journals from the store at `from`: those in `ids`, or all. `from` is `sqlite`, a PostgreSQL
    /// address or the path of another clone's `journal.db`. What is here already stays, and is continued.
    ///
    /// Fails, and writes nothing, if a chain does not hold or a journal is here with other events.
    pub async fn import_from(&self, from: &str, ids: &[String]) -> Result<ImportedView, AppError> {
        let tools = &self.service.tools;
        let path = Path::new(from);
        let file = path.parent().filter(|_| path.is_file());
        let location = if file.is_some() { "sqlite" } else { from };
        let place = Place::at(location.to_owned(), &tools.project, &tools.config).await?;
        let other = Store::open(&place.location, file.unwrap_or(&place.home), &place.claim).await?;
        let mut journals = Vec::new();
        for key in keys(&other, ids).await? {
            let events = other.events(&key).await?;
            if let Some(found) = audit::verify(&events, &[]).first() {
                return Err(AppError::Tampered { key, seq: found.seq, what: found.what.as_str() });
            }
            journals.push(events);
        }
        other.close().await;
        let imported = self.import(&journals).await?;
        for key in &imported {
            // Its anchors name this store from now on. Those of journals that are over stay as they are.
            if let Some(found) = tools.store.find_incident(key).await?.filter(|found| found.ended.is_none()) {
                let incident = fold(&tools.store.events(&found.key).await?).map_err(JournalError::from)?;
                if let Some(incident) = incident {
                    tools.publish_or_warn(&incident, Base::Any).await;
                }
            }
        }
        self.service.mirror.forget().await;
        let count = journals.len();
        Ok(ImportedView { unchanged: count - imported.len(), imported })
    }
}

async fn keys(store: &Store, ids: &[String]) -> Result<Vec<String>, AppError> {
    let all = store.keys().await?;
    if ids.is_empty() {
        return Ok(all);
    }
    let mut keys = Vec::with_capacity(ids.len());
    for id in ids {
        match store.find_incident(id).await? {
            Some(found) => keys.push(found.key),
            None if all.contains(id) => keys.push(id.clone()),
            None => return Err(AppError::Unknown { id: id.clone(), open: Vec::new() }),
        }
    }
    Ok(keys)
}
