//! The words of a message that say what it is about: the rest only asks, greets or joins. Pure.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_segmentation::UnicodeSegmentation;

/// Words of no topic: articles, pronouns, auxiliaries, question words, politeness, and the vague words of every second question.
static EMPTY: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "a about actually again arent cant couldnt didnt doesnt isnt wont wouldnt all also am an and another any anyone are as ask at be been btw but by can come could did do does doing \
    dont else even ever for from get give go going good got guys had happen happens has have having hello help hey hi how i idea if im \
    in into is it its just kind know let like long lot many may me mean might more much my need no not now of ok okay on one ones only \
    or other our out please pls plz possible question questions really right said same say second secondly see shall she should so \
    some someone something sorry still sure take takes tell than thank thanks that thats the their them then there these they thing \
    things this those to too u up ur us very want was way we well were what whats when where which who whom whose why will with wonder \
    wondering work works would yes you your yours"
        .split_whitespace()
        .collect()
});

/// Characters of Chinese that carry no topic by themselves.
const EMPTY_HAN: &str = "的了吗呢吧啊呀么嘛我你您他她它们咱这那个些哪几是有在和与跟或就也都还再又很太不没要想会能可以请问一下谢好什怎样如何为多少久时候吗到给把被让从对";

/// The words of topic in their order, lower-cased and without apostrophes; of Chinese the characters.
pub fn content_words(text: &str) -> Vec<String> {
    let plain = text.to_lowercase().replace(['\'', '\u{2019}'], "");
    let mut words = Vec::new();
    for word in plain.unicode_words() {
        if word.chars().any(is_han) {
            words.extend(word.chars().filter(|c| is_han(*c) && !EMPTY_HAN.contains(*c)).map(String::from));
        } else if !EMPTY.contains(word) && word.chars().any(char::is_alphanumeric) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Whether a character is Chinese.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// How many words a text has; a Chinese character counts as half of one.
pub fn length(text: &str) -> usize {
    let han = text.chars().filter(|c| is_han(*c)).count();
    let words = text.unicode_words().filter(|word| !word.chars().any(is_han)).count();
    words + han.div_ceil(2)
}

/// The share of `words` that a text speaks of, whatever their endings; 1 where there are none.
pub fn spoken_of<'a>(words: &[String], texts: impl Iterator<Item = &'a str>) -> f64 {
    if words.is_empty() {
        return 1.0;
    }
    let known: Vec<String> = texts.flat_map(content_words).collect();
    let found = words.iter().filter(|word| known.iter().any(|other| same_stem(word, other))).count();
    found as f64 / words.len() as f64
}

/// Whether two words begin alike and differ at most in an ending: `wash` and `washing`, `senior` and `seniors`.
fn same_stem(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let count = short.chars().count();
    if count < 4 {
        return short == long || (count == 3 && long.strip_prefix(short) == Some("s"));
    }
    let alike = short.chars().zip(long.chars()).take_while(|(x, y)| x == y).count();
    alike + 1 >= count && long.chars().count() <= alike + 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_is_about() {
        let check = |text: &str, expect: &str| assert_eq!(content_words(text).join(" "), expect, "{text}");
        check("Hi, could you please tell me how much express delivery is?", "express delivery");
        check("What\u{2019}s that?", "");
        check("and to Canada?", "canada");
        check("怎么退货？", "退 货");
        check("那英国呢", "英 国");
        check("EMI", "emi");
        check("\u{1f600} ?!", "");
    }

    #[test]
    fn the_length_counts_words_and_pairs_of_characters() {
        let check = |text: &str, expect: usize| assert_eq!(length(text), expect, "{text}");
        check("how long does it take", 5);
        check("多久能送到", 3);
        check("", 0);
    }

    #[test]
    fn endings_do_not_count() {
        let check = |words: &str, text: &str, expect: f64| {
            let found = spoken_of(&content_words(words), std::iter::once(text));
            assert!((found - expect).abs() < 0.01, "{words} in {text} gave {found}");
        };
        check("washing", "Wash it by hand", 1.0);
        check("seniors", "Is there a senior discount?", 1.0);
        check("canada returns", "5 days to Canada", 0.5);
        check("car", "postcard", 0.0);
        check("cars", "car", 1.0);
        check("how much is it", "anything", 1.0);
        check("英国", "到英国需要五天", 1.0);
    }
}
