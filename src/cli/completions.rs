use clap::CommandFactory;

use super::Cli;
use super::error::CliError;
use super::reply::Reply;
use crate::app::view::help::CompletionsView;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix completions bash > ~/.local/share/bash-completion/completions/hotfix")]
pub struct Args {
    shell: clap_complete::Shell,
}

impl Args {
    pub fn run(self) -> Result<Reply, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "hotfix", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        Ok(Reply::new(script.clone(), CompletionsView { shell: self.shell.to_string(), script }))
    }
}
