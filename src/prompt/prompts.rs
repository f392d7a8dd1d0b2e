//! The whole of `prompts/`: built-in files, each replaced by the file of the same name in the shop's folder.

use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::patterns::Patterns;
use super::phrases::Phrases;

/// The files and what is built in.
const BUILT_IN: [(&str, &str); 6] = [
    ("reply.md", include_str!("../../prompts/reply.md")),
    ("rewrite.md", include_str!("../../prompts/rewrite.md")),
    ("pick.md", include_str!("../../prompts/pick.md")),
    ("phrases.en.yaml", include_str!("../../prompts/phrases.en.yaml")),
    ("phrases.zh.yaml", include_str!("../../prompts/phrases.zh.yaml")),
    ("patterns.yaml", include_str!("../../prompts/patterns.yaml")),
];

/// Why a prompt file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// It cannot be read.
    #[error("the prompt file {file} cannot be read: {reason}; mend its permissions or remove it to use the built-in one")]
    Read {
        /// Which.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// Its text is not what it should be.
    #[error("the prompt file {file} is not usable: {reason}; correct it or remove it to use the built-in one")]
    Invalid {
        /// Which.
        file: String,
        /// Where and why.
        reason: String,
    },
}

impl PromptError {
    pub(super) fn invalid(file: &str, reason: impl ToString) -> Self {
        Self::Invalid { file: file.to_owned(), reason: reason.to_string() }
    }
}

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

/// The loaded prompts.
#[derive(Debug)]
pub struct Prompts {
    shop: String,
    reply: Environment<'static>,
    rewrite: Environment<'static>,
    pick: Environment<'static>,
    phrases: Vec<Phrases>,
    patterns: Patterns,
    hash: String,
}

impl Prompts {
    /// Loads the built-in files and those of `folder` (which need not exist), and renders each once: a fault shows at the start, not at night.
    pub fn load(folder: Option<&Path>, shop: &str) -> Result<Self, PromptError> {
        let mut files = Vec::with_capacity(BUILT_IN.len());
        for (name, built_in) in BUILT_IN {
            files.push((name, text_of(folder, name)?.unwrap_or_else(|| built_in.to_owned())));
        }
        let text = |name: &str| files.iter().find(|(file, _)| *file == name).map_or("", |(_, text)| text.as_str());
        let mut digest = Sha256::new();
        for (name, text) in &files {
            digest.update(name.as_bytes());
            digest.update([0]);
            digest.update(text.as_bytes());
            digest.update([0]);
        }
        let phrases = vec![
            Phrases::parse("phrases.en.yaml", "en", shop, text("phrases.en.yaml"))?,
            Phrases::parse("phrases.zh.yaml", "zh", shop, text("phrases.zh.yaml"))?,
        ];
        let prompts = Self {
            shop: shop.to_owned(),
            reply: template("reply.md", text("reply.md"))?,
            rewrite: template("rewrite.md", text("rewrite.md"))?,
            pick: template("pick.md", text("pick.md"))?,
            phrases,
            patterns: Patterns::parse("patterns.yaml", text("patterns.yaml"))?,
            hash: hex::encode(digest.finalize()),
        };
        prompts.reply("question", "sources")?;
        prompts.rewrite("question", "sources")?;
        for what in [Pick::Wants, Pick::Open] {
            prompts.pick(what, "sentences")?;
        }
        Ok(prompts)
    }

    /// What the model is asked with to choose. Both texts are data: their control tokens are escaped by the tokenizer.
    pub fn reply(&self, question: &str, sources: &str) -> Result<ReplyPrompt, PromptError> {
        rendered("reply.md", &self.reply, &context! { shop => self.shop.as_str(), question, sources })
    }

    /// What the model is asked with to answer in its own words. Both texts are data.
    pub fn rewrite(&self, question: &str, sources: &str) -> Result<ReplyPrompt, PromptError> {
        rendered("rewrite.md", &self.rewrite, &context! { shop => self.shop.as_str(), question, sources })
    }

    /// What the model is asked with for one of the shopper's sentences, of which each stands on a line of its own.
    pub fn pick(&self, what: Pick, sentences: &str) -> Result<ReplyPrompt, PromptError> {
        rendered("pick.md", &self.pick, &context! { shop => self.shop.as_str(), what => what.as_str(), sentences })
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

    /// SHA-256 over all files, in hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

fn text_of(folder: Option<&Path>, name: &str) -> Result<Option<String>, PromptError> {
    let Some(path) = folder.map(|folder| folder.join(name)) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(PromptError::Read { file: path.display().to_string(), reason: fault.to_string() }),
    }
}

fn rendered(file: &str, sections: &Environment<'static>, values: &Value) -> Result<ReplyPrompt, PromptError> {
    let section = |name: &str| sections.get_template(name)?.render(values);
    let render = |name: &str| section(name).map_err(|fault| PromptError::invalid(file, format!("section '{name}': {fault:#}")));
    Ok(ReplyPrompt { system: render("system")?, user: render("user")? })
}

/// Front matter, then the sections `## system` and `## user`.
fn template(file: &str, text: &str) -> Result<Environment<'static>, PromptError> {
    let fault = |reason: &str| PromptError::invalid(file, reason);
    let body = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map(|(_, body)| body);
    let body = body.ok_or_else(|| fault("it does not begin with front matter between two lines '---'"))?;
    let (_, rest) = body.split_once("## system\n").ok_or_else(|| fault("the section '## system' is missing"))?;
    let (system, user) = rest.split_once("## user\n").ok_or_else(|| fault("the section '## user' is missing behind '## system'"))?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, section) in [("system", system), ("user", user)] {
        environment
            .add_template_owned(name, section.trim().to_owned())
            .map_err(|error| PromptError::invalid(file, format!("{error:#}")))?;
    }
    Ok(environment)
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
    fn an_unknown_variable_is_refused_at_load() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("reply.md"), "---\nname: reply\n---\n## system\n{{ shoop }}\n## user\nx").unwrap();
        let fault = Prompts::load(Some(folder.path()), "s").unwrap_err().to_string();
        assert!(fault.contains("reply.md") && fault.contains("system"), "{fault}");
    }
}
