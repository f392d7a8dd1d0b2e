//! The shop's page and the console in a real browser, against the real program.

mod desk;
mod driver;
mod waiting;

use driver::{Browser, Driver, Screen, keys};
use serde_json::json;

/// Whether there is a browser to test with. Where there is none, says so; in a run that asks for it that is a failure.
fn available() -> Option<Driver> {
    let driver = Driver::start();
    crate::support::available("browser", driver.is_some(), "chromium and chromedriver").then_some(driver)?
}

/// The widget's document, as an expression. It is of the page's own origin, so a script of the page may look into it.
const WIDGET: &str = "document.querySelector('nightdesk-widget').shadowRoot.querySelector('iframe').contentDocument";

/// Waits until the widget shows an element with that text; returns the element's whole text.
async fn shows(page: &Browser, selector: &str, text: &str) -> String {
    let script = format!(
        "return [...{WIDGET}.querySelectorAll(arguments[0])].map((one) => one.textContent).find((all) => all.includes(arguments[1]))"
    );
    let found = page.until(&format!("the widget's {selector} with {text:?}"), &script, json!([selector, text])).await;
    found.as_str().unwrap().to_owned()
}

/// Waits until the shopper could type into the composer.
async fn composer_has_focus(page: &Browser) {
    let script = format!("return {WIDGET}.activeElement?.id === 'text' && {WIDGET}.getElementById('shop').textContent.trim() !== ''");
    page.until("the focus in the composer", &script, json!([])).await;
}

/// Goes to the launcher with the Tab key and opens the widget with Enter.
async fn open_by_keyboard(page: &Browser) {
    for _ in 0..40 {
        if page.script("return document.activeElement?.tagName === 'NIGHTDESK-WIDGET'", json!([])).await == true {
            page.press(keys::ENTER).await;
            return composer_has_focus(page).await;
        }
        page.press(keys::TAB).await;
    }
    panic!("the Tab key does not reach the launcher");
}

async fn says(page: &Browser, text: &str) {
    page.press(text).await;
    page.press(keys::ENTER).await;
}

/// Notes every length that the provisional reply has.
async fn watch_the_draft(page: &Browser) {
    let script = format!(
        "window.lengths = new Set(); const live = {WIDGET}.getElementById('live');
         new MutationObserver(() => {{ const text = live.querySelector('.bubble .prose')?.textContent; if (text) window.lengths.add(text.length); }})
           .observe(live, {{ childList: true, subtree: true, characterData: true }});"
    );
    page.script(&script, json!([])).await;
}

#[tokio::test]
async fn a_shopper_is_answered_and_handed_to_an_agent() {
    let Some(driver) = available() else { return };
    let desk = desk::Served::start();
    desk.hire("ana@shop.example", "Ana", "correct horse battery");
    let shopper = driver.browser(Screen::Desk).await;
    shopper.goto(&desk.url("/demo")).await;

    open_by_keyboard(&shopper).await;
    shows(&shopper, "#welcome .bubble", "assistant").await;
    watch_the_draft(&shopper).await;
    says(&shopper, "How long does delivery take?").await;
    let answer = shows(&shopper, "#log .row.bot", "2 to 4 working days").await;
    assert!(answer.contains("From:How long does delivery take?"), "the source stands under the answer: {answer}");
    let lengths = shopper.script("return window.lengths.size", json!([])).await;
    assert!(lengths.as_u64() > Some(1), "the answer was seen to grow, not {lengths} times");

    let press_source = format!("{WIDGET}.querySelector('#log button.source').click()");
    shopper.script(&press_source, json!([])).await;
    shows(&shopper, "#page[open] h2", "How long does delivery take?").await;
    shows(&shopper, "#page[open] .page-body", "2 to 4 working days").await;
    shopper.press(keys::ESCAPE).await;
    shopper.until("the page closed and the chat open", &format!("return !{WIDGET}.getElementById('page').open"), json!([])).await;
    shopper.script(&format!("{WIDGET}.getElementById('text').focus()"), json!([])).await;

    says(&shopper, "Where is my order?").await;
    shows(&shopper, "#after form h2", "Your order").await;
    for _ in 0..3 {
        shopper.press(keys::BACK_TAB).await;
    }
    shopper.press("#AP10042").await;
    shopper.press(keys::TAB).await;
    says(&shopper, "mia.berg@example.com").await;
    let order = shows(&shopper, "#log .row.bot", "Order #AP10042").await;
    assert!(order.contains("From:Order #AP10042"), "the order stands under the answer: {order}");
    composer_has_focus(&shopper).await;
    assert_eq!(shopper.script(&format!("return {WIDGET}.querySelectorAll('#after form').length"), json!([])).await, 0, "the form is gone");

    says(&shopper, "Do you sell cars?").await;
    shows(&shopper, "#log .row.bot", "passed it to our team").await;
    shows(&shopper, "#waiting", "Waiting for a person").await;

    let agent = driver.browser(Screen::Desk).await;
    agent.goto(&desk.url("/console")).await;
    agent.until("the focus on the e-mail", "return document.activeElement?.id === 'login-email'", json!([])).await;
    agent.press("ana@shop.example").await;
    agent.press(keys::TAB).await;
    says(&agent, "correct horse battery").await;
    agent.until("the ticket", "return document.querySelector('.ticket-subject')?.textContent === 'Do you sell cars?'", json!([])).await;
    agent.press("j").await;
    agent.until("the conversation", "return document.querySelectorAll('#thread-log .message').length === 8", json!([])).await;
    agent.script("document.querySelector('#thread-log .message.bot .sentence').focus()", json!([])).await;
    let quoted = "const quote = document.querySelector('#rests-on:not([hidden]) blockquote')?.textContent;
        return Boolean(quote) && quote === document.querySelector('.sentence.marked')?.textContent";
    agent.until("the entry's own sentence beside the one that has the focus", quoted, json!([])).await;
    agent.press("c").await;
    agent.until("the focus on the reply", "return document.activeElement?.id === 'reply-text'", json!([])).await;
    says(&agent, "Hello, this is Ana. We sell no cars.").await;

    shows(&shopper, "#log .row.agent .bubble", "We sell no cars.").await;
    shows(&shopper, "#log .row.agent .author", "Ana").await;
    shows(&shopper, "#intro", "You are talking to Ana").await;
    let rows = format!("return {WIDGET}.querySelectorAll('#log .row').length");
    assert_eq!(shopper.script(&rows, json!([])).await, 9, "each message stands there once");

    shopper.goto(&desk.url("/demo")).await;
    open_by_keyboard(&shopper).await;
    shows(&shopper, "#log .row.agent", "We sell no cars.").await;
    assert_eq!(shopper.script(&rows, json!([])).await, 9, "a reload keeps the conversation");

    assert_eq!(shopper.complaints().await, [""; 0]);
    assert_eq!(agent.complaints().await, [""; 0]);
}

