//! One signed POST to one endpoint.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url, header};

use super::address::is_public;
use super::endpoint::{Endpoint, Reach};
use super::fault::{Fault, WebhookError};
use super::signature::sign;
use crate::conversation::DeliveryId;
use crate::support::Timestamp;

/// So much of an answer is read, for the connection's sake: what was read to its end can be used again.
const ANSWER: usize = 4 * 1024;
/// And for so long.
const ANSWER_TIME: Duration = Duration::from_millis(500);

/// What goes out.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The same at each try.
    pub id: DeliveryId,
    /// When it is sent; a receiver refuses old ones.
    pub at: Timestamp,
    /// JSON.
    pub body: &'a str,
}

/// Sends to one endpoint. It follows no redirect and no proxy, and goes to private addresses only where it may.
#[derive(Debug)]
pub struct Sender {
    endpoint: Arc<Endpoint>,
    url: Url,
    client: Client,
    timeout: Duration,
}

impl Sender {
    /// One that gives a receiver so much time for a whole request.
    pub fn new(endpoint: Arc<Endpoint>, timeout: Duration) -> Result<Self, WebhookError> {
        let unreadable = |fault: String| WebhookError::Address(endpoint.name.clone(), fault);
        let url = Url::parse(&endpoint.url).map_err(|fault| unreadable(fault.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(unreadable("it must begin with http:// or https:// and name a host".to_owned()));
        }
        // Fails when the process has a provider already: it was installed before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .user_agent(concat!("Nightdesk/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .pool_max_idle_per_host(8);
        if endpoint.reach == Reach::Public {
            builder = builder.dns_resolver(PublicOnly);
        }
        if url.scheme() == "http" {
            // The system's certificates are read when a client is made, and a machine without any could not even speak plain HTTP.
            builder = builder.tls_certs_only(std::iter::empty::<Certificate>());
        }
        let client = builder.build().map_err(|fault| WebhookError::Client(innermost(&fault)))?;
        Ok(Self { endpoint, url, client, timeout })
    }

    /// Sends it; the status of a good answer.
    pub async fn send(&self, letter: Letter<'_>) -> Result<u16, Fault> {
        if let Some(address) = self.literal().filter(|address| self.endpoint.reach == Reach::Public && !is_public(*address)) {
            return Err(Fault::Private(address));
        }
        let request = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Nightdesk-Timestamp", letter.at.as_second())
            .header("X-Nightdesk-Signature", sign(&self.endpoint.secret, letter.at, letter.body.as_bytes()))
            .header("X-Nightdesk-Delivery", letter.id.to_string())
            .body(letter.body.to_owned());
        let answer = request.send().await.map_err(|fault| self.fault(&fault))?;
        let status = answer.status().as_u16();
        finish(answer).await;
        Fault::of_status(status).map_or(Ok(status), Err)
    }

    /// The address where the URL names one instead of a host: no resolver is asked for it. However it was written (`0x7f.1`), the URL has it in
    /// the usual form by now.
    fn literal(&self) -> Option<IpAddr> {
        self.url.host_str()?.trim_matches(['[', ']']).parse().ok()
    }

    fn fault(&self, fault: &reqwest::Error) -> Fault {
        if let Some(NotPublic(address)) = causes(fault).find_map(|cause| cause.downcast_ref::<NotPublic>()) {
            return Fault::Private(*address);
        }
        if fault.is_timeout() {
            return Fault::Silent(self.timeout);
        }
        Fault::Unreachable(innermost(fault))
    }
}

/// What a receiver says beyond its status is of no interest, and it may say it for ever.
async fn finish(mut answer: Response) {
    let reading = async {
        let mut read = 0;
        while let Ok(Some(part)) = answer.chunk().await {
            read += part.len();
            if read > ANSWER {
                return;
            }
        }
    };
    // A connection that was not read to its end is closed; that is all.
    let _ = tokio::time::timeout(ANSWER_TIME, reading).await;
}

/// A name leads to private addresses alone.
#[derive(Debug, thiserror::Error)]
#[error("{0} is a private address")]
struct NotPublic(IpAddr);

/// Finds the public addresses of a name. The connection is made to what is found here and to nothing else, so that a name which means another
/// address a moment later gains nothing by it.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(public_addresses(name))
    }
}

async fn public_addresses(name: Name) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
    let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
    let (public, private): (Vec<SocketAddr>, Vec<SocketAddr>) = found.partition(|address| is_public(address.ip()));
    match (public.is_empty(), private.first()) {
        (true, Some(address)) => Err(NotPublic(address.ip()).into()),
        _ => Ok(Box::new(public.into_iter())),
    }
}

