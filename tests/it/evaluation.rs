//! `nightdesk eval`: figures of labelled questions, and files that are not what they should be.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Program, Shop, text};

const TRAIN: &str = "sentence,label\n\
    where is my order,STATUS\ntrack my parcel,STATUS\nwhen will my package arrive,STATUS\n\
    i want a refund,REFUND\nhow do i return this item,REFUND\nsend it back,REFUND\n\
    do you have a discount code,OFFERS\n\"any offers, or coupons\nthis week?\",OFFERS\n";
const TEST: &str = "sentence,label\n\
    where has my order got to,STATUS\nwhen does the package arrive,STATUS\ni would like to return the item,REFUND\n\
    \"is there a \"\"discount\"\" code, please\",OFFERS\nwhat is the capital of France,NO_NODES_DETECTED\n???,NO_NODES_DETECTED\n";
const QUESTIONS: &str = "question,entry\n\
    How long does delivery take?,delivery/time\nhow can i pay,payment/ways\ndo you ship on saturdays,delivery/saturday\n\
    my parcel has to go to next door,delivery/neighbour\ncan you sharpen my scissors,none\ndo you sharpen scissors and knives,none\n\
    who won the cup final,none\nclose my acount pls,account/close\n";

fn eval(shop: &Shop, arguments: &[&str]) -> Program {
    Program::of(shop, &[&["eval"], arguments].concat())
}

fn intents(shop: &Shop, train: impl AsRef<[u8]>, test: impl AsRef<[u8]>) -> Program {
    eval(shop, &["intents"]).set("--train", &shop.write("train.csv", train)).set("--test", &shop.write("test.csv", test))
}

fn questions(shop: &Shop, content: impl AsRef<[u8]>) -> Program {
    let file = shop.write("questions.csv", content);
    eval(shop, &["questions", file.to_str().unwrap()])
}

fn json(program: Program) -> Value {
    let out = program.run().well();
    serde_json::from_str(&out).unwrap_or_else(|fault| panic!("{fault}: {out}"))
}

#[track_caller]
fn says(program: Program, parts: &[&str]) {
    let sentence = program.run().sentence();
    for part in parts {
        assert!(sentence.contains(part), "no {part:?} in: {sentence}");
    }
}

#[test]
fn labelled_sentences_are_asked_and_their_predictions_written() {
    let shop = Shop::new();
    let out = shop.path().join("predictions.csv");
    let found = json(intents(&shop, TRAIN, TEST).set("--out", &out).with(&["--json"]));
    assert_eq!((&found["train"]["labels"], &found["train"]["sentences"], &found["test"]["in_scope"]), (&3.into(), &8.into(), &4.into()));
    assert_eq!(found["in_scope_accuracy"], 1.0, "{found}");
    assert_eq!(found["resolved_at_90"], 1.0, "what is out of scope is less sure: {found}");
    assert_eq!(found["auroc"], 1.0);
    assert_eq!(found["risk_coverage"].as_array().unwrap().len(), 20);

    let mut predictions = csv::Reader::from_path(&out).unwrap();
    assert_eq!(predictions.headers().unwrap(), ["sentence", "label", "predicted_node", "predicted_node_score"].as_slice());
    let rows: Vec<csv::StringRecord> = predictions.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 6);
    assert_eq!((&rows[3][0], &rows[3][2]), ("is there a \"discount\" code, please", "OFFERS"));
    assert_eq!((&rows[5][2], &rows[5][3]), ("NO_NODES_DETECTED", "0"), "a message without a word finds nothing");
    assert!(rows[..5].iter().all(|row| (0.0..=1.0).contains(&row[3].parse::<f64>().unwrap())));
}

#[test]
fn every_run_gives_the_same() {
    let shop = Shop::new();
    let runs = |program: &dyn Fn() -> Program| {
        let (first, second) = (program().run().well(), program().run().well());
        assert_eq!(first, second);
        // Without the vectors that the first run kept.
        let _ = fs::remove_file(shop.data().join("embeddings.bin"));
        assert_eq!(first, program().run().well(), "a cold start");
        first
    };
    let table = runs(&|| intents(&shop, TRAIN, TEST));
    for part in ["3 labels", "4 in scope, 2 out of scope", "resolved at 95 % precision", "of the shop's own phrasings", "at most (90 %)"] {
        assert!(table.contains(part), "no {part:?} in {table}");
    }
    runs(&|| questions(&shop, QUESTIONS));
    let picture = fs::read(shop.data().join("eval.svg")).unwrap();
    runs(&|| questions(&shop, QUESTIONS));
    assert!(picture == fs::read(shop.data().join("eval.svg")).unwrap());
}

