//! What the bot says by itself, in one language: each phrase is a template.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Environment, UndefinedBehavior, Value};
use serde_norway::Value as Yaml;

use super::fault::{Faults, PromptError};
use super::files::front_matter;
use super::keys::{OF_PERSONS, TEXTS};

/// Variants of an opening, at most.
const MOST_VARIANTS: usize = 3;

/// What a reply opens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// Something went wrong.
    Complaint,
    /// Thanks, and a question behind them.
    Thanks,
    /// A question on what was just answered.
    FollowUp,
    /// Any other question.
    Neutral,
}

impl Situation {
    /// All of them, with the variants that a file has to have at least.
    const ALL: [(Self, usize); 4] = [(Self::Complaint, 1), (Self::Thanks, 1), (Self::FollowUp, 0), (Self::Neutral, 0)];

    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().map(|(situation, _)| situation)
    }

    /// The key of its phrases.
    pub fn key(self) -> &'static str {
        match self {
            Self::Complaint => "opening.complaint",
            Self::Thanks => "opening.thanks",
            Self::FollowUp => "opening.follow_up",
            Self::Neutral => "opening.neutral",
        }
    }
}

/// The phrases of one language.
#[derive(Debug)]
pub struct Phrases {
    locale: String,
    shop: String,
    texts: Environment<'static>,
    quick_replies: Vec<String>,
    /// In the order of [`Situation::ALL`].
    openings: [Vec<String>; 4],
}

impl Phrases {
    /// Parses a file; every phrase is rendered once. The error names all faults of the file.
    pub fn parse(file: &str, locale: &str, shop: &str, text: &str) -> Result<Self, PromptError> {
        let (front, body, before) = front_matter(file, text)?;
        let mut faults = Faults::of(file);
        if front.name.trim().is_empty() || front.description.trim().is_empty() {
            faults.add("front matter", "name or description is missing", "give both, each on its line");
        }
        if front.language.as_deref() != Some(locale) {
            faults.add("front matter", format!("the language is not {locale}"), format!("write `language: {locale}`"));
        }
        let root: Yaml = match serde_norway::from_str(body) {
            Ok(root) => root,
            Err(fault) => {
                let place = fault.location().map(|place| format!("line {}", place.line() + before)).unwrap_or_default();
                let said = fault.to_string();
                return Err(faults.fatal(&place, said.split(" at line ").next().unwrap_or_default(), "mend the YAML there"));
            }
        };
        let mut leaves = BTreeMap::new();
        flatten(String::new(), root, &mut leaves, &mut faults);
        let mut texts = Environment::new();
        texts.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut phrases =
            Self { locale: locale.to_owned(), shop: shop.to_owned(), texts, quick_replies: Vec::new(), openings: Default::default() };
        for (key, variables) in TEXTS {
            match leaves.remove(key) {
                Some(Leaf::Text(template)) => phrases.add(key, variables, template, &mut faults),
                Some(Leaf::List(_)) => faults.add(key, "it is a list", "write one text"),
                None => faults.add(key, "it is missing", format!("add it, as `nightdesk prompts print {file}` shows")),
            }
        }
        phrases.quick_replies = phrases.list("quick_replies", leaves.remove("quick_replies"), &mut faults);
        for ((situation, least), place) in Situation::ALL.into_iter().zip(0..) {
            let variants = phrases.list(situation.key(), leaves.remove(situation.key()), &mut faults);
            if !(least..=MOST_VARIANTS).contains(&variants.len()) {
                let remedy = format!("write a list of {least} to {MOST_VARIANTS} texts");
                faults.add(situation.key(), format!("it has {} variants", variants.len()), remedy);
            }
            if variants.iter().any(|text| text.contains(|c: char| c.is_ascii_digit())) {
                faults.add(situation.key(), "it states a number", "leave facts to the entries and say something that is always true");
            }
            phrases.openings[place] = variants;
        }
        for key in leaves.into_keys() {
            faults.add(&key, "no phrase has this name", "correct the spelling or remove it");
        }
        faults.unless_any(phrases)
    }

