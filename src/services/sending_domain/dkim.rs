//! DKIM (RFC 6376): the keys that a domain's mail is signed with. A domain does not say which keys it has: one must know their selectors.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{StreamExt as _, stream};
use mail_auth::{
    Error,
    common::{parse::TxtRecordParser as _, verify::DomainKey},
    dkim::DkimError,
};

use super::Carrier;
use crate::{
    integrations::dns::Dns,
    models::{
        DomainRecord,
        RecordStatus::{Missing, Unknown, Weak, Wrong},
    },
};

/// What the selectors of Google, Microsoft and Fastmail are called, and others are often.
const GOOGLE: &[&str] = &["google"];
const MICROSOFT: &[&str] = &["selector1", "selector2"];
const USUAL: &[&str] =
    &["default", "dkim", "mail", "google", "selector1", "selector2", "s1", "s2", "k1", "fm1", "fm2", "fm3"];
/// How many names are asked for at a time.
const AT_ONCE: usize = 12;
/// A key of RSA with 1024 bits is the least that receivers must take, and 2048 what signers should use (RFC 8301, 3.2). Such public keys are of
/// 162 and of 294 bytes, a few less in another frame.
const SHORT_BYTES: (usize, usize) = (138, 270);

pub(super) async fn check(dns: &Dns, carrier: &Carrier, selector: Option<&str>) -> Vec<DomainRecord> {
    let selectors: Vec<&str> = match selector {
        Some(selector) => vec![selector],
        None if carrier.is_google() => GOOGLE.to_vec(),
        None if carrier.is_microsoft() => MICROSOFT.to_vec(),
        None => USUAL.to_vec(),
    };
    let names = selectors.iter().map(|selector| format!("{selector}._domainkey.{}", carrier.domain));
    let keys: Vec<_> = names.map(|name| key(dns, name)).collect();
    let records: Vec<_> = stream::iter(keys).buffered(AT_ONCE).collect().await;
    if selector.is_some() {
        return records;
    }
    let (found, not_found): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| !record.found.is_empty());
    if !found.is_empty() {
        return found;
    }
    let name = format!("_domainkey.{}", carrier.domain);
    if not_found.iter().any(|record| record.status == Unknown) {
        return vec![DomainRecord::unanswered(name)];
    }
    let detail = "No key was found under the usual selectors. If your provider signs your mail, pass the selector that it \
                  gave you as dkim_selector; else switch the signing on there.";
    vec![DomainRecord::new(name, Vec::new()).with(Unknown, "selector_unknown", detail)]
}

async fn key(dns: &Dns, name: String) -> DomainRecord {
    let Ok(found) = dns.texts(&name).await else { return DomainRecord::unanswered(name) };
    let record = DomainRecord::new(name, found.clone());
    let text = match found.as_slice() {
        [] => return record.with(Missing, "no_record", "There is no key under this selector."),
        [text] => text,
        _ => return record.with(Wrong, "several_records", "There are several records under this selector."),
    };
    match DomainKey::parse(text.as_bytes()) {
        Ok(_) => of_length(record, text),
        Err(Error::Dkim(DkimError::RevokedPublicKey)) => {
            record.with(Wrong, "revoked", "The key is empty: it was taken back, and what it signed is not believed.")
        }
        Err(_) => record.with(Wrong, "unreadable", "The record holds no key that receivers can read."),
    }
}

/// What is to be said of a key's length.
fn of_length(record: DomainRecord, text: &str) -> DomainRecord {
    let tag = |name: &str| {
        text.split(';')
            .filter_map(|tag| tag.split_once('='))
            .find(|(tag, _)| tag.trim() == name)
            .map(|(_, value)| value)
    };
    if tag("k").is_some_and(|kind| kind.trim() != "rsa") {
        return record;
    }
    let key: String = tag("p").unwrap_or_default().split_whitespace().collect();
    match STANDARD.decode(key).unwrap_or_default().len() {
        bytes if bytes < SHORT_BYTES.0 => {
            record.with(Wrong, "key_too_short", "The key is so short that receivers do not heed it.")
        }
        bytes if bytes < SHORT_BYTES.1 => {
            record.with(Weak, "key_short", "The key is shorter than 2048 bits: make a longer one.")
        }
        _ => record,
    }
}
