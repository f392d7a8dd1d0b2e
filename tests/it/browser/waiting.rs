//! A shopper on a phone who waits for a person: an address to leave, the bot that goes on, the person who takes over.

use serde_json::json;

use super::driver::{Screen, keys};
use super::{WIDGET, available, desk, shows};
use crate::support::Agent;

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn a_shopper_leaves_an_address_and_goes_on_with_the_bot() {
    let Some(driver) = available() else { return };
    let desk = desk::Served::start();
    desk.hire("ana@shop.example", "Ana", PASSWORD);
    let phone = driver.browser(Screen::Phone).await;
    phone.goto(&desk.url("/demo")).await;
    phone.tap("return document.querySelector('nightdesk-widget').shadowRoot.querySelector('.launcher')").await;
    shows(&phone, "#welcome .chip", "Where is my order?").await;
    // Where it opens it moves, and a finger would meet something else.
    let still = format!(
        "const box = {WIDGET}.defaultView.frameElement.getBoundingClientRect(), before = window.place;
         window.place = `${{box.x}} ${{box.y}} ${{box.width}}`; return before === window.place && box.x === 0"
    );
    phone.until("the chat at rest", &still, json!([])).await;
    phone.tap(&format!("return {WIDGET}.getElementById('person')")).await;
    shows(&phone, "#log .line", "A person will reply here").await;
    shows(&phone, "#waiting", "Waiting for a person").await;

    // A slip is told under the field, and what was typed stays.
    shows(&phone, "#meanwhile form h2", "Nobody is there").await;
    phone.tap(&format!("return {WIDGET}.getElementById('leave-email')")).await;
    phone.press("mia@example").await;
    phone.press(keys::ENTER).await;
    shows(&phone, "#meanwhile .field-error", "like name@example.com").await;
    phone.press(".com").await;
    phone.press(keys::ENTER).await;
    shows(&phone, "#meanwhile .kept", "Our team can write to mia@example.com.").await;
    let forms = format!("return {WIDGET}.querySelectorAll('#meanwhile form').length");
    assert_eq!(phone.script(&forms, json!([])).await, 0, "the form is gone");

    phone
        .tap(&format!("return [...{WIDGET}.querySelectorAll('#meanwhile .chip')].find((chip) => chip.textContent.startsWith('Go on'))"))
        .await;
    shows(&phone, "#waiting", "The assistant answers meanwhile").await;
    phone.tap(&format!("return {WIDGET}.getElementById('text')")).await;
    phone.press("How long does delivery take?").await;
    phone.press(keys::ENTER).await;
    shows(&phone, "#log .row.bot", "2 to 4 working days").await;
    shows(&phone, "#log .row.bot .author", "Automated").await;
    shows(&phone, "#waiting", "A person will still reply").await;
    let sideways = format!(
        "const root = {WIDGET}.documentElement, scroll = {WIDGET}.getElementById('scroll');
         return root.scrollWidth - root.clientWidth + scroll.scrollWidth - scroll.clientWidth"
    );
    assert_eq!(phone.script(&sideways, json!([])).await, 0, "nothing scrolls sideways");

    let ana = Agent::nobody(&desk.url(""));
    assert_eq!(ana.log_in("ana@shop.example", PASSWORD).await.status(), 200);
    let line = ana.tickets("unassigned").await["tickets"][0].clone();
    assert_eq!(line["contact_name"], "mia@example.com", "the agents see the address: {line}");
    assert_eq!(ana.does("claim", line["conversation"]["id"].as_str().unwrap()).await.status(), 200);
    shows(&phone, "#waiting", "Ana has taken over").await;
    shows(&phone, "#intro", "You are talking to Ana").await;
    let offers =
        format!("return {WIDGET}.getElementById('meanwhile').childElementCount + Number(!{WIDGET}.getElementById('alone').hidden)");
    assert_eq!(phone.script(&offers, json!([])).await, 0, "there is nothing left to wait with");
    assert_eq!(phone.complaints().await, [""; 0]);
}

#[tokio::test]
async fn an_agent_sets_themselves_away_and_here_again() {
    let Some(driver) = available() else { return };
    let desk = desk::Served::start();
    desk.hire("ana@shop.example", "Ana", PASSWORD);
    let agent = driver.browser(Screen::Desk).await;
    agent.goto(&desk.url("/console")).await;
    agent.until("the focus on the e-mail", "return document.activeElement?.id === 'login-email'", json!([])).await;
    agent.press("ana@shop.example").await;
    agent.press(keys::TAB).await;
    agent.press(PASSWORD).await;
    agent.press(keys::ENTER).await;
    let stands = async |checked: &str, text: &str| {
        let script = "const button = document.getElementById('presence');
            return button.getAttribute('aria-checked') === arguments[0] && button.textContent === arguments[1]";
        agent.until(&format!("the switch at {text}"), script, json!([checked, text])).await;
    };
    stands("true", "Here").await;
    agent.script("document.getElementById('presence').focus()", json!([])).await;
    agent.press(keys::ENTER).await;
    stands("false", "Away").await;
    agent.goto(&desk.url("/console")).await;
    stands("false", "Away").await;
    agent.script("document.getElementById('presence').click()", json!([])).await;
    stands("true", "Here").await;
    assert_eq!(agent.complaints().await, [""; 0]);
}
