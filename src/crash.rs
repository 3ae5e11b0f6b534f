//! Kills this process at a chosen point, so that tests, drills and the demo can show that it survives a
//! crash at any moment.

use std::sync::OnceLock;

/// Where a crash can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point<'a> {
    /// Just before an event is appended.
    Before(i64),
    /// Just after it was appended.
    After(i64),
    /// While a step's command runs.
    Within(&'a str),
}

/// Ends the process with SIGKILL if `HOTFIX_CRASH` names this point: `before:SEQ`, `after:SEQ`
/// or `within:STEP`.
pub fn point(point: Point<'_>) {
    static ASKED: OnceLock<Option<String>> = OnceLock::new();
    let Some(asked) = ASKED.get_or_init(|| std::env::var("HOTFIX_CRASH").ok()) else { return };
    let here = match point {
        Point::Before(seq) => format!("before:{seq}"),
        Point::After(seq) => format!("after:{seq}"),
        Point::Within(step) => format!("within:{step}"),
    };
    if *asked == here {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}
