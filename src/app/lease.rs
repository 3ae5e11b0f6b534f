//! Who may act now, and taking that from someone who is gone.

use super::error::AppError;
use super::service::Service;
use super::session::Session;
use super::view::lease::{CommandView, LeaseView, LeasesView};
use crate::domain::event::Fact;
use crate::domain::name;
use crate::process::machine::{Life, Process};

impl Service {
    /// The leases that are held, and the commands that change something right now.
    pub async fn leases(&self) -> Result<LeasesView, AppError> {
        let store = &self.tools.store;
        let leases = store.leases().await?.into_iter().map(LeaseView::from).collect();
        let commands = store.running().await?.iter().map(CommandView::of).collect();
        Ok(LeasesView { leases, commands })
    }
}

impl Session {
    /// Takes a lease from its holder, and takes a command there for ended, because a person says so. That is an
    /// event in the journal that it was held for, and returned by name if there is none.
    ///
    /// Fails without a reason, where nobody holds it, and while the command is seen to run.
    pub async fn break_lease(&self, lease: &str, reason: &str) -> Result<Option<String>, AppError> {
        if reason.trim().is_empty() {
            return Err(AppError::NoReason { what: "a broken lease" });
        }
        let store = &self.service.tools.store;
        let (held, running) = (store.leases().await?, store.running().await?);
        let (held, running) = (
            held.into_iter().find(|held| held.name == lease),
            running.into_iter().find(|running| running.work.place == lease),
        );
        if let Some(running) = running.as_ref().filter(|running| running.process.life(&Process::own()) == Life::Alive) {
            return Err(AppError::StillRuns { words: running.words.clone(), process: running.process.id });
        }
        let command = running.as_ref().map(|running| format!("`{}` on {}", running.words, running.process));
        let holder = command.or_else(|| held.as_ref().map(|held| held.holder.clone()));
        let Some(holder) = holder else { return Err(AppError::NobodyHolds { name: name::line(lease, 80) }) };
        let key = running.map(|running| running.work.incident).or_else(|| held.map(|held| held.incident));
        let key = key.filter(|key| !key.is_empty());
        if let Some(key) = &key {
            let (lease, reason) = (lease.to_owned(), reason.to_owned());
            self.record(key, Fact::LeaseBroken { lease, holder, reason }).await?;
        }
        store.declare_ended(lease).await?;
        store.break_lease(lease).await?;
        Ok(key)
    }
}
