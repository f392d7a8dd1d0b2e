//! Layering the settings.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};

use super::environment;
use super::settings::Settings;

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {0} cannot be read: {1}; check the path given with --config")]
    Unreadable(String, String),
    /// It says something that is no setting.
    #[error("the configuration is not usable: {0}; `nightdesk config default` prints every setting with its meaning")]
    Invalid(String),
}

/// What the command line overrides.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config FILE`
    pub config: Option<PathBuf>,
    /// `--data DIR`
    pub data: Option<PathBuf>,
    /// `--listen ADDR`
    pub listen: Option<SocketAddr>,
    /// `--knowledge DIR`
    pub knowledge: Option<PathBuf>,
}

/// Defaults, file, environment, command line; checked as a whole.
pub fn load(overrides: &Overrides) -> Result<Settings, ConfigError> {
    let mut figment = Figment::from(Toml::string(super::DEFAULT));
    let mut base = environment::working_folder();
    if let Some(path) = &overrides.config {
        let text = std::fs::read_to_string(path).map_err(|fault| ConfigError::Unreadable(path.display().to_string(), fault.to_string()))?;
        // Parsed once by itself, so that a fault names this file and the place in it.
        figment = figment.merge(Toml::string(&text));
        base = base.join(path.parent().unwrap_or(Path::new("")));
        parse_alone(path, &text)?;
    }
    let mut settings: Settings =
        figment.merge(environment::settings()).extract().map_err(|fault| ConfigError::Invalid(sentence(&fault)))?;
    for folder in [&mut settings.server.data, &mut settings.knowledge.folder, &mut settings.prompts.folder, &mut settings.models.folder] {
        *folder = base.join(&*folder);
    }
    for file in [&mut settings.engine.adapter, &mut settings.answers.questions, &mut settings.models.reader, &mut settings.models.chooser] {
        if !file.as_os_str().is_empty() && file.as_os_str() != "none" {
            *file = base.join(&*file);
        }
    }
    let here = environment::working_folder();
    if let Some(data) = &overrides.data {
        settings.server.data = here.join(data);
    }
    if let Some(knowledge) = &overrides.knowledge {
        settings.knowledge.folder = here.join(knowledge);
    }
    if let Some(listen) = overrides.listen {
        settings.server.listen = listen;
    }
    match settings.faults().as_slice() {
        [] => Ok(settings),
        faults => Err(ConfigError::Invalid(faults.join("; "))),
    }
}

fn parse_alone(path: &Path, text: &str) -> Result<(), ConfigError> {
    let read: Result<figment::value::Dict, _> = Figment::from(Toml::string(text)).extract();
    read.map(|_| ()).map_err(|fault| ConfigError::Invalid(format!("{}: {}", path.display(), sentence(&fault))))
}

