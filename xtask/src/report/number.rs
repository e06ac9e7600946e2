//! Figures as text.

/// `value` with four significant digits, in the shortest usual form; `–` for no number.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if !(1e-3..1e6).contains(&size) {
        let text = format!("{value:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", trim(digits));
    }
    let places = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
    trim(&format!("{value:.places$}")).to_owned()
}

fn trim(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn four_digits_are_kept() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.98765, "0.9877"),
            (-12.3456, "-12.35"),
            (1234.56, "1235"),
            (100.0, "100"),
            (1.2e-7, "1.2e-7"),
            (1e6, "1e6"),
            (0.001, "0.001"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
