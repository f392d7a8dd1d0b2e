//! The whole of `prompts/`: built-in files, each replaced by the file of the same name in the shop's folder.

use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::fault::{Faults, PromptError};
use super::files::{BUILT_IN, CHINESE, ENGLISH, PATTERNS, PICK, REPLY, REWRITE, front_matter, read};
use super::patterns::{Group, Patterns};
use super::phrases::Phrases;

/// What the language model is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyPrompt {
    /// The system message.
    pub system: String,
    /// The user message.
    pub user: String,
}

/// Which of the shopper's sentences is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The one that says what they want.
    Wants,
    /// The one that still needs an answer.
    Open,
}

impl Pick {
    /// Its name in the template.
    fn as_str(self) -> &'static str {
        match self {
            Self::Wants => "wants",
            Self::Open => "open",
        }
    }
}

/// A file that was found to be fine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its name within the folder.
    pub file: &'static str,
    /// Whether it is the shop's own.
    pub own: bool,
    /// What is in it.
    pub holds: String,
}

/// The loaded prompts.
#[derive(Debug)]
pub struct Prompts {
    shop: String,
    reply: Environment<'static>,
    rewrite: Environment<'static>,
    pick: Environment<'static>,
    phrases: Vec<Phrases>,
    patterns: Patterns,
    checked: Vec<Checked>,
    hash: String,
}

impl Prompts {
    /// Loads the built-in files and those of `folder` (which need not exist), and renders each once: a fault shows at the start, not at night. The
    /// error names the faults of all files.
    pub fn load(folder: Option<&Path>, shop: &str) -> Result<Self, PromptError> {
        let mut faults = Faults::of("prompts");
        let files = read(folder, &mut faults);
        let text = |name: &str| files.iter().find(|file| file.name == name).map_or("", |file| file.text.as_str());
        let mut digest = Sha256::new();
        for file in &files {
            digest.update(file.name.as_bytes());
            digest.update([0]);
            digest.update(file.text.as_bytes());
            digest.update([0]);
        }
        let of_sources = [context! { shop, question => "question", sources => "sources" }];
        let of_sentences = [Pick::Wants, Pick::Open].map(|what| context! { shop, what => what.as_str(), sentences => "sentences" });
        let reply = faults.keep(template(REPLY, text(REPLY), &of_sources));
        let rewrite = faults.keep(template(REWRITE, text(REWRITE), &of_sources));
        let pick = faults.keep(template(PICK, text(PICK), &of_sentences));
        let english = faults.keep(Phrases::parse(ENGLISH, "en", shop, text(ENGLISH)));
        let chinese = faults.keep(Phrases::parse(CHINESE, "zh", shop, text(CHINESE)));
        let patterns = faults.keep(Patterns::parse(PATTERNS, text(PATTERNS)));
        let (Some(reply), Some(rewrite), Some(pick)) = (reply, rewrite, pick) else { return Err(faults.into_error()) };
        let (Some(english), Some(chinese), Some(patterns)) = (english, chinese, patterns) else { return Err(faults.into_error()) };
        for (file, phrases) in [(ENGLISH, &english), (CHINESE, &chinese)] {
            faults.keep(no_claims(file, phrases, &patterns));
        }
        let checked = files.iter().map(|file| {
            let holds = match file.name {
                ENGLISH => format!("{} phrases", english.count()),
                CHINESE => format!("{} phrases", chinese.count()),
                PATTERNS => patterns.describe(),
                _ => "2 sections".to_owned(),
            };
            Checked { file: file.name, own: file.own, holds }
        });
        let checked = checked.collect();
        let hash = hex::encode(digest.finalize());
        faults.unless_any(Self { shop: shop.to_owned(), reply, rewrite, pick, phrases: vec![english, chinese], patterns, checked, hash })
    }

    /// The text of a built-in file, for a shop to begin its own with; `None` for a name that no file has.
    pub fn built_in(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(file, _)| *file == name).map(|(_, text)| *text)
    }

    /// The names of the files.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// What the model is asked with to choose. Both texts are data: their control tokens are escaped by the tokenizer.
    pub fn reply(&self, question: &str, sources: &str) -> Result<ReplyPrompt, PromptError> {
        asked(REPLY, &self.reply, &context! { shop => self.shop.as_str(), question, sources })
    }

    /// What the model is asked with to answer in its own words. Both texts are data.
    pub fn rewrite(&self, question: &str, sources: &str) -> Result<ReplyPrompt, PromptError> {
        asked(REWRITE, &self.rewrite, &context! { shop => self.shop.as_str(), question, sources })
    }

    /// What the model is asked with for one of the shopper's sentences, of which each stands on a line of its own.
    pub fn pick(&self, what: Pick, sentences: &str) -> Result<ReplyPrompt, PromptError> {
        asked(PICK, &self.pick, &context! { shop => self.shop.as_str(), what => what.as_str(), sentences })
    }

    /// The phrases of a locale; English where there are none.
    pub fn phrases(&self, locale: &str) -> &Phrases {
        let language = locale.split(['-', '_']).next().unwrap_or("en");
        self.phrases.iter().find(|phrases| phrases.locale() == language).unwrap_or(&self.phrases[0])
    }

    /// What code recognises without a model.
    pub fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// What was loaded, file by file.
    pub fn checked(&self) -> &[Checked] {
        &self.checked
    }

    /// SHA-256 over all files, in hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// That a person was called is said by nothing but the line of a handoff, which commits together with it.
