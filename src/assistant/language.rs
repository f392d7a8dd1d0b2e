//! In which language a message is.

/// `zh` when at least a third of the letters are Han characters, else `default`.
pub fn locale_of<'a>(text: &str, default: &'a str) -> &'a str {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let han = text.chars().filter(|c| matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')).count();
    if han > 0 && han * 3 >= letters { "zh" } else { not_han(default, letters) }
}

/// Latin letters in a shop whose own language is Chinese: English is the better guess.
fn not_han(default: &str, letters: usize) -> &str {
    if default == "zh" && letters > 0 { "en" } else { default }
}

/// Whether there is anything to understand: a letter or a digit.
pub fn says_something(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_tells_the_language() {
        let check = |text: &str, expect: &str| assert_eq!(locale_of(text, "en"), expect, "{text}");
        check("How long does delivery take?", "en");
        check("多久能送到？", "zh");
        check("我的订单 #AP10042 到哪了", "zh");
        check("\u{1f44d}", "en");
        assert_eq!(locale_of("where is my order", "zh"), "en");
        assert_eq!(locale_of("?", "zh"), "zh");
    }
}
