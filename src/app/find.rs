//! Which incident, or order, a command is about.

use super::error::AppError;
use super::service::Service;
use crate::domain::summary::Summary;

impl Service {
    /// What has this identifier or key, here or in another store.
    async fn find_named(&self, id: &str) -> Result<Option<Summary>, AppError> {
        match self.others().await?.find(id) {
            Some(listed) => Ok(Some(listed.summary.clone())),
            None => Ok(self.tools.store.find_incident(id).await?),
        }
    }

    /// Returns the incident called `id`; without one, the only one that is open.
    pub async fn find(&self, id: Option<&str>) -> Result<Summary, AppError> {
        let store = &self.tools.store;
        if let Some(id) = id
            && let Some(found) = self.find_named(id).await?
        {
            let Summary { id, kind, .. } = found.clone();
            return if found.is_incident() { Ok(found) } else { Err(AppError::NotAnIncident { id, kind }) };
        }
        // Those that are worked on here come first: a command without a name is about them.
        let others = self.others().await?;
        let mut open = store.open_incidents().await?;
        others.take_the_place_in(&mut open, |_| false);
        if open.is_empty() || id.is_some() {
            open = self.incidents(0).await?;
        }
        let names = open.iter().map(|incident| incident.id.clone()).collect();
        match (id, open.len()) {
            (Some(id), _) => Err(AppError::Unknown { id: id.to_owned(), open: names }),
            (None, 0) => Err(AppError::NoneOpen),
            (None, 1) => Ok(open.remove(0)),
            (None, _) => Err(AppError::Several { open: names }),
        }
    }

    /// The same, or an order without an incident; without a name, an incident comes first.
    pub async fn find_any(&self, id: Option<&str>) -> Result<Summary, AppError> {
        if let Some(id) = id
            && let Some(found) = self.find_named(id).await?
        {
            return Ok(found);
        }
        match self.find(id).await {
            Err(AppError::NoneOpen) => {
                let mut open = self.open_cases().await?;
                match open.len() {
                    0 => Err(AppError::NoneOpen),
                    1 => Ok(open.remove(0)),
                    _ => Err(AppError::Several { open: open.into_iter().map(|order| order.id).collect() }),
                }
            }
            found => found,
        }
    }

    /// The incident or order called `id`; the open or the last one if left out.
    pub async fn find_any_to_read(&self, id: Option<&str>) -> Result<Summary, AppError> {
        match self.find_any(id).await {
            Err(AppError::NoneOpen) => {
                let mut newest = self.tools.store.newest(1).await?;
                self.others().await?.take_the_place_in(&mut newest, |_| true);
                newest.into_iter().max_by_key(|one| one.declared).ok_or(AppError::NoneOpen)
            }
            found => found,
        }
    }

    /// The incident called `id`, or the last one if none is open: for commands that only read.
    pub async fn find_to_read(&self, id: Option<&str>) -> Result<Summary, AppError> {
        match self.find(id).await {
            Err(AppError::NoneOpen) => {
                let newest = self.incidents(1).await?.into_iter().next();
                newest.ok_or(AppError::NoneOpen)
            }
            found => found,
        }
    }
}
