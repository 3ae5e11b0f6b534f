//! What happens in the demo, act by act.

use std::path::Path;
use std::sync::Arc;

use super::Fault;
use super::stage::Stage;
use crate::app::service::{Options, Service};
use crate::cli::error::CliError;
use crate::demo::customers::{Count, Customers};
use crate::demo::files::RELEASE;
use crate::demo::fix::{BAD, Fix, GOOD};
use crate::demo::sandbox::Sandbox;
use crate::domain::fix::Branch;
use crate::domain::incident::{Incident, Status};
use crate::domain::production::Deploy;
use crate::domain::step_name::StepName;

/// The people who approve the fix; neither wrote it.
const APPROVERS: [(&str, &str); 2] =
    [("tech-lead", "Ada Lindqvist <ada@payments.example>"), ("on-call", "Chidi Okafor <chidi@payments.example>")];

/// The branch that rewrote the lines that the fix changes.
const CONFLICTING: &str = "feature/strict-amounts";

/// What the acts need.
struct Play<'a> {
    stage: &'a Stage,
    sandbox: &'a Sandbox,
    customers: &'a Customers,
}

/// Plays the demo to its end and returns the incident. Fails if an act does not end as it should.
pub async fn play(
    stage: &Stage,
    sandbox: &Sandbox,
    customers: &Customers,
    fault: Option<Fault>,
) -> Result<Incident, CliError> {
    let play = Play { stage, sandbox, customers };
    play.see().await?;
    play.declare().await?;
    if fault == Some(Fault::BadFix) {
        play.fix(&BAD).await?;
        play.go_bad().await?;
    }
    play.fix(&GOOD).await?;
    match fault {
        Some(Fault::Crash) => play.crash().await?,
        _ => play.ship().await?,
    }
    if fault == Some(Fault::Conflict) {
        return play.stay_stuck().await;
    }
    play.waive().await
}

