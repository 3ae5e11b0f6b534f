//! Asks before something that can't be taken back.

use std::io::{BufRead, IsTerminal, Write};

use super::error::CliError;

/// Returns where the person agrees, or `yes` says so beforehand. Without a terminal nobody is there
/// to ask.
pub fn confirm(what: &str, yes: bool) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    let mut stdin = std::io::stdin().lock();
    if !stdin.is_terminal() {
        return Err(CliError::usage(format!("to {what}, somebody has to agree")).hint("add --yes"));
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{what}? [y/N] ");
    let _ = stderr.flush();
    let mut answer = String::new();
    let _ = stdin.read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(CliError::failed("not agreed; nothing was done")),
    }
}
