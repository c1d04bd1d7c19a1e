-- Keys by which programs call the API in the name of an organization. A key outlives who made it.
create table api_keys (
  id               uuid not null,
  organization_id  uuid not null references organizations,
  name             text not null check (length(name) between 1 and 200),
  scopes           text[] not null check (cardinality(scopes) between 1 and 50),
  expires_at       timestamptz,
  -- To the minute, so that a busy key does not write with every request.
  last_used_at     timestamptz,
  version          bigint not null default 1 check (version > 0),
  created_by       uuid references users,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (organization_id, id)
);
create index api_keys_keyset on api_keys (organization_id, created_at desc, id desc);

-- The secrets that a key is presented by: the current one, and earlier ones until they die after a rotation. Of a secret only its
-- SHA-256 is kept. That is enough, since a secret is random: there is nothing to guess, and so nothing to slow down.
create table api_key_secrets (
  organization_id  uuid not null,
  api_key_id       uuid not null,
  hash             bytea not null check (length(hash) = 32),
  last_four        text not null check (length(last_four) = 4),
  created_at       timestamptz not null,
  -- When it dies; never, as long as it is the current one.
  expires_at       timestamptz,
  last_used_at     timestamptz,
  primary key (organization_id, api_key_id, hash),
  foreign key (organization_id, api_key_id) references api_keys on delete cascade
);
-- Finds out whose a secret is, so the organization is not known before.
create unique index api_key_secrets_hash on api_key_secrets (hash);
create unique index api_key_secrets_current on api_key_secrets (organization_id, api_key_id) where expires_at is null;

alter table api_keys enable row level security;
alter table api_key_secrets enable row level security;