/// All faults in one line: key, what is wrong, what would be right.
fn sentence(error: &figment::Error) -> String {
    let one = |fault: figment::Error| {
        let key = fault.path.join(".");
        let kind = fault.kind.to_string();
        if key.is_empty() { kind } else { format!("`{key}`: {kind}") }
    };
    error.clone().into_iter().map(one).collect::<Vec<_>>().join("; ").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nightdesk.toml");
        std::fs::write(&path, text).unwrap();
        load(&Overrides { config: Some(path), ..Overrides::default() })
    }

    #[test]
    fn the_defaults_hold_by_themselves() {
        let settings = load(&Overrides::default()).unwrap();
        assert_eq!(settings.shop.website_token, "demo");
        assert_eq!(settings.server.metrics_address().unwrap().port(), settings.server.listen.port() + 1);
    }

    #[test]
    fn a_fault_names_its_key() {
        let check = |text: &str, expect: &str| {
            let fault = load_text(text).map(|_| ()).unwrap_err().to_string();
            assert!(fault.contains(expect), "{text:?} gave {fault:?}, expected {expect:?}");
        };
        check("[shop]\nnmae = 'x'", "nmae");
        check("[shopp]\nname = 'x'", "shopp");
        check("[server]\nlisten = 'nowhere'", "server.listen");
        check("[answers]\nthreshold = 1.5", "answers.threshold must lie between 0 and 1, or be -1");
        check("[answers]\nthreshold = -0.5", "answers.threshold");
        check("[answers]\nthreshold = nan", "answers.threshold");
        check("[answers]\nmax_wrong_rate = 0", "answers.max_wrong_rate must lie between 0.001 and 0.5");
        check("[answers]\nmax_wrong_rate = 5", "answers.max_wrong_rate");
        check("[answers]\nmax_wrong_rate = 'low'", "answers.max_wrong_rate");
        check("[answers]\nwrong_rate_confidence = 1.0", "answers.wrong_rate_confidence must lie between 0.5 and 0.9999");
        check("[answers]\nwrong_rate_confidence = 0.1", "answers.wrong_rate_confidence");
        check("[answers]\nquestions = 7", "answers.questions");
        check("[widget]\nallowed_origins = ['javascript:alert(1)']", "widget.allowed_origins");
        check("[engine]\nurl = 'localhost:8081'\nmodel = 'm'", "engine.url must be the base address");
        check("[engine]\nurl = 'http://localhost:8081/v1'", "engine.model is empty");
        check("[engine]\napi_key = 'two words'", "engine.api_key");
        check("[desk]\ntime_zone = 'Europe/Rotterdam'", "desk.time_zone");
        check("[desk]\ntime_zone = 'Europe/Rotterdam'", "there is no time zone");
        check("[desk.hours]\nmonday = ['17:00-09:00']", "17:00-09:00 closes before it opens");
        check("[desk.hours]\nmonday = ['9-17']", "desk.hours.monday");
        check("[desk.hours]\nmonday = ['09:00-17:00', '12:00-18:00']", "desk.hours.monday has spans that overlap");
        check("[desk.hours]\nmontag = []", "montag");
        check("[desk]\nholidays = ['12-32']", "\"12-32\" is no day; write 2026-12-28, or 12-25 for every year");
        check("[desk.first_reply_minutes]\nhigh = 99999", "desk.first_reply_minutes");
        check("[desk.first_reply_minutes]\nhigh = -1", "desk.first_reply_minutes.high");
        check("[database]\nurl = 'mysql://desk'", "database.url must look like postgres://");
        let endpoint =
            |lines: &str| format!("[webhooks.endpoints.crm]\nurl = 'https://crm.example/'\nsecret = '0123456789abcdef'\n{lines}");
        check(&endpoint("events = ['message.created']"), "message_created");
        check(&endpoint("event = []"), "webhooks.endpoints.crm");
        check(&endpoint("").replace("0123456789abcdef", "short"), "webhooks.endpoints.crm.secret must have at least 16");
        check(&endpoint("").replace("crm.example", "me:hush@crm.example"), "webhooks.endpoints.crm.url must be an address");
        check(&endpoint("").replace(".crm]", ".\"C R M\"]"), "an endpoint's name");
        check("[webhooks.endpoints.crm]\nurl = 'https://crm.example/'", "secret");
        check("[webhooks]\ngive_up_hours = 0", "webhooks.give_up_hours");
        check("[desk]\nsensitive_topics = ['politics']", "desk.sensitive_topics names 'politics'");
        check("[desk]\nsensitive = []", "desk.sensitive");
        check("[desk.topics]\nallergens = 'nuts'", "desk.topics.allergens");
        check("[desk.priority]\nangry = 'high'", "desk.priority.angry is neither a reason nor a topic");
        check("[desk.priority]\nasked = 'soon'", "desk.priority.asked is 'soon'");
        check("[desk.queues]\nasked = ''", "desk.queues.asked");
        check("[shop", "nightdesk.toml");
    }

    #[test]
    fn a_key_is_not_printed() {
        let settings = load_text("[engine]\napi_key = 'hush-1234'").unwrap();
        assert!(settings.engine.api_key.given().is_some());
        assert!(!format!("{settings:?}").contains("hush"));
        for wrong in ["12345678", "[12345678]", "true", "1.2345678"] {
            let fault = load_text(&format!("[engine]\napi_key = {wrong}")).unwrap_err().to_string();
            assert!(fault.contains("engine.api_key") && !fault.contains("2345678"), "{fault}");
        }
        assert!(load(&Overrides::default()).unwrap().engine.api_key.given().is_none());
        let settings = load_text(
            "[webhooks.endpoints.crm]\nurl = 'https://crm.example/'\nsecret = 'hush-1234-hush-1234'\nevents = ['message_created']",
        );
        let settings = settings.unwrap();
        assert!(settings.webhooks.endpoints["crm"].secret.given().is_some() && !format!("{settings:?}").contains("hush"));
        let settings = load_text("[database]\nurl = 'postgres://me:hush-1234@db/desk'").unwrap();
        assert!(settings.database.url.given().is_some() && !format!("{settings:?}").contains("hush"));
    }

    #[test]
    fn paths_of_a_file_are_read_from_its_folder() {
        let settings = load_text("[knowledge]\nfolder = 'kb'").unwrap();
        assert!(settings.knowledge.folder.is_absolute() && settings.knowledge.folder.ends_with("kb"));
        assert!(!settings.knowledge.folder.starts_with(environment::working_folder()));
    }
}
