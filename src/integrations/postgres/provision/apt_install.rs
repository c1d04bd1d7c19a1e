//! PostgreSQL as a package of the system, for root and for whoever may become root without a password.

use super::{command, is_installed, run};
use crate::integrations::postgres::account::is_root;

/// Does it; also what `./x setup` runs.
const SCRIPT: &str = include_str!("install-debian.sh");

/// Installs PostgreSQL through apt, without a cluster of the package's own.
pub(super) async fn install() -> Result<(), String> {
    if !is_installed("apt-get") {
        return Err("this system has no apt-get".to_owned());
    }
    let mut install = if is_root() {
        command("sh", ["-c", SCRIPT])
    } else if is_installed("sudo") && run(&mut command("sudo", ["-n", "true"])).await.is_ok() {
        command("sudo", ["-n", "sh", "-c", SCRIPT])
    } else {
        return Err("needs root, and sudo is missing or asks for a password".to_owned());
    };
    tracing::info!("installing the package postgresql with apt-get; this takes a minute");
    run(&mut install).await.map(drop)
}
