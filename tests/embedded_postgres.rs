//! The embedded PostgreSQL, with real servers: starting, sharing, stopping, and coming back after a kill.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use clento::integrations::postgres::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;

fn options(root: &Path) -> EmbeddedOptions {
    #[expect(clippy::disallowed_methods, reason = "a test stands in for config, which reads the environment")]
    let (bin_dir, search_path) = (std::env::var_os("PG_BIN_DIR").map(Into::into), std::env::var_os("PATH"));
    EmbeddedOptions { durable: false, bin_dir, search_path, ..EmbeddedOptions::new(root.to_owned()) }
}

async fn start(root: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(options(root)).await.unwrap()
}

async fn connect(server: &EmbeddedPostgres, database: &str) -> PgConnection {
    PgConnection::connect(server.url(database).expose_secret()).await.unwrap()
}

async fn setting(server: &EmbeddedPostgres, name: &str) -> String {
    let mut connection = connect(server, "postgres").await;
    sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(&mut connection).await.unwrap()
}

fn port(server: &EmbeddedPostgres) -> u16 {
    url::Url::parse(server.url("postgres").expose_secret()).unwrap().port().unwrap()
}

/// The postmaster's process id, while it runs.
fn pid(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join("data/postmaster.pid")).ok()?;
    text.lines().next().map(str::to_owned)
}

fn kill_hard(pid: &str) {
    assert!(Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status().unwrap().success());
}

/// Another process that starts the server and holds its share until told to `stop`, or killed.
struct OtherProcess {
    child: Child,
    /// Kept open: a test runner whose output nobody reads fails.
    output: BufReader<ChildStdout>,
    port: u16,
}

impl OtherProcess {
    fn launch(root: &Path) -> Child {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "other_process", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{}", root.display()).unwrap();
        child
    }

    fn ready(mut child: Child) -> Self {
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let serving = |line: String| line.split_once("serving on ")?.1.parse().ok();
        let port = output.by_ref().lines().map_while(Result::ok).find_map(serving).unwrap();
        Self { child, output, port }
    }

