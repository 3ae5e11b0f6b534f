//! How much time and how large a text the parser is given, so that no diff makes the guard slow.

use std::ops::ControlFlow;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tree_sitter::{Language, ParseOptions, ParseState, Parser, Tree};

/// The most bytes of a text that is parsed: 1 MiB. What people write is smaller.
pub const LARGEST: usize = 1 << 20;

/// The most bytes that are parsed for one diff.
const ALL: usize = 24 << 20;

/// The longest that the processor may be at one text, and at all texts of a diff: a busy machine
/// finds the same as an idle one.
const ONE: Duration = Duration::from_secs(1);
const TOGETHER: Duration = Duration::from_secs(5);

/// What is left for the texts of a diff.
#[derive(Debug)]
pub struct Limit {
    bytes: usize,
    time: Duration,
}

/// Why a text was not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("it is larger than {} KiB", LARGEST >> 10)]
    Large,
    #[error("it takes too long to parse")]
    Slow,
    #[error("the diff is too large for all of it to be parsed")]
    Exhausted,
}

impl Default for Limit {
    fn default() -> Limit {
        Limit { bytes: ALL, time: TOGETHER }
    }
}

impl Limit {
    /// Returns the tree of `text`, errors in it included.
    pub fn parse(&mut self, text: &[u8], grammar: &Language) -> Result<Tree, Unread> {
        if text.len() > LARGEST {
            return Err(Unread::Large);
        }
        self.bytes = self.bytes.checked_sub(text.len()).ok_or(Unread::Exhausted)?;
        if self.time.is_zero() {
            return Err(Unread::Exhausted);
        }
        let start = worked();
        let limit = self.time.min(ONE);
        let tree = parse(text, grammar, &mut |_| match worked() - start > limit {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        self.time = self.time.saturating_sub(worked() - start);
        tree.ok_or(Unread::Slow)
    }
}

fn parse(text: &[u8], grammar: &Language, go_on: &mut dyn FnMut(&ParseState) -> ControlFlow<()>) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(grammar).ok()?;
    let mut go_on = |state: &ParseState| go_on(state);
    let options = ParseOptions::new().progress_callback(&mut go_on);
    parser.parse_with_options(&mut |at, _| text.get(at..).unwrap_or_default(), None, Some(options))
}

/// How long the processor has been at this thread's work.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread has not worked for less than nothing")
}
