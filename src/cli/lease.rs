use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::lease::{CommandView, LeaseView, LeasesView};

/// Show who may act now and what runs; take a lease from someone who is gone
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix lease
  hotfix lease --break environment/production --reason \"the machine burnt down\"
A lease that is not renewed ends by itself within 30 s. A command on a machine that does not answer may still
run: whoever breaks its lease says that it does not. That is in the journal, with your name.")]
pub struct Args {
    /// Take this one from its holder
    #[arg(long = "break", value_name = "NAME", requires = "reason")]
    broken: Option<String>,
    /// Why
    #[arg(long, requires = "broken")]
    reason: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let Some(name) = self.broken else {
            let found = context.service().await?.leases().await?;
            return Ok(Reply::new(text(&found), found));
        };
        let session = context.session().await?;
        let incident = session.break_lease(&name, &self.reason.unwrap_or_default()).await?;
        let recorded = incident.map(|key| format!(", recorded in {}", show::safe(&key))).unwrap_or_default();
        let said = format!("{} is free again{recorded}\n", show::safe(&name));
        Ok(Reply::new(said, session.service.leases().await?))
    }
}

fn text(found: &LeasesView) -> String {
    if found.leases.is_empty() && found.commands.is_empty() {
        return "nobody holds anything, and nothing runs\n".to_owned();
    }
    found.leases.iter().map(lease).chain(found.commands.iter().map(command)).collect()
}

fn lease(LeaseView { name, holder, since, until, .. }: &LeaseView) -> String {
    let (name, holder) = (show::safe(name), show::safe(holder));
    format!("{name:<24} {holder}, since {}, until {}\n", show::utc(*since), show::utc(*until))
}

fn command(running: &CommandView) -> String {
    let CommandView { place, command, host, process, clone, since, silence, .. } = running;
    let (command, host, clone) = (show::safe(command), show::safe(host), show::safe(clone));
    let place = show::safe(place);
    format!(
        "{place:<24} `{command}` runs on {host}, process {process}, since {}, in {clone}, heard of {silence} s ago\n",
        show::utc(*since)
    )
}
