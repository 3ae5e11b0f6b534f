//! The templates of the documents: the shipped ones, or a project's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::markdown;

/// The shipped templates by file name.
const SHIPPED: &[(&str, &str)] = &[
    ("ticket.md", include_str!("../../templates/ticket.md")),
    ("resolution.md", include_str!("../../templates/resolution.md")),
    ("report.md", include_str!("../../templates/report.md")),
    ("report-brief.md", include_str!("../../templates/report-brief.md")),
    ("follow-up.md", include_str!("../../templates/follow-up.md")),
    ("post-mortem.md", include_str!("../../templates/post-mortem.md")),
];

/// The templates in force.
#[derive(Clone, Debug)]
pub struct Templates {
    sources: BTreeMap<&'static str, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("`{}` can't be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("template `{name}`, line {line}, `{text}`: {reason}")]
    Wrong { name: &'static str, line: usize, text: String, reason: String },
}

impl Templates {
    /// Returns the shipped templates, each replaced by the file of the same name in `directory` if there
    /// is one.
    ///
    /// Fails if a file can't be read or is not a template.
    pub fn load(directory: Option<&Path>) -> Result<Templates, TemplateError> {
        let environment = environment();
        let mut sources = BTreeMap::new();
        for (name, shipped) in SHIPPED {
            let source = match directory.map(|directory| directory.join(name)) {
                Some(path) if path.exists() => {
                    std::fs::read_to_string(&path).map_err(|source| TemplateError::Unreadable { path, source })?
                }
                _ => (*shipped).to_owned(),
            };
            environment.template_from_str(&source).map_err(|error| wrong(name, &source, error))?;
            sources.insert(*name, source);
        }
        Ok(Templates { sources })
    }

    /// Returns the document of template `name` with `values`.
    ///
    /// Fails if the template uses a value that does not exist.
    pub(super) fn render(&self, name: &'static str, values: &impl Serialize) -> Result<String, TemplateError> {
        let source = &self.sources[name];
        environment().render_str(source, Serde(values)).map_err(|error| wrong(name, source, error))
    }
}

fn wrong(name: &'static str, template: &str, error: minijinja::Error) -> TemplateError {
    let line = error.line().unwrap_or(1);
    let text = template.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned();
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    TemplateError::Wrong { name, line, text, reason }
}

/// Every value is shown as plain text, or as a code span by the filter `code`: no template can forget to
/// escape untrusted text.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = minijinja::syntax::SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the default delimiters differ");
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_filter("code", |value: String| Value::from_safe_string(markdown::code(&value)));
    environment.set_formatter(|out, _, value| {
        if value.is_safe() {
            write!(out, "{value}")?;
        } else if !value.is_none() {
            out.write_str(&markdown::text(&value.to_string()))?;
        }
        Ok(())
    });
    environment
}
