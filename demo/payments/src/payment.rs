//! A payment from the request to the receipt.

use crate::amount::{self, Currency};

/// Returns the receipt for a form such as `order=A-17&amount=12.50&currency=EUR`, or what is wrong
/// with it. Clients of before 2.3 send no currency: they mean euros.
pub fn take(form: &str) -> Result<String, String> {
    let order = field(form, "order").ok_or("`order` is missing")?;
    let amount = field(form, "amount").ok_or("`amount` is missing")?;
    let code = field(form, "currency").unwrap_or("EUR");
    let currency = Currency::named(code).ok_or_else(|| format!("no payments in `{code}`"))?;
    let units = amount::minor_units(amount, currency).ok_or_else(|| format!("`{amount}` is no amount"))?;
    Ok(format!("order {order}: {units} of the smallest unit of {code} taken"))
}

fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::take;

    #[test]
    fn a_receipt_names_order_amount_and_currency() {
        let receipt = take("order=A-17&amount=12.50&currency=EUR").unwrap();
        assert_eq!(receipt, "order A-17: 1250 of the smallest unit of EUR taken");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(take("amount=12.50").unwrap_err(), "`order` is missing");
        assert_eq!(take("order=A-17").unwrap_err(), "`amount` is missing");
        assert_eq!(take("order=A-17&amount=12.50&currency=XYZ").unwrap_err(), "no payments in `XYZ`");
    }
}
