//! The command line: a face over [`crate::app`]. A command is one file here and two lines below.

mod abort;
mod ack;
mod action;
mod approve;
mod audit;
mod backport;
mod check;
mod checklist;
mod choice;
mod completions;
mod confirm;
mod decide;
mod declare;
mod demo;
mod deploy;
mod diff;
mod error;
mod inbox;
mod init;
mod investigate;
mod issue;
mod lease;
mod list;
mod log;
mod man;
mod note;
mod notify;
mod people;
mod postmortem;
mod progress;
mod reply;
mod report;
mod resume;
mod rollback;
mod run;
mod severity;
mod ship;
mod show;
mod start;
mod status;
mod store;
mod supervise;
mod takeover;
mod timeline;
mod waive;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, PoisonError};

use clap::{Parser, Subcommand, ValueEnum};

use crate::app::error::AppError;
use crate::app::service::{Options, Service, git_user};
use crate::app::session::Session;
use crate::domain::actor::Actor;
use crate::process::contained;
use crate::workflow::engine::ROUND;
use error::CliError;
use reply::Reply;

/// From the alert to the fix running everywhere.
///
/// `hotfix "Payment API returns 500"` is the same as `hotfix start "Payment API returns 500"`.
#[derive(Debug, Parser)]
#[command(name = "hotfix", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Examples:
  hotfix init                                         look at the repository, write hotfix.toml
  hotfix \"Payment API returns 500\" --severity P0      declare, investigate, decide, branch
  hotfix ship                                         check to close: everything that is left
  hotfix resume                                       continue after a crash, a conflict or a decision
  hotfix status                                       where it stands, and what is due

Exit status: 0 done; 1 failed; 2 usage; 3 held by a guard, gate or approval;
4 stuck, a person is needed; 70 a bug in hotfix.")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Args)]
struct Global {
    /// Run as if started in this directory
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        global = true,
        default_value = ".",
        hide_default_value = true
    )]
    directory: PathBuf,
    /// Print one JSON object on standard output
    #[arg(long, global = true)]
    json: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", hide_default_value = true)]
    color: Color,
    /// Use this profile instead of the one in hotfix.toml
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,
    /// Act as this person, "Name <address>", instead of git's user
    #[arg(long = "as", value_name = "PERSON", global = true, env = "HOTFIX_ACTOR")]
    actor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Demo(demo::Args),
    Issue(issue::Args),
    Declare(declare::Args),
    Start(start::Args),
    Investigate(investigate::Args),
    Decide(decide::Args),
    Check(check::Args),
    Diff(diff::Args),
    Ship(ship::Args),
    Approve(approve::Args),
    Waive(waive::Args),
    Note(note::Args),
    Notify(notify::Args),
    Ack(ack::Args),
    Severity(severity::Args),
    Checklist(checklist::Args),
    Deploy(deploy::Args),
    Watch(watch::Args),
    Rollback(rollback::Args),
    Backport(backport::Args),
    Resume(resume::Args),
    Abort(abort::Args),
    Takeover(takeover::Args),
    Status(status::Args),
    List(list::Args),
    Lease(lease::Args),
    Timeline(timeline::Args),
    Log(log::Args),
    Inbox(inbox::Args),
    Report(report::Args),
    Postmortem(postmortem::Args),
    Action(action::Args),
    People(people::Args),
    Audit(audit::Args),
    Store(store::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(hide = true)]
    Supervise(supervise::Args),
}

/// What a command needs besides its own arguments.
struct Context {
    global: Global,
    /// What the command used, for what is done after it.
    opened: std::sync::Mutex<Option<Arc<Service>>>,
}

impl Context {
    /// The service of the repository, for commands that only read.
    async fn service(&self) -> Result<Arc<Service>, AppError> {
        self.open(&self.options()).await
    }

    async fn open(&self, options: &Options) -> Result<Arc<Service>, AppError> {
        let service = Service::open(options).await?;
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&service));
        Ok(service)
    }

    /// The service used by the person in `--as`, else by git's user. Neither identity is proven.
    async fn session(&self) -> Result<Session, AppError> {
        self.acting(&self.options()).await
    }

    async fn acting(&self, options: &Options) -> Result<Session, AppError> {
        let (service, actor) = tokio::join!(self.open(options), self.actor());
        let (service, actor) = (service?, actor?);
        service.unfollowed_rules().into_iter().for_each(show::note);
        Ok(service.by(actor))
    }

    /// The same under the rules that the remote has now: an incident is declared under them.
    async fn declaring(&self) -> Result<Session, AppError> {
        self.acting(&Options { fresh: true, ..self.options() }).await
    }

    async fn actor(&self) -> Result<Actor, AppError> {
        match &self.global.actor {
            Some(person) => Ok(Actor::claimed(person)),
            None => git_user(&self.global.directory).await,
        }
    }

    /// Sends the notices that did not arrive before, whatever the command was; a failure is in the journal.
    async fn send_what_is_left(&self) {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(service) = opened.filter(|service| !service.config().notify.is_empty()) else { return };
        let Ok(actor) = self.actor().await else { return };
        if let Err(error) = service.by(actor).catch_up(ROUND).await {
            tracing::debug!(%error, "notices are left");
        }
    }

    /// Takes in what other clones have sent, for a command that shows what it is about.
    async fn take_in(&self, service: &Arc<Service>) {
        if let Ok(actor) = self.actor().await {
            service.by(actor).take_in_lately(&self.progress()).await;
        }
    }

    fn options(&self) -> Options {
        Options { directory: self.global.directory.clone(), profile: self.global.profile.clone(), fresh: false }
    }

    fn progress(&self) -> progress::Lines {
        progress::Lines::new()
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    contained::by_this_program();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        anstream::eprintln!("error: a bug in hotfix, at {place}: {}", panic.payload_as_str().unwrap_or_default());
        anstream::eprintln!("hint: `hotfix status` says how to continue; please report this");
        std::process::exit(70);
    }));
    let cli = match Cli::try_parse_from(arguments(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.global.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::AlwaysAnsi.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("HOTFIX_LOG")
        .unwrap_or_else(|_| "warn,sqlx=off,kube_client=error".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return CliError::failed(error.to_string()).print(cli.global.json),
    };
    let json = cli.global.json;
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = run(cli) => ended,
            _ = tokio::signal::ctrl_c() => Err(CliError::interrupted()),
        }
    });
    // Do not wait: what still runs was asked to end, or is supervised.
    runtime.shutdown_background();
    match ended {
        Ok(reply) => reply.print(json),
        Err(error) => error.print(json),
    }
}

