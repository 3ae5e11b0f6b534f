//! A judgement as text for people.

use crate::domain::elapsed::elapsed;
use crate::domain::verdict::{Forecast, Test};
use crate::verdict::Judgement;

/// The judgement on one line: `0 errors in 2,310 requests, p95 84 ms: UNPROVEN, 700 more requests,
/// about 14 s at current traffic`.
pub fn summary(judgement: &Judgement) -> String {
    let p95 = judgement.p95.map_or_else(String::new, |p95| format!(", p95 {} ms", p95.as_millis()));
    let errors = counted(judgement.errors, "error");
    let requests = counted(judgement.requests, "request");
    let forecast = judgement.forecast.filter(|_| judgement.is_open()).map(|forecast| forecast_text(&forecast));
    let more: Vec<String> = forecast.into_iter().chain(judgement.reasons.iter().cloned()).collect();
    let more = if more.is_empty() { String::new() } else { format!(", {}", more.join("; ")) };
    format!("{errors} in {requests}{p95}: {}{more}", judgement.verdict)
}

/// The tests behind the verdict, one line each: `proven      fewer errors than 2%    evidence 48, 20 needed`.
/// The evidence is the e-value of the test.
pub fn test_lines(tests: &[Test]) -> String {
    let line = |test: &Test| {
        let proven = if test.e_value >= test.needs { "proven" } else { "not proven" };
        format!("  {proven:<11} {:<56} evidence {}, {} needed\n", test.shows, round(test.e_value), round(test.needs))
    };
    tests.iter().map(line).collect()
}

/// The number with two significant digits, or more before the point.
fn round(number: f64) -> String {
    match number {
        number if number >= 1e6 => format!("{number:.0e}"),
        number if number >= 10.0 => grouped(number as u64),
        number if number >= 0.01 => format!("{number:.2}"),
        _ => "0".to_owned(),
    }
}

/// `2,900 more requests, about 48 min at current traffic`.
pub fn forecast_text(forecast: &Forecast) -> String {
    let requests = counted(forecast.requests, "more request");
    match forecast.seconds {
        Some(seconds) => {
            format!("{requests}, about {} at current traffic", elapsed(i64::try_from(seconds).unwrap_or(i64::MAX)))
        }
        None => requests,
    }
}

/// `1 error`, `2,310 errors`.
fn counted(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {thing}{s}", grouped(number))
}

/// The number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_is_a_line() {
        let test = |shows: &str, e_value, needs| Test { shows: shows.to_owned(), e_value, needs };
        let tests = [test("fewer errors than 2%", 48.2, 20.0), test("more errors than before", 3e-9, 2_500.0)];
        let unaligned = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            test_lines(&tests).lines().map(unaligned).collect::<Vec<_>>(),
            [
                "proven fewer errors than 2% evidence 48, 20 needed",
                "not proven more errors than before evidence 0, 2,500 needed"
            ]
        );
        assert_eq!(round(1.5e300), "2e300");
    }

    #[test]
    fn numbers_are_read_at_a_glance() {
        for (number, expected) in
            [(0, "0 errors"), (1, "1 error"), (999, "999 errors"), (1_234_567, "1,234,567 errors")]
        {
            assert_eq!(counted(number, "error"), expected);
        }
        let forecast = Forecast { requests: 2_900, seconds: Some(2_880) };
        assert_eq!(forecast_text(&forecast), "2,900 more requests, about 48 min at current traffic");
    }
}
