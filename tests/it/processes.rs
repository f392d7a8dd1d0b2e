//! Several processes serve one desk from one PostgreSQL database.

use std::time::{Duration, Instant};

use crate::support::{Agent, Database, PATIENCE, Program, Serving, Shop, Shopper, text};

const URL: &str = "NIGHTDESK__DATABASE__URL";
const PASSWORD: &str = "correct horse battery";

fn program(shop: &Shop, url: &str, arguments: &[&str]) -> Program {
    Program::of(shop, arguments).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").env(URL, url)
}

fn serve(shop: &Shop, database: &Database) -> Serving {
    program(shop, &database.url(), &["serve"]).serve()
}

/// Adds an agent from the machine of `shop`, who logs in at `url`.
async fn hire(shop: &Shop, database: &Database, url: &str) -> Agent {
    let add = program(shop, &database.url(), &["agents", "add", "ana@shop.example", "--name", "Ana", "--password-stdin"]);
    add.run_with(format!("{PASSWORD}\n").as_bytes()).well();
    let agent = Agent::nobody(url);
    assert_eq!(agent.log_in("ana@shop.example", PASSWORD).await.status(), 200);
    agent
}

/// Half of the times are at most this. One alone says more about what else the machine does.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shopper_here_and_an_agent_there_talk_as_if_there_were_one() {
    let Some(database) = Database::new().await else { return };
    let (shops, limit) = ([Shop::new(), Shop::new()], Duration::from_millis(500));
    let (here, there) = (serve(&shops[0], &database), serve(&shops[1], &database));
    let agent = hire(&shops[1], &database, &there.url).await;
    let mut console = agent.listens().await;

    let mut shopper = Shopper::arrive(&here.url).await;
    let reply = shopper.asks("I want to talk to a human").await.reply;
    let conversation = text(&reply, "/conversation_id").to_owned();
    console.first(|told| told.name == "conversation.status_changed").await;
    assert_eq!(agent.does("claim", &conversation).await.status(), 200);

    let (mut to_agent, mut to_shopper) = (Vec::new(), Vec::new());
    for round in 0..7 {
        let question = format!("Question {round}");
        shopper.sends(&question).await;
        let sent = Instant::now();
        console.first(|told| told.is_message_of("shopper") && text(&told.data, "/content") == question).await;
        to_agent.push(sent.elapsed());
        // The length is the tests' echo_id.
        assert_eq!(agent.replies(&conversation, &"!".repeat(round + 1)).await.status(), 201);
        let sent = Instant::now();
        assert_eq!(text(&shopper.hears_agent().await, "/content").len(), round + 1);
        to_shopper.push(sent.elapsed());
    }
    assert!(median(to_agent.clone()) < limit, "to the agent: {to_agent:?}");
    assert!(median(to_shopper.clone()) < limit, "to the shopper: {to_shopper:?}");

    // What the agent may do no longer is known on the other side at once: the bot is silent while they have the conversation.
    let authors: Vec<String> = shopper.history().await.iter().map(|message| text(message, "/author/type").to_owned()).collect();
    assert_eq!(authors[2..], ["shopper", "agent"].repeat(7), "{authors:?}");
}