    /// Adds a template and tries it: each variable in it, also in a branch that is not taken now, must be one that will be given.
    fn add(&mut self, key: &'static str, variables: &[&str], template: String, faults: &mut Faults) {
        if let Err(fault) = self.texts.add_template_owned(key, template) {
            faults.add(key, format!("{fault:#}"), "mend the template");
            return;
        }
        let known: BTreeSet<&str> = variables.iter().copied().chain(["shop"]).collect();
        let used = self.texts.get_template(key).map(|template| template.undeclared_variables(false)).unwrap_or_default();
        let listed = || known.iter().map(|name| format!("{{{{ {name} }}}}")).collect::<Vec<_>>().join(", ");
        let mut unknown: Vec<&String> = used.iter().filter(|name| !known.contains(name.as_str())).collect();
        unknown.sort();
        for name in &unknown {
            faults.add(key, format!("the variable '{name}' is unknown here"), format!("use {}", listed()));
        }
        let sample: Vec<(&str, String)> = variables.iter().map(|name| (*name, "x".to_owned())).collect();
        match self.try_text(key, &sample) {
            Ok(text) if text.is_empty() => faults.add(key, "it says nothing", "write a text"),
            Err(reason) if unknown.is_empty() => faults.add(key, reason, "mend the template"),
            Ok(_) | Err(_) => {}
        }
    }

    /// The texts of a list, rendered with the shop's name; none where the key is missing.
    fn list(&self, key: &str, leaf: Option<Leaf>, faults: &mut Faults) -> Vec<String> {
        let templates = match leaf {
            Some(Leaf::List(templates)) => templates,
            Some(Leaf::Text(_)) => {
                faults.add(key, "it is one text", "write a list: lines that begin with `- `");
                Vec::new()
            }
            None => {
                faults.add(key, "it is missing", "add it; an empty list is `[]`");
                Vec::new()
            }
        };
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut texts = Vec::new();
        for template in &templates {
            let shop = BTreeMap::from([("shop", Value::from(self.shop.as_str()))]);
            match environment.render_str(template, shop) {
                Ok(text) if text.trim().is_empty() => faults.add(key, "a text says nothing", "write a text or remove the line"),
                Ok(text) => texts.push(text.trim().to_owned()),
                Err(fault) => faults.add(key, format!("'{template}': {fault:#}"), "use {{ shop }} or no variable"),
            }
        }
        texts
    }

    /// The language.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// What the widget offers to ask.
    pub fn quick_replies(&self) -> &[String] {
        &self.quick_replies
    }

    /// How a reply may begin, the one first that is used where nobody chooses; none where it begins with the answer itself.
    pub fn openings(&self, situation: Situation) -> &[String] {
        let place = Situation::ALL.iter().position(|(known, _)| *known == situation);
        place.map_or(&[], |place| self.openings[place].as_slice())
    }

    /// The words of a phrase as they stand in the file, its variables not filled in; of an opening all its variants.
    pub fn source(&self, key: &str) -> Option<String> {
        let opening = Situation::ALL.iter().position(|(situation, _)| situation.key() == key);
        match opening {
            Some(place) => Some(self.openings[place].join("\n")),
            None => self.texts.get_template(key).ok().map(|template| template.source().to_owned()),
        }
    }

    /// The texts that say something of which `says` is true, by their keys; those that go with a handoff aside.
    pub(super) fn saying(&self, says: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let keys = TEXTS.iter().map(|(key, _)| *key).chain(Situation::all().map(Situation::key));
        let other = keys.filter(|key| !OF_PERSONS.iter().any(|prefix| key.starts_with(prefix)));
        other.filter(|key| self.source(key).is_some_and(|words| words.lines().any(&says) || says(&words))).collect()
    }

    /// How many texts there are.
    pub(super) fn count(&self) -> usize {
        TEXTS.len() + self.quick_replies.len() + self.openings.iter().map(Vec::len).sum::<usize>()
    }

    /// A phrase with its variables. `key` is one of the known keys, all of which were rendered at load.
    pub fn text(&self, key: &str, variables: &[(&str, String)]) -> String {
        self.try_text(key, variables).unwrap_or_else(|reason| {
            tracing::error!(phrase.key = key, reason, "a phrase could not be rendered");
            String::new()
        })
    }

    /// The templates by their keys.
    pub(super) fn texts(&self) -> &Environment<'static> {
        &self.texts
    }

    fn try_text(&self, key: &str, variables: &[(&str, String)]) -> Result<String, String> {
        let template = self.texts.get_template(key).map_err(|_| "it is missing".to_owned())?;
        let shop = [("shop", Value::from(self.shop.as_str()))];
        let values = variables.iter().map(|(name, value)| (*name, Value::from(value.as_str())));
        let all: BTreeMap<&str, Value> = shop.into_iter().chain(values).collect();
        template.render(all).map(|text| text.trim().to_owned()).map_err(|fault| format!("{fault:#}"))
    }
}

/// What stands under a key.
enum Leaf {
    Text(String),
    List(Vec<String>),
}

