//! Does a gate fail in the same way before and with the fix? Pure.

use std::collections::BTreeSet;

use crate::process::Ending;

/// How a gate failed, in words, with all that it printed, and where.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    pub ended: &'a str,
    pub output: &'a str,
    pub directory: &'a str,
}

/// Whether the gate says nothing with the fix that it does not say without it, directories and numbers left out:
/// a line with a complaint may move, and a count may differ.
pub fn fails_alike(before: &Failure<'_>, with: &Failure<'_>) -> bool {
    let (said, says) = (lines(before), lines(with));
    before.ended == with.ended && says.is_subset(&said) && says.is_empty() == said.is_empty()
}

/// Whether a gate that ended so was run and did not succeed.
pub fn is_failure(ending: &Ending) -> bool {
    // 126 and 127: the shell could not start what the command names (POSIX, "Exit Status for Commands").
    matches!(ending, Ending::Exit(status) if ![0, 126, 127].contains(status))
}

fn lines(failure: &Failure<'_>) -> BTreeSet<String> {
    let text = failure.output.replace(failure.directory, "");
    let plain = |line: &str| line.split(|c: char| c.is_ascii_digit()).collect::<String>().trim().to_owned();
    text.lines().map(plain).filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_says_something_new_does_not_fail_alike() {
        let complaint = "/before/a.js\n  3:1  error  'x' is not defined  no-undef\n1 problem\n";
        let before = Failure { ended: "exit status 1", output: complaint, directory: "/before" };
        let moved = "/with/a.js\n  12:1  error  'x' is not defined  no-undef\n2 problem\n";
        for (ended, output, alike) in [
            ("exit status 1", moved, true),
            ("exit status 2", moved, false),
            ("exit status 1", "/with/a.js\n  3:1  error  'y' is not defined  no-undef\n1 problem\n", false),
            ("exit status 1", "/with/b.js\n  3:1  error  'x' is not defined  no-undef\n1 problem\n", false),
            ("exit status 1", "", false),
        ] {
            let with = Failure { ended, output, directory: "/with" };
            assert_eq!(fails_alike(&before, &with), alike, "{ended} {output}");
        }
        let silent = |directory| Failure { ended: "exit status 1", output: "", directory };
        assert!(fails_alike(&silent("/before"), &silent("/with")));
    }

    #[test]
    fn a_gate_that_could_not_run_did_not_fail() {
        let ends = [Ending::Exit(0), Ending::Exit(127), Ending::Signal(9), Ending::NotStarted("no program".to_owned())];
        assert!(is_failure(&Ending::Exit(1)) && !ends.iter().any(is_failure));
    }
}
