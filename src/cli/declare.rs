use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::app::declare::{Declared, Report};
use crate::app::session::Session;
use crate::app::view::plan::StartPlan;
use crate::domain::incident::Incident;
use crate::domain::severity::Severity;
use crate::domain::strategy::Strategy;

/// Declare an incident: identifier, severity, clocks, notices; nothing else is started
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: hotfix declare \"Payment API returns 500\" --severity P0 --impact \"no payment goes through\""
)]
pub struct Args {
    #[command(flatten)]
    pub report: ReportArgs,
}

/// What is known about the problem
#[derive(Clone, Debug, clap::Args)]
pub struct ReportArgs {
    /// What is broken, in a few words
    title: String,
    /// P0, P1 or P2; by the rules of the configuration if left out
    #[arg(long, short, value_parser = super::choice::severity(), ignore_case = true)]
    severity: Option<Severity>,
    /// The tracker's identifier instead of HOTFIX-YYYYMMDD-NNN
    #[arg(long, value_name = "ID")]
    issue_id: Option<String>,
    /// When it was first seen, such as 2026-11-20T14:20:00Z; the clock runs from there. Without it, the time to detect is
    /// that of the first error in the log, or unknown
    #[arg(long, value_name = "TIME")]
    detected: Option<jiff::Timestamp>,
    /// What users notice
    #[arg(long, default_value = "", hide_default_value = true)]
    impact: String,
    /// A symptom; may be repeated
    #[arg(long = "symptom", value_name = "TEXT")]
    symptoms: Vec<String>,
    /// An affected service; may be repeated
    #[arg(long = "service", value_name = "NAME")]
    services: Vec<String>,
    /// The commit that broke it: branches without it need no fix
    #[arg(long, value_name = "COMMIT")]
    broken_by: Option<String>,
    /// Nothing of it reaches the remote: neither its title nor its number
    #[arg(long)]
    embargo: bool,
    /// How many users are affected
    #[arg(long, default_value = "", hide_default_value = true)]
    users: String,
    /// Why fewer people approve than the rules ask for, where the severity or the profile lowers their number
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
    /// A first idea of the cause
    #[arg(long, default_value = "", hide_default_value = true)]
    assessment: String,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.declaring().await?;
        let incident = told(session.declare(self.report.report()).await?);
        let reply = run::whole(&session.service, &incident).await?;
        run::heard(&session.service, &incident, reply).await
    }
}

/// Prints the remarks on standard error, and returns the incident.
pub fn told(declared: Declared) -> Incident {
    declared.remarks.iter().for_each(|remark| show::note(remark));
    declared.incident
}

impl ReportArgs {
    /// Shows what `start` would declare and do, and does nothing.
    pub fn plan(self, session: &Session, strategy: Option<Strategy>) -> Result<Reply, CliError> {
        let plan = session.plan_of_start(&self.report(), strategy)?;
        let StartPlan { severity, chosen_by, steps } = &plan;
        let text = format!("declare       {severity} ({chosen_by})\nthen          {}\n", steps.join(", "));
        Ok(Reply::new(text, plan))
    }

    pub fn report(self) -> Report {
        Report {
            cause: None,
            reason: self.reason,
            embargo: self.embargo,
            broken_by: self.broken_by,
            title: self.title,
            severity: self.severity,
            issue_id: self.issue_id,
            detected: self.detected,
            impact: self.impact,
            symptoms: self.symptoms,
            services: self.services,
            users: self.users,
            assessment: self.assessment,
            ticket: None,
        }
    }
}