#[test]
fn a_shops_questions_show_mistakes_and_gaps() {
    let shop = Shop::new();
    let table = questions(&shop, QUESTIONS).run().well();
    for part in ["8, 3 for `none`", "12 entries", "surest wrong", "least sure right", "write an entry for this", "eval.svg", "sharpen"] {
        assert!(table.contains(part), "no {part:?} in {table}");
    }
    let picture = shop.path().join("curve.svg");
    let found = json(questions(&shop, QUESTIONS).set("--svg", &picture).with(&["--json"]));
    assert_eq!((&found["messages"], &found["answerable"], &found["entries"]), (&8.into(), &5.into(), &12.into()));
    assert!(found["right_first"].as_f64().unwrap() >= 0.8, "{found}");
    let gap = &found["gaps"][0];
    assert_eq!((&gap["size"], text(gap, "/advice")), (&2.into(), "write_entry"), "two questions about sharpening are one gap: {gap}");
    let svg = fs::read_to_string(&picture).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("prefers-color-scheme") && svg.contains("questions.csv: 8 questions, 12 entries"));
}

#[test]
fn a_pipeline_fails_over_its_rate() {
    let shop = Shop::new();
    let ran = questions(&shop, QUESTIONS).with(&["--fail-over", "0.01"]).run();
    assert!(ran.code == Some(1) && ran.err.contains("nightdesk: the wrong rate may be above 0.01"), "{}", ran.err);
    assert!(ran.out.contains("gaps"), "the report is printed all the same");
    assert_eq!(questions(&shop, QUESTIONS).with(&["--fail-over", "1"]).run().code, Some(0));
    let ran = questions(&shop, QUESTIONS).with(&["--fail-over", "2"]).run();
    assert!(ran.code == Some(2) && ran.err.contains("between 0 and 1"), "{}", ran.err);
}

#[test]
fn files_that_are_none() {
    let shop = Shop::new();
    let both = |content: &[u8], parts: &[&str]| {
        says(intents(&shop, content, TEST), &[&["train.csv"], parts].concat());
        says(intents(&shop, TRAIN, content), &[&["test.csv"], parts].concat());
    };
    both(b"", &["it is empty", "sentence,label"]);
    both(b"sentence,label\n", &["no message below its first line"]);
    both(b"text,intent\na,b\n", &["must name the columns `sentence` and `label`", "`text,intent`"]);
    both(b"sentence,label\na,\n", &["csv:2: the label is empty", "NO_NODES_DETECTED"]);
    both(b"sentence,label\na,A,B\n", &["csv:2: has 3 fields", "quotes"]);
    both(b"sentence,label\n\"a,A\nb,B\n", &["a quote is opened and not closed"]);
    both(b"sentence,label\n\xff,A\n", &["line 2", "UTF-8"]);
    says(intents(&shop, "sentence,label\n ,A\nb,NO_NODES_DETECTED\n", TEST), &["train.csv", "no row has both"]);

    says(
        questions(&shop, "question,entry\nhow,delivery/time\nwho,nobody/knows\n"),
        &["questions.csv", "line 3", "no entry `nobody/knows`", "`none`"],
    );
    says(questions(&shop, "sentence,label\na,b\n"), &["questions.csv", "must be `question,entry`"]);
    says(questions(&shop, ""), &["questions.csv", "is empty"]);
    says(eval(&shop, &["questions", "/nowhere.csv"]), &["/nowhere.csv", "cannot be read"]);
    says(eval(&shop, &["shop", "/nowhere"]), &["/nowhere/knowledge.jsonl", "cannot be read"]);
    says(eval(&shop, &["stackfaq", shop.config().to_str().unwrap()]), &["nightdesk.toml", "stackExchange-FAQ.json"]);

    // A place that cannot be written is found before the work.
    says(intents(&shop, TRAIN, TEST).set("--out", Path::new("/nowhere/out.csv")), &["/nowhere/out.csv", "--out"]);
    says(questions(&shop, QUESTIONS).set("--svg", Path::new("/nowhere/a.svg")), &["/nowhere/a.svg", "--svg"]);
}

