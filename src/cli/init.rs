//! `nightdesk init`: a shop's own starting folder, with no demo data in it.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use crate::config;

const FILES: [(&str, &str); 4] = [
    ("knowledge_base/delivery.md", include_str!("template/delivery.md")),
    ("prompts/phrases/en.yaml", include_str!("../../prompts/phrases/en.yaml")),
    ("prompts/phrases/zh.yaml", include_str!("../../prompts/phrases/zh.yaml")),
    (".gitignore", "/data/\n/models/\n"),
];

/// What `init` is given.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nightdesk init myshop\n  cd myshop\n  nightdesk serve --config nightdesk.toml")]
pub struct InitArgs {
    /// The folder to make.
    dir: PathBuf,
}

/// Writes the folder; a file that is there already is never overwritten.
pub fn run(args: &InitArgs) -> anyhow::Result<()> {
    let settings = own_settings();
    let files: Vec<(&str, &str)> = FILES.into_iter().chain([("nightdesk.toml", settings.as_str())]).collect();
    if let Some((name, _)) = files.iter().find(|(name, _)| args.dir.join(name).exists()) {
        bail!("{} is there already; name a new folder", args.dir.join(name).display());
    }
    for (name, text) in files {
        let path = args.dir.join(name);
        let remedy = || format!("{} cannot be written; check the folder's permissions", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(remedy)?;
        }
        std::fs::write(&path, text).with_context(remedy)?;
    }
    println!("wrote {}", args.dir.display());
    println!("  nightdesk.toml            the settings: set shop.name first, then time zone and hours of the desk");
    println!("  knowledge_base/           the shop's questions and answers");
    println!("  prompts/                  what the bot says by itself");
    println!("then: cd {} && nightdesk serve --config nightdesk.toml", args.dir.display());
    Ok(())
}

/// The documented defaults with every setting commented out but the ones that a shop has to choose.
fn own_settings() -> String {
    let mut text = String::new();
    for line in config::DEFAULT.lines() {
        let own = match line {
            "name = \"Alder & Pine\"" => "name = \"My shop\"".to_owned(),
            "website_token = \"demo\"" => "website_token = \"my-shop\"".to_owned(),
            "demo = true" => "demo = false".to_owned(),
            // The demo shop's hours are nobody else's promise: a shop says its own, or none.
            line if line.starts_with("time_zone = ") => "time_zone = \"UTC\"".to_owned(),
            line if line.ends_with("day = [\"09:00-17:00\"]") => line.replace("[\"09:00-17:00\"]", "[]"),
            line if line.is_empty() || line.starts_with(['#', '[']) => line.to_owned(),
            line => format!("# {line}"),
        };
        text.push_str(&own);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    #[test]
    fn the_folder_is_a_shop_without_the_demo() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("shop");
        run(&InitArgs { dir: dir.clone() }).unwrap();
        let settings = load(&Overrides { config: Some(dir.join("nightdesk.toml")), ..Overrides::default() }).unwrap();
        assert!(!settings.shop.demo);
        assert_eq!(settings.shop.name, "My shop");
        assert!(settings.desk.hours.days().iter().all(|(_, spans)| spans.is_empty()), "no shop promises the demo's hours");
        assert_eq!(settings.desk.time_zone.0.iana_name(), Some("UTC"));
        assert_eq!(settings.knowledge.folder, dir.join("knowledge_base"));
        assert_eq!(crate::knowledge::load(&settings.knowledge.folder).unwrap().entries.len(), 2);
        crate::prompt::Prompts::load(Some(&settings.prompts.folder), "My shop").unwrap();
        let again = run(&InitArgs { dir }).unwrap_err().to_string();
        assert!(again.contains("there already"), "{again}");
    }
}
