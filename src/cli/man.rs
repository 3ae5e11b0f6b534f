use std::path::PathBuf;

use clap::CommandFactory;
use clap_mangen::Man;

use super::error::CliError;
use super::reply::Reply;
use super::{Cli, Context};
use crate::app::view::help::{PageView, PagesView};

/// Print the manual page of hotfix, or of one of its commands
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix man backport | man -l -                      read a page
  hotfix man --to ~/.local/share/man/man1             install all of them")]
pub struct Args {
    /// The command [default: hotfix itself]
    #[arg(conflicts_with = "to")]
    command: Option<String>,
    /// Write all pages into this directory
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

impl Args {
    pub fn run(self, context: &Context) -> Result<Reply, CliError> {
        let without_help = |command: clap::Command| command.disable_help_subcommand(true);
        let mut cli = without_help(Cli::command()).mut_subcommands(without_help);
        cli.build();
        if let Some(directory) = self.to {
            let directory = context.global.directory.join(directory);
            let written = std::fs::create_dir_all(&directory).and_then(|()| clap_mangen::generate_to(cli, &directory));
            let shown = directory.display();
            written.map_err(|error| CliError::failed(format!("the pages can't be written to `{shown}`: {error}")))?;
            return Ok(Reply::new(format!("The pages are in {shown}"), PagesView::of(&directory)));
        }
        let page = match self.command {
            None => cli,
            Some(name) => match cli.find_subcommand(&name) {
                Some(command) => command.clone(),
                None => return Err(CliError::usage(format!("there is no command `{name}`")).hint("hotfix --help")),
            },
        };
        let name = page.get_display_name().unwrap_or("hotfix").to_owned();
        let mut roff = Vec::new();
        Man::new(page).render(&mut roff).map_err(|error| CliError::failed(error.to_string()))?;
        let roff = String::from_utf8_lossy(&roff).into_owned();
        Ok(Reply::new(roff.clone(), PageView { name, page: roff }))
    }
}
