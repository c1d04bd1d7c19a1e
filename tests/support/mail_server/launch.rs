//! Starting the two programs as a user without rights, and ending them with the test.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpStream},
    os::unix::{fs::chown, process::CommandExt as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::unistd::{User, getegid, geteuid};
use tempfile::TempDir;

use super::{IMAP, IMAPS, SMTP, SMTPS};

const MISSING: &str = "this test needs Exim and Dovecot: `./x setup` installs them";
/// How long they may take to start: other tests may be busy on the same machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs both, and ends everything of the process group when standard input closes: however the test ends, nothing outlives it.
const LAUNCH: &str = "PATH=$PATH:/usr/sbin:/sbin
    command -v dovecot exim4 || exit
    dovecot -F -c \"$0/dovecot.conf\" </dev/null >>\"$0/dovecot.log\" 2>&1 &
    exim4 -C \"$0/exim.conf\" -bdf -q1s </dev/null >>\"$0/exim-main.log\" 2>&1 &
    read -r _; kill -KILL 0";

/// The programs and their folder.
pub(super) struct Running {
    group: Child,
    folder: TempDir,
}

/// Who runs them: whoever runs the test, but for root, nobody.
pub(super) fn user() -> (String, u32, u32) {
    if geteuid().is_root() {
        let nobody = User::from_name("nobody").unwrap().expect("the user nobody");
        return (nobody.name, nobody.uid.as_raw(), nobody.gid.as_raw());
    }
    let me = User::from_uid(geteuid()).unwrap().expect("a user with a name");
    (me.name, me.uid.as_raw(), getegid().as_raw())
}

/// An address of this machine that nobody uses, and a folder with a name short enough for sockets in it.
pub(super) fn place() -> (Ipv4Addr, TempDir) {
    let [.., a, b, c] = rand::random::<u32>().to_be_bytes();
    let address = Ipv4Addr::new(127, a.clamp(2, 250), b, c.clamp(1, 254));
    let folder = tempfile::Builder::new().prefix("cm").tempdir_in("/tmp").unwrap();
    (address, folder)
}

impl Running {
    pub(super) async fn launch(folder: TempDir, address: Ipv4Addr) -> Self {
        let (_, uid, gid) = user();
        for part in ["run", "state", "spool", "mail"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let mut command = Command::new("sh");
        command.arg("-c").arg(LAUNCH).arg(folder.path()).process_group(0);
        if geteuid().is_root() {
            hand_over(folder.path(), uid, gid);
            command.uid(uid).gid(gid);
        }
        let group = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let running = Self { group, folder };
        running.listening(address).await;
        running
    }

    async fn listening(&self, address: Ipv4Addr) {
        let all = async {
            for port in [SMTP, SMTPS, IMAP, IMAPS] {
                while TcpStream::connect((address, port)).is_err() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            let said = |file| fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
            panic!("{MISSING}\n{}{}{}", said("dovecot.log"), said("exim-main.log"), said("exim-panic.log"));
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn add_line(&self, file: &str, line: &str) {
        let mut file = fs::OpenOptions::new().append(true).open(self.folder.path().join(file)).unwrap();
        writeln!(file, "{line}").unwrap();
    }

    /// Replaces a file at once, so that nobody reads half of it.
    pub(super) fn write(&self, file: &str, text: &str) {
        let (next, path) = (self.folder.path().join("next"), self.folder.path().join(file));
        fs::write(&next, text).unwrap();
        if geteuid().is_root() {
            let (_, uid, gid) = user();
            chown(&next, Some(uid), Some(gid)).unwrap();
        }
        fs::rename(next, path).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.group.stdin.take());
        let _ = self.group.wait();
    }
}

fn hand_over(path: &Path, uid: u32, gid: u32) {
    chown(path, Some(uid), Some(gid)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            hand_over(&entry.unwrap().path(), uid, gid);
        }
    }
}