#[test]
fn stages_are_left_out_by_name() {
    let shop = Shop::new();
    let first = |without: &[&str]| {
        let program = without.iter().fold(questions(&shop, QUESTIONS), |program, stage| program.with(&["--without", stage]));
        json(program.with(&["--json"]))
    };
    let (all, lexical) = (first(&[]), first(&["dense"]));
    assert_eq!(lexical["without"], serde_json::json!(["dense"]));
    assert_ne!(all["risk_coverage"], lexical["risk_coverage"]);
    let ran = questions(&shop, QUESTIONS).with(&["--without", "magic"]).run();
    assert!(ran.code == Some(2) && ran.err.contains("there is no stage 'magic'; the stages are lexical, dense"), "{}", ran.err);
    says(
        questions(&shop, QUESTIONS).with(&["--without", "dense"]).with(&["--without", "lexical"]),
        &["nothing is left that could find an entry"],
    );
}

#[test]
fn odd_labels_are_said_and_counted() {
    let shop = Shop::new();
    let said = |train: &str, test: &str, parts: &[&str]| {
        let found = json(intents(&shop, train, test).with(&["--json"]));
        let notes = found["notes"].to_string();
        parts.iter().for_each(|part| assert!(notes.contains(part), "no {part:?} in {notes}"));
        found
    };
    let one_class =
        said("sentence,label\nhello there,ONLY\nhi,ONLY\n", TEST, &["one label only, ONLY", "4 messages with 3 labels that TRAIN"]);
    assert_eq!((&one_class["in_scope_accuracy"], &one_class["auroc"]), (&0.0.into(), &Value::Null), "nothing can be right");
    let odd = said(
        "sentence,label\nhello,A\nhello,B\nhello,A\nonce,\u{4f60}\u{597d}\n,B\nbye,NO_NODES_DETECTED\nhm,a\n",
        "sentence,label\nhello,A\nhello,B\nhello,A\n",
        &[
            "TRAIN: 1 sentence labelled NO_NODES_DETECTED",
            "TRAIN: 1 sentence without a sentence",
            "TRAIN: 1 sentence there already with the same label",
            "TRAIN: 1 sentence under several labels, kept under each ('hello')",
            "with a single sentence",
            "TEST: 2 sentences repeated",
            "TEST: 1 sentence under several labels, of which at most one can be right ('hello')",
            "no message is out of scope",
        ],
    );
    assert_eq!(odd["train"]["labels"], 4, "labels that differ in case alone are two: {odd}");
}

#[test]
fn entries_of_any_size_are_measured() {
    let shop = Shop::new();
    let folder = shop.path().join("corner-shop");
    let many: Vec<String> = (0..10_000).map(|number| format!("is size {} there", number % 500)).collect();
    let long = "We repair bicycles on Mondays. ".repeat(35_000);
    let entries = [
        serde_json::json!({"id": "bare", "topic": "t", "question": "Do you sell tea?", "answer": ["Yes."]}),
        serde_json::json!({"id": "many", "topic": "t", "question": "Which sizes are there?", "phrasings": many, "answer": ["Three."]}),
        serde_json::json!({"id": "long", "topic": "t", "question": "Do you repair bicycles?", "phrasings": [], "answer": [long]}),
        serde_json::json!({"id": "mute", "topic": "t", "question": "Can I park there?", "phrasings": [], "answer": []}),
    ];
    let asked = |message: &str, kind: &str, entry: Option<&str>| serde_json::json!({"message": message, "kind": kind, "entry": entry});
    let messages = [
        asked("do you have tea", "answerable", Some("bare")),
        asked("is size 77 there", "trap", Some("many")),
        asked("my bicycle needs a repair", "answerable", Some("long")),
        asked("may I park there", "answerable", Some("mute")),
        asked("who is the king of Norway", "unanswerable", None),
        asked("hello", "smalltalk", None),
    ];
    let lines = |rows: &[Value]| rows.iter().map(|row| row.to_string() + "\n").collect::<String>();
    shop.write("corner-shop/knowledge.jsonl", lines(&entries));
    shop.write("corner-shop/questions.jsonl", lines(&messages));
    let found = json(eval(&shop, &["shop", folder.to_str().unwrap(), "--json"]));
    assert_eq!((&found["mean"]["right_first"], &found["shops"][0]["messages"]), (&1.0.into(), &5.into()), "{found}");
    assert_eq!(text(&found, "/shops/0/name"), "corner-shop");
    let table = eval(&shop, &["shop", folder.to_str().unwrap()]).run().well();
    assert!(table.contains("1 messages of other kinds are not asked") && table.contains("corner-shop"), "{table}");
}

