//! The command line, as somebody types it.

use std::fs;

use serde_json::Value;

use crate::support::{Program, Shop, root, text};

fn asked(shop: &Shop, question: &str) -> Value {
    let out = Program::of(shop, &["ask", "--json", question]).run().well();
    serde_json::from_str(&out).unwrap_or_else(|fault| panic!("{fault}: {out}"))
}

#[test]
fn a_question_is_answered_as_json() {
    let shop = Shop::new();
    let answer = asked(&shop, "How long does delivery take?");
    assert_eq!(answer["question"], "How long does delivery take?");
    assert_eq!(answer["decision"], "answer");
    let (confidence, threshold) = (answer["confidence"].as_f64().unwrap(), answer["threshold"].as_f64().unwrap());
    assert!(0.0 < threshold && threshold <= confidence && confidence < 1.0, "{answer}");
    assert_eq!((text(&answer, "/threshold_basis"), text(&answer, "/calibration")), ("expected", "provisional"));
    assert!(text(&answer, "/reply").contains("2 to 3 working days"));
    assert_eq!(answer["sources"], serde_json::json!([{"type": "entry", "id": "delivery/time", "title": "How long does delivery take?"}]));
    assert_eq!(answer["model"], "stored");
    assert!(answer["milliseconds"].is_u64());
    assert!(answer.get("handoff_reason").is_none());

    let order = asked(&shop, "where is my order #AP10011? thomas.okafor@example.com");
    assert_eq!((text(&order, "/decision"), text(&order, "/sources/0/number")), ("order", "#AP10011"));
    let none = asked(&shop, "Can your staff teach my grandfather to ride a motorcycle?");
    assert_eq!((text(&none, "/decision"), text(&none, "/handoff_reason")), ("handoff", "low_confidence"));
}

#[test]
fn a_question_is_answered_for_people() {
    let out = Program::of(&Shop::new(), &["ask", "How can I pay?"]).run().well();
    assert!(out.starts_with("We take Visa") && out.contains("answer, confidence 0.") && out.contains("from payment/ways"), "{out}");
}

#[test]
fn many_questions_are_lines_in_and_lines_out() {
    let input = b"How can I pay?\n\n  \nDo I get an invoice?\r\nnot UTF-8: \xff\xfe\nhello";
    let out = Program::of(&Shop::new(), &["ask", "--stdin", "--json"]).run_with(input).well();
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let questions: Vec<&str> = answers.iter().map(|answer| text(answer, "/question")).collect();
    assert_eq!(questions, ["How can I pay?", "Do I get an invoice?", "not UTF-8: \u{fffd}\u{fffd}", "hello"]);
    assert_eq!((text(&answers[0], "/sources/0/id"), text(&answers[1], "/sources/0/id")), ("payment/ways", "payment/invoice"));
    assert_eq!(text(&answers[3], "/decision"), "smalltalk");
}

#[test]
fn a_knowledge_base_is_checked() {
    let shop = Shop::new();
    let out = Program::of(&shop, &["knowledge", "check"]).run().well();
    assert!(out.contains("4 files, 12 entries: nothing to mend."), "{out}");

    shop.write(
        "knowledge_base/more.md",
        "---\ntopic: more\nlocale: en\nupdated: 2026-10-01\n---\n\n# More\n\n## How can I pay?\n\nSee [there](nowhere.md#x).\n",
    );
    let ran = Program::of(&shop, &["knowledge", "check"]).run();
    assert!(ran.out.contains("more.md:9") && ran.out.contains("nowhere.md"), "{}", ran.out);
    assert!(!ran.err.contains("panicked"));

    let out = Program::new(&["knowledge", "check"]).set("--knowledge", &root().join("knowledge_base")).run().well();
    assert!(out.contains("nothing to mend") || out.contains("0 errors"), "the demo shop's own: {out}");
}

