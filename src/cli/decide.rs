use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::app::view::case::CaseView;
use crate::domain::event::{Fact, Planned};
use crate::domain::incident::StepState;
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;
use crate::workflow::engine::Until;
use crate::workflow::plan;

/// Choose the strategy, or change it mid-way
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix decide                                          what the matrix recommends, and why
  hotfix decide --strategy A --reason \"deployed 10 min ago\"   roll back; `hotfix ship` does it")]
pub struct Args {
    /// The incident; the only open one where it is left out
    id: Option<String>,
    /// A rollback, B quick fix, C workaround, D emergency maintenance
    #[arg(long, value_parser = super::choice::strategy(), ignore_case = true)]
    strategy: Option<Strategy>,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let key = app.find(self.id.as_deref()).await?.key;
        let Some(strategy) = self.strategy else {
            return run::run(context, &app, &key, Until::Step(StepName::Decide)).await;
        };
        let incident = app.incident(&key).await?;
        let waits = incident.plan().is_none_or(|plan| {
            plan.steps.iter().any(|step| step.name == StepName::Decide && !matches!(step.state, StepState::Done { .. }))
        });
        if waits {
            app.record(&key, Fact::Chosen { strategy, reason: self.reason }).await?;
            return run::run(context, &app, &key, Until::Step(StepName::Decide)).await;
        }
        let reason = if self.reason.is_empty() { format!("changed by {}", app.actor) } else { self.reason };
        let steps = plan::steps(strategy).to_vec();
        let fact = Fact::Planned(Planned { strategy: Some(strategy), reasons: vec![reason], steps, back: None });
        let incident = app.record(&key, fact).await?;
        Ok(Reply::new(show::incident(&app, &incident), CaseView::of(&incident)))
    }
}