/// How often a process is killed: three times, or as often as `NIGHTDESK_TEST_KILLS` says; then a table of it is printed.
fn kills() -> (usize, bool) {
    let asked = std::env::var_os("NIGHTDESK_TEST_KILLS").and_then(|text| text.to_string_lossy().parse().ok());
    (asked.unwrap_or(3), asked.is_some())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_at_the_desk_of_one_process_is_known_at_the_other() {
    let Some(database) = Database::new().await else { return };
    let shops = [Shop::new(), Shop::new()];
    shops.iter().for_each(Shop::is_always_open);
    let (here, there) = (serve(&shops[0], &database), serve(&shops[1], &database));
    let agent = hire(&shops[1], &database, &there.url).await;
    let mut shopper = Shopper::arrive(&here.url).await;
    assert_eq!(text(&shopper.session, "/availability/state"), "nobody");
    let console = agent.listens().await;
    assert_eq!(text(&shopper.refresh().await.session, "/availability/state"), "online");
    let heard = shopper.asks("I want to talk to a human").await;
    assert!(!heard.says().contains("Nobody"), "{}", heard.says());
    drop(console);
    let closed = Instant::now();
    while text(&shopper.refresh().await.session, "/availability/state") != "nobody" {
        assert!(closed.elapsed() < PATIENCE, "a console that was closed is not forgotten");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_owed_another_one_does() {
    let Some(database) = Database::new().await else { return };
    let shops = [Shop::new(), Shop::new()];
    let (mut here, mut there) = (serve(&shops[0], &database), serve(&shops[1], &database));
    let mut shopper = Shopper::arrive(&here.url).await;
    let mut last = shopper.asks("How can I pay?").await.events.pop().unwrap().id.unwrap();

    // Before the turn, in the middle of it, when the reply is told, and when it has been.
    let questions = ["How long does delivery take?", "Do I get an invoice?", "How do I return an item?", "How much does delivery cost?"];
    let moments = [0, 40, 400, 120, 900];
    let (rounds, is_asked) = kills();
    let mut table = String::from("| killed after (ms) | first heard on the other process (ms) | reply heard (ms) |\n|---|---|---|\n");
    for round in 0..rounds {
        let (question, moment) = (questions[round % questions.len()], moments[round % moments.len()]);
        // The same question a third time would bring a person.
        if round > 0 && round % questions.len() == 0 {
            shopper = Shopper::arrive(&here.url).await;
            last = shopper.asks("How can I pay?").await.events.pop().unwrap().id.unwrap();
        }
        shopper.sends(question).await;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        here.kill();
        let killed = Instant::now();

        shopper.follow(&there.url).await;
        let mut resumed = shopper.stream_after(&last).await;
        let mut heard = resumed.until(|told| told.is_message_of("shopper")).await;
        let resumes = killed.elapsed();
        heard.extend(resumed.until(|told| told.is_message_of("bot")).await);
        table += &format!("| {moment} | {} | {} |\n", resumes.as_millis(), killed.elapsed().as_millis());
        let stored: Vec<i64> = heard.iter().filter_map(|told| told.id.as_ref()?.parse().ok()).collect();
        let after: i64 = last.parse().unwrap();
        assert_eq!(stored, [after + 1, after + 2], "nothing is lost or told twice: {heard:#?}");
        let reply = heard.last().unwrap();
        assert_eq!(text(&reply.data, "/sources/0/title"), question, "killed after {moment} ms");
        last = reply.id.clone().unwrap();
        here = there;
        there = match round + 1 == rounds {
            true => break,
            false => serve(&shops[round % 2], &database),
        };
    }
    if is_asked {
        println!("{table}");
    }
    let history = shopper.history().await;
    let authors: Vec<&str> = history.iter().map(|message| text(message, "/author/type")).collect();
    assert_eq!(authors, ["shopper", "bot"].repeat((rounds - 1) % questions.len() + 2), "{history:#?}");
}

#[test]
fn a_database_that_is_not_there_is_named_without_its_password() {
    let shop = Shop::new();
    // Bound and not listened on any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://desk:hush-1234@{closed}/desk");
    for arguments in [&["serve"][..], &["agents", "list"]] {
        let sentence = program(&shop, &url, arguments).run().sentence();
        for part in [&format!("desk at {closed}"), "does not answer", "database.url"] {
            assert!(sentence.contains(part), "no {part:?} in {sentence}");
        }
        assert!(!sentence.contains("hush"), "{sentence}");
    }
    let checked = program(&shop, &url, &["config", "check"]).run().well();
    assert!(checked.contains(&format!("database   desk at {closed}")) && !checked.contains("hush"), "{checked}");
    let sentence = program(&shop, "postgres://desk:hush-1234@db", &["config", "check"]).run().sentence();
    assert!(sentence.contains("database.url") && !sentence.contains("hush"), "{sentence}");
}