impl Play<'_> {
    /// The break, as customers and probes see it.
    async fn see(&self) -> Result<(), CliError> {
        let Sandbox { directory, address, .. } = self.sandbox;
        self.stage.says(&format!("Production runs payments {RELEASE}, and customers pay all the time.")).await;
        self.stage.shows(&format!("http://{address}, from the sandbox in {}", directory.display()));
        self.look_at_customers().await;
        self.stage.says("Do the probes see it as well?").await;
        let reply = self.stage.types(&["watch"]).await?;
        self.stage.shows(&reply.text);
        if reply.exit == 0 { Err(unexpected("the probes see nothing wrong")) } else { Ok(()) }
    }

    async fn declare(&self) -> Result<(), CliError> {
        self.stage
            .says("Robin, at the keyboard, declares it. hotfix numbers it, looks around, decides, and makes a branch.")
            .await;
        self.stage.types(&["start", "Payment API returns 500"]).await?;
        self.expect(Status::Open, StepName::Fix).await.map(drop)
    }

    /// The fix: Robin commits it, hotfix checks it, two people approve it.
    async fn fix(&self, fix: &Fix) -> Result<(), CliError> {
        let branch = self.incident().await?.detail::<Branch>().ok_or_else(|| unexpected("there is no branch"))?;
        self.stage
            .says(&format!("The log names the place. Robin's fix, in a work tree of its own: {}.", fix.thought))
            .await;
        self.stage.prompt("cd", &[&format!("../{}", name(&branch.work_tree))]).await;
        self.stage.prompt("git commit --all", &["--message", fix.subject]).await;
        let diff = fix.commit(branch.work_tree.as_ref()).await;
        self.stage.shows(diff.map_err(|error| CliError::failed(error.to_string()))?.as_str());

        self.stage.says("From here on hotfix does what is left, as far as it may.").await;
        self.stage.types(&["ship"]).await?;
        self.expect(Status::Held, StepName::Review).await?;
        self.stage.says("Two people who did not write it have to agree, on this very commit.").await;
        for (role, person) in APPROVERS {
            self.stage.types(&["approve", "--role", role, "--as", person]).await?;
        }
        Ok(())
    }

    /// Deploys, watches, merges and backports; one branch is in conflict.
    async fn ship(&self) -> Result<(), CliError> {
        self.stage.says("The release replaces what runs, is watched, and goes to every branch that needs it.").await;
        self.stage.types(&["ship"]).await?;
        self.expect(Status::Stuck, StepName::Backport).await.map(drop)
    }

    /// Deploys a fix that makes it worse.
    async fn go_bad(&self) -> Result<(), CliError> {
        self.stage.says("The tests pass, so it is deployed. But what do the probes see?").await;
        self.stage.types(&["ship"]).await?;
        let incident = self.expect(Status::Held, StepName::Fix).await?;
        let deploy = incident.detail::<Deploy>().ok_or_else(|| unexpected("nothing was deployed"))?;
        self.stage
            .says(&format!("{} was worse than what it replaced, and {} is back.", deploy.release, deploy.previous))
            .await;
        self.look_at_customers().await;
        Ok(())
    }

    /// Is killed in the middle of the deploy.
    async fn crash(&self) -> Result<(), CliError> {
        self.stage.says("Now hotfix is killed by SIGKILL, just when production changes.").await;
        if !self.stage.types_and_crashes(&["ship"], "within:deploy").await? {
            return Err(unexpected("hotfix was not killed"));
        }
        self.expect(Status::Open, StepName::Deploy).await?;
        self.stage.says("The journal knows how far it was. Whether the deploy happened, production itself says.").await;
        self.stage.types(&["resume"]).await?;
        self.expect(Status::Stuck, StepName::Backport).await.map(drop)
    }

    /// Somebody takes care of the conflict, and it continues to the end.
    async fn waive(&self) -> Result<Incident, CliError> {
        self.stage
            .says(&format!("{CONFLICTING} rewrote the same lines. That is for its owner; the rest continues."))
            .await;
        let reason = "rewrites the same lines; Eli Moreno brings the fix in";
        self.stage.types(&["waive", CONFLICTING, "--reason", reason]).await?;
        self.stage.types(&["resume"]).await?;
        let incident = self.incident().await?;
        if incident.status != Status::Closed {
            return Err(unexpected(&format!("the incident is {}", incident.status.as_str())));
        }
        self.stage.says("And the customers?").await;
        self.look_at_customers().await;
        self.stage.says("The report, as hotfix has it from its journal:").await;
        Ok(incident)
    }

    async fn stay_stuck(&self) -> Result<Incident, CliError> {
        let incident = self.expect(Status::Stuck, StepName::Backport).await?;
        self.stage
            .says(&format!("{CONFLICTING} rewrote the same lines. hotfix leaves it alone until somebody decides."))
            .await;
        Ok(incident)
    }

    /// Shows what customers get right now.
    async fn look_at_customers(&self) {
        self.customers.count();
        tokio::time::sleep(self.stage.look()).await;
        let Count { answered, errors } = self.customers.count();
        self.stage.shows(&format!("{errors} of {answered} payments were answered with 500"));
    }

    async fn incident(&self) -> Result<Incident, CliError> {
        let service = service(self.sandbox).await?;
        let found = service.find_to_read(None).await?;
        Ok(service.incident(&found.key).await?)
    }

    /// Returns the incident, which has to have this status at this step.
    async fn expect(&self, status: Status, step: StepName) -> Result<Incident, CliError> {
        let incident = self.incident().await?;
        let current = incident.current().map(|current| current.name);
        if incident.status == status && current == Some(step) {
            return Ok(incident);
        }
        let (is, current) = (incident.status.as_str(), current.map_or("", StepName::as_str));
        Err(unexpected(&format!("at `{current}` it is {is}; at `{step}` it should be {}", status.as_str())))
    }
}

/// The service that the sandbox's repository is.
pub async fn service(sandbox: &Sandbox) -> Result<Arc<Service>, CliError> {
    let options = Options { directory: sandbox.repository.clone(), ..Options::default() };
    Ok(Service::open(&options).await?)
}

fn unexpected(what: &str) -> CliError {
    CliError::failed(format!("the demo did not go as it should: {what}"))
}

/// The last part of a path.
fn name(path: &str) -> String {
    Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
