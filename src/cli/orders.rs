//! `nightdesk orders`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::Subcommand;

use crate::app::open_store;
use crate::commerce::import;
use crate::config::Settings;

/// What can be done with orders.
#[derive(Debug, Subcommand)]
pub enum OrdersCommand {
    /// Load customers, products and orders from a JSON file; rows that are there already are brought up to date.
    #[command(
        after_help = "The file is our documented format (`\"format\": \"nightdesk-shop/1\"`, see src/app/demo/shop.json) or the retail format of \
                            tau-bench.\n\nExample:\n  nightdesk orders import shop.json --data data"
    )]
    Import {
        /// The JSON file.
        file: PathBuf,
    },
}

/// Runs it.
pub async fn run(settings: Settings, command: OrdersCommand) -> anyhow::Result<()> {
    let OrdersCommand::Import { file } = command;
    let began = Instant::now();
    let json = std::fs::read_to_string(&file)
        .with_context(|| format!("{} cannot be read; check the path and that it is UTF-8 text", file.display()))?;
    let data = import::parse(&json).with_context(|| format!("{} was not imported", file.display()))?;
    let store = open_store(&settings).await?;
    let counts = store.import(&data).await?;
    store.close().await;
    println!(
        "imported in {:.2} s: {} customers, {} products with {} variants, {} orders with {} items, {} payments and refunds, {} shipments",
        began.elapsed().as_secs_f64(),
        counts.customers,
        counts.products,
        counts.variants,
        counts.orders,
        counts.items,
        counts.payments,
        counts.shipments
    );
    Ok(())
}
