//! Where PostgreSQL's programs are on this machine. Only looks; `provision` obtains what is missing.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::{EmbeddedOptions, error::EmbeddedError, folder::Folder};

/// The oldest major version that serves.
pub(super) const MINIMUM: u32 = 14;
/// Debian and Ubuntu keep a folder per major version in here.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The programs that are run.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// A folder with PostgreSQL's programs.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    bin: PathBuf,
    /// Folders with shared libraries that the system does not have; empty for an installed PostgreSQL.
    libraries: Vec<PathBuf>,
    major: u32,
}

impl Binaries {
    /// The folder of the programs.
    pub(super) fn bin(&self) -> &Path {
        &self.bin
    }

    /// The programs' major version.
    pub(super) fn major(&self) -> u32 {
        self.major
    }

    /// A command for `program` with an environment that holds nothing of the user's: `PGDATA`, `PGPORT` and their like would
    /// bend it, and `TZ` is what initdb makes the server's time zone.
    pub(super) fn command(&self, program: &str) -> Command {
        bare_command(&self.bin.join(program), &self.libraries)
    }

    /// The programs in `bin`, if all are there and say their version.
    async fn probe(bin: &Path, libraries: Vec<PathBuf>) -> Result<Self, String> {
        if let Some(missing) = PROGRAMS.iter().find(|program| !bin.join(program).is_file()) {
            return Err(format!("it has no {missing}"));
        }
        let output = bare_command(&bin.join("postgres"), &libraries).arg("--version").output().await;
        let output = output.map_err(|error| format!("postgres cannot be run: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        match parse_major(&text) {
            Some(major) if major >= MINIMUM => Ok(Self { bin: bin.to_owned(), libraries, major }),
            Some(major) => Err(format!("PostgreSQL {major} is older than {MINIMUM}")),
            None => {
                Err(format!("postgres does not say its version: {}", String::from_utf8_lossy(&output.stderr).trim()))
            }
        }
    }
}

fn bare_command(program: &Path, libraries: &[PathBuf]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC").stdin(Stdio::null());
    if let Ok(path) = std::env::join_paths(libraries)
        && !path.is_empty()
    {
        command.env("LD_LIBRARY_PATH", path);
    }
    command
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split_once("(PostgreSQL) ")?.1;
    version.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// Looks for programs that can serve the data in `folder`: `PG_BIN_DIR` alone if set, else the system's newest, `PATH`, and what
/// was unpacked in the folder earlier. `Err` on the outside is final; `Err` within says what was looked at in vain.
pub(super) async fn find(
    options: &EmbeddedOptions,
    folder: &Folder,
) -> Result<Result<Binaries, Vec<String>>, EmbeddedError> {
    let mut tried = Vec::new();
    let mut found = Vec::new();
    if let Some(bin) = &options.bin_dir {
        let probed = Binaries::probe(bin, Vec::new()).await;
        found.push(probed.map_err(|reason| EmbeddedError::BinDir { path: bin.clone(), reason })?);
    } else {
        for (bin, libraries) in candidates(options.search_path.as_deref(), folder) {
            match Binaries::probe(&bin, libraries).await {
                Ok(binaries) => found.push(binaries),
                Err(reason) => tried.push(format!("{}: {reason}", bin.display())),
            }
        }
        tried.push(format!("{DEBIAN}/*/bin, PATH and {}: no usable PostgreSQL", folder.programs().display()));
    }
    let Some(wanted) = folder.data_version() else { return Ok(found.into_iter().next().ok_or(tried)) };
    match found.iter().find(|binaries| binaries.major == wanted) {
        Some(binaries) => Ok(Ok(binaries.clone())),
        None if found.is_empty() => Ok(Err(tried)),
        None => {
            let found = found.iter().map(|binaries| binaries.major.to_string()).collect::<Vec<_>>().join(", ");
            Err(EmbeddedError::WrongVersion { path: folder.data(), wanted, found })
        }
    }
}

/// Folders worth a probe, best first, each with the libraries it needs.
fn candidates(search_path: Option<&OsStr>, folder: &Folder) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let on_path = search_path.map(|path| std::env::split_paths(path).collect::<Vec<_>>()).unwrap_or_default();
    let system = versions_in(Path::new(DEBIAN)).into_iter().chain(on_path);
    let mut all: Vec<_> = system.filter(|bin| bin.join("pg_ctl").is_file()).map(|bin| (bin, Vec::new())).collect();
    let programs = folder.programs();
    // What was unpacked brings its own libraries.
    let debian = programs.join("debian/usr");
    let libraries = library_folders(&programs.join("debian"));
    all.extend(versions_in(&debian.join("lib/postgresql")).into_iter().map(|bin| (bin, libraries.clone())));
    all.push((programs.join("fetched/bin"), vec![programs.join("fetched/lib")]));
    all.retain(|(bin, _)| bin.is_dir());
    all
}

/// The `bin` folders of the versions in `parent`, newest first.
fn versions_in(parent: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = subfolders(parent)
        .filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin"))))
        .collect();
    versions.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

/// The multi-architecture library folders (`usr/lib/x86_64-linux-gnu`) of packages unpacked in `tree`.
fn library_folders(tree: &Path) -> Vec<PathBuf> {
    let roots = [tree.join("usr/lib"), tree.join("lib")];
    roots
        .iter()
        .flat_map(|root| subfolders(root))
        .filter(|path| path.to_string_lossy().contains("-linux-gnu"))
        .collect()
}

fn subfolders(parent: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_vendors_text() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 17beta1"), Some(17));
        assert_eq!(parse_major("something else"), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9", "14", "17", "common"] {
            fs::create_dir_all(folder.path().join(version)).unwrap();
        }
        let expected: Vec<_> =
            ["17", "14", "9"].iter().map(|version| folder.path().join(version).join("bin")).collect();
        assert_eq!(versions_in(folder.path()), expected);
    }
}