async fn run(cli: Cli) -> Result<Reply, CliError> {
    let context = Context { global: cli.global, opened: std::sync::Mutex::default() };
    let ended = execute(cli.command, &context).await;
    context.send_what_is_left().await;
    ended
}

async fn execute(command: Command, context: &Context) -> Result<Reply, CliError> {
    match command {
        Command::Init(args) => args.run(context).await,
        Command::Demo(args) => args.run(context).await,
        Command::Issue(args) => args.run(context).await,
        Command::Declare(args) => args.run(context).await,
        Command::Start(args) => args.run(context).await,
        Command::Investigate(args) => args.run(context).await,
        Command::Decide(args) => args.run(context).await,
        Command::Check(args) => args.run(context).await,
        Command::Diff(args) => args.run(context).await,
        Command::Ship(args) => args.run(context).await,
        Command::Approve(args) => args.run(context).await,
        Command::Waive(args) => args.run(context).await,
        Command::Note(args) => args.run(context).await,
        Command::Notify(args) => args.run(context).await,
        Command::Ack(args) => args.run(context).await,
        Command::Severity(args) => args.run(context).await,
        Command::Checklist(args) => args.run(context).await,
        Command::Deploy(args) => args.run(context).await,
        Command::Watch(args) => args.run(context).await,
        Command::Rollback(args) => args.run(context).await,
        Command::Backport(args) => args.run(context).await,
        Command::Resume(args) => args.run(context).await,
        Command::Abort(args) => args.run(context).await,
        Command::Takeover(args) => args.run(context).await,
        Command::Status(args) => args.run(context).await,
        Command::List(args) => args.run(context).await,
        Command::Lease(args) => args.run(context).await,
        Command::Timeline(args) => args.run(context).await,
        Command::Log(args) => args.run(context).await,
        Command::Inbox(args) => args.run(context).await,
        Command::Report(args) => args.run(context).await,
        Command::Postmortem(args) => args.run(context).await,
        Command::Action(args) => args.run(context).await,
        Command::People(args) => args.run(context).await,
        Command::Audit(args) => args.run(context).await,
        Command::Store(args) => args.run(context).await,
        Command::Completions(args) => args.run(),
        Command::Man(args) => args.run(context),
        Command::Supervise(args) => args.run().await,
    }
}

/// Inserts `start` before a title: the first argument with a space that is neither after a command nor an
/// option's value.
fn arguments(mut arguments: Vec<std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let known = <Cli as clap::CommandFactory>::command();
    let is_command = |argument: &str| argument == "help" || known.find_subcommand(argument).is_some();
    let takes_value = |argument: &str| {
        known.get_arguments().filter(|option| option.get_action().takes_values()).any(|option| {
            let long = option.get_long().is_some_and(|long| argument.strip_prefix("--") == Some(long));
            long || option.get_short().is_some_and(|short| argument == format!("-{short}"))
        })
    };
    let mut given = arguments.iter().skip(1).map(|argument| argument.to_string_lossy());
    let mut is_title = false;
    while let Some(argument) = given.next() {
        if takes_value(&argument) {
            given.next();
        } else if is_command(&argument) {
            break;
        } else if !argument.starts_with('-') && argument.contains(char::is_whitespace) {
            is_title = true;
            break;
        }
    }
    if is_title {
        arguments.insert(1, "start".into());
    }
    arguments
}

/// Shows a usage error, or help.
fn usage(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    let _ = error.print();
    if error.kind() == ErrorKind::InvalidSubcommand {
        anstream::eprintln!("To declare an incident with a title of one word: hotfix start TITLE");
    }
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Cli, arguments};
    use crate::app::view::schema::{ERROR, schemas};

    #[test]
    fn every_command_has_a_schema() {
        let cli = Cli::command();
        let shown = cli.get_subcommands().filter(|command| !command.is_hide_set());
        let mut commands: Vec<&str> = shown.map(|command| command.get_name()).chain([ERROR]).collect();
        commands.sort_unstable();
        assert_eq!(schemas().into_keys().collect::<Vec<_>>(), commands);
    }

    #[test]
    fn a_title_is_told_from_a_command_and_from_an_options_value() {
        for (line, starts) in [
            ("hotfix|Payment API returns 500", true),
            ("hotfix|--severity|P0|Payment API returns 500", true),
            ("hotfix|-C|my shop|--as|Ada <a@x>|Payment API returns 500", true),
            ("hotfix|-C|my shop|status", false),
            ("hotfix|--as|Ada <a@x>|approve|--role|on-call", false),
            ("hotfix|note|all is well", false),
            ("hotfix|--as=Ada <a@x>|status", false),
        ] {
            let given = line.split('|').map(Into::into).collect();
            assert_eq!(arguments(given)[1] == "start", starts, "{line}");
        }
    }
}
