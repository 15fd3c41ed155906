//! How numbers are written for people.

use kmi_domain::Money;

/// `−$1,234.57`: dollars to the cent, a true minus sign, thousands apart.
pub(super) fn dollars(amount: Money) -> String {
    let sign = if amount.is_negative() { "−" } else { "" };
    let cents = (amount.micros().unsigned_abs() + 5_000) / 10_000;
    format!("{sign}${}.{:02}", thousands(cents / 100), cents % 100)
}

/// Like [`dollars`], with `+` before a gain.
pub(super) fn signed_dollars(amount: Money) -> String {
    let plus = if amount.is_positive() { "+" } else { "" };
    format!("{plus}{}", dollars(amount))
}

/// `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `96.4 %`, or a dash.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || "–".to_owned(),
        |share| format!("{:.1} %", share * 100.0).replace('-', "−"),
    )
}

/// `2.52`, with a true minus sign, or a dash.
pub(super) fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}").replace('-', "−"))
}

/// Text made safe between tags and inside double-quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let money = |text: &str| text.parse::<Money>().unwrap();
        assert_eq!(dollars(money("-1234567.895")), "−$1,234,567.90");
        assert_eq!(signed_dollars(money("0.0049")), "+$0.00");
        assert_eq!(signed_dollars(money("19.0606")), "+$19.06");
        assert_eq!(thousands(999), "999");
        assert_eq!(percent(Some(0.96449)), "96.4 %");
        assert_eq!(ratio(Some(-0.5)), "−0.50");
        assert_eq!(ratio(None), "–");
    }

    #[test]
    fn nothing_of_a_text_can_become_a_tag() {
        assert_eq!(escape(r#"<b a="x">'&"#), "&lt;b a=&quot;x&quot;&gt;&#39;&amp;");
    }
}
