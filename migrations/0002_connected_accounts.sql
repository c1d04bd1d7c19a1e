-- The LinkedIn profiles and mailboxes that send. Credentials are stored encrypted or not at all (see utils::crypto).
create table connected_accounts (
  id                  uuid not null,
  organization_id     uuid not null references organizations,
  provider            text not null check (provider in ('sandbox', 'linkedin', 'gmail', 'outlook', 'mailbox')),
  channel             text not null check (channel in ('linkedin', 'email')),
  display_name        text not null check (length(display_name) between 1 and 255),
  email               text check (length(email) <= 320),
  avatar_url          text check (length(avatar_url) <= 2048),
  status              text not null check (status in ('connecting', 'connected', 'paused', 'needs_reconnect', 'error', 'disconnected')),
  status_reason       text check (length(status_reason) <= 1000),
  limits              jsonb not null check (jsonb_typeof(limits) = 'object'),
  sending_window      jsonb check (jsonb_typeof(sending_window) = 'object'),
  -- An envelope: the sealed document, and the data key that opens it, itself sealed by the key named here.
  credentials         bytea,
  credentials_key     bytea,
  credentials_key_id  text,
  version             bigint not null default 1 check (version > 0),
  created_by          uuid references users,
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  primary key (organization_id, id),
  check (num_nonnulls(credentials, credentials_key, credentials_key_id) in (0, 3))
);
create index connected_accounts_keyset on connected_accounts (organization_id, created_at desc, id desc);

alter table connected_accounts enable row level security;
