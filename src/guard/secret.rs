//! Finds keys, tokens and passwords in a line of text. What is found is never shown, only what kind
//! it is. The expressions take time linear in the line (the regex crate backtracks nowhere).

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex, RegexSet};

/// How much of a candidate is looked at, in bytes; no secret is longer.
const LOOKED_AT: usize = 512;

/// The most candidates of one kind that are looked at in a line.
const CANDIDATES: usize = 20;

/// A secret that a line has. Its text is deliberately not in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    pub kind: &'static str,
    /// Its beginning, where that only shows the issuer, and its length: `AKIA... (20 characters)`.
    pub masked: String,
}

/// How sure the form alone makes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// An issuer's own, which nothing else has.
    Issued,
    /// Also common in tests, where it opens nothing.
    Common,
    /// A text beside a word such as `token`; it counts if it looks random.
    Guessed,
}

use Form::{Common, Guessed, Issued};

/// What is looked for. The part in brackets, or all of it, is the secret.
const KINDS: &[(&str, Form, &str)] = &[
    ("AWS access key", Issued, r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    ("GitHub token", Issued, r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"),
    ("GitLab token", Issued, r"\bgl(?:pat|ptt|dt|rt|cbt|soat)-[A-Za-z0-9_-]{20,}"),
    ("Slack token", Issued, r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}|\bxapp-[0-9]-[A-Za-z0-9-]{20,}"),
    (
        "Slack webhook",
        Issued,
        r"\bhooks\.slack\.com/(?:services|workflows)/T[A-Z0-9]{6,}/[A-Z0-9]{6,}/[A-Za-z0-9]{16,}",
    ),
    ("Stripe key", Issued, r"\b(?:[sr]k_live_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{24,})"),
    ("Google API key", Issued, r"\bAIza[A-Za-z0-9_-]{35}"),
    ("Google OAuth secret", Issued, r"\bGOCSPX-[A-Za-z0-9_-]{24,}"),
    ("npm token", Issued, r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("PyPI token", Issued, r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("SendGrid key", Issued, r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}"),
    ("DigitalOcean token", Issued, r"\bdo[opr]_v1_[a-f0-9]{64}"),
    ("AI provider key", Issued, r"\bsk-(?:ant-|proj-|svcacct-)[A-Za-z0-9_-]{32,}"),
    ("Vault token", Issued, r"\bhv[sb]\.[A-Za-z0-9_-]{24,}"),
    ("Shopify token", Issued, r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("Telegram bot token", Issued, r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    ("Azure storage key", Issued, r"\bAccountKey=([A-Za-z0-9+/]{80,}={0,2})"),
    ("private key", Common, r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("JSON web token", Common, r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}"),
    ("password in an address", Common, r#"\b[a-z][a-z0-9+.-]*://[^\s:/@'"<>]*:([^\s/@'"<>]{4,})@[^\s/'"<>]+"#),
    (
        "secret beside its name",
        Guessed,
        r#"(?i)(?:secret|token|passw(?:or)?d|pwd|api_?-?key|access_?-?key|auth_?-?key|private_?-?key|credential)[a-z0-9_.-]*["'\]]*\s*(?:=>|:=|=|:|,)\s*["'`]([^\s"'`]{16,200})["'`]"#,
    ),
    (
        "secret beside its name",
        Guessed,
        r"(?i)^\s*(?:export\s+)?[a-z0-9_.-]*(?:secret|token|passw(?:or)?d|pwd|api_?-?key|access_?-?key|private_?-?key)[a-z0-9_.-]*\s*[=:]\s*([a-z0-9+/=_.~-]{16,200})\s*$",
    ),
];

static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    let expressions = KINDS.iter().map(|(_, _, expression)| format!("(?-u){expression}"));
    RegexSet::new(expressions).expect("the expressions are constants that a test compiles")
});

static EXPRESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let compile = |expression: &str| Regex::new(&format!("(?-u){expression}"));
    let compiled: Result<_, _> = KINDS.iter().map(|(_, _, expression)| compile(expression)).collect();
    compiled.expect("the expressions are constants that a test compiles")
});

/// Returns the secrets in a line, one of each kind. In a test only those count that an issuer has
/// given out; placeholders never do.
pub fn secrets(line: &[u8], in_test: bool) -> Vec<Secret> {
    let mut secrets: Vec<Secret> = Vec::new();
    for index in SET.matches(line) {
        let (kind, form, _) = KINDS[index];
        if in_test && form != Issued || secrets.iter().any(|secret| secret.kind == kind) {
            continue;
        }
        let candidates = EXPRESSIONS[index].captures_iter(line).take(CANDIDATES);
        secrets.extend(candidates.filter_map(|found| secret(kind, form, &found)).next());
    }
    secrets
}

/// What of a text that is kept or sent nobody should read: secrets as above, and others that only output has.
/// Here a mistake costs a word of a log, so placeholders count, and so does what is beside a plain name.
const TOLD: &[(Form, &str)] = &[
    // The whole key, with its lines or their breaks in a string.
    (
        Issued,
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:(?:\\[rn]|\s)*[A-Za-z0-9+/=]{20,})*(?:(?:\\[rn]|\s)*(?:[A-Za-z0-9+/]{1,19}={1,2}|[A-Za-z0-9+/=]{1,19}(?:\\[rn]|\s)*-----END [A-Z0-9 ]*-----))?",
    ),
    (Issued, r"(?i)\b(?:bearer|basic)\s+([a-z0-9._~+/-]{16,}=*)"),
    (
        Issued,
        r#"(?i)(?:secret|token|passw(?:or)?d|pwd|api_?-?key|access_?-?key|private_?-?key|signature)[a-z0-9_.-]*=([^\s"'`&,;*$<{()\[]{4,})"#,
    ),
    (
        Guessed,
        r#"(?i)(?:secret|token|passw(?:or)?d|pwd|api_?-?key|access_?-?key|auth_?-?key|private_?-?key|credential)[a-z0-9_.-]*\\?["'\]]*\s*(?:=>|:=|=|:)\s*\\?["'`]?([^\s"'`\\,;&]{16,})"#,
    ),
];

static TOLD_SET: LazyLock<RegexSet> = LazyLock::new(|| {
    let expressions = told().map(|(_, expression)| format!("(?m-u){expression}"));
    RegexSet::new(expressions).expect("the expressions are constants that a test compiles")
});

static TOLD_EXPRESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let compiled: Result<_, _> = told().map(|(_, expression)| Regex::new(&format!("(?m-u){expression}"))).collect();
    compiled.expect("the expressions are constants that a test compiles")
});

fn told() -> impl Iterator<Item = (Form, &'static str)> {
    KINDS.iter().map(|(_, form, expression)| (*form, *expression)).chain(TOLD.iter().copied())
}

/// Returns where a text has secrets, in order and apart from each other, for whoever keeps or sends it. The
/// time is linear in the text.
pub fn places(text: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for index in TOLD_SET.matches(text) {
        let is_guessed = told().nth(index).is_some_and(|(form, _)| form == Guessed);
        let candidates = TOLD_EXPRESSIONS[index].captures_iter(text);
        let places = candidates.filter_map(|captures| captures.get(1).or(captures.get(0)).map(|part| part.range()));
        found.extend(places.filter(|place| {
            let part = &text[place.start..place.end.min(place.start + LOOKED_AT)];
            !is_guessed || is_random(part)
        }));
    }
    found.sort_unstable_by_key(|place| (place.start, place.end));
    found.dedup_by(|next, before| {
        let touches = next.start <= before.end;
        before.end = if touches { before.end.max(next.end) } else { before.end };
        touches
    });
    found
}

fn secret(kind: &'static str, form: Form, found: &Captures) -> Option<Secret> {
    let whole = found.get(0)?.as_bytes();
    let text = found.get(1).map_or(whole, |part| part.as_bytes());
    let (text, length) = (&text[..text.len().min(LOOKED_AT)], text.len());
    let local = [b"localhost" as &[u8], b"127.0.0.1", b"example.", b"[::1]"];
    let fits = match form {
        _ if is_placeholder(text) => false,
        Issued => true,
        Common => found.get(1).is_none() || !local.iter().any(|host| contains(whole, host)),
        Guessed => is_random(text),
    };
    let length = format!("{length} characters");
    // Only an issuer's form begins with what is no part of the secret.
    let public = if form == Issued && found.get(1).is_none() { String::from_utf8_lossy(&text[..4]) } else { "".into() };
    fits.then(|| Secret { kind, masked: if public.is_empty() { length } else { format!("{public}... ({length})") } })
}

/// Words that stand where a secret will be, and signs of a template.
const PLACEHOLDERS: [&str; 27] = [
    "password",
    "passwd",
    "[pass",
    "example",
    "sample",
    "dummy",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "redacted",
    "your",
    "fake",
    "test",
    "xxxx",
    "****",
    "....",
    "0000",
    "1234567",
    "abcdef",
    "${",
    "{{",
    "#{",
    "%(",
    "%s",
    "<",
    "insert",
];

/// Passwords that are in everyone's documentation.
const WORDS: [&str; 14] = [
    "password", "passwd", "pass", "secret", "user", "pwd", "token", "postgres", "root", "admin", "guest", "hunter2",
    "letmein", "foobar",
];

fn is_placeholder(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    let few_kinds = (b'!'..=b'~').filter(|byte| lower.contains(byte)).nth(3).is_none();
    few_kinds
        || lower.starts_with(b"$")
        || lower.starts_with(b"{")
        || PLACEHOLDERS.iter().any(|word| contains(&lower, word.as_bytes()))
        || WORDS.iter().any(|word| lower == word.as_bytes())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Whether a text looks random rather than written: digits among letters, no words parted by
/// marks, and an entropy near that of random hexadecimal or base 64 digits.
fn is_random(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-.~!@#%^&*".contains(byte);
    let hexadecimal = text.iter().all(|byte| byte.is_ascii_hexdigit());
    let least = if hexadecimal { 3.0 } else { 3.5 };
    digits >= 2 && letters >= 4 && text.iter().all(usual) && longest_run(text) >= 8 && entropy(text) >= least
}

/// The length of the longest part that has digits and no marks in it.
fn longest_run(text: &[u8]) -> usize {
    let runs = text.split(|byte| !byte.is_ascii_alphanumeric());
    runs.filter(|run| run.iter().any(u8::is_ascii_digit)).map(<[u8]>::len).max().unwrap_or(0)
}

/// Shannon's entropy of the bytes, in bits for each byte.
fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0usize; 256];
    text.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let share = |count: &usize| *count as f64 / text.len() as f64;
    counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests;
