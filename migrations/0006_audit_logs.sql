-- Who did what: one row for each change of a tenant's data, written in the change's own transaction.
--
-- Writers leave seq and the hashes empty, so that none waits for another. The sealer then numbers what has been committed and chains it:
-- hash = SHA-256(previous hash || canonical JSON of the row || seq), as docs/audit-log.md says. Sealing a row once is the only update the
-- database lets through. Ids are UUIDv7 made at occurred_at, so the key is also the order in time.
create table audit_logs (
  id               uuid not null,
  organization_id  uuid not null references organizations,
  occurred_at      timestamptz not null,
  actor_type       text not null check (actor_type in ('user', 'api_key', 'system')),
  actor_id         uuid,
  action           text not null check (length(action) between 1 and 100),
  entity_type      text not null check (length(entity_type) between 1 and 100),
  entity_id        uuid,
  before           jsonb,
  after            jsonb,
  ip_address       text check (length(ip_address) <= 45),
  user_agent       text check (length(user_agent) <= 500),
  request_id       text check (length(request_id) <= 128),
  seq              bigint check (seq > 0),
  previous_hash    bytea check (length(previous_hash) = 32),
  hash             bytea check (length(hash) = 32),
  primary key (organization_id, id),
  check (num_nonnulls(seq, previous_hash, hash) in (0, 3)),
  check (actor_type = 'system' or actor_id is not null)
);
create unique index audit_logs_chain on audit_logs (organization_id, seq) where seq is not null;
create index audit_logs_unsealed on audit_logs (organization_id, id) where seq is null;
create index audit_logs_entity on audit_logs (organization_id, entity_id, id desc);

create function audit_logs_are_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.seq is null and new.seq is not null
     and to_jsonb(new) - array['seq', 'previous_hash', 'hash'] = to_jsonb(old) - array['seq', 'previous_hash', 'hash'] then
    return new;
  end if;
  raise exception 'audit logs are append-only' using errcode = 'insufficient_privilege';
end $$;

create trigger audit_logs_append_only before update or delete on audit_logs
  for each row execute function audit_logs_are_append_only();
create trigger audit_logs_no_truncate before truncate on audit_logs
  for each statement execute function audit_logs_are_append_only();

-- How far each organization's log is sealed: a log whose newest rows were removed ends before its head.
create table audit_chain_heads (
  organization_id  uuid primary key references organizations,
  seq              bigint not null check (seq > 0),
  hash             bytea not null check (length(hash) = 32)
);

create function audit_chain_heads_only_advance() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.organization_id = old.organization_id and new.seq > old.seq then
    return new;
  end if;
  raise exception 'the head of an audit log only advances' using errcode = 'insufficient_privilege';
end $$;

create trigger audit_chain_heads_advance before update or delete on audit_chain_heads
  for each row execute function audit_chain_heads_only_advance();
create trigger audit_chain_heads_no_truncate before truncate on audit_chain_heads
  for each statement execute function audit_chain_heads_only_advance();

alter table audit_logs enable row level security;
alter table audit_chain_heads enable row level security;
