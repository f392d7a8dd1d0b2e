//! Which items of an order a shopper names, in singular or plural and with or without the rest of the name. Pure.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use unicode_segmentation::UnicodeSegmentation;

use super::super::content::is_han;
use crate::commerce::OrderItem;

/// Words of a name that name nothing by themselves: 'two mugs' is no two-person tent.
const FAINT: [&str; 20] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "of", "for", "and", "with", "the", "new", "set", "all",
    "in", "by",
];
/// Words between the items of a list.
const LIST: [&str; 16] =
    ["the", "a", "an", "and", "or", "my", "our", "both", "plus", "also", "too", "one", "two", "three", "please", "then"];

/// What is left out: 'the table without the chairs'.
static EXCEPT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?is)(?:\b(?:without|except|excluding|apart from|other than|rather than|instead of|not the|minus)\b|除了|不含|不包括).*$")
        .expect("a constant pattern")
});

/// The items that a text names, by their places. Where one name says all that another says and more, it alone is meant: 'the rain jacket' is not
/// the rain trousers.
pub(super) fn mentioned(text: &str, items: &[OrderItem]) -> Vec<usize> {
    let said = said(&EXCEPT.replace(text, ""));
    let found: Vec<Match> = items.iter().map(|item| Names::of(item).found_in(&said)).collect();
    let by_head = found.iter().any(|found| found.head);
    let named = |found: &Match| if by_head { found.head } else { found.distinct };
    let candidates: Vec<usize> = (0..items.len()).filter(|place| named(&found[*place])).collect();
    let outdone = |place: usize| {
        candidates
            .iter()
            .any(|other| found[place].words.len() < found[*other].words.len() && found[place].words.is_subset(&found[*other].words))
    };
    candidates.iter().copied().filter(|place| !outdone(*place)).collect()
}

/// Whether a text is a list of items and nothing else: 'the tarp and the mugs'.
pub(super) fn is_list(text: &str, items: &[OrderItem]) -> bool {
    let known: Vec<Names> = items.iter().map(Names::of).collect();
    let of_item = |word: &String| known.iter().any(|names| names.words.contains(word));
    let words = words(text);
    words.iter().any(of_item) && words.iter().all(|word| LIST.contains(&word.as_str()) || of_item(word))
}

/// What of an item's name was found.
struct Match {
    /// The word that says what the thing is.
    head: bool,
    /// Another word that stands for it.
    distinct: bool,
    words: BTreeSet<String>,
}

/// The words that an item can be named by.
struct Names {
    /// All of them, with its options' values, which tell lines of the same product apart.
    words: BTreeSet<String>,
    distinct: BTreeSet<String>,
    /// What the thing is: the last word, or the last two written together.
    heads: BTreeSet<String>,
}

impl Names {
    fn of(item: &OrderItem) -> Self {
        let all = words(&item.name);
        let is_measure = |word: &String| word.starts_with(|c: char| c.is_ascii_digit()) || (word.len() <= 2 && word.is_ascii());
        let telling: Vec<String> = all.iter().filter(|word| !is_measure(word)).cloned().collect();
        let telling = if telling.is_empty() { all.clone() } else { telling };
        let mut heads: BTreeSet<String> = telling.last().cloned().into_iter().collect();
        heads.extend(all.windows(2).filter(|pair| telling.last() == pair.last()).map(|pair| pair.concat()));
        let faint = |word: &String| FAINT.contains(&word.as_str());
        let distinct = telling.iter().filter(|word| !faint(word) && (word.chars().count() >= 4 || !word.is_ascii())).cloned().collect();
        let options = item.options.iter().flat_map(|(_, value)| words(value));
        Self { words: telling.iter().cloned().chain(heads.iter().cloned()).chain(options).collect(), distinct, heads }
    }

    fn found_in(&self, said: &BTreeSet<String>) -> Match {
        let words = self.words.intersection(said).cloned().collect();
        Match { head: !self.heads.is_disjoint(said), distinct: !self.distinct.is_disjoint(said), words }
    }
}

/// The words of a text, and each two neighbours written together: 'head lamp' is a headlamp.
fn said(text: &str) -> BTreeSet<String> {
    let words = words(text);
    let pairs: Vec<String> = words.windows(2).map(|pair| pair.concat()).collect();
    words.into_iter().chain(pairs).collect()
}

