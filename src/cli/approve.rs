use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::case::CaseView;
use crate::domain::check::Check;
use crate::domain::event::Fact;
use crate::domain::next::Next;
use crate::domain::severity::Severity;
use crate::report::next;

/// Approve the fix as it was checked: bound to that commit, void when it changes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix approve --role tech-lead
  hotfix approve --role on-call --commit 9f31c2e
  hotfix approve --break-glass \"nobody else is awake\"      where the profile allows it")]
pub struct Args {
    /// The incident; the only open one where it is left out
    id: Option<String>,
    /// As what you approve
    #[arg(long, default_value = "reviewer")]
    role: String,
    /// The commit that you looked at; refused where it is not the one that was checked
    #[arg(long)]
    commit: Option<String>,
    /// Let it pass alone, for this reason; the review follows
    #[arg(long, value_name = "REASON")]
    break_glass: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let found = app.find(self.id.as_deref()).await?;
        let incident = app.incident(&found.key).await?;
        let Some(check) = incident.detail::<Check>() else {
            return Err(CliError::failed("there is nothing to approve before the fix was checked").hint("hotfix check"));
        };
        if let Some(commit) =
            self.commit.filter(|commit| commit.len() < 7 || !check.commit.starts_with(commit.as_str()))
        {
            return Err(CliError::failed(format!("the fix is {}, not `{}`", check.commit, show::safe(&commit))));
        }
        if self.break_glass.is_some() && !app.config().review.break_glass {
            return Err(
                CliError::failed("the profile allows no break-glass approval").hint("hotfix approve --role ROLE")
            );
        }
        let roles = app.config().roles(incident.severity);
        if self.break_glass.is_none() && !roles.contains(&self.role) {
            let known = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
            return Err(CliError::usage(format!(
                "a {} needs no approval as `{}`",
                incident.severity.map_or("change", Severity::as_str),
                show::safe(&self.role)
            ))
            .hint(format!("roles: {known}")));
        }
        let fact =
            Fact::Approved { role: self.role.clone(), commit: check.commit.clone(), break_glass: self.break_glass };
        let incident = app.record(&found.key, fact).await?;
        let next = match next::next(&incident, roles) {
            // Nobody counts for two roles.
            Some(hint) if hint.first().any(|next| matches!(next, Next::Approve { .. })) => {
                format!("next: {}, by somebody else\n", next::text(&incident, &hint))
            }
            Some(hint) => format!("next: {}\n", next::text(&incident, &hint)),
            None => String::new(),
        };
        let text = format!("{} approved {} as {}\n{next}", app.actor, check.commit, self.role);
        Ok(Reply::new(text, CaseView::of(&incident)))
    }
}