#[test]
fn rephrasings_of_threads_are_ranked() {
    let shop = Shop::new();
    let faq = serde_json::json!({"root": {"qapair": [
        {"rephr": ["how can i get rid of my facebook account", "*", "removing my FB account"], "question": "Delete a Facebook account",
         "answer": ["Open the settings and choose Deactivate.", "Write to the support."]},
        {"rephr": ["text that is crossed out on github"], "question": "Strikethrough with GitHub Markdown", "answer": "Use ~~tildes~~."}]}});
    let file = shop.write("faq.json", faq.to_string());
    let found = json(eval(&shop, &["stackfaq", file.to_str().unwrap(), "--json"]));
    assert_eq!((&found["p_at_1"], &found["map"], &found["ndcg_at_10"]), (&1.0.into(), &1.0.into(), &1.0.into()), "{found}");
    assert_eq!((&found["messages"], &found["entries"], &found["answers"]), (&3.into(), &2.into(), &3.into()));
    let table = eval(&shop, &["stackfaq", file.to_str().unwrap()]).run().well();
    assert!(table.contains("2 threads with 3 answers, 3 rephrasings") && table.contains("MAP      1.0000"), "{table}");
}

#[test]
fn judged_responses_measure_the_gate() {
    let shop = Shop::new();
    let file = shop.write(
        "judged.tsv",
        "model_name\tknowledge\tmessage\tresponse\tbegin_label\n\
         t5\tRefunds take 5 working days. We do not ship to Iceland.\thow long\tA refund takes five working days.\tFully attributable\n\
         t5\tRefunds take 5 working days.\thow long\tRefunds take 6 working days.\tNot fully attributable\n\
         t5\tWe do not ship to Iceland.\ticeland\tWe ship to Iceland.\tNot fully attributable\n\
         t5\tWe do not ship to Iceland.\thi\tThat is great!\tGeneric\n",
    );
    let file = file.to_str().unwrap();
    let found = json(eval(&shop, &["attribution", file, "--json"]));
    assert_eq!(
        (&found["precision"], &found["recall"], &found["f1"], &found["auroc"]),
        (&1.0.into(), &1.0.into(), &1.0.into(), &1.0.into())
    );
    assert_eq!((&found["responses"], text(&found, "/labels/2/label")), (&4.into(), "Generic"), "{found}");
    let table = eval(&shop, &["attribution", file]).run().well();
    for part in ["judged.tsv: 4 responses", "Not fully attributable         2       0       2", "negation", "number"] {
        assert!(table.contains(part), "no {part:?} in {table}");
    }

    let says_of = |content: &[u8], parts: &[&str]| {
        let file = shop.write("bad.tsv", content);
        says(eval(&shop, &["attribution", file.to_str().unwrap()]), &[&["bad.tsv"], parts].concat());
    };
    says_of(b"", &["it is empty", "`knowledge`"]);
    says_of(b"a\tb\n1\t2\n", &["must name the columns", "`begin_label`"]);
    says_of(b"knowledge\tresponse\tlabel\na\tb\n", &["tsv:2", "2 fields"]);
    says_of(b"knowledge\tresponse\tlabel\na\tb\tperhaps\n", &["tsv:2", "'perhaps'", "'Generic'"]);
    says(eval(&shop, &["attribution", "/nowhere.tsv"]), &["/nowhere.tsv", "cannot be read"]);
}
