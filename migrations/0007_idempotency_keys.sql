-- Answers remembered under a caller's Idempotency-Key. 'committed' is written in the transaction of the effect, so that a crash between
-- effect and answer can be told from a crash before the effect.
create table idempotency_keys (
  organization_id  uuid not null references organizations,
  key              text not null check (length(key) between 1 and 255),
  route            text not null check (length(route) <= 512),
  fingerprint      bytea not null check (length(fingerprint) = 32),
  -- Names one try: a later try under the same key gets another token, and the earlier one can no longer write.
  token            uuid not null,
  state            text not null check (state in ('in_flight', 'committed', 'completed')),
  locked_until     timestamptz not null,
  status           int check (status between 200 and 599),
  headers          jsonb,
  body             bytea,
  created_at       timestamptz not null,
  expires_at       timestamptz not null,
  primary key (organization_id, route, key),
  check ((state = 'completed') = (status is not null and headers is not null and body is not null))
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);

alter table idempotency_keys enable row level security;