fn no_claims(file: &str, phrases: &Phrases, patterns: &Patterns) -> Result<(), PromptError> {
    let mut faults = Faults::of(file);
    for key in phrases.saying(|words| patterns.matches(Group::ClaimsTransfer, words)) {
        faults.add(key, "it says that a person was called, which happens with the texts under `handoff` alone", "say something else");
    }
    faults.unless_any(())
}

/// Front matter, then the sections `## system` and `## user`, each rendered with each of the samples.
fn template(file: &str, text: &str, samples: &[Value]) -> Result<Environment<'static>, PromptError> {
    let (_, body, _) = front_matter(file, text)?;
    let remedy = format!("write the sections `## system` and `## user` in this order, as `nightdesk prompts print {file}` shows");
    let missing = |name: &str| Faults::of(file).fatal(name, "the section is missing", &remedy);
    let (_, rest) = body.split_once("## system\n").ok_or_else(|| missing("## system"))?;
    let (system, user) = rest.split_once("## user\n").ok_or_else(|| missing("## user"))?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut faults = Faults::of(file);
    for (name, section) in [("system", system), ("user", user)] {
        if let Err(fault) = environment.add_template_owned(name, section.trim().to_owned()) {
            faults.add(&format!("## {name}"), format!("{fault:#}"), "mend the template");
        } else if let Some(fault) = samples.iter().find_map(|sample| rendered(file, &environment, name, sample).err()) {
            faults.extend(fault);
        }
    }
    faults.unless_any(environment)
}

fn asked(file: &str, sections: &Environment<'_>, values: &Value) -> Result<ReplyPrompt, PromptError> {
    let section = |name: &str| rendered(file, sections, name, values);
    Ok(ReplyPrompt { system: section("system")?, user: section("user")? })
}

fn rendered(file: &str, environment: &Environment<'_>, name: &str, values: &Value) -> Result<String, PromptError> {
    let text = environment.get_template(name).and_then(|template| template.render(values));
    let remedy = match file {
        PICK => "use {{ shop }}, {{ what }} and {{ sentences }}",
        _ => "use {{ shop }}, {{ question }} and {{ sources }}",
    };
    text.map_err(|fault| Faults::of(file).fatal(&format!("## {name}"), format!("{fault:#}"), remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_load_and_render() {
        let prompts = Prompts::load(None, "Alder & Pine").unwrap();
        let reply = prompts.reply("Where?", "Here.").unwrap();
        assert!(reply.system.contains("Alder & Pine"), "{reply:?}");
        assert!(reply.user.contains("Where?") && reply.user.contains("Here."), "{reply:?}");
        let picks = [Pick::Wants, Pick::Open].map(|what| prompts.pick(what, "One.\nTwo.").unwrap());
        assert!(picks.iter().all(|pick| pick.user.contains("One.\nTwo.")) && picks[0] != picks[1], "{picks:?}");
    }

    #[test]
    fn a_shops_own_file_replaces_the_built_in_one_and_changes_the_hash() {
        let folder = tempfile::tempdir().unwrap();
        let built_in = Prompts::load(Some(folder.path()), "s").unwrap();
        std::fs::write(
            folder.path().join("reply.md"),
            "---\nname: reply\n---\n## system\nBe {{ shop }}.\n## user\n{{ question }}{{ sources }}",
        )
        .unwrap();
        let own = Prompts::load(Some(folder.path()), "s").unwrap();
        assert_eq!(own.reply("q", "").unwrap().system, "Be s.");
        assert_ne!(own.hash(), built_in.hash());
    }

    #[test]
    fn only_the_lines_of_a_handoff_say_that_a_person_was_called() {
        let prompts = Prompts::load(None, "s").unwrap();
        for locale in ["en", "zh"] {
            let line = prompts.phrases(locale).text("handoff.asked", &[]);
            assert!(prompts.patterns().matches(Group::ClaimsTransfer, &line), "{line}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("phrases")).unwrap();
        let text =
            Prompts::built_in(ENGLISH).unwrap().replace("Goodbye, and thank you", "I have transferred you to a colleague. Thank you");
        std::fs::write(folder.path().join(ENGLISH), text).unwrap();
        let faults = Prompts::load(Some(folder.path()), "s").unwrap_err();
        let told: Vec<String> = faults.faults().iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains("smalltalk.bye: it says that a person was called"), "{told:?}");
    }

    #[test]
    fn an_unknown_variable_is_refused_at_load() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("reply.md"), "---\nname: reply\n---\n## system\n{{ shoop }}\n## user\nx").unwrap();
        let fault = Prompts::load(Some(folder.path()), "s").unwrap_err().to_string();
        assert!(fault.contains("reply.md: ## system: undefined value"), "{fault}");
    }

    #[test]
    fn the_faults_of_all_files_are_told_together_and_each_file_counts_in_the_hash() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("phrases")).unwrap();
        let mut hashes = std::collections::BTreeSet::new();
        for name in Prompts::names() {
            let text = Prompts::built_in(name).unwrap();
            std::fs::write(folder.path().join(name), format!("{text}\n")).unwrap();
            let prompts = Prompts::load(Some(folder.path()), "s").unwrap();
            assert!(prompts.checked().iter().any(|checked| checked.file == name && checked.own), "{:?}", prompts.checked());
            assert!(hashes.insert(prompts.hash().to_owned()), "{name} does not count");
        }
        for name in Prompts::names() {
            std::fs::write(folder.path().join(name), "nothing").unwrap();
        }
        let error = Prompts::load(Some(folder.path()), "s").unwrap_err();
        let wrong: std::collections::BTreeSet<&str> = error.faults().iter().map(|fault| fault.file.as_str()).collect();
        assert_eq!(wrong, Prompts::names().collect());
    }
}
