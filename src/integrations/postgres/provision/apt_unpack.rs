//! PostgreSQL from the system's packages, unpacked into a folder instead of installed, for whoever is not root. apt verifies what it
//! downloads against the archive's signature.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{command, is_installed, run};

/// Debian's build reads time zones from here, wherever it is unpacked.
const TIME_ZONES: &str = "/usr/share/zoneinfo/UTC";

/// Unpacks PostgreSQL and the shared libraries that this system lacks into `tree`, replacing what is there.
pub(super) async fn unpack(tree: &Path) -> Result<(), String> {
    if !["apt-get", "apt-cache", "dpkg-deb"].into_iter().all(is_installed) {
        return Err("this system has no apt".to_owned());
    }
    if !Path::new(TIME_ZONES).exists() {
        return Err(format!(
            "{TIME_ZONES} is missing (package tzdata), without which Debian's PostgreSQL does not start"
        ));
    }
    tracing::info!(folder = %tree.display(), "downloading PostgreSQL's packages with apt-get, to unpack them here; this takes a minute");
    let work = tree.with_extension("tmp");
    let io = |error: std::io::Error| format!("{}: {error}", work.display());
    remove(&work).map_err(io)?;
    fs::create_dir_all(&work).map_err(io)?;
    let apt = Apt { state: None };
    let unpacked = match download_and_unpack(&apt, &work).await {
        Ok(tree) => tree,
        // The system's package lists are missing or too old, and only root may renew those: use lists of our own.
        Err(_) => download_and_unpack(&Apt::with_own_lists(&work).await?, &work).await?,
    };
    remove(tree).and_then(|()| fs::rename(unpacked, tree)).and_then(|()| remove(&work)).map_err(io)
}

/// apt, with the system's package lists or with those in a folder of ours.
struct Apt {
    state: Option<PathBuf>,
}

impl Apt {
    async fn with_own_lists(work: &Path) -> Result<Self, String> {
        let apt = Self { state: Some(work.join("apt")) };
        for folder in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(work.join("apt").join(folder)).map_err(|error| error.to_string())?;
        }
        run(apt.command("apt-get").arg("update")).await?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some(state) = &self.state {
            command.arg("-o").arg(format!("Dir::State={}", state.join("state").display()));
            command.arg("-o").arg(format!("Dir::Cache={}", state.join("cache").display()));
            command.args(["-o", "Dir::State::status=/var/lib/dpkg/status"]);
        }
        command
    }
}

/// Downloads the packages into `work` and returns the folder they were unpacked to.
async fn download_and_unpack(apt: &Apt, work: &Path) -> Result<PathBuf, String> {
    let depends = run(apt.command("apt-cache").args(["depends", "postgresql"])).await?;
    let server = server_package(&depends).ok_or("apt knows no package postgresql")?;
    let plan = run(apt.command("apt-get").args(["install", "--simulate", "--no-install-recommends", server])).await?;
    let packages = needed(&plan, server);
    let archives = work.join("archives");
    let tree = work.join("tree");
    for folder in [&archives, &tree] {
        remove(folder).and_then(|()| fs::create_dir_all(folder)).map_err(|error| error.to_string())?;
    }
    run(apt.command("apt-get").arg("download").args(packages).current_dir(&archives)).await?;
    for archive in fs::read_dir(&archives).map_err(|error| error.to_string())?.flatten() {
        run(&mut command("dpkg-deb", [Path::new("-x"), &archive.path(), &tree])).await?;
    }
    drop_jit(&tree);
    Ok(tree)
}

/// The versioned package that `apt-cache depends postgresql` names.
fn server_package(depends: &str) -> Option<&str> {
    let mut named = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    named.find(|name| name.starts_with("postgresql-"))
}

/// Of the packages `apt-get install --simulate` would add (`Inst name (version …)`), those the server runs with: itself, its client
/// programs, and C libraries. Left out are Perl, LLVM with its solver (large, only for JIT), and what would replace an installed
/// package (`Inst name [old version] …`): a second libc beside the system's loader would crash.
fn needed<'a>(plan: &'a str, server: &'a str) -> Vec<&'a str> {
    let added = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_once(' '));
    let added = added.filter(|(_, rest)| !rest.starts_with('[')).map(|(name, _)| name);
    let client = server.replace("postgresql-", "postgresql-client-");
    let spared = |name: &str| {
        ["libllvm", "libz3", "libperl"].iter().any(|start| name.starts_with(start)) || name.ends_with("-perl")
    };
    let library = |name: &str| name.starts_with("lib") && !spared(name);
    added.filter(|name| *name == server || *name == client || library(name)).collect()
}

/// Without LLVM the JIT provider would fail at the first costly query; where it is absent, PostgreSQL does without.
fn drop_jit(tree: &Path) {
    let versions = fs::read_dir(tree.join("usr/lib/postgresql")).into_iter().flatten().flatten();
    for version in versions {
        // Absent is what is wanted.
        let _ = fs::remove_file(version.path().join("lib/llvmjit.so"));
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_package_is_the_one_the_metapackage_depends_on() {
        assert_eq!(
            server_package("postgresql\n  Depends: postgresql-15\n  Suggests: postgresql-doc\n"),
            Some("postgresql-15")
        );
        assert_eq!(server_package("postgresql\n"), None);
    }

    #[test]
    fn only_what_the_server_runs_with_is_downloaded() {
        let plan = "NOTE: this is only a simulation!\nInst libc6 [2.36-9] (2.36-10 Debian)\nInst libpq5 (15.18 Debian [amd64])\n\
                    Inst libjson-perl (4.1 Debian)\nInst libllvm14 (14 Debian)\nInst libperl5.36 (5 Debian)\nInst libz3-4 (4 Debian)\nInst ssl-cert (1.1 Debian)\n\
                    Inst postgresql-client-15 (15.18 Debian)\nInst postgresql-15 (15.18 Debian)\nConf libpq5 (15.18)\n";
        assert_eq!(needed(plan, "postgresql-15"), ["libpq5", "postgresql-client-15", "postgresql-15"]);
    }
}
