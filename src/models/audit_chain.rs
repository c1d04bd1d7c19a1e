//! The hash chain that seals an organization's audit log. What it proves, and how anybody can check it, is in docs/audit-log.md.

use chrono::SecondsFormat;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::AuditLog;
use crate::utils::canonical_json::canonical_json;

/// A line's place in the chain: what the line after it is sealed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// The line's number, counted from 1 without gaps.
    pub seq: i64,
    /// The line's hash, which stands for it and for all lines before.
    pub hash: [u8; 32],
}

/// What became of checking an organization's chain.
#[derive(Debug, Clone, Copy)]
pub struct ChainVerification {
    /// Lines found whole and in order, from the first.
    pub checked: i64,
    /// The number of the first line that is altered, missing or misplaced.
    pub first_bad_seq: Option<i64>,
    /// The chain's end as the sealer recorded it.
    pub head: Option<ChainHead>,
    /// Lines that wait for their seal.
    pub unsealed: i64,
}

impl ChainHead {
    /// Before the first line: number 0, a hash of zeros.
    pub const GENESIS: Self = Self { seq: 0, hash: [0; 32] };

    /// The head after `line`:
    ///
    /// `hash = SHA-256(previous_hash ‖ canonical_json ‖ seq)`
    ///
    /// with `previous_hash` as 32 bytes (32 zero bytes for the first line), `canonical_json` as [`AuditLog::sealed_facts`] in the
    /// spelling of [`canonical_json`] in UTF-8, and `seq` as 8 bytes, the highest first. The first and the last part have fixed lengths,
    /// so no two lines can have the same input.
    #[must_use]
    pub fn after(&self, line: &AuditLog) -> Self {
        let seq = self.seq + 1;
        let mut hash = Sha256::new();
        hash.update(self.hash);
        hash.update(canonical_json(&line.sealed_facts()));
        hash.update(seq.to_be_bytes());
        Self { seq, hash: hash.finalize().into() }
    }

    /// The head after `line`, if that is the one that follows, whole and sealed as it should be.
    #[must_use]
    pub fn followed_by(&self, line: &AuditLog) -> Option<Self> {
        let after = self.after(line);
        let sealed = line.seq == Some(after.seq)
            && line.previous_hash.as_deref() == Some(self.hash.as_slice())
            && line.hash.as_deref() == Some(after.hash.as_slice());
        sealed.then_some(after)
    }
}

impl AuditLog {
    /// What a line's seal covers: all of it but the seal. Ids are lower-case UUIDs, the time is RFC 3339 in UTC with six digits of a
    /// second, an absent value is null; only an impersonator who is absent is left out, as when there was no such fact.
    #[must_use]
    pub fn sealed_facts(&self) -> Value {
        let Self {
            id,
            organization_id,
            occurred_at,
            actor_type,
            actor_id,
            impersonator,
            action,
            entity_type,
            entity_id,
            before,
            after,
            ip_address,
            user_agent,
            request_id,
            seq: _,
            previous_hash: _,
            hash: _,
        } = self;
        let mut facts = json!({
            "id": id,
            "organization_id": organization_id,
            "occurred_at": occurred_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "actor_type": actor_type,
            "actor_id": actor_id,
            "action": action,
            "entity_type": entity_type,
            "entity_id": entity_id,
            "before": before,
            "after": after,
            "ip_address": ip_address,
            "user_agent": user_agent,
            "request_id": request_id,
        });
        if let Some(impersonator) = impersonator {
            facts["impersonator"] = impersonator.as_str().into();
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use sqlx::types::Json;
    use uuid::Uuid;

    use super::*;
    use crate::models::ActorType;

    /// The line of docs/audit-log.md.
    fn line() -> AuditLog {
        let uuid = |last: u128| Uuid::from_u128(0x0193_3b6e_8f2a_7c31_9d55_0a4b_7c1e_2f00 + last);
        AuditLog {
            id: uuid(1).into(),
            organization_id: uuid(2).into(),
            occurred_at: "2026-11-22T12:00:00.5Z".parse().unwrap(),
            actor_type: ActorType::User,
            actor_id: Some(uuid(3)),
            impersonator: None,
            action: "lead_list.created".into(),
            entity_type: "lead_list".into(),
            entity_id: Some(uuid(4)),
            before: None,
            after: Some(Json(json!({"name": "Gründer", "tags": [], "budget": 1.0e3}))),
            ip_address: Some("192.0.2.7".into()),
            user_agent: None,
            request_id: Some("req-1".into()),
            seq: None,
            previous_hash: None,
            hash: None,
        }
    }

    #[test]
    fn the_example_of_the_documentation_holds() {
        let text = include_str!("../../docs/audit-log.md");
        let line = line();
        let canonical = canonical_json(&line.sealed_facts());
        assert!(text.contains(&canonical), "docs/audit-log.md should show {canonical}");
        let head = ChainHead::GENESIS.after(&line);
        let hash = hex::encode(head.hash);
        assert!(head.seq == 1 && text.contains(&hash), "docs/audit-log.md should show {hash}");
    }

    #[test]
    fn every_fact_of_a_line_counts() {
        let sealed = ChainHead::GENESIS.after(&line());
        let forgeries: [fn(&mut AuditLog); 14] = [
            |line| line.id = Uuid::nil().into(),
            |line| line.organization_id = Uuid::nil().into(),
            |line| line.occurred_at += chrono::TimeDelta::microseconds(1),
            |line| line.actor_type = ActorType::System,
            |line| line.actor_id = None,
            |line| line.impersonator = Some("user_2abcDEF".into()),
            |line| line.action.push('s'),
            |line| line.entity_type.push('s'),
            |line| line.entity_id = None,
            |line| line.before = Some(Json(json!({}))),
            |line| line.after = None,
            |line| line.ip_address = None,
            |line| line.user_agent = Some(String::new()),
            |line| line.request_id = Some("req-2".into()),
        ];
        for (i, forge) in forgeries.into_iter().enumerate() {
            let mut forged = line();
            forge(&mut forged);
            assert_ne!(ChainHead::GENESIS.after(&forged), sealed, "forgery {i}");
        }
        assert_ne!(sealed.after(&line()).hash, sealed.hash);
    }
}
