//! A real Chromium, driven through ChromeDriver as a reader would use it.

#![expect(clippy::panic, reason = "clippy knows test functions, not their helpers")]

use std::{
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::http::Method;
use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use url::{ParseError, Url};

const MISSING: &str = "this test needs Chromium and ChromeDriver: `./x setup` installs them";

/// How long anything may take: other tests may be busy on the same machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs ChromeDriver on a port of its choice, and ends it and every browser of its process group when standard input closes: however
/// the test ends, nothing outlives it.
const LAUNCH: &str =
    "command -v chromedriver || exit; chromedriver --port=0 </dev/null >driver.log 2>&1 & read -r _; kill -KILL 0";

/// No sandbox, since root has none; nothing but what the page itself asks for goes over the network.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1400,1600",
];

/// A browser with an empty profile; gone with the test.
pub(crate) struct Browser {
    client: Client,
    _driver: Driver,
}

/// A process group, and the folder that is its home.
struct Driver {
    group: Child,
    home: TempDir,
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let mut driver = Driver::launch();
        let address = timeout(PATIENCE, driver.address()).await.expect("ChromeDriver in time");
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", driver.home.path().join("profile").display()));
        let capabilities = json!({
            "timeouts": {"pageLoad": PATIENCE.as_millis()},
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let capabilities: Capabilities = serde_json::from_value(capabilities).expect("an object");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&address).await;
        let client = client.unwrap_or_else(|error| panic!("{MISSING} ({error})"));
        Self { client, _driver: driver }
    }

    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    pub(crate) async fn url(&self) -> String {
        self.client.current_url().await.expect("an address").into()
    }

    /// The first element that `css` selects, as soon as there is one.
    pub(crate) async fn element(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub(crate) async fn click(&self, css: &str) {
        self.element(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Puts `text` into a field at once, as pasting does.
    pub(crate) async fn paste(&self, css: &str, text: &str) {
        self.click(css).await;
        let pasted = self.evaluate(&format!("document.execCommand('insertText', false, {})", json!(text))).await;
        assert_eq!(pasted, true, "{css} takes no text");
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.element(css).await.text().await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Waits until an element of this name says `words`, on whatever page: one that is being left may still be there for a moment.
    pub(crate) async fn says(&self, name: &str, words: &str) {
        let path = format!("//{name}[contains(., '{words}')]");
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
        found.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// What the JavaScript expression `code` is in the page.
    pub(crate) async fn evaluate(&self, code: &str) -> Value {
        self.client.execute(&format!("return {code};"), vec![]).await.unwrap_or_else(|error| panic!("{code}: {error}"))
    }

    /// The warnings and errors that the console shows since the last call.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(ConsoleLog).await.expect("the console");
        let entries = entries.as_array().expect("a list").iter();
        entries
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Shows a person what the browser shows, as `name`.png in the folder `CLENTO_SCREENSHOT`, if that is set.
    pub(crate) async fn show(&self, name: &str) {
        #[expect(clippy::disallowed_methods, reason = "a wish of who runs the test, not a setting of the service")]
        let Some(folder) = std::env::var_os("CLENTO_SCREENSHOT") else { return };
        let file = std::path::Path::new(&folder).join(name).with_extension("png");
        std::fs::write(file, self.client.screenshot().await.expect("a picture")).expect("a file");
    }
}

impl Driver {
    fn launch() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sh");
        command.args(["-c", LAUNCH]).current_dir(home.path()).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("HOME", home.path()).env("TMPDIR", home.path());
        command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_CACHE_HOME");
        Self { group: command.spawn().expect("a shell"), home }
    }

    /// Where it listens, once it does.
    async fn address(&mut self) -> String {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        loop {
            assert!(self.group.try_wait().expect("a child").is_none(), "{MISSING}");
            if let Some(address) = self.announced()
                && let Ok(status) = http.get(format!("{address}/status")).send().await
                && status.json::<Value>().await.is_ok_and(|status| status["value"]["ready"] == true)
            {
                return address;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The address that it says it listens on.
    fn announced(&self) -> Option<String> {
        let log = std::fs::read_to_string(self.home.path().join("driver.log")).ok()?;
        let (_, port) = log.split_once("started successfully on port ")?;
        Some(format!("http://127.0.0.1:{}", port.split_once('.')?.0))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.group.stdin.take());
        let _ = self.group.wait();
    }
}

/// ChromeDriver's own command for the console's entries.
#[derive(Debug)]
struct ConsoleLog;

impl WebDriverCompatibleCommand for ConsoleLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}
