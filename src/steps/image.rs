//! Builds the image of the release and pushes it, so that the deploy can name it by its digest.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::Tools;
use super::deploy::release;
use crate::domain::evidence::Evidence;
use crate::domain::hex::hex;
use crate::domain::image;
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::production::{Image, Release};
use crate::domain::step_name::StepName;
use crate::git::entries::Outside;
use crate::process::supervised::Supervised;
use crate::process::{Ended, Spec};
use crate::value::CommandLine;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct BuildImage(pub Arc<Tools>);

#[async_trait]
impl Step for BuildImage {
    fn name(&self) -> StepName {
        StepName::Image
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let build = self.0.config.image.build.iter();
        Ok(build.map(|command| Action::new("build and push", format!("the image: {command}"))).collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let Some(command) = &self.0.config.image.build else {
            return Ok(Outcome::Skipped("no command builds an image (image.build)".to_owned()));
        };
        let release = release(at.incident)?;
        if !self.0.store.images(&release.tag).await?.is_empty() {
            return Ok(Outcome::Skipped("it was built before".to_owned()));
        }
        if release.commit.is_empty() {
            return Ok(Outcome::Skipped(format!("the commit of `{}` is unknown", release.tag)));
        }
        let place = self.place(at.incident, &release);
        let ended = match place.command.settled().await? {
            // What another clone built may have been named in a file of that clone.
            Some(ended) if ended.succeeded() && !place.images(&ended).is_empty() => ended,
            _ => self.build(at.incident, &release, &place, command).await?,
        };
        if !ended.succeeded() {
            let message = format!("`{command}`: {}\n{}", ended.words(), ended.last_lines(10));
            return Err(StepError::failed(message.trim_end(), Next::Resume));
        }
        let images = place.images(&ended);
        if images.is_empty() {
            place.forget()?;
            let message = format!("`{command}` named no image by its digest on its last lines");
            return Err(StepError::failed(
                message,
                Next::by_hand("let it print NAME@sha256:DIGEST").then(Next::Resume),
            ));
        }
        if let Some(name) = image::named_twice(&images) {
            place.forget()?;
            let message = format!("`{command}` named two images `{name}`, and only one of them can be deployed");
            return Err(StepError::failed(message, Next::by_hand("let it print the one").then(Next::Resume)));
        }
        Ok(Outcome::Done(evidence(release, images)))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let release = release(at.incident)?;
        let place = self.place(at.incident, &release);
        let ended = place.command.settled().await?.filter(Ended::succeeded);
        let images = ended.map(|ended| place.images(&ended));
        let images = images.filter(|images| !images.is_empty() && image::named_twice(images).is_none());
        Ok(images.map(|images| evidence(release, images)))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("the image stays in the registry, and nothing deploys it".to_owned()))
    }
}

impl BuildImage {
    /// The directory with the state of this release's build; another commit is another build.
    fn place(&self, incident: &Incident, release: &Release) -> Place {
        let name = hex(&Sha256::digest(format!("image\0{}\0{}\0{}", incident.key, release.tag, release.commit)));
        let directory = self.0.state.join(&name[..32]);
        let place = format!("image/{}", release.tag);
        Place { command: self.0.supervised(&name[..32], place, incident, self.name()), directory }
    }

    /// Runs the build on a clean tree of the release, which is removed afterwards.
    async fn build(
        &self,
        incident: &Incident,
        release: &Release,
        place: &Place,
        command: &CommandLine,
    ) -> Result<Ended, StepError> {
        let tree = place.directory.join("tree");
        let index = place.directory.join("index");
        place.forget()?;
        std::fs::create_dir_all(&tree)?;
        let project = &self.0.project;
        let outside = Outside { git: &project.git, common: &project.common, directory: &tree, index: &index };
        outside.check_out(&release.commit).await?;
        let mut environment = self.0.environment(incident);
        environment.extend([
            ("HOTFIX_RELEASE".to_owned(), release.tag.clone()),
            ("HOTFIX_COMMIT".to_owned(), release.commit.clone()),
            ("HOTFIX_IMAGE_FILE".to_owned(), place.file().display().to_string()),
        ]);
        let limit = self.0.config.image.limit.0;
        let spec =
            Spec { arguments: command.arguments(), directory: tree.clone(), environment, limit, confinement: None };
        let ended = place.command.run(&spec, self.name().as_str()).await?;
        // A tree that is left behind only costs space.
        let _ = std::fs::remove_dir_all(&tree);
        Ok(ended)
    }
}

struct Place {
    directory: PathBuf,
    command: Supervised,
}

impl Place {
    /// Where the command may write the references, a line each.
    fn file(&self) -> PathBuf {
        self.directory.join("images")
    }

    /// The references that the command wrote; what it printed last if it wrote none.
    fn images(&self, ended: &Ended) -> Vec<String> {
        let written = std::fs::read_to_string(self.file()).unwrap_or_default();
        let references = if written.trim().is_empty() { &ended.output } else { &written };
        image::last_references(references)
    }

    /// Forgets the build.
    fn forget(&self) -> std::io::Result<()> {
        match std::fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn evidence(release: Release, references: Vec<String>) -> Evidence {
    let names: Vec<_> = references.iter().map(|one| format!("`{}`", image::short(one))).collect();
    Evidence::with(names.join(", "), &Image { release: release.tag, references })
}
