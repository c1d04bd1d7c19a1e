//! Worker processes.

use std::process::{Child, Command, Stdio};

use secrecy::{ExposeSecret as _, SecretString};

use super::Scale;

/// The processes, which end with the test, however it ends.
pub(super) struct Workers {
    url: SecretString,
    scale: Scale,
    env: Vec<(&'static str, String)>,
    processes: Vec<Child>,
}

impl Workers {
    pub(super) fn start(url: SecretString, scale: Scale, env: Vec<(&'static str, String)>) -> Self {
        let mut workers = Self { url, scale, env, processes: Vec::new() };
        workers.processes = (0..scale.workers).map(|_| workers.one()).collect();
        workers
    }

    pub(super) fn len(&self) -> usize {
        self.processes.len()
    }

    /// `kill -9`; another one takes its place.
    pub(super) fn kill(&mut self, index: usize) {
        let another = self.one();
        let mut killed = std::mem::replace(&mut self.processes[index], another);
        let _ = killed.kill();
        let _ = killed.wait();
    }

    /// Stands still, or goes on.
    pub(super) fn signal(&self, index: usize, signal: &str) {
        let _ = Command::new("kill").args([signal, &self.processes[index].id().to_string()]).status();
    }

    fn one(&self) -> Child {
        // The long form takes an optimised program: what a debug build can do on a small machine in ten minutes is less than what it is to do.
        #[expect(clippy::disallowed_methods, reason = "a wish of who runs the test, not a setting of the service")]
        let program = std::env::var("CLENTO_WORKER").unwrap_or_else(|_| env!("CARGO_BIN_EXE_clento").to_owned());
        Command::new(program)
            .arg("worker")
            .env_clear()
            .env("DATABASE_URL", self.url.expose_secret())
            .env("DATABASE_MAX_CONNECTIONS", "10")
            .env("CAMPAIGN_LEASE_SECONDS", self.scale.lease.as_secs().to_string())
            .envs(self.env.iter().map(|(name, value)| (*name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.processes {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}