    fn stop(mut self) {
        writeln!(self.child.stdin.as_mut().unwrap(), "stop").unwrap();
        io::copy(&mut self.output, &mut io::sink()).unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
#[ignore = "run by the other tests as a process of its own"]
async fn other_process() {
    let mut line = String::new();
    io::stdin().read_line(&mut line).unwrap();
    if line.trim().is_empty() {
        return;
    }
    let server = start(Path::new(line.trim())).await;
    writeln!(io::stdout(), "serving on {}", port(&server)).unwrap();
    io::stdin().read_line(&mut line).unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_first_start_makes_a_private_durable_database_that_a_restart_keeps() {
    let folder = TempDir::new().unwrap();
    let durable = EmbeddedOptions {
        durable: true,
        settings: vec![("max_connections".into(), "17".into())],
        ..options(folder.path())
    };
    let server = EmbeddedPostgres::start(durable).await.unwrap();
    server.ensure_database("shop").await.unwrap();
    let mut connection = connect(&server, "shop").await;
    connection
        .execute("create extension pg_trgm; create extension btree_gin; create table kept (id int)")
        .await
        .unwrap();
    connection.close().await.unwrap();
    for (name, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("max_connections", "17"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("password_encryption", "scram-sha-256"),
    ] {
        assert_eq!(setting(&server, name).await, value, "{name}");
    }
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("password"), mode("data")), (0o700, 0o600, 0o700));
    server.stop().await.unwrap();
    assert_eq!(pid(folder.path()), None);

    let server = start(folder.path()).await;
    connect(&server, "shop").await.execute("select id from kept").await.unwrap();
    assert_eq!(setting(&server, "fsync").await, "off");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let folder = TempDir::new().unwrap();
    let server = start(folder.path()).await;
    let url = format!("postgres://clento:guess@127.0.0.1:{}/postgres", port(&server));
    assert!(PgConnection::connect(&url).await.is_err());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn tasks_that_start_at_once_share_one_server_and_create_one_database() {
    let folder = TempDir::new().unwrap();
    let starts = (0..4).map(|_| async {
        let server = start(folder.path()).await;
        server.ensure_database("shared").await.unwrap();
        server
    });
    let servers = futures::future::join_all(starts).await;
    let ports: Vec<_> = servers.iter().map(port).collect();
    assert!(ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    futures::future::join_all(servers.into_iter().map(async |server| server.stop().await.unwrap())).await;
    assert_eq!(pid(folder.path()), None);
}

#[tokio::test]
async fn processes_share_one_server_and_the_last_one_out_stops_it() {
    let folder = TempDir::new().unwrap();
    let launched: Vec<_> = (0..3).map(|_| OtherProcess::launch(folder.path())).collect();
    let mut others: Vec<_> = launched.into_iter().map(OtherProcess::ready).collect();
    assert!(others.iter().all(|other| other.port == others[0].port));
    let running = pid(folder.path());

    others.pop().unwrap().stop();
    // A killed process gives up its share too.
    others.pop().unwrap().kill();
    assert_eq!(pid(folder.path()), running);
    others.pop().unwrap().stop();
    assert_eq!(pid(folder.path()), None);
}

#[tokio::test]
async fn a_start_attaches_to_what_a_killed_process_left_running() {
    let folder = TempDir::new().unwrap();
    let other = OtherProcess::ready(OtherProcess::launch(folder.path()));
    let (running, left_on) = (pid(folder.path()), other.port);
    other.kill();
    let server = start(folder.path()).await;
    assert_eq!((pid(folder.path()), port(&server)), (running, left_on));
    server.stop().await.unwrap();
    assert_eq!(pid(folder.path()), None);
}

#[tokio::test]
async fn a_killed_server_is_started_again_with_what_was_committed() {
    let folder = TempDir::new().unwrap();
    let durable = EmbeddedOptions { durable: true, ..options(folder.path()) };
    let server = EmbeddedPostgres::start(durable).await.unwrap();
    connect(&server, "postgres").await.execute("create table kept (id int)").await.unwrap();
    kill_hard(&pid(folder.path()).unwrap());
    let again = start(folder.path()).await;
    connect(&again, "postgres").await.execute("select id from kept").await.unwrap();
    drop(server);
    again.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_initdb_is_done_over() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("start.lock"), "").unwrap();
    fs::create_dir_all(folder.path().join("data.tmp/base")).unwrap();
    fs::write(folder.path().join("data.tmp/PG_VERSION"), "15").unwrap();
    let server = start(folder.path()).await;
    assert!(!folder.path().join("data.tmp").exists());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_is_not_believed() {
    let folder = TempDir::new().unwrap();
    start(folder.path()).await.stop().await.unwrap();
    let owner = fs::metadata(folder.path().join("data")).unwrap();
    let mut sleeper = Command::new("sleep");
    if owner.uid() != fs::metadata("/proc/self").unwrap().uid() {
        sleeper.uid(owner.uid()).gid(owner.gid());
    }
    let mut stranger = sleeper.arg("600").spawn().unwrap();
    let data = folder.path().join("data");
    fs::write(data.join("postmaster.pid"), format!("{}\n{}\n1\n1\n\n\n\nready\n", stranger.id(), data.display()))
        .unwrap();
    let server = start(folder.path()).await;
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_that_loses_its_port_takes_another_try() {
    let folder = TempDir::new().unwrap();
    start(folder.path()).await.stop().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let log = folder.path().join("postgres.log");
    // Gives the port back once a start has failed on it.
    let releasing = tokio::spawn(async move {
        while !fs::read_to_string(&log).unwrap_or_default().contains("could not bind") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(listener);
    });
    let settings = vec![("port".to_owned(), taken.to_string())];
    let mut clashing = options(folder.path());
    clashing.settings = settings;
    // The setting overrides the port that was picked, so the server answers elsewhere than expected; what counts is that it came up.
    let starting = tokio::spawn(EmbeddedPostgres::start(clashing));
    releasing.await.unwrap();
    let server = starting.await.unwrap().unwrap();
    assert_eq!(port(&server), taken);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_that_fails_quotes_the_servers_log() {
    let folder = TempDir::new().unwrap();
    let mut wrong = options(folder.path());
    wrong.settings = vec![("shared_buffers".to_owned(), "plenty".to_owned())];
    let message = EmbeddedPostgres::start(wrong).await.unwrap_err().to_string();
    assert!(message.contains("invalid value for parameter \"shared_buffers\""), "{message}");
    assert!(message.contains("postgres.log"), "{message}");
}

#[tokio::test]
async fn faults_of_the_folder_are_named_with_their_remedy() {
    let foreign = TempDir::new().unwrap();
    fs::write(foreign.path().join("thesis.txt"), "").unwrap();
    let error = EmbeddedPostgres::start(options(foreign.path())).await.unwrap_err();
    assert!(matches!(error, EmbeddedError::ForeignFolder { .. }), "{error}");

    let folder = TempDir::new().unwrap();
    let mut elsewhere = options(folder.path());
    elsewhere.bin_dir = Some(folder.path().join("nowhere"));
    let error = EmbeddedPostgres::start(elsewhere).await.unwrap_err();
    assert!(error.to_string().contains("it has no initdb"), "{error}");

    start(folder.path()).await.stop().await.unwrap();
    fs::write(folder.path().join("data/PG_VERSION"), "99\n").unwrap();
    let error = EmbeddedPostgres::start(options(folder.path())).await.unwrap_err();
    assert!(matches!(error, EmbeddedError::WrongVersion { wanted: 99, .. }), "{error}");
}

#[tokio::test]
async fn a_lost_or_foreign_password_is_said_to_be_one() {
    let folder = TempDir::new().unwrap();
    start(folder.path()).await.stop().await.unwrap();
    for text in [None, Some("another")] {
        let path = folder.path().join("password");
        match text {
            None => fs::remove_file(&path).unwrap(),
            Some(text) => fs::write(&path, text).unwrap(),
        }
        let error = EmbeddedPostgres::start(options(folder.path())).await.unwrap_err();
        assert!(matches!(error, EmbeddedError::Password { .. }), "{error}");
    }
    // The second failure came from a server that had been started: it is not left behind.
    assert_eq!(pid(folder.path()), None);
}

#[tokio::test]
#[ignore = "changes the machine: for a machine or chroot without PostgreSQL"]
async fn a_machine_without_postgresql_gets_one() {
    let folder = TempDir::new().unwrap();
    let server = EmbeddedPostgres::start(options(folder.path())).await.unwrap_or_else(|error| panic!("{error}"));
    let mut connection = connect(&server, "postgres").await;
    connection.execute("create extension pg_trgm; create extension btree_gin").await.unwrap();
    server.stop().await.unwrap();
}
