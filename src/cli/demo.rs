use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::stage::Stage;
use super::Context;
use super::error::CliError;
use super::reply::Reply;
use crate::app::view::demo::DemoView;
use crate::demo::customers::Customers;
use crate::demo::sandbox::Sandbox;

mod stage;
mod story;

/// Do the whole job in a sandbox: a real remote, a real service, a real break
///
/// The sandbox is a directory with a bare git remote, a clone of it, and a small running service that
/// fails some of its customers. The demo runs the commands that a person would type, and shows them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix demo                          paced, so that a person can follow
  hotfix demo --fault bad-fix          the first fix makes it worse, and is rolled back
  hotfix demo --fast --json            for machines")]
pub struct Args {
    /// What else goes wrong
    #[arg(long, value_name = "KIND")]
    fault: Option<Fault>,
    /// Build the sandbox in this empty directory instead of a temporary one
    #[arg(long = "in", value_name = "DIR")]
    sandbox: Option<PathBuf>,
    /// Without pauses, and with a watch of a few seconds
    #[arg(long)]
    fast: bool,
    /// Keep the service running
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// The first fix makes it worse: found, rolled back, and a second one goes through
    BadFix,
    /// hotfix is killed in the middle of the deploy, and resumes
    Crash,
    /// Nobody decides about a branch where the fix conflicts: stuck
    Conflict,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        // The journal of a demo belongs in its sandbox, not among a team's incidents.
        if std::env::var("HOTFIX_STORE").is_ok_and(|store| store != "sqlite") {
            return Err(CliError::usage("the demo would write into the store of HOTFIX_STORE")
                .hint("env -u HOTFIX_STORE hotfix demo"));
        }
        let (mut terminated, mut hung_up) = (listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
        // However it ends, dropping the sandbox stops what runs there.
        tokio::select! {
            ended = self.play(context) => ended,
            _ = terminated.recv() => Err(CliError::interrupted()),
            _ = hung_up.recv() => Err(CliError::interrupted()),
        }
    }

    async fn play(self, context: &Context) -> Result<Reply, CliError> {
        let window = Duration::from_secs(if self.fast { 3 } else { 20 });
        let directory = self.sandbox.map(|directory| context.global.directory.join(directory));
        anstream::eprintln!("Building a sandbox: a git remote, a clone of it, a service in Rust ...");
        let mut sandbox = Sandbox::build(directory.as_deref(), window, Timestamp::now()).await?;
        let stage = Stage::new(&sandbox.repository, self.fast);
        let customers = Customers::start(sandbox.address);
        let ended = story::play(&stage, &sandbox, &customers, self.fault).await;
        let incident =
            ended.map_err(|error| error.hint(format!("everything is in {}", sandbox.directory.display())))?;

        let next = story::service(&sandbox).await?.next(&incident).await?;
        let words = next.next.clone();
        let view = DemoView::of(&incident, next, &sandbox.directory, &sandbox.remote);
        let mut text = stage.types(&["report", &incident.id]).await?.text;
        text.push_str(&whereabouts(&sandbox, words.as_deref(), self.keep));
        if self.keep {
            sandbox.production.keep();
        }
        Ok(Reply::new(text, view).with(incident.status))
    }
}

fn listen(kind: SignalKind) -> Result<Signal, CliError> {
    signal(kind).map_err(|error| CliError::failed(format!("signals can't be listened to: {error}")))
}

/// Where everything is, and how to continue if the incident is not over.
fn whereabouts(sandbox: &Sandbox, next: Option<&str>, keep: bool) -> String {
    let Sandbox { address, repository, remote, production, .. } = sandbox;
    let stop = stage::quoted(&production.stop_script().to_string_lossy());
    let (repository, remote, log) = (repository.display(), remote.display(), production.log());
    let runs = if keep { format!("runs at http://{address}; `sh {stop}` stops it") } else { "is stopped".to_owned() };
    let mut text = format!("\nrepository  {repository}\nremote      {remote}\n");
    text.push_str(&format!("production  {runs}; its log is {}\n", log.display()));
    if let Some(next) = next {
        text.push_str(&format!("next        in the repository: {next}\n"));
    }
    text
}
