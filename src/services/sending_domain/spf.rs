//! SPF (RFC 7208): which servers may send for a domain.

use std::collections::BTreeSet;

use mail_auth::{
    common::parse::TxtRecordParser as _,
    spf::{Macro, Mechanism, Qualifier, Spf},
};

use super::{Carrier, records};
use crate::{
    integrations::dns::{Dns, Unanswered},
    models::{
        DomainRecord,
        RecordStatus::{Missing, Weak, Wrong},
    },
};

/// How a record begins.
const KIND: &str = "v=spf1";
/// As many terms of a record, and of those that it includes, may ask the name servers (RFC 7208, 4.6.4). With more, receivers take the
/// whole as broken.
const MOST_LOOKUPS: usize = 10;

/// What a record leads to.
#[derive(Default)]
struct Reach {
    lookups: usize,
    /// The domains that it includes, at any depth.
    included: BTreeSet<String>,
    /// Those of them that have no usable record.
    broken: Vec<String>,
}

pub(super) async fn check(dns: &Dns, carrier: &Carrier) -> DomainRecord {
    let domain = carrier.domain.clone();
    match judged(dns, carrier).await {
        Ok(record) => record,
        Err(Unanswered) => DomainRecord::unanswered(domain),
    }
}

async fn judged(dns: &Dns, carrier: &Carrier) -> Result<DomainRecord, Unanswered> {
    let found = records(dns, &carrier.domain, KIND).await?;
    let record = DomainRecord::new(carrier.domain.clone(), found.clone());
    let [text] = found.as_slice() else { return Ok(not_one(record, carrier)) };
    let Some(spf) = parsed(text) else {
        return Ok(record.with(
            Wrong,
            "unreadable",
            "The record breaks the rules of SPF, so that receivers ignore it.",
        ));
    };
    let reach = Reach::of(dns, &spf).await?;
    Ok(of_reach(of_ending(record, &spf), &reach, carrier, text))
}

fn not_one(record: DomainRecord, carrier: &Carrier) -> DomainRecord {
    if !record.found.is_empty() {
        let detail = "There are several SPF records: receivers then heed none of them. Make one of them.";
        return record.with(Wrong, "several_records", detail);
    }
    let detail = "No SPF record says who may send for the domain. Your mail provider says what to include in it.";
    let record = record.with(Missing, "no_record", detail);
    match include_of(carrier) {
        Some(include) => record.publishing(format!("v=spf1 include:{include} ~all")),
        None => record,
    }
}

/// What the record says of all other servers.
fn of_ending(mut record: DomainRecord, spf: &Spf) -> DomainRecord {
    let all = spf.directives.iter().find(|directive| directive.mechanism == Mechanism::All);
    match all.map(|directive| &directive.qualifier) {
        Some(Qualifier::Pass) => {
            record.problem(
                Wrong,
                "lets_everybody",
                "The record ends in +all, which lets everybody send for the domain.",
            );
        }
        Some(Qualifier::Neutral) => {
            record.problem(
                Weak,
                "no_verdict",
                "The record ends in ?all, which says nothing of other servers: make it ~all.",
            );
        }
        None if spf.redirect.is_none() => {
            record.problem(
                Weak,
                "no_verdict",
                "The record does not end in ~all or -all, and so says nothing of other servers.",
            );
        }
        _ => {}
    }
    record
}

fn of_reach(mut record: DomainRecord, reach: &Reach, carrier: &Carrier, text: &str) -> DomainRecord {
    if reach.lookups > MOST_LOOKUPS {
        let detail = format!(
            "The record makes receivers look up more than {MOST_LOOKUPS} names, at which they give it up. Include less."
        );
        record.problem(Wrong, "too_many_lookups", detail);
    }
    for name in &reach.broken {
        record.problem(Wrong, "include_broken", format!("The record includes {name}, which has no usable record."));
    }
    if let Some(include) = include_of(carrier).filter(|include| !reach.included.contains(*include)) {
        let detail = format!("The record does not let your provider's servers send: it lacks include:{include}.");
        record.problem(Wrong, "provider_not_included", detail);
        let rest = text[KIND.len()..].trim();
        record.publish = Some(format!("{KIND} include:{include} {rest}").trim_end().to_owned());
    }
    record
}

/// What a provider wants to be included by its customers' domains: knowledge.workspace.google.com "Set up SPF", and
/// learn.microsoft.com "Set up SPF to identify valid email sources".
fn include_of(carrier: &Carrier) -> Option<&'static str> {
    match carrier {
        _ if carrier.own => None,
        _ if carrier.is_google() => Some("_spf.google.com"),
        _ if carrier.is_microsoft() => Some("spf.protection.outlook.com"),
        _ => None,
    }
}

impl Reach {
    /// Follows a record, as far as receivers would.
    async fn of(dns: &Dns, spf: &Spf) -> Result<Self, Unanswered> {
        let mut reach = Self::default();
        let mut open = reach.count(spf);
        while let Some(name) = open.pop() {
            if reach.lookups > MOST_LOOKUPS || !reach.included.insert(name.clone()) {
                continue;
            }
            let found = records(dns, &name, KIND).await?;
            match found.as_slice() {
                [text] => match parsed(text) {
                    Some(spf) => open.extend(reach.count(&spf)),
                    None => reach.broken.push(name),
                },
                _ => reach.broken.push(name),
            }
        }
        Ok(reach)
    }

    /// Counts what a record looks up, and says where it leads. Names with macros in them depend on the mail.
    fn count(&mut self, spf: &Spf) -> Vec<String> {
        let mut leads_to = Vec::new();
        for directive in &spf.directives {
            self.lookups += match &directive.mechanism {
                Mechanism::Include { macro_string } => {
                    leads_to.extend(literal(macro_string));
                    1
                }
                Mechanism::A { .. } | Mechanism::Mx { .. } | Mechanism::Ptr { .. } | Mechanism::Exists { .. } => 1,
                Mechanism::All | Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. } => 0,
            };
        }
        if let Some(redirect) = &spf.redirect {
            self.lookups += 1;
            leads_to.extend(literal(redirect));
        }
        leads_to
    }
}

/// A record whose every term is understood. Receivers pass over unknown modifiers (`name=value`), but a mechanism that they do not know
/// breaks the record (RFC 7208, 4.6), where the parser passes over both.
fn parsed(text: &str) -> Option<Spf> {
    let modifier = |term: &&str| term.find('=').is_some_and(|at| !term[..at].contains([':', '/']));
    let mechanisms = text.split_ascii_whitespace().skip(1).filter(|term| !modifier(term)).count();
    Spf::parse(text.as_bytes()).ok().filter(|spf| spf.directives.len() == mechanisms)
}

fn literal(name: &Macro) -> Option<String> {
    match name {
        Macro::Literal(name) => Some(String::from_utf8_lossy(name).trim_end_matches('.').to_ascii_lowercase()),
        Macro::Variable { .. } | Macro::List(_) | Macro::None => None,
    }
}
