-- Webhook steps of campaigns: attempts that no account makes, and what they are signed with.

-- A webhook is called by nobody's account. (The check is of new rows only: every row from before has an account.)
alter table execution_steps
  alter column account_id drop not null,
  add constraint execution_steps_account_or_webhook check (account_id is not null or action = 'webhook') not valid;

-- The secret that an organization's webhook steps are signed with, sealed; and the one before it, with which they are signed too until then.
create table webhook_secrets (
  organization_id  uuid primary key references organizations,
  secret           bytea not null,
  secret_key       bytea not null,
  secret_key_id    text not null,
  earlier          bytea,
  earlier_key      bytea,
  earlier_key_id   text,
  earlier_until    timestamptz,
  version          bigint not null default 1 check (version > 0),
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  constraint webhook_secrets_earlier check (num_nonnulls(earlier, earlier_key, earlier_key_id, earlier_until) in (0, 4))
);

alter table webhook_secrets enable row level security;
