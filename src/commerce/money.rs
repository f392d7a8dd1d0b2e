//! Money in minor units.

use std::fmt;

/// An ISO 4217 code with its number of decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
}

impl Currency {
    /// Three ASCII letters.
    pub fn parse(code: &str) -> Option<Self> {
        let code: [u8; 3] = code.trim().to_ascii_uppercase().as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self { code })
    }

    /// `USD`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("XXX")
    }

    /// Digits after the point (ISO 4217).
    pub fn decimals(self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV" | "XAF" | "XOF"
            | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }

    fn symbol(&self) -> Option<&'static str> {
        Some(match self.as_str() {
            "USD" => "$",
            "EUR" => "\u{20ac}",
            "GBP" => "\u{a3}",
            "JPY" | "CNY" => "\u{a5}",
            "INR" => "\u{20b9}",
            _ => return None,
        })
    }
}

/// An amount in minor units: 4999 USD is $49.99.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Minor units; negative for what is taken back.
    pub minor: i64,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// Reads a decimal literal exactly (`"50.88"`, `"-4.5"`, `"12"`): no float stands between. `None` for more decimals than the currency has
    /// unless the surplus is zero, for anything else than digits, or for what does not fit.
    pub fn parse_decimal(text: &str, currency: Currency) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let decimals = currency.decimals() as usize;
        let (kept, surplus) = fraction.split_at(fraction.len().min(decimals));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || surplus.bytes().any(|b| b != b'0') {
            return None;
        }
        let minor: i64 = format!("{whole}{kept:0<decimals$}").parse().ok()?;
        Some(Self { minor: if negative { -minor } else { minor }, currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals();
        let unit = 10_u64.pow(decimals);
        let (sign, amount) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        let number = match decimals {
            0 => amount.to_string(),
            _ => format!("{}.{:0width$}", amount / unit, amount % unit, width = decimals as usize),
        };
        match self.currency.symbol() {
            Some(symbol) => write!(f, "{sign}{symbol}{number}"),
            None => write!(f, "{sign}{number} {}", self.currency.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_minor_units_without_a_float() {
        let usd = Currency::parse("usd").unwrap();
        let check = |input: &str, expect: Option<&str>| {
            assert_eq!(Money::parse_decimal(input, usd).map(|m| m.to_string()).as_deref(), expect, "{input}")
        };
        check("50.88", Some("$50.88"));
        check("536.650", Some("$536.65"));
        check("12", Some("$12.00"));
        check("-4.5", Some("-$4.50"));
        check("0.07", Some("$0.07"));
        check("1.005", None);
        check("1e3", None);
        check("", None);
        check("99999999999999999999", None);
        assert_eq!(Money::parse_decimal("980", Currency::parse("JPY").unwrap()).unwrap().to_string(), "\u{a5}980");
    }
}
