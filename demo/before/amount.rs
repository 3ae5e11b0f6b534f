//! Amounts of money, counted in cents.

/// Returns the amount in cents; `None` where `text` is no amount. Thousands may be set apart by
/// commas.
pub fn cents(text: &str) -> Option<u64> {
    let plain = text.replace(',', "");
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, "00"));
    if cents.len() != 2 {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(cents.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn euros_have_cents() {
        assert_eq!(cents("12.50"), Some(1250));
        assert_eq!(cents("0.05"), Some(5));
    }
}
