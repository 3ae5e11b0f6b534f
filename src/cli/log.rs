use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::release::LogView;
use crate::domain::image;
use crate::domain::release::ReleaseRecord;

/// What was deployed: time, release, commit, image, verdict, deployer, reason
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix log --limit 5")]
pub struct Args {
    /// Another environment than the configured one
    #[arg(long)]
    environment: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: u32,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let environment = self.environment.unwrap_or_else(|| service.config().deploy.environment.clone());
        let releases = service.releases(Some(&environment), self.limit).await?;
        let lines = releases.iter().map(|release| {
            format!(
                "{}  {:<24} {:<9}  {:<19}  {:<9} {}  {}\n",
                show::utc(release.at),
                show::safe(&release.release),
                release.commit.get(..9).unwrap_or("-"),
                digest(&release.images),
                release.verdict.as_deref().unwrap_or("-"),
                if release.is_deployed() { show::safe(&release.deployer) } else { "-".to_owned() },
                show::safe(&reason(release))
            )
        });
        let text: String = lines.collect();
        let text = if text.is_empty() { format!("nothing was deployed to {environment} yet\n") } else { text };
        Ok(Reply::new(text, LogView::of(environment, releases)))
    }
}

/// The reason, with what is missing where hotfix only saw it run.
fn reason(release: &ReleaseRecord) -> String {
    let unverified = !release.is_deployed() && release.verdict.is_none();
    format!("{}{}", release.reason, if unverified { "; unverified" } else { "" })
}

/// The digest of what was deployed, cut short; how many there are where it is not one.
fn digest(images: &[String]) -> String {
    match images {
        [] => "-".to_owned(),
        [one] => image::short(one).split_once('@').map_or("-", |(_, digest)| digest).to_owned(),
        several => format!("{} images", several.len()),
    }
}
