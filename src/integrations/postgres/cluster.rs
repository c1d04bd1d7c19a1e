//! One cluster, from nothing to running and back, by PostgreSQL's own `initdb` and `pg_ctl`.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    time::Duration,
};

use secrecy::SecretString;
use tokio::process::Command;

use super::{
    EmbeddedOptions, SUPERUSER,
    account::Account,
    binaries::Binaries,
    error::{EmbeddedError, io_error},
    folder::{Folder, last_lines},
    session,
};

/// How often and for how long a server is asked whether it is there: 0.1 s, for two minutes.
const POLL: Duration = Duration::from_millis(100);
const POLLS: usize = 1200;
/// How often a start is tried again after a lost race, for a port or with a dying predecessor.
const STARTS: usize = 50;
/// `pg_ctl status` when no server runs.
const NOT_RUNNING: i32 = 3;

/// A cluster and what is needed to run it; `gate` is the held lock that keeps other processes from doing so too.
pub(super) struct Cluster<'a> {
    pub(super) folder: &'a Folder,
    pub(super) binaries: &'a Binaries,
    pub(super) account: &'a Account,
    pub(super) gate: &'a File,
}

/// How a start that failed may be mended.
enum Cause {
    PortTaken,
    PredecessorDying,
    Other,
}

impl Cluster<'_> {
    /// Makes the cluster unless it is there. It is made under another name and renamed, so that a half-made one is never taken for a
    /// whole one.
    pub(super) async fn initialise(&self, options: &EmbeddedOptions) -> Result<(), EmbeddedError> {
        if self.folder.data_version().is_some() {
            return Ok(());
        }
        let unfinished = self.folder.unfinished_data();
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(io_error("remove the unfinished cluster in", &unfinished))?;
        }
        self.folder.ensure_password(self.account)?;
        tracing::info!(folder = %self.folder.root().display(), version = self.binaries.major(), "creating the embedded database");
        let mut initdb = self.command("initdb")?;
        initdb.arg("-D").arg(&unfinished).args([
            "-U",
            SUPERUSER,
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]);
        initdb.arg("--pwfile").arg(self.folder.password_file());
        if !options.durable {
            initdb.arg("--no-sync");
        }
        self.must_succeed("initdb", initdb).await?;
        let data = self.folder.data();
        fs::rename(&unfinished, &data).map_err(io_error("rename the finished cluster to", &data))?;
        let root = self.folder.root();
        File::open(root).and_then(|folder| folder.sync_all()).map_err(io_error("sync", root))
    }

    /// Attaches to the cluster's server, or starts it; returns its port once it answers.
    pub(super) async fn bring_up(
        &self,
        options: &EmbeddedOptions,
        password: &SecretString,
    ) -> Result<u16, EmbeddedError> {
        let mut last_port = 0;
        for _ in 0..POLLS {
            if !self.is_running().await? {
                last_port = self.start(options).await?;
            } else if let Some(port) = self.recorded_port() {
                last_port = port;
            }
            if last_port != 0 && session::answers(last_port, password, &self.folder.password_file()).await? {
                return Ok(last_port);
            }
            tokio::time::sleep(POLL).await;
        }
        Err(EmbeddedError::Silent { port: last_port, output: self.folder.log_tail(0), log: self.folder.log() })
    }

    /// Stops the server if it runs: refuses new sessions, ends the open ones, writes everything out.
    pub(super) async fn stop(&self) -> Result<(), EmbeddedError> {
        if !self.is_running().await? {
            return Ok(());
        }
        let mut stop = self.pg_ctl("stop")?;
        stop.args(["-m", "fast", "-w", "-t", "120"]);
        self.must_succeed("pg_ctl stop", stop).await
    }

    /// Whether the cluster's server runs. A pid file that survived a power cut may by now name a stranger's process of the same
    /// account, which both `pg_ctl` and the server would take for a running server: that file is removed.
    async fn is_running(&self) -> Result<bool, EmbeddedError> {
        let output =
            self.pg_ctl("status")?.output().await.map_err(io_error("run", &self.binaries.bin().join("pg_ctl")))?;
        match output.status.code() {
            Some(0) => {}
            Some(NOT_RUNNING) => return Ok(false),
            _ => return Err(self.failed("pg_ctl status", &output, 0)),
        }
        let pid_file = self.folder.data().join("postmaster.pid");
        let pid = fs::read_to_string(&pid_file).ok().and_then(|text| text.lines().next().map(str::to_owned));
        let stranger = pid.and_then(|pid| fs::read_to_string(Path::new("/proc").join(pid).join("comm")).ok());
        if stranger.is_some_and(|name| !name.starts_with("postgres")) {
            fs::remove_file(&pid_file).map_err(io_error("remove the stale", &pid_file))?;
            return Ok(false);
        }
        Ok(true)
    }

    /// The port a running server has written down; nothing while it is still starting.
    fn recorded_port(&self) -> Option<u16> {
        let text = fs::read_to_string(self.folder.data().join("postmaster.pid")).ok()?;
        text.lines().nth(3)?.trim().parse().ok()
    }

    async fn start(&self, options: &EmbeddedOptions) -> Result<u16, EmbeddedError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let logged = self.folder.rotate_log()?;
            let port = free_port()?;
            let mut start = self.pg_ctl("start")?;
            start
                .args(["-s", "-w", "-t", "300", "-l"])
                .arg(self.folder.log())
                .arg("-o")
                .arg(server_arguments(port, options));
            let output = start.output().await.map_err(io_error("run", &self.binaries.bin().join("pg_ctl")))?;
            if output.status.success() {
                return Ok(port);
            }
            match cause(&self.folder.log_tail(logged)) {
                Cause::PortTaken if tries < STARTS => {}
                Cause::PredecessorDying if tries < STARTS => tokio::time::sleep(POLL).await,
                _ => return Err(self.failed("pg_ctl start", &output, logged)),
            }
        }
    }

    fn pg_ctl(&self, act: &str) -> Result<Command, EmbeddedError> {
        let mut command = self.command("pg_ctl")?;
        command.arg(act).arg("-D").arg(self.folder.data());
        Ok(command)
    }

    /// A command of the cluster's account in the cluster's folder. Its standard input is a duplicate of the held gate: should this
    /// process be killed, nobody else passes the gate before the orphan has ended. (The server itself reads from `/dev/null`.)
    fn command(&self, program: &str) -> Result<Command, EmbeddedError> {
        let mut command = self.binaries.command(program);
        let gate = self.gate.try_clone().map_err(io_error("duplicate", &self.folder.gate()))?;
        command.stdin(gate).current_dir(self.folder.root());
        self.account.run_as(&mut command);
        Ok(command)
    }

    async fn must_succeed(&self, program: &'static str, mut command: Command) -> Result<(), EmbeddedError> {
        let logged = self.folder.log_length();
        let output = command.output().await.map_err(io_error("run", self.binaries.bin()))?;
        if output.status.success() { Ok(()) } else { Err(self.failed(program, &output, logged)) }
    }

    fn failed(&self, program: &'static str, output: &std::process::Output, logged: u64) -> EmbeddedError {
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        let parts = [last_lines(&said), self.folder.log_tail(logged)];
        let output = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
        EmbeddedError::Program { program, output, log: self.folder.log() }
    }
}

