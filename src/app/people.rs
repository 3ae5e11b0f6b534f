//! Who is who, and what is wrong with that.

use std::path::Path;

use super::error::AppError;
use super::service::Service;
use super::view::people::PeopleView;
use crate::people::file::{File, LARGEST, PATH};
use crate::people::problem::problems;
use crate::people::{People, signers};
use crate::policy::people;
use crate::private;
use crate::steps::approvers::proofs;

/// Where a work tree has the public keys of GPG.
const KEYS: &str = ".hotfix/keys";

impl Service {
    /// The people in force and what is wrong with them; or those of a file in a work tree, before it is merged.
    pub async fn people(&self, file: Option<&Path>) -> Result<PeopleView, AppError> {
        let tools = &self.tools;
        let in_force = people::now(&tools.project, &tools.config).await;
        let found = match file {
            Some(file) => Some(self.read(file)?),
            None => in_force?,
        };
        let mut view = PeopleView {
            proof: proofs(&tools.config, found.is_some()).iter().map(|proof| proof.name()).collect(),
            ..PeopleView::default()
        };
        view.differs = file.is_none() && self.differs().await?;
        let Some(people) = found else { return Ok(view) };
        let now = self.now();
        let roles: Vec<Vec<String>> = tools.config.review.roles.values().cloned().collect();
        view.problems = problems(&people, &roles, now);
        Ok(PeopleView { from: Some(people.from.clone()), ..view }.with(&people, now))
    }

    /// Whether the work tree has another file of people than production's branch.
    async fn differs(&self) -> Result<bool, AppError> {
        let project = &self.tools.project;
        let Some(here) = people::in_work_tree(project)? else { return Ok(false) };
        Ok(people::text(project, self.config()).await?.is_none_or(|there| there != here))
    }

    /// The people of a file of this machine, with the files beside it in the work tree.
    fn read(&self, path: &Path) -> Result<People, AppError> {
        let name = path.display().to_string();
        let read = |path: &Path| {
            let unreadable = |source| AppError::Unreadable { path: path.display().to_string(), source };
            private::read(path, LARGEST as u64).map_err(unreadable)
        };
        let file = File::read(path, &read(path)?)?;
        let signers = match &file.allowed_signers {
            Some(listed) => signers::read(&read(&self.top().join(listed))?),
            None => Vec::new(),
        };
        let mut people = People::of(&file, &signers, name);
        for digits in people.gpg_keys() {
            if let Ok(key) = private::read(&self.top().join(KEYS).join(format!("{digits}.asc")), LARGEST as u64) {
                people.keyring.insert(digits, key.into_bytes());
            }
        }
        Ok(people)
    }

    /// Where people say who they are.
    pub fn people_path(&self) -> &'static str {
        PATH
    }
}
