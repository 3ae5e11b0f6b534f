//! Asks before something that can't be undone.

use std::io::{BufRead, IsTerminal, Write};

use super::error::CliError;

/// Returns if the person agrees, or has agreed with `yes`; fails otherwise, and without a terminal.
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