/// Lower-cased words without endings; of Chinese each two neighbouring characters.
fn words(text: &str) -> Vec<String> {
    let plain = text.to_lowercase().replace('\u{2019}', "'");
    let latin = plain.unicode_words().filter(|word| !word.chars().any(is_han)).map(|word| singular(word.trim_end_matches("'s")));
    let mut words: Vec<String> = latin.collect();
    for run in plain.split(|c: char| !is_han(c)) {
        let characters: Vec<char> = run.chars().collect();
        words.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
    }
    words
}

/// The word without a plural's ending, roughly: names and questions are cut alike, so that only words that meet count.
fn singular(word: &str) -> String {
    let sibilant = ["sses", "xes", "zes", "ches", "shes"].iter().any(|ending| word.ends_with(ending));
    let kept = word.len() <= 2 || ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending));
    let one = match word.strip_suffix(if sibilant { "es" } else { "s" }) {
        Some(one) if sibilant || !kept => one,
        _ => word,
    };
    let ending = [("ie", "y"), ("ve", "f"), ("fe", "f")].into_iter().find_map(|(ending, with)| Some((one.strip_suffix(ending)?, with)));
    ending.map_or_else(|| one.to_owned(), |(stem, with)| format!("{stem}{with}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::{Currency, Money};

    fn item(name: &str, colour: &str) -> OrderItem {
        OrderItem {
            product_id: "p".into(),
            variant_id: "v".into(),
            name: name.into(),
            options: vec![("color".into(), colour.into())],
            quantity: 1,
            price: Money { minor: 1, currency: Currency::parse("USD").unwrap() },
        }
    }

    #[test]
    fn items_are_found_by_what_shoppers_call_them() {
        let names = [
            "Two-person Tent",
            "Three-person Tent",
            "Rain Jacket",
            "Rain Trousers",
            "Headlamp",
            "Cast-iron Pan 26 cm",
            "Camp Cook Set",
            "Pocket Knife",
            "T-Shirt",
            "Glass Box 3 L",
            "双人睡袋",
            "Roll-top Pack 25 L",
        ];
        let items: Vec<OrderItem> = names.iter().map(|name| item(name, "moss")).collect();
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<&str> = mentioned(text, &items).into_iter().map(|place| names[place]).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("how much were the tents", &["Two-person Tent", "Three-person Tent"]);
        check("the three person tent's price", &["Three-person Tent"]);
        check("the rain jacket and two mugs", &["Rain Jacket"]);
        check("did the RAIN TROUSERS ship", &["Rain Trousers"]);
        check("my trouser", &["Rain Trousers"]);
        check("both head lamps", &["Headlamp"]);
        check("the cast iron pan", &["Cast-iron Pan 26 cm"]);
        check("the cookset", &["Camp Cook Set"]);
        check("the cook set", &["Camp Cook Set"]);
        check("two knives and a tshirt", &["Pocket Knife", "T-Shirt"]);
        check("the boxes", &["Glass Box 3 L"]);
        check("睡袋多少钱", &["双人睡袋"]);
        check("roll top pack", &["Roll-top Pack 25 L"]);
        check("the pan without the knife", &["Cast-iron Pan 26 cm"]);
        check("only two of them, 26 cm", &[]);
        check("camp things", &["Camp Cook Set"]);
        check("where is my order", &[]);
    }

    #[test]
    fn options_tell_lines_of_one_product_apart() {
        let items = [item("Enamel Mug", "white"), item("Enamel Mug", "rust")];
        assert_eq!(mentioned("the rust mug", &items), [1]);
        assert_eq!(mentioned("the mugs", &items), [0, 1]);
        assert_eq!(mentioned("the rust and the white mugs", &items), [0, 1]);
    }

    #[test]
    fn a_list_is_nothing_but_items() {
        let items = [item("Tarp 3 x 3 m", "moss"), item("Enamel Mug", "rust")];
        let check = |text: &str, expect: bool| assert_eq!(is_list(text, &items), expect, "{text}");
        check(" the tarp and the mugs", true);
        check("mug", true);
        check("the tarp is in another parcel", false);
        check("and then", false);
    }
}
