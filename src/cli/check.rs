mod page;

use clap::ValueEnum;

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::app::check::{Request, check, may_have_incidents, sarif};
use crate::app::error::AppError;
use crate::app::session::{Goal, Session};
use crate::app::view::check::CheckedView;
use crate::check::Parts;
use crate::domain::check::Check;
use crate::report::junit;

/// May the fix go to production? The guard, the proof of its test, and the gates, all at the same time
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix check                       the open incident's fix, else the branch that is checked out
  hotfix check --base v2.3.1         this branch, compared with what production runs
  hotfix check --only proof --no-cache

Exit status 3 where the fix is held; in an incident each rule can be waived by name:
  hotfix waive size --reason \"the generated parser is one file\"")]
pub struct Args {
    /// The incident [default: the only open one]
    id: Option<String>,
    /// Check the commit that is checked out against this one, without an incident
    #[arg(long, value_name = "REV", conflicts_with = "id")]
    base: Option<String>,
    /// The output: a page for people, SARIF of the findings, or JUnit XML of everything
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_default_value = true)]
    format: Format,
    /// Run the tests again, even if the same trees were proven before
    #[arg(long)]
    no_cache: bool,
    /// Run only this part of the check, without an incident
    #[arg(long, value_name = "PART", conflicts_with = "id")]
    only: Option<Only>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Sarif,
    Junit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    Guard,
    Proof,
    Gates,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let alone = self.base.is_some() || self.only.is_some();
        if !alone && (self.id.is_some() || may_have_incidents(&context.global.directory).await) {
            let session = context.session().await?;
            match session.service.find(self.id.as_deref()).await {
                Ok(found) => return self.in_job(context, &session, &found.key).await,
                Err(AppError::NoneOpen) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.alone(context).await
    }

    async fn in_job(&self, context: &Context, session: &Session, key: &str) -> Result<Reply, CliError> {
        if self.no_cache {
            session.service.forget_proofs()?;
        }
        let reply = run::run(context, session, key, Goal::Check).await?;
        let service = &session.service;
        let incident = service.incident(key).await?;
        let Some(check) = service.last_check(&incident) else { return Ok(reply) };
        let next = service.next(&incident).await?;
        let text = match self.format {
            Format::Text => format!("{}\n{}", page::page(&check, Some(&incident.id)), reply.text),
            format => format.document(&check),
        };
        Ok(Reply { exit: reply.exit, ..Reply::new(text, CheckedView::of(&incident, next, &check)) })
    }

    async fn alone(&self, context: &Context) -> Result<Reply, CliError> {
        let wants = |part: Only| self.only.is_none_or(|only| only == part);
        let request = Request {
            directory: context.global.directory.clone(),
            base: self.base.clone(),
            profile: context.global.profile.clone(),
            parts: Parts { guard: wants(Only::Guard), proof: wants(Only::Proof), gates: wants(Only::Gates) },
            remember: !self.no_cache,
        };
        let (check, remarks) =
            check(&request, &|text| anstream::eprintln!("  {}{}{}", show::FAINT, show::safe(text), show::PLAIN))
                .await?;
        remarks.iter().for_each(|remark| show::note(remark));
        let text = match self.format {
            Format::Text => page::page(&check, None),
            format => format.document(&check),
        };
        let exit = if check.held().is_empty() { 0 } else { 3 };
        Ok(Reply { exit, ..Reply::new(text, check) })
    }
}

impl Format {
    /// The check for machines.
    fn document(self, check: &Check) -> String {
        match self {
            Format::Sarif => format!("{:#}", sarif(check)),
            Format::Text | Format::Junit => junit::document(check),
        }
    }
}
