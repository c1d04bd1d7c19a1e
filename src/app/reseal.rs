//! The command that makes an old key dispensable.

use std::{
    io::{Write, stdout},
    sync::Arc,
};

use super::Databases;
use crate::{
    config::Config,
    models::SealedCount,
    services::{Reseal, Resealed},
    utils::{clock::SystemClock, crypto::Cipher},
};

/// Seals anew what older keys have sealed, unless it is only to be counted, and prints how many secrets each key has sealed then.
///
/// # Errors
/// The database is away; a secret does not open; secrets of other keys are left.
pub async fn reseal(config: &Config, only_count: bool) -> anyhow::Result<()> {
    let databases = Databases::open(config).await?;
    let cipher = Cipher::new(&config.encryption.0)?;
    let current = cipher.sealing_key().to_owned();
    let service = Reseal::new(databases.database().clone(), Arc::new(SystemClock::new()), cipher);
    let done = if only_count {
        service.count().await.map(|sealed_by| Resealed { sealed_by, ..Resealed::default() })
    } else {
        service.run().await
    };
    databases.close().await?;
    let done = done?;
    tell(&current, &done, only_count)?;
    if only_count || left(&current, &done.sealed_by) == 0 {
        return Ok(());
    }
    anyhow::bail!("{} secrets are still sealed by other keys: keep those keys", left(&current, &done.sealed_by))
}

fn tell(current: &str, done: &Resealed, only_count: bool) -> std::io::Result<()> {
    let mut out = stdout().lock();
    for (secret, why) in &done.unopened {
        writeln!(out, "{} {} of organization {}: {why}", secret.column, secret.row, secret.organization)?;
    }
    if !only_count {
        writeln!(out, "sealed anew: {}", done.resealed)?;
    }
    for SealedCount { column, key_id, count } in &done.sealed_by {
        let which = if key_id == current { "current key" } else { "other key" };
        writeln!(out, "{which} {key_id}: {count} in {column}")?;
    }
    writeln!(out, "left: {}", left(current, &done.sealed_by))
}

/// How many secrets other keys have sealed.
fn left(current: &str, sealed_by: &[SealedCount]) -> i64 {
    sealed_by.iter().filter(|sealed| sealed.key_id != current).map(|sealed| sealed.count).sum()
}
