//! The output of a tool of the project.

use std::fs::File;
use std::io::{Read, Seek};

use super::Question;
use crate::process::{self, Output, Spec, TAIL};

/// The most bytes of an answer that are read.
const LARGEST: u64 = 256 << 20;

/// Runs a command in the project and returns what it printed to standard output; fails, in words, where
/// its exit status is not 0.
pub async fn ask(question: &Question<'_>, arguments: &[&str], environment: &[(&str, &str)]) -> Result<String, String> {
    let in_words = |error: std::io::Error| error.to_string();
    let mut answer = tempfile::tempfile().map_err(in_words)?;
    let own = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let spec = Spec {
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        directory: question.directory.to_owned(),
        environment: question.environment.iter().cloned().chain(own).collect(),
        limit: question.limit,
        confinement: question.confinement.cloned(),
    };
    let stdout = Some(answer.try_clone().map_err(in_words)?);
    let ended = process::run_into(spec, Output { stdout, keep: TAIL }).await;
    if !ended.succeeded() {
        let asked = arguments[..arguments.len().min(2)].join(" ");
        return Err(format!("`{asked}`: {}\n{}", ended.words(), ended.last_lines(3)).trim_end().to_owned());
    }
    text(&mut answer).map_err(in_words)
}

fn text(answer: &mut File) -> std::io::Result<String> {
    let mut text = String::new();
    answer.rewind()?;
    answer.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}