/// The server's command line, quoted for the shell that `pg_ctl` hands it to. Later settings win over earlier ones.
fn server_arguments(port: u16, options: &EmbeddedOptions) -> String {
    let port = port.to_string();
    let mut settings = vec![("listen_addresses", "127.0.0.1"), ("port", &port), ("unix_socket_directories", "")];
    if !options.durable {
        settings.extend([("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")]);
    }
    settings.extend(options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let quoted = |(name, value): (&str, &str)| format!("-c '{}'", format!("{name}={value}").replace('\'', r"'\''"));
    settings.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A port nobody listens on at this moment; somebody may before the server does, so a start is retried.
fn free_port() -> Result<u16, EmbeddedError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let address =
        listener.map_err(|error: io::Error| io_error("find a free port on", Path::new("127.0.0.1"))(error))?;
    Ok(address.port())
}

fn cause(log: &str) -> Cause {
    if log.contains("could not bind IPv4 address") || log.contains("could not create any TCP/IP sockets") {
        Cause::PortTaken
    } else if log.contains("pre-existing shared memory block") || log.contains("\"postmaster.pid\" already exists") {
        Cause::PredecessorDying
    } else {
        Cause::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_reach_the_server_through_the_shell_unchanged() {
        let settings = vec![("search_path".to_owned(), "it's; $(odd)".to_owned())];
        let options = EmbeddedOptions { settings, ..EmbeddedOptions::new("unused".into()) };
        let echoed = std::process::Command::new("sh")
            .args(["-c", &format!("printf '%s\\n' {}", server_arguments(5433, &options))])
            .output()
            .unwrap();
        let text = String::from_utf8(echoed.stdout).unwrap();
        assert_eq!(text.lines().last(), Some("search_path=it's; $(odd)"));
        assert!(text.contains("port=5433"));
    }
}
