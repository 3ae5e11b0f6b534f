//! What compose and the engine say when something is wrong, fit to be shown.

use crate::process::{Ended, Ending};

/// The most lines that are shown.
const LINES: usize = 3;
/// What compose prints on its way, when nobody asked.
const PROGRESS: &[&str] = &["Container ", "Network ", "Volume ", "Image ", "time="];

/// Returns the reason in the program's own words; how it ended where it has none.
pub fn of(ended: &Ended) -> String {
    if let Ending::TimedOut(_) | Ending::NotStarted(_) = ended.ending {
        return ended.words();
    }
    let lines = ended.output.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut lines: Vec<&str> = lines.filter(|line| !PROGRESS.iter().any(|word| line.starts_with(word))).collect();
    // After this line comes the value that can't be read, and it may be a secret.
    if let Some(at) = lines.iter().position(|line| line.starts_with("invalid interpolation format")) {
        lines.truncate(at + 1);
    }
    let complaint = lines[lines.len().saturating_sub(LINES)..].join(" ");
    if complaint.is_empty() { ended.words() } else { complaint.trim_end_matches('.').to_owned() }
}

/// Returns the messages of the lines `level=warning msg="..."`, each once.
pub fn warnings(output: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in output.lines().filter(|line| line.contains("level=warning")) {
        let message = line.split_once("msg=").map(|(_, message)| message);
        let message: Option<String> = message.and_then(|message| serde_json::from_str(message).ok());
        found.extend(message.filter(|message| !found.contains(message)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(output: &str) -> Ended {
        Ended { ending: Ending::Exit(1), output: output.to_owned(), seconds: 0.0 }
    }

    #[test]
    fn the_reason_is_shown_and_no_value() {
        let cases = [
            ("", "exit status 1"),
            (
                "invalid interpolation format for services.api.environment.PASSWORD.\n\
                 You may need to escape any $ with another $.\ncor${rect\n",
                "invalid interpolation format for services.api.environment.PASSWORD",
            ),
            (
                " Container app-api-1  Recreate\nError response from daemon: no such image: a:b\n",
                "Error response from daemon: no such image: a:b",
            ),
            (
                "time=\"T\" level=warning msg=\"w\"\nyaml: line 5: found character that cannot start any token\n",
                "yaml: line 5: found character that cannot start any token",
            ),
        ];
        for (output, expected) in cases {
            assert_eq!(of(&ended(output)), expected);
        }
    }

    #[test]
    fn a_warning_is_told_once() {
        let line = r#"time="2026-11-21T12:19:40Z" level=warning msg="The \"NOPE\" variable is not set.""#;
        assert_eq!(
            warnings(&format!("{line}\n{line}\nother\nlevel=warning msg=broken\n")),
            [r#"The "NOPE" variable is not set."#]
        );
    }
}
