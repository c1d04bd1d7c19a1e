//! DMARC (RFC 7489): what receivers shall do with mail that neither SPF nor DKIM vouches for.

use mail_auth::{
    common::parse::TxtRecordParser as _,
    dmarc::{Dmarc, Policy},
};

use super::records;
use crate::{
    integrations::dns::{Dns, Unanswered},
    models::{
        DomainRecord,
        RecordStatus::{Missing, Wrong},
    },
};

/// How a record begins.
const KIND: &str = "v=DMARC1";
/// The least that Gmail, Yahoo and Microsoft want of those who send much.
const LEAST: &str = "v=DMARC1; p=none";

pub(super) async fn check(dns: &Dns, domain: &str) -> DomainRecord {
    let name = format!("_dmarc.{domain}");
    match found(dns, domain).await {
        Ok((at, found)) => judged(DomainRecord::new(at, found), name),
        Err(Unanswered) => DomainRecord::unanswered(name),
    }
}

/// The records of a domain, or else those of the domain that it belongs to (RFC 7489, 6.6.3).
async fn found(dns: &Dns, domain: &str) -> Result<(String, Vec<String>), Unanswered> {
    let own = format!("_dmarc.{domain}");
    let found = records(dns, &own, KIND).await?;
    let above = psl::domain_str(domain).filter(|above| found.is_empty() && *above != domain);
    let Some(above) = above else { return Ok((own, found)) };
    let above = format!("_dmarc.{above}");
    let inherited = records(dns, &above, KIND).await?;
    Ok(if inherited.is_empty() { (own, found) } else { (above, inherited) })
}

fn judged(mut record: DomainRecord, own: String) -> DomainRecord {
    let text = match record.found.as_slice() {
        [] => {
            record.name = own;
            let detail = "No DMARC record: the big providers refuse or sort out much mail of such domains.";
            return record.with(Missing, "no_record", detail).publishing(LEAST);
        }
        [text] => text,
        _ => {
            let detail = "There are several DMARC records: receivers then heed none of them.";
            return record.with(Wrong, "several_records", detail);
        }
    };
    match Dmarc::parse(text.as_bytes()) {
        Ok(dmarc) if dmarc.p != Policy::Unspecified => record,
        Ok(_) => record
            .with(Wrong, "no_policy", "The record has no policy (p=), so that receivers ignore it.")
            .publishing(LEAST),
        Err(_) => {
            record.with(Wrong, "unreadable", "The record breaks the rules of DMARC, so that receivers ignore it.")
        }
    }
}