#[test]
fn imported_entries_are_found_by_the_next_question() {
    let shop = Shop::new();
    let csv = "question,answer,phrasings,topic,locale\n\
               Do you engrave knives?,\"Yes, up to 20 letters, for $12.\",engraving | a name on the blade,services,en\n\
               How do I sharpen a knife?,Bring it to us on the first Monday of a month.,blunt blade | sharpening,services,en\n";
    let file = shop.write("faq.csv", csv);
    let import = || Program::of(&shop, &["knowledge", "import", file.to_str().unwrap()]).run();
    let out = import().well();
    assert!(out.contains('2'), "{out}");
    let answer = asked(&shop, "Do you engrave knives?");
    assert!(text(&answer, "/reply").contains("20 letters"), "{answer}");
    let before: Vec<_> = fs::read_dir(shop.knowledge()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    import().well();
    let after: Vec<_> = fs::read_dir(shop.knowledge()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(before, after, "a second import changes nothing");

    let lines = "{\"question\": \"Do you repair clocks?\", \"answer\": [\"Yes.\", \"It takes two weeks.\"], \"phrasings\": [\"broken clock\"], \"topic\": \"services2\"}\n";
    let file = shop.write("faq.jsonl", lines);
    Program::of(&shop, &["knowledge", "import", file.to_str().unwrap()]).run().well();
    assert!(text(&asked(&shop, "Do you repair clocks?"), "/reply").contains("two weeks"));
}

const ORDERS: &str = r##"{
  "format": "nightdesk-shop/1", "currency": "EUR",
  "customers": [{"id": "c1", "first_name": "Ida", "last_name": "Holm", "email": "ida@holm.example"}],
  "products": [{"id": "p1", "name": "Teapot", "variants": [{"id": "v1", "options": {"color": "blue"}, "price": "30.50", "available": true}]}],
  "orders": [{"number": "#T2001", "customer_id": "c1", "status": "shipped", "placed_at": "2026-11-20T10:00:00Z",
    "items": [{"product_id": "p1", "variant_id": "v1", "name": "Teapot", "options": {"color": "blue"}, "quantity": 2, "price": "30.50"}],
    "payments": [{"kind": "payment", "amount": "61.00", "method": "paypal"}],
    "shipments": [{"carrier": "GLS", "tracking": ["T-1"], "variant_ids": ["v1"], "shipped_at": "2026-11-21T10:00:00Z"}]}]
}"##;

#[test]
fn orders_are_imported_and_a_second_time_brought_up_to_date() {
    let shop = Shop::new();
    let file = shop.write("orders.json", ORDERS);
    let import = || Program::of(&shop, &["orders", "import", file.to_str().unwrap()]).run().well();
    let counts = "1 customers, 1 products with 1 variants, 1 orders with 1 items, 1 payments and refunds, 1 shipments";
    assert!(import().contains(counts));
    fs::write(&file, ORDERS.replace("shipped\"", "delivered\"")).unwrap();
    assert!(import().contains(counts));
    let answer = asked(&shop, "where is #T2001? ida@holm.example");
    assert!(text(&answer, "/reply").contains("#T2001 has been delivered"), "{answer}");
    let answer = asked(&shop, "what is in order #T2001, and what is the total of it? ida@holm.example");
    assert!(text(&answer, "/reply").contains("2 \u{d7} Teapot") && text(&answer, "/reply").contains("61.00"), "{answer}");
}

#[test]
fn agents_come_and_go() {
    let shop = Shop::new();
    let agents = |arguments: &[&str], input: &[u8]| Program::of(&shop, &[&["agents"], arguments].concat()).run_with(input);
    assert!(agents(&["list"], b"").well().contains("no agents yet"));
    let added = agents(&["add", "ana@shop.example", "--name", "Ana"], b"").well();
    let password = added.trim().rsplit(": ").next().unwrap();
    assert!(password.len() >= 20, "{added}");
    assert!(agents(&["add", "ANA@shop.example", "--name", "Ana"], b"").sentence().contains("already"));
    agents(&["add", "ben@shop.example", "--name", "Ben", "--role", "admin", "--password-stdin"], b"a long enough one\n").well();
    let list = agents(&["list"], b"").well();
    assert!(list.contains("ana@shop.example") && list.lines().count() == 2 && !list.contains("argon2"), "{list}");
    let fresh = agents(&["password", "ana@shop.example"], b"").well();
    assert!(!fresh.contains(password));
    agents(&["remove", "ana@shop.example"], b"").well();
    assert!(agents(&["remove", "ana@shop.example"], b"").sentence().contains("no agent ana@shop.example"));
    assert!(agents(&["password", "ana@shop.example"], b"").sentence().contains("no agent ana@shop.example"));
    for (arguments, input, said) in [
        (&["add", "nobody", "--name", "x"][..], &b""[..], "nobody"),
        (&["add", "a@b.example", "--name", " "], b"", "1 to 80"),
        (&["add", "a@b.example", "--name", "x", "--role", "boss"], b"", "boss"),
        (&["add", "a@b.example", "--name", "x", "--password-stdin"], b"short\n", "10"),
        (&["add", "a@b.example", "--name", "x", "--password-stdin"], b"", "10"),
    ] {
        let sentence = agents(arguments, input).sentence();
        assert!(sentence.contains(said), "{sentence}");
    }
}

#[test]
fn the_default_configuration_documents_itself() {
    let default = Program::new(&["config", "default"]).run().well();
    for section in
        ["[shop]", "[server]", "[knowledge]", "[prompts]", "[models]", "[engine]", "[answers]", "[orders]", "[widget]", "[limits]", "[log]"]
    {
        assert!(default.contains(section), "{section}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.toml");
    fs::write(&file, &default).unwrap();
    let out = Program::new(&["config", "check"]).set("--config", &file).run().well();
    assert!(out.contains("the configuration is fine: Alder & Pine"), "{out}");
    let out = Program::new(&["config", "check"])
        .env("NIGHTDESK__SHOP__NAME", "Elsewhere")
        .env("NIGHTDESK__SERVER__LISTEN", "127.0.0.1:9999")
        .run();
    assert!(out.well().contains("Elsewhere on 127.0.0.1:9999"));
}

#[test]
fn a_new_shop_answers_from_its_first_minute() {
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("my shop");
    let out = Program::new(&["init", shop.to_str().unwrap()]).run().well();
    assert!(out.contains("nightdesk.toml"), "{out}");
    let config = shop.join("nightdesk.toml");
    let checked = Program::new(&["config", "check"]).set("--config", &config).run().well();
    assert!(checked.contains("My shop") && checked.contains(shop.join("knowledge_base").to_str().unwrap()), "{checked}");
    Program::new(&["knowledge", "check"]).set("--config", &config).run().well();
    let models = root().join("models");
    let ask = Program::new(&["ask", "--json", "How long does delivery take?"]).set("--config", &config);
    let out = ask.env("NIGHTDESK__MODELS__FOLDER", models.to_str().unwrap()).env("NIGHTDESK__ANSWERS__STYLE", "stored").run().well();
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert!(text(&answer, "/reply").contains("Replace this sentence"), "{answer}");
    let order = Program::new(&["ask", "--json", "#AP10011 thomas.okafor@example.com"]).set("--config", &config);
    let out = order.env("NIGHTDESK__MODELS__FOLDER", models.to_str().unwrap()).env("NIGHTDESK__ANSWERS__STYLE", "stored").run().well();
    assert!(out.contains("ask_order"), "no demo data in a shop of one's own: {out}");
    assert!(Program::new(&["init", shop.to_str().unwrap()]).run().sentence().contains("there already"));
}

#[test]
fn prompts_are_checked_and_all_faults_are_told() {
    let fine = Program::new(&["prompts", "check"]).set("--prompts", &root().join("prompts")).run().well();
    assert!(fine.contains("phrases/en.yaml  your own  ") && fine.contains("nothing to mend; the hash is "), "{fine}");

    let folder = tempfile::tempdir().unwrap();
    let check = || Program::new(&["prompts", "check"]).set("--prompts", folder.path()).run();
    let built_in = check().well();
    assert!(built_in.contains("patterns.yaml    built in  ") && !built_in.contains("your own"), "{built_in}");
    let hash = |out: &str| out.trim_end().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(hash(&fine), hash(&built_in));

    fs::create_dir(folder.path().join("phrases")).unwrap();
    let english = Program::new(&["prompts", "print", "phrases/en.yaml"]).run().well();
    let own = folder.path().join("phrases/en.yaml");
    fs::write(&own, english.replace("I am sorry about that.", "Oh dear.")).unwrap();
    let changed = check().well();
    assert!(changed.contains("phrases/en.yaml  your own  ") && hash(&changed) != hash(&built_in), "{changed}");

    fs::write(&own, english.replace("{{ number }} is on its way", "{{ nummer }} is on its way").replace("clarify:", "clarifi:")).unwrap();
    fs::write(folder.path().join("reply.md"), "no front matter").unwrap();
    fs::write(folder.path().join("phrases.zh.yaml"), "greeting: hi").unwrap();
    let ran = check();
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    for fault in [
        "phrases.zh.yaml: this name is not read any more; rename it to phrases/zh.yaml",
        "reply.md: front matter: it does not begin with lines between `---` and `---`; begin it with lines",
        "phrases/en.yaml: order.status.shipped: the variable 'nummer' is unknown here; use {{ number }}, {{ shop }}",
        "phrases/en.yaml: clarify: it is missing; add it, as `nightdesk prompts print phrases/en.yaml` shows",
        "phrases/en.yaml: clarifi: no phrase has this name; correct the spelling or remove it",
        "5 faults to mend",
    ] {
        assert!(ran.out.contains(fault), "{fault}\n{}", ran.out);
    }

    let nowhere = Program::new(&["prompts", "check"]).set("--prompts", &folder.path().join("nowhere")).run().sentence();
    assert!(nowhere.contains("there is no folder"), "{nowhere}");
    let nothing = Program::new(&["prompts", "print", "nothing.md"]).run().sentence();
    assert!(nothing.contains("no prompt file is called nothing.md; there are reply.md, rewrite.md, pick.md, phrases/en.yaml"), "{nothing}");
}

#[test]
fn help_shows_examples() {
    for (arguments, example) in [
        (&["--help"][..], "nightdesk ask \"how long does delivery take?\""),
        (&["ask", "--help"], "nightdesk ask --stdin --json < questions.txt"),
        (&["init", "--help"], "nightdesk init myshop"),
        (&["knowledge", "import", "--help"], "nightdesk knowledge import faq.csv"),
        (&["orders", "import", "--help"], "nightdesk orders import shop.json"),
        (&["agents", "add", "--help"], "nightdesk agents add ana@shop.example"),
        (&["prompts", "check", "--help"], "nightdesk prompts check --prompts myshop/prompts"),
        (&["prompts", "print", "--help"], "nightdesk prompts print phrases/en.yaml > prompts/phrases/en.yaml"),
        (&["config", "check", "--help"], "nightdesk config check --config nightdesk.toml"),
        (&["eval", "questions", "--help"], "nightdesk eval questions questions.csv --fail-over 0.1"),
        (&["eval", "intents", "--help"], "nightdesk eval intents --train train.csv --test test.csv"),
        (&["eval", "shop", "--help"], "nightdesk eval shop shops/*"),
        (&["eval", "stackfaq", "--help"], "nightdesk eval stackfaq stackExchange-FAQ.json"),
        (&["eval", "attribution", "--help"], "nightdesk eval attribution begin_dev_wow.tsv"),
        (&["replay", "--help"], "nightdesk replay 0198c5c1-4f2e-7d3a-9b1c-2f6a8e0d4c7b"),
        (&["bench", "engine", "--help"], "nightdesk bench engine --against http://127.0.0.1:8081"),
    ] {
        let out = Program::new(arguments).run().well();
        assert!(out.contains(example), "{arguments:?}: {out}");
    }
    assert!(Program::new(&["--version"]).run().well().starts_with("nightdesk 0."));
    for arguments in [&["nothing"][..], &["ask"], &["serve", "--listen", "nowhere"], &["ask", "a", "--stdin"]] {
        let ran = Program::new(arguments).run();
        assert!(ran.code == Some(2) && ran.err.contains("--help"), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn the_models_are_listed_and_verified() {
    let shop = Shop::new();
    let list = Program::of(&shop, &["models", "list"]).run().well();
    for part in ["smollm2-135m-instruct", "all-minilm-l6-v2", "Apache-2.0"] {
        assert!(list.contains(part), "{part}: {list}");
    }
    let verified = Program::of(&shop, &["models", "verify"]).run().well();
    assert!(verified.lines().count() == 3 && verified.lines().all(|line| line.starts_with("ok ")), "{verified}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_fault() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_nightdesk"))
        .arg("openapi")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