#[tokio::test]
async fn an_unclear_question_is_answered_by_a_button() {
    let Some(driver) = available() else { return };
    let desk = desk::Served::start();
    let shopper = driver.browser(Screen::Desk).await;
    shopper.goto(&desk.url("/demo")).await;
    open_by_keyboard(&shopper).await;

    says(&shopper, "bicycle workshop").await;
    shows(&shopper, "#log .row.bot .bubble", "Which of these do you mean?").await;
    shows(&shopper, "#after [role=group] button.option", "my blue bicycle").await;
    shows(&shopper, "#after [role=group] button", "None of these").await;
    composer_has_focus(&shopper).await;
    // Backwards from the composer: none of these, then the last option.
    shopper.press(keys::BACK_TAB).await;
    shopper.press(keys::BACK_TAB).await;
    let title = shopper.script(&format!("return {WIDGET}.activeElement.textContent"), json!([])).await.as_str().unwrap().to_owned();
    assert!(title.contains("the workshop"), "the focus is on an option, not on {title}");
    shopper.press(keys::ENTER).await;
    composer_has_focus(&shopper).await;
    let answer = shows(&shopper, "#log .row.bot", "From:").await;
    assert!(answer.ends_with(&title) || answer.contains(&format!("From:{title}")), "what was chosen is what is answered: {answer}");
    shows(&shopper, "#log .row.shopper .bubble", &title).await;
    let buttons = format!("return {WIDGET}.querySelectorAll('#after button').length");
    assert_eq!(shopper.script(&buttons, json!([])).await, 0, "the buttons are gone");

    says(&shopper, "How long does delivery take?").await;
    shows(&shopper, "#log .row.bot", "2 to 4 working days").await;
    says(&shopper, "bicycle workshop").await;
    shows(&shopper, "#after [role=group] button", "None of these").await;
    shopper.press(keys::BACK_TAB).await;
    shopper.press(keys::ENTER).await;
    shows(&shopper, "#waiting", "Waiting for a person").await;
    assert_eq!(shopper.script(&buttons, json!([])).await, 0, "the buttons are gone");
    assert_eq!(shopper.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_reply_that_overtakes_the_answer_to_its_request_counts() {
    let Some(driver) = available() else { return };
    let desk = desk::Served::start();
    let shopper = driver.browser(Screen::Desk).await;
    shopper.goto(&desk.url("/demo")).await;
    open_by_keyboard(&shopper).await;
    // The answer to the request is held back until long after the event stream has told of the handoff.
    let late = format!(
        "const frame = {WIDGET}.defaultView; const before = frame.fetch; window.late = 0;
         frame.fetch = async (url, options) => {{
           const answer = await before.call(frame, url, options);
           if (String(url).endsWith('/widget/messages')) {{ await new Promise((done) => setTimeout(done, 3000)); window.late += 1; }}
           return answer;
         }};"
    );
    shopper.script(&late, json!([])).await;
    says(&shopper, "Do you sell cars?").await;
    shows(&shopper, "#waiting", "Waiting for a person").await;
    shopper.until("the late answer", "return window.late === 1", json!([])).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    shows(&shopper, "#waiting", "Waiting for a person").await;
    let hidden = shopper.script(&format!("return {WIDGET}.getElementById('waiting').hidden"), json!([])).await;
    assert_eq!(hidden, false, "what the server said first does not undo what it said later");
}

/// Notes whenever the shopper could not type or send, from now on.
async fn watch_the_composer(page: &Browser) {
    let script = format!(
        "window.locked = []; const page = {WIDGET};
         const look = () => ['text', 'send'].map((id) => page.getElementById(id)).forEach((node) => {{
           const away = node.closest('[hidden], [inert], fieldset:disabled') !== null;
           if (node.disabled || node.readOnly || away || getComputedStyle(node).pointerEvents === 'none') window.locked.push(node.id);
         }});
         new MutationObserver(look).observe(page.body, {{ subtree: true, childList: true, attributes: true, characterData: true }});
         setInterval(look, 5);"
    );
    page.script(&script, json!([])).await;
}

#[tokio::test]
async fn the_composer_is_never_disabled_while_the_bot_writes() {
    let Some(driver) = available() else { return };
    let desk = desk::Served::start();
    let shopper = driver.browser(Screen::Desk).await;
    shopper.goto(&desk.url("/demo")).await;
    open_by_keyboard(&shopper).await;
    watch_the_composer(&shopper).await;
    watch_the_draft(&shopper).await;
    // Written in one go: the second message while the reply to the first one is on its way, the third one while that grows.
    says(&shopper, &format!("How long does delivery take?{}Can I pay with PayPal?", keys::ENTER)).await;
    shopper.until("the reply to grow", "return window.lengths.size > 0", json!([])).await;
    says(&shopper, "and how do I return an item?").await;
    shows(&shopper, "#log .row.shopper .bubble", "return an item").await;
    shows(&shopper, "#log .row.bot", "Print the label").await;
    let sent = format!("return [...{WIDGET}.querySelectorAll('#log .row.shopper .bubble')].map((one) => one.textContent)");
    let sent = shopper.script(&sent, json!([])).await;
    assert_eq!(sent, json!(["How long does delivery take?", "Can I pay with PayPal?", "and how do I return an item?"]));
    assert_eq!(shopper.script("return window.locked", json!([])).await, json!([]));
    composer_has_focus(&shopper).await;

    // The button for a person is there before anything is said, and whoever pressed it may go on writing.
    let other = driver.browser(Screen::Desk).await;
    other.goto(&desk.url("/demo")).await;
    open_by_keyboard(&other).await;
    watch_the_composer(&other).await;
    other.script(&format!("const button = {WIDGET}.getElementById('person'); if (!button.hidden) button.click()"), json!([])).await;
    shows(&other, "#waiting", "Waiting for a person").await;
    says(&other, "It is about my tent").await;
    shows(&other, "#log .row.shopper .bubble", "about my tent").await;
    assert_eq!(other.script("return window.locked", json!([])).await, json!([]));
}

#[tokio::test]
async fn the_widget_fits_a_phone() {
    let Some(driver) = available() else { return };
    let desk = desk::Served::start();
    let phone = driver.browser(Screen::Phone).await;
    phone.goto(&desk.url("/demo")).await;
    let sideways = "const { scrollWidth, clientWidth } = document.documentElement; return scrollWidth - clientWidth";
    assert_eq!(phone.script(sideways, json!([])).await, 0, "the shop's page does not scroll sideways");

    phone.tap("return document.querySelector('nightdesk-widget').shadowRoot.querySelector('.launcher')").await;
    shows(&phone, "#welcome .chip", "Where is my order?").await;
    phone.tap(&format!("return {WIDGET}.querySelector('#welcome .chip')")).await;
    shows(&phone, "#after form h2", "Your order").await;
    let fits = format!(
        "const page = {WIDGET}, root = page.documentElement, scroll = page.getElementById('scroll');
         const box = page.getElementById('text').getBoundingClientRect();
         return [root.clientWidth, innerWidth, root.scrollWidth - root.clientWidth, scroll.scrollWidth - scroll.clientWidth,
           box.height > 0 && box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight]"
    );
    let [widget, window, page_over, log_over, composer] =
        phone.script(&fits, json!([])).await.as_array().unwrap().clone().try_into().unwrap();
    assert_eq!(widget, window, "the widget takes the whole width");
    assert_eq!((page_over, log_over), (json!(0), json!(0)), "nothing scrolls sideways");
    assert_eq!(composer, true, "the composer is in view");
    assert_eq!(phone.complaints().await, [""; 0]);
}