fn causes(fault: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(fault), |cause| (*cause).source())
}

/// The innermost reason names the thing; the outer ones only say that a request failed, and repeat its address.
fn innermost(fault: &reqwest::Error) -> String {
    causes(fault).last().map_or_else(|| "the request could not be made".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn sender(url: &str, reach: Reach) -> Sender {
        let endpoint = Endpoint { name: "crm".into(), url: url.into(), secret: "s".into(), events: Vec::new(), reach };
        Sender::new(Arc::new(endpoint), Duration::from_millis(400)).unwrap()
    }

    async fn send(sender: &Sender) -> Result<u16, Fault> {
        sender.send(Letter { id: DeliveryId(uuid::Uuid::nil()), at: Timestamp::UNIX_EPOCH, body: "{}" }).await
    }

    /// A receiver that says this to everybody; what it was told.
    async fn receiver(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
            if answer.is_empty() {
                // It hangs until the sender has had enough.
                let _ = stream.read(&mut [0]).await;
            }
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (port, told)
    }

    #[tokio::test]
    async fn however_a_private_address_is_written_it_is_refused_before_anything_is_sent() {
        let (port, told) = receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        for host in
            ["127.0.0.1", "localhost", "LocalHost", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
        {
            let refused = send(&sender(&format!("http://{host}:{port}/"), Reach::Public)).await.unwrap_err();
            assert!(matches!(refused, Fault::Private(_)), "{host}: {refused}");
        }
        assert!(!told.is_finished(), "nobody knocked");
        assert_eq!(send(&sender(&format!("http://127.0.0.1:{port}/"), Reach::Anywhere)).await, Ok(200));
        told.await.unwrap();
    }

    #[tokio::test]
    async fn a_name_is_followed_to_its_public_addresses_alone() {
        let refused = PublicOnly.resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert!(refused.downcast_ref::<NotPublic>().is_some(), "{refused}");
    }

    #[tokio::test]
    async fn what_goes_out_is_signed() {
        let (port, told) = receiver(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        let sender = sender(&format!("http://127.0.0.1:{port}/hooks?shop=1"), Reach::Anywhere);
        assert_eq!(send(&sender).await, Ok(204));
        let told = told.await.unwrap();
        let signature = sign(&"s".into(), Timestamp::UNIX_EPOCH, b"{}");
        for part in [
            "POST /hooks?shop=1 HTTP/1.1\r\n",
            "content-type: application/json\r\n",
            "x-nightdesk-timestamp: 0\r\n",
            &format!("x-nightdesk-signature: {signature}\r\n"),
            "x-nightdesk-delivery: 00000000-0000-0000-0000-000000000000\r\n",
            "\r\n\r\n{}",
        ] {
            assert!(told.contains(part), "no {part:?} in {told:?}");
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said_in_a_sentence() {
        let check = async |answer: &'static [u8], expect: &str| {
            let (port, _told) = receiver(answer).await;
            let fault = send(&sender(&format!("http://127.0.0.1:{port}/"), Reach::Anywhere)).await.unwrap_err().to_string();
            assert!(fault.contains(expect) && !fault.contains("http://"), "{fault}");
        };
        check(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", "it answered 500").await;
        check(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "redirects are not followed").await;
        check(b"", "no answer within 400 ms").await;
        check(b"SMTP ready\r\n\r\n", "it cannot be reached").await;
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let fault = send(&sender(&format!("http://{closed}/"), Reach::Anywhere)).await.unwrap_err().to_string();
        assert!(fault.contains("it cannot be reached") && fault.contains("refused"), "{fault}");
    }

    #[tokio::test]
    async fn an_answer_without_an_end_holds_nobody() {
        let (port, _told) = receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\nand so on").await;
        let sender = sender(&format!("http://127.0.0.1:{port}/"), Reach::Anywhere);
        assert_eq!(send(&sender).await, Ok(200), "the status says all");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for url in ["", "here", "ftp://host/", "http://", "mailto:a@b.example"] {
            let endpoint = Endpoint { name: "crm".into(), url: url.into(), secret: "s".into(), events: Vec::new(), reach: Reach::Public };
            let fault = Sender::new(Arc::new(endpoint), Duration::from_secs(1)).unwrap_err().to_string();
            assert!(fault.contains("webhooks.endpoints.crm.url"), "{url}: {fault}");
        }
    }
}
