//! Amounts of money, counted in the currency's smallest unit.

/// A currency that payments are taken in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Currency {
    pub code: &'static str,
    /// Whether a hundredth of it exists.
    pub has_cents: bool,
}

pub const EUR: Currency = Currency { code: "EUR", has_cents: true };
pub const USD: Currency = Currency { code: "USD", has_cents: true };
pub const JPY: Currency = Currency { code: "JPY", has_cents: false };

impl Currency {
    pub fn named(code: &str) -> Option<Currency> {
        [EUR, USD, JPY].into_iter().find(|currency| currency.code == code)
    }
}

/// Returns the amount in the currency's smallest unit; `None` where `text` is no amount.
/// Thousands may be set apart by commas.
pub fn minor_units(text: &str, currency: Currency) -> Option<u64> {
    let plain = text.replace(',', "");
    if !currency.has_cents {
        return plain.parse().ok();
    }
    let point = plain.find('.').expect("an amount has a decimal point");
    let (whole, cents) = (&plain[..point], &plain[point + 1..]);
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
        assert_eq!(minor_units("12.50", EUR), Some(1250));
        assert_eq!(minor_units("0.05", EUR), Some(5));
    }

    #[test]
    fn yen_have_none() {
        assert_eq!(minor_units("1200", JPY), Some(1200));
    }
}
