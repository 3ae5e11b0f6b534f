//! A payment from the request to the receipt.

use crate::amount;

/// Returns the receipt for a form such as `order=A-17&amount=12.50`, or what is wrong with it.
pub fn take(form: &str) -> Result<String, String> {
    let order = field(form, "order").ok_or("`order` is missing")?;
    let amount = field(form, "amount").ok_or("`amount` is missing")?;
    let cents = amount::cents(amount).ok_or_else(|| format!("`{amount}` is no amount"))?;
    Ok(format!("order {order}: {cents} cents taken"))
}

fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::take;

    #[test]
    fn a_receipt_names_order_and_amount() {
        assert_eq!(take("order=A-17&amount=12.50").unwrap(), "order A-17: 1250 cents taken");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(take("amount=12.50").unwrap_err(), "`order` is missing");
        assert_eq!(take("order=A-17").unwrap_err(), "`amount` is missing");
    }
}
