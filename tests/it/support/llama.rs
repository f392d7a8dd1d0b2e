//! llama-server as a child process, where there is one.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::http::client;

/// A server with a model. It ends with the test.
pub struct LlamaServer {
    child: Child,
    /// Where it is: `http://127.0.0.1:…`.
    pub url: String,
}

impl LlamaServer {
    /// Starts the program that `NIGHTDESK_TEST_LLAMA_SERVER` names and waits until the model is loaded; `None` where it names none.
    pub async fn start(model: &Path) -> Option<Self> {
        let program = std::env::var_os("NIGHTDESK_TEST_LLAMA_SERVER").filter(|program| Path::new(program).is_file());
        if !super::available("llama-server", program.is_some(), "NIGHTDESK_TEST_LLAMA_SERVER to name the program llama-server") {
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(program?)
            .arg("-m")
            .arg(model)
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "-c", "4096", "-np", "2", "-t", "2", "--api-key", "hush"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, url: format!("http://127.0.0.1:{port}") };
        let began = Instant::now();
        while !server.is_ready().await {
            assert!(began.elapsed() < Duration::from_secs(60), "llama-server does not get ready");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(server)
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn is_ready(&self) -> bool {
        client().get(format!("{}/health", self.url)).send().await.is_ok_and(|answer| answer.status() == 200)
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
