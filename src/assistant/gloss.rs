//! Hindi in Latin letters, as shoppers mix it with English: the words that ask are read in English, so that the search understands them; what a
//! message is about ('refund', 'delivery') they write in English anyway. Pure.

/// Words that are no English ones, in the spellings that are common in chats, and what they mean.
const WORDS: &[(&str, &str)] = &[
    ("kab", "when"),
    ("kaise", "how"),
    ("kese", "how"),
    ("kya", "what"),
    ("kyu", "why"),
    ("kyun", "why"),
    ("kyon", "why"),
    ("kahan", "where"),
    ("kaha", "where"),
    ("kidhar", "where"),
    ("kaun", "which"),
    ("konsa", "which"),
    ("kaunsa", "which"),
    ("kitna", "how much"),
    ("kitni", "how much"),
    ("kitne", "how many"),
    ("din", "days"),
    ("dino", "days"),
    ("saal", "years"),
    ("mahine", "months"),
    ("paisa", "money"),
    ("paise", "money"),
    ("wapas", "back"),
    ("vapas", "back"),
    ("mera", "my"),
    ("meri", "my"),
    ("mere", "my"),
    ("mujhe", "i"),
    ("aap", "you"),
    ("nahi", "not"),
    ("nahin", "not"),
    ("milega", "get"),
    ("milegi", "get"),
    ("milta", "get"),
    ("aayega", "arrive"),
    ("ayega", "arrive"),
    ("aayegi", "arrive"),
    ("aaya", "arrived"),
    ("chahiye", "want"),
    ("karna", "do"),
    ("karne", "do"),
    ("karu", "do"),
    ("kare", "do"),
    ("karen", "do"),
    ("karte", "do"),
    ("karo", "do"),
    ("sakta", "can"),
    ("sakte", "can"),
    ("sakti", "can"),
    ("badalna", "change"),
    ("toot", "broken"),
    ("kharab", "faulty"),
    ("hai", ""),
    ("hain", ""),
    ("hoga", ""),
    ("bhai", ""),
    ("mein", "in"),
    ("liye", "for"),
    ("lagega", "take"),
    ("lagta", "take"),
];
/// Words that may be English as well; they count only beside the others.
const PARTICLES: &[&str] = &["ho", "ka", "ki", "ke", "ko", "se", "ye", "yeh", "wo", "tak", "na"];

/// The text with its Hindi words in English; `None` where there are none.
pub fn in_english(text: &str) -> Option<String> {
    let meaning = |word: &str| WORDS.iter().find(|(hindi, _)| word.eq_ignore_ascii_case(hindi)).map(|(_, english)| *english);
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    if !text.split_whitespace().any(|word| meaning(&bare(word)).is_some()) {
        return None;
    }
    let mut read: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let own = bare(word);
        match meaning(&own) {
            Some("") => {}
            Some(english) => read.push(word.replacen(&own, english, 1)),
            None if PARTICLES.iter().any(|particle| own.eq_ignore_ascii_case(particle)) => {}
            None => read.push(word.to_owned()),
        }
    }
    (!read.is_empty()).then(|| read.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_ask_are_read_in_english() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(in_english(text).as_deref(), expect, "{text}");
        check("refund kab milega?", Some("refund when get?"));
        check("Kya aap express delivery karte ho", Some("what you express delivery do"));
        check("warranty kitne saal ki hai", Some("warranty how many years"));
        check("hai", None);
        check("how long is the delivery", None);
        check("ho ho ho", None);
        check("", None);
    }
}
