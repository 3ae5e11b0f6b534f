use std::path::{Path, PathBuf};

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::triage::TriageView;
use crate::domain::next::Next;

/// Show where a report goes (hotfix, bug fix or backlog), how bad it is, and by which rule
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix issue \"Payment API returns 500\"
  hotfix issue docs/issues/001-api-500.md
  hotfix issue 001                            reads docs/issues/001-*.md")]
pub struct Args {
    /// The report, a file with it, or the number of one in docs/issues
    report: String,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let (text, file) = self.read(&context.global.directory, service.top(), &service.config().ticket.path)?;
        let triage = service.triage(&text);
        let severity = triage.severity.map(|severity| format!(" {severity}")).unwrap_or_default();
        let mut shown = format!("{}{severity}\nrule: {}\n", triage.route.as_str(), show::safe(&triage.rule));
        if let Some(severity) = triage.severity {
            let title = text.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
            let title = crate::domain::name::line(title.unwrap_or_default(), 80).replace(['"', '\\', '$', '`'], " ");
            shown.push_str(&format!("next: {}\n", Next::Declare { title, severity }.command(None)));
        }
        Ok(Reply::new(shown, TriageView::of(&triage, file.as_deref())))
    }
}

impl Args {
    /// Returns the report's text, and the file that it was read from.
    fn read(&self, directory: &Path, top: &Path, tickets: &str) -> Result<(String, Option<PathBuf>), CliError> {
        let numbered = |folder: PathBuf| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            let start = format!("{}-", self.report);
            let mut files: Vec<_> = entries
                .map(|entry| entry.path())
                .filter(|path| {
                    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                    name.starts_with(&start) && name.ends_with(".md")
                })
                .collect();
            files.sort();
            files.into_iter().next()
        };
        let plain = !self.report.contains(char::is_whitespace);
        let file = [directory.join(&self.report)].into_iter().find(|path| plain && path.is_file());
        let folder = tickets.rsplit_once('/').map_or("docs/issues", |(folder, _)| folder);
        let found = file.or_else(|| if plain { numbered(top.join(folder)) } else { None });
        match found {
            None if plain && (self.report.contains('/') || self.report.ends_with(".md")) => {
                Err(CliError::failed(format!("there is no file `{}`", show::safe(&self.report))))
            }
            None => Ok((self.report.clone(), None)),
            Some(path) => match std::fs::read(&path) {
                Ok(bytes) => Ok((String::from_utf8_lossy(&bytes).into_owned(), Some(path))),
                Err(error) => Err(CliError::failed(format!("`{}` can't be read: {error}", path.display()))),
            },
        }
    }
}
