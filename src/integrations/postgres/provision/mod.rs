//! Obtaining PostgreSQL where there is none, without a question asked: from the system's package manager if that is allowed, else
//! into the database's own folder. Every way says how it ended, so that the last error can name them all.

mod apt_install;
mod apt_unpack;
mod fetch;

use std::{ffi::OsStr, path::Path, process::Output};

use tokio::process::Command;

use super::{
    EmbeddedOptions,
    binaries::{self, Binaries},
    error::EmbeddedError,
    folder::{Folder, last_lines},
};

/// Obtains PostgreSQL by the first way that works; `tried` is where it was looked for in vain. Only to be called behind the gate.
pub(super) async fn obtain(
    options: &EmbeddedOptions,
    folder: &Folder,
    mut tried: Vec<String>,
) -> Result<Binaries, EmbeddedError> {
    tracing::info!("this machine has no PostgreSQL that serves; obtaining one");
    let programs = folder.programs();
    for way in Way::ALL {
        let ended = match way {
            Way::Install => apt_install::install().await,
            Way::Unpack => apt_unpack::unpack(&programs.join("debian")).await,
            Way::Fetch => fetch::fetch(&programs.join("fetched")).await,
        };
        match ended {
            Ok(()) => match binaries::find(options, folder).await? {
                Ok(binaries) => return Ok(binaries),
                Err(reasons) => tried.push(format!("{}: done, but {}", way.name(), reasons.join("; "))),
            },
            Err(reason) => tried.push(format!("{}: {reason}", way.name())),
        }
    }
    Err(EmbeddedError::NoBinaries { minimum: binaries::MINIMUM, tried })
}

/// The ways, in the order they are tried.
#[derive(Clone, Copy)]
enum Way {
    Install,
    Unpack,
    Fetch,
}

impl Way {
    const ALL: [Self; 3] = [Self::Install, Self::Unpack, Self::Fetch];

    fn name(self) -> &'static str {
        match self {
            Self::Install => "installing with apt-get",
            Self::Unpack => "unpacking Debian packages",
            Self::Fetch => "fetching binaries from GitHub",
        }
    }
}

/// Whether `program` is in one of the system's folders.
fn is_installed(program: &str) -> bool {
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].iter().any(|folder| Path::new(folder).join(program).is_file())
}

/// Runs a command to its end and returns what it printed; a failure is its last words.
async fn run(command: &mut Command) -> Result<String, String> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.env("LC_ALL", "C").stdin(std::process::Stdio::null());
    let Output { status, stdout, stderr } = command.output().await.map_err(|error| format!("{program}: {error}"))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    Err(format!("{program} ended with {status}:\n{}", last_lines(&said)))
}

/// A command with these arguments.
fn command<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}
