//! Something is wrong with the machine or a file: one sentence that names the thing and the remedy, and an exit code that is not zero.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::support::{Program, Shop, available, root};

/// The sentence of a command that must fail, which has to contain all of `parts`.
#[track_caller]
fn says(program: Program, parts: &[&str]) {
    let sentence = program.run().sentence();
    for part in parts {
        assert!(sentence.contains(part), "no {part:?} in: {sentence}");
    }
}

/// What a shop's file may get wrong is the same for every command that reads it.
fn ask(shop: &Shop) -> Program {
    Program::of(shop, &["ask", "How can I pay?"])
}

fn serve(shop: &Shop) -> Program {
    Program::of(shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0")
}

#[test]
fn settings_that_are_none() {
    let shop = Shop::new();
    let file = shop.config();
    for (text, parts) in [
        ("[shop]\nnmae = 'x'\n", &["nmae", "config default"][..]),
        ("[shpo]\nname = 'x'\n", &["shpo"]),
        ("[shop\n", &["nightdesk.toml"]),
        ("[server]\nlisten = 'here'\n", &["server.listen"]),
        ("[answers]\nthreshold = 2\n", &["answers.threshold", "between 0 and 1"]),
        ("[answers]\nmax_wrong_rate = 0\n", &["answers.max_wrong_rate", "between 0.001 and 0.5"]),
        ("[answers]\nwrong_rate_confidence = 90\n", &["answers.wrong_rate_confidence", "between 0.5 and 0.9999"]),
        ("[answers]\nstyle = 'loud'\n", &["answers.style"]),
        ("[models]\nprofile = 'huge'\n", &["models.profile", "quality"]),
        ("[engine]\nurl = 'localhost:8081'\nmodel = 'm'\n", &["engine.url", "http://127.0.0.1:8081/v1"]),
        ("[engine]\nurl = 'http://localhost:8081/v1'\n", &["engine.model", "GET /models"]),
        ("[database]\nurl = 'db.example/desk'\n", &["database.url", "postgres://user:password@host:5432/name"]),
        ("[log]\nfilter = 'a=b=c'\n", &["log.filter"]),
    ] {
        fs::write(&file, text).unwrap();
        says(
            Program::new(&["serve", "--listen", "127.0.0.1:0"])
                .set("--config", &file)
                .env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0")
                .dir(shop.path()),
            parts,
        );
    }
    says(Program::new(&["config", "check"]).env("NIGHTDESK__SHOP__NMAE", "x"), &["nmae"]);
    says(Program::new(&["config", "check"]).set("--config", Path::new("/nowhere/x.toml")), &["/nowhere/x.toml"]);
    fs::write(&file, b"name = '\xff'").unwrap();
    says(Program::new(&["config", "check"]).set("--config", &file), &["nightdesk.toml"]);
}

#[test]
fn measurements_that_cannot_be_taken() {
    let shop = Shop::new();
    says(Program::of(&shop, &["bench", "engine", "--model", "/nowhere/x.gguf"]), &["/nowhere/x.gguf", "models fetch", "--model PATH"]);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    says(Program::of(&shop, &["bench", "engine", "--against", &format!("http://{closed}")]), &["does not answer", "llama-server -m"]);
    says(Program::of(&shop, &["bench", "engine", "--against", "nowhere"]), &["--against nowhere", "http://127.0.0.1:8081"]);
}

#[test]
fn entries_that_cannot_be_read() {
    let shop = Shop::new();
    let good = fs::read_to_string(shop.knowledge().join("payment.md")).unwrap();
    for (text, part) in [
        (good.replace("locale: en", "locale en").into_bytes(), "payment.md:3"),
        (good.replace("topic: payment\n", "").into_bytes(), "payment.md:"),
        (good.replace("{#invoice}", "{#ways}").into_bytes(), "payment.md:19"),
        ([good.as_bytes(), b"\n\xff\xfe\n"].concat(), "payment.md:"),
        (b"## How can I pay?\n\nWith money.\n".to_vec(), "payment.md:1"),
    ] {
        shop.write("knowledge_base/payment.md", &text);
        says(ask(&shop), &[part]);
        says(serve(&shop), &[part]);
    }
    fs::remove_dir_all(shop.knowledge()).unwrap();
    says(ask(&shop), &["knowledge_base", "does not exist", "--knowledge"]);
    fs::create_dir(shop.knowledge()).unwrap();
    says(ask(&shop), &["holds no entry", "knowledge import"]);
    fs::remove_dir(shop.knowledge()).unwrap();
    fs::write(shop.knowledge(), "a file").unwrap();
    says(ask(&shop), &["is not a folder"]);
}

#[test]
fn files_that_cannot_be_imported() {
    let shop = Shop::new();
    let import = |kind: &str, file: &Path| Program::of(&shop, &[kind, "import", file.to_str().unwrap()]);
    says(import("orders", Path::new("/nowhere.json")), &["/nowhere.json"]);
    for (text, part) in [
        ("{\"format\": \"nightdesk-shop/1\",\n oops", "line 2"),
        ("{\"format\": \"nightdesk-shop/9\"}", "nightdesk-shop/9"),
        ("{\"format\": \"nightdesk-shop/1\", \"currency\": \"EURO\"}", "EURO"),
        ("{\"format\": \"nightdesk-shop/1\", \"currency\": \"EUR\", \"orderz\": []}", "orderz"),
        ("[]", "bad.json"),
        ("", "bad.json"),
    ] {
        says(import("orders", &shop.write("bad.json", text)), &["bad.json", part]);
    }
    says(import("orders", &shop.write("bad.json", b"\xff\xfe")), &["bad.json", "UTF-8"]);
    says(import("knowledge", Path::new("/nowhere.csv")), &["/nowhere.csv"]);
    says(import("knowledge", &shop.write("bad.csv", "question,reply\na,b\n")), &["bad.csv"]);
    says(import("knowledge", &shop.write("bad.txt", "a")), &["bad.txt"]);
    says(
        import("knowledge", &shop.write("bad.jsonl", "{\"question\": \"a\", \"answer\": \"b\", \"topic\": \"c\"}\n{\"question\"\n")),
        &["bad.jsonl:2"],
    );
}

#[test]
fn an_address_in_use() {
    let shop = Shop::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    says(serve(&shop).env("NIGHTDESK__SERVER__LISTEN", &address), &[&address, "in use", "--listen"]);
    says(Program::of(&shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", &address), &[&address, "in use", "server.metrics_listen"]);
    says(Program::of(&shop, &["serve", "--listen", "192.0.2.1:80"]), &["192.0.2.1:80", "cannot be listened on"]);
}

#[test]
fn a_data_folder_that_is_none() {
    let shop = Shop::new();
    let file = shop.write("a-file", "");
    for command in ["serve", "ask"] {
        let arguments: &[&str] = if command == "ask" { &["ask", "hello"] } else { &["serve"] };
        says(
            Program::of(&shop, arguments).set("--data", &file).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0"),
            &["a-file", "--data"],
        );
        // Not even the superuser makes a folder there.
        if cfg!(target_os = "linux") {
            says(
                Program::of(&shop, arguments)
                    .set("--data", Path::new("/proc/nightdesk"))
                    .env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0"),
                &["/proc/nightdesk", "--data"],
            );
        }
    }
}

#[test]
fn a_database_that_is_damaged() {
    let shop = Shop::new();
    let database = shop.data().join("nightdesk.db");
    fs::write(&database, "this is no database, it is a letter to you all ".repeat(100)).unwrap();
    says(ask(&shop), &["nightdesk.db", "damaged", "backup"]);
    says(serve(&shop), &["nightdesk.db", "damaged"]);

    fs::remove_file(&database).unwrap();
    Program::of(&shop, &["agents", "list"]).run().well();
    let mut bytes = fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0xA5);
    fs::write(&database, &bytes).unwrap();
    says(ask(&shop), &["nightdesk.db", "damaged"]);
    fs::write(&database, &bytes[..5_000]).unwrap();
    says(ask(&shop), &["nightdesk.db"]);
    fs::remove_file(&database).unwrap();
    fs::create_dir(&database).unwrap();
    says(ask(&shop), &["nightdesk.db"]);
}

#[test]
fn model_files_that_are_cut_off_or_others() {
    let shop = Shop::new();
    let source = root().join("models");
    let models = shop.path().join("models");
    fs::create_dir(&models).unwrap();
    let copy = |name: &str| fs::copy(source.join(name), models.join(name)).unwrap();
    for name in ["manifest.toml", "all-MiniLM-L6-v2.tokenizer.json", "all-MiniLM-L6-v2.safetensors", "SmolLM2-135M-Instruct.Q4_1.gguf"] {
        copy(name);
    }
    let folder = models.to_str().unwrap();
    let cut = |name: &str, length: u64| fs::OpenOptions::new().write(true).open(models.join(name)).unwrap().set_len(length).unwrap();
    for name in ["all-MiniLM-L6-v2.safetensors", "SmolLM2-135M-Instruct.Q4_1.gguf", "all-MiniLM-L6-v2.tokenizer.json"] {
        cut(name, 1_000);
        says(ask(&shop).env("NIGHTDESK__MODELS__FOLDER", folder), &[name, "models fetch"]);
        let verified = Program::of(&shop, &["models", "verify"]).env("NIGHTDESK__MODELS__FOLDER", folder).run();
        assert!(verified.code == Some(1) && verified.out.contains(name), "{}{}", verified.out, verified.err);
        copy(name);
    }

    // A file of the right size with another content, and a file of one's own that is no model.
    fs::write(models.join("all-MiniLM-L6-v2.safetensors"), vec![7; 90_868_376]).unwrap();
    says(ask(&shop).env("NIGHTDESK__MODELS__FOLDER", folder), &["all-MiniLM-L6-v2.safetensors", "models verify"]);
    copy("all-MiniLM-L6-v2.safetensors");
    fs::write(models.join("SmolLM2-135M-Instruct.Q4_1.gguf"), vec![7; 98_362_432]).unwrap();
    says(
        ask(&shop).env("NIGHTDESK__MODELS__FOLDER", folder).env("NIGHTDESK__ANSWERS__STYLE", "grounded"),
        &["SmolLM2-135M-Instruct.Q4_1.gguf", "models verify"],
    );
    fs::write(models.join("manifest.toml"), "[profile.default]\nlanguage = 'none'\n").unwrap();
    says(ask(&shop).env("NIGHTDESK__MODELS__FOLDER", folder), &["manifest.toml"]);
}

#[test]
fn models_that_cannot_be_fetched() {
    let shop = Shop::new();
    let models = shop.path().join("empty");
    // No Python on this path.
    says(
        ask(&shop).env("NIGHTDESK__MODELS__FOLDER", models.to_str().unwrap()).env("PATH", "/nowhere"),
        &["python3", "install Python 3", "models list"],
    );
    let file = shop.write("file", "");
    says(ask(&shop).env("NIGHTDESK__MODELS__FOLDER", file.to_str().unwrap()).env("PATH", "/nowhere"), &["file"]);
}

#[test]
fn a_second_server_on_the_same_folder() {
    let shop = Shop::new();
    let first = serve(&shop).serve();
    says(serve(&shop), &["another Nightdesk", "data", "--data"]);
    // With a folder of its own it runs beside the first.
    let second = serve(&shop).set("--data", &shop.path().join("data2")).serve();
    assert_ne!(first.url, second.url);
    first.kill();
    let third = serve(&shop).serve();
    drop((second, third));
}

#[test]
fn questions_that_are_none() {
    let shop = Shop::new();
    for question in ["", "  ", "\u{200b}"] {
        says(Program::of(&shop, &["ask", question]), &["empty"]);
    }
    says(Program::of(&shop, &["ask", &"a".repeat(8_001)]), &["8000 characters"]);
}

#[cfg(unix)]
#[test]
fn folders_that_may_not_be_read_or_written() {
    use std::os::unix::fs::PermissionsExt;
    let shop = Shop::new();
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&shop.data(), 0o555);
    let refused = fs::write(shop.data().join("x"), "x").is_err();
    if available("permissions", refused, "a user who is not root") {
        says(ask(&shop), &["data", "cannot be written", "--data"]);
        says(serve(&shop), &["data", "cannot be written", "--data"]);
        mode(&shop.data(), 0o755);
        mode(&shop.knowledge().join("payment.md"), 0o000);
        says(ask(&shop), &["payment.md", "cannot be read"]);
        mode(&shop.knowledge().join("payment.md"), 0o644);
        mode(&shop.knowledge(), 0o000);
        says(ask(&shop), &["knowledge_base", "cannot be read"]);
        mode(&shop.knowledge(), 0o755);
    }
    mode(&shop.data(), 0o755);
}