/// Names each leaf with the keys on the way to it: `order.status.pending`.
fn flatten(key: String, node: Yaml, leaves: &mut BTreeMap<String, Leaf>, faults: &mut Faults) {
    let remedy = "write a text, put in quotation marks, or a list of texts";
    match node {
        Yaml::Mapping(group) => {
            for (name, node) in group {
                match name.as_str() {
                    Some(name) if key.is_empty() => flatten(name.to_owned(), node, leaves, faults),
                    Some(name) => flatten(format!("{key}.{name}"), node, leaves, faults),
                    None => faults.add(&key, "a key is not a word", "put it in quotation marks"),
                }
            }
        }
        Yaml::String(text) => {
            leaves.insert(key, Leaf::Text(text));
        }
        Yaml::Sequence(items) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            match texts {
                Some(texts) => {
                    leaves.insert(key, Leaf::List(texts));
                }
                None => faults.add(&key, "not every item of the list is a text", remedy),
            }
        }
        _ => faults.add(&key, "it is neither a text nor a list of texts", remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT_IN: &str = include_str!("../../prompts/phrases/en.yaml");

    /// The faults of the built-in file with one change.
    fn faults(from: &str, to: &str) -> Vec<String> {
        assert!(BUILT_IN.contains(from), "{from}");
        let parsed = Phrases::parse("p.yaml", "en", "Shop", &BUILT_IN.replacen(from, to, 1));
        parsed.map_or_else(|error| error.faults().iter().map(ToString::to_string).collect(), |_| Vec::new())
    }

    #[test]
    fn a_fault_names_its_key_and_what_to_do() {
        let check = |from: &str, to: &str, expect: &str| {
            let found = faults(from, to);
            assert!(found.iter().any(|fault| fault.contains(expect)), "{to}: {found:?}");
        };
        check("greeting:", "greting:", "greeting: it is missing; add it");
        check("greeting:", "greting:", "greting: no phrase has this name");
        check("language: en", "language: de", "front matter: the language is not en; write `language: en`");
        check("description: What", "summary: What", "front matter: unknown field `summary`");
        check(
            "{{ amount }} each",
            "{{ price }} each",
            "order.price_each: the variable 'price' is unknown here; use {{ amount }}, {{ items }}, {{ shop }}",
        );
        check("{% if carrier %}", "{% if courier %}", "order.tracking: the variable 'courier' is unknown here");
        check("{% if carrier %}", "{% if carrier %", "order.tracking: syntax error");
        check("clarify: \"Which of these do you mean?\"", "clarify: 5", "clarify: it is neither a text nor a list of texts");
        check("clarify: \"Which of these do you mean?\"", "clarify: ['a']", "clarify: it is a list; write one text");
        check("clarify: \"Which of these do you mean?\"", "clarify: \" \"", "clarify: it says nothing");
        check("  neutral: []", "  neutral: Hello.", "opening.neutral: it is one text; write a list");
        check("  neutral: []", "  neutral: [a, b, c, d]", "opening.neutral: it has 4 variants; write a list of 0 to 3 texts");
        check("  neutral: []", "  neutral: ['Within 2 days.']", "opening.neutral: it states a number");
        check("  neutral: []", "  neutral: ['{{ date }}']", "opening.neutral: '{{ date }}': undefined value");
        check("smalltalk:\n", "smalltalk:\n hello\n", "mend the YAML there");
    }

    #[test]
    fn all_faults_are_named_and_not_only_the_first() {
        let all = Phrases::parse("p.yaml", "en", "s", "---\nname: p\ndescription: d\nlanguage: en\n---\ngreeting: hi\n").unwrap_err();
        assert!(all.faults().len() > 40, "{}", all.faults().len());
        assert!(all.to_string().contains("more: `nightdesk prompts check` lists them"), "{all}");
    }

    #[test]
    fn openings_are_ready_to_be_said() {
        assert_eq!(faults("\"I am sorry about that.\"", "\"{{ shop }} is sorry.\""), Vec::<String>::new());
        let text = BUILT_IN.replacen("\"I am sorry about that.\"", "\"{{ shop }} is sorry.\"", 1);
        let phrases = Phrases::parse("p.yaml", "en", "Alder", &text).unwrap();
        assert_eq!(phrases.openings(Situation::Complaint)[0], "Alder is sorry.");
        assert_eq!(phrases.openings(Situation::Thanks)[0], "You're welcome.");
        assert!(phrases.openings(Situation::Neutral).is_empty());
        assert!(phrases.text("refused", &[]).contains("Alder"));
    }
}
