//! Lengths of time as text.

/// Returns a length of time as text, cut to its two largest units and without seconds from a minute
/// on: `42 s`, `6 min`, `1 h 5 min`, `2 d 3 h`, `-4 min`.
pub fn elapsed(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.unsigned_abs();
    let (minutes, hours, days) = (seconds / 60 % 60, seconds / 3600 % 24, seconds / 86_400);
    let (large, small) = match (days, hours, minutes) {
        (0, 0, 0) => (format!("{seconds} s"), (0, "")),
        (0, 0, _) => (format!("{minutes} min"), (0, "")),
        (0, _, _) => (format!("{hours} h"), (minutes, "min")),
        _ => (format!("{days} d"), (hours, "h")),
    };
    match small {
        (0, _) => format!("{sign}{large}"),
        (count, unit) => format!("{sign}{large} {count} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::elapsed;

    #[test]
    fn two_units_at_most() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (7200, "2 h"),
            (3900, "1 h 5 min"),
            (183_600, "2 d 3 h"),
            (172_801, "2 d"),
            (-240, "-4 min"),
            (i64::MIN, "-106751991167300 d 15 h"),
        ] {
            assert_eq!(elapsed(seconds), expected);
        }
    }
}
