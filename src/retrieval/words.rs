//! How text becomes index terms: words for alphabets, characters and pairs of neighbours for Chinese, Japanese and Korean.

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer,
};
use unicode_normalization::UnicodeNormalization;

/// Bytes of a text that are indexed or searched for. Far above any real answer, and a bound on what a hostile one costs.
const MAX_BYTES: usize = 256 * 1024;
/// Longer words are numbers of no meaning, or an attack.
const MAX_WORD_BYTES: usize = 60;
/// The longest message that is searched for, in characters; what stands behind it is not read.
const SEARCHED: usize = 1_000;

/// As much of a shopper's message as is searched for.
pub(super) fn searched(message: &str) -> &str {
    message.char_indices().nth(SEARCHED).map_or(message, |(end, _)| &message[..end])
}

/// The analyzer of both sides, index and query: case, accents and English endings do not count.
pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Scripts)
        .filter(RemoveLongFilter::limit(MAX_WORD_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Different terms of a text, in their order, at most `limit`.
pub(super) fn terms(text: &str, limit: usize) -> Vec<String> {
    let mut analyzer = analyzer();
    let mut stream = analyzer.token_stream(text);
    let mut terms: Vec<String> = Vec::new();
    while terms.len() < limit && stream.advance() {
        let term = &stream.token().text;
        if !term.is_empty() && !terms.contains(term) {
            terms.push(term.clone());
        }
    }
    terms
}

/// The share of a text's letters and digits that are Chinese, Japanese or Korean.
pub(super) fn cjk_share(text: &str) -> f32 {
    let (mut cjk, mut all) = (0_u32, 0_u32);
    for c in text.chars().filter(|c| c.is_alphanumeric()) {
        all += 1;
        cjk += u32::from(is_cjk(c));
    }
    if all == 0 { 0.0 } else { cjk as f32 / all as f32 }
}

fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3100}'..='\u{312f}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// Particles and pronouns of Chinese: they stand in any sentence, are rare in a small knowledge base, and would weigh there like words of a topic.
fn is_particle(c: char) -> bool {
    matches!(c, '的' | '了' | '吗' | '呢' | '吧' | '啊' | '呀' | '嘛' | '么' | '我' | '你' | '您' | '他' | '她' | '它' | '们')
}

/// Splits by script. Text is brought to one form first (NFKC), so that full-width letters and digits are the usual ones.
#[derive(Clone)]
struct Scripts;

struct Tokens {
    tokens: Vec<Token>,
    /// One past the current token.
    next: usize,
}

impl Tokenizer for Scripts {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let text: String = text[..text.floor_char_boundary(MAX_BYTES)].nfkc().collect();
        let mut tokens = Tokens { tokens: Vec::new(), next: 0 };
        let mut word = String::new();
        let mut before: Option<char> = None;
        for c in text.chars() {
            match (is_cjk(c), c.is_alphanumeric() || is_mark(c)) {
                (true, _) if is_particle(c) => tokens.push(&mut word),
                (true, _) => {
                    tokens.push(&mut word);
                    tokens.push(&mut c.to_string());
                    if let Some(before) = before {
                        tokens.push(&mut format!("{before}{c}"));
                    }
                }
                (false, true) => word.push(c),
                // "don't" and "dont" are one word.
                (false, false) if matches!(c, '\'' | '\u{2019}') && !word.is_empty() => {}
                (false, false) => tokens.push(&mut word),
            }
            before = (is_cjk(c) && !is_particle(c)).then_some(c);
        }
        tokens.push(&mut word);
        tokens
    }
}

/// Combining marks that stand inside words of Indic and other scripts.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

impl Tokens {
    /// Takes a word and leaves it empty.
    fn push(&mut self, word: &mut String) {
        if !word.is_empty() {
            let position = self.tokens.len();
            self.tokens.push(Token { position, text: std::mem::take(word), ..Token::default() });
        }
    }
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.next - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_terms() {
        let check = |text: &str, expect: &str| assert_eq!(terms(text, 100).join(" "), expect, "{text:?}");
        check("Where are my ORDERS?", "where are my order");
        check("I don't / don\u{2019}t return caf\u{e9}s", "i dont return cafe");
        check("\u{ff25}\u{ff2d}\u{ff29} \u{ff11}\u{ff12}", "emi 12");
        check("\u{9000}\u{8d27}\u{653f}\u{7b56}", "\u{9000} \u{8d27} \u{9000}\u{8d27} \u{653f} \u{8d27}\u{653f} \u{7b56} \u{653f}\u{7b56}");
        check("\u{7528}EMI\u{4ed8}\u{6b3e}", "\u{7528} emi \u{4ed8} \u{6b3e} \u{4ed8}\u{6b3e}");
        check("\u{9000}\u{3002}\u{8d27}", "\u{9000} \u{8d27}");
        check("你们的快递费呢", "快 递 快递 费 递费");
        check("什么", "什");
        check("order order order", "order");
        check("", "");
        check("\u{1f600} \u{1f4a9} ...", "");
        check(&"x".repeat(1000), "");
        check("a\u{0}b\u{202e}c", "a b c");
    }

    #[test]
    fn the_number_of_terms_is_bounded() {
        let text: String = (0..1000).map(|i| format!("w{i} ")).collect();
        assert_eq!(terms(&text, 64).len(), 64);
    }

    #[test]
    fn the_share_of_chinese_letters() {
        let check = |text: &str, expect: f32| assert!((cjk_share(text) - expect).abs() < 0.01, "{text}: {}", cjk_share(text));
        check("where is it?", 0.0);
        check("\u{9000}\u{8d27}\u{ff1f}", 1.0);
        check("ab\u{9000}\u{8d27}", 0.5);
        check("?! \u{1f600}", 0.0);
    }
}
