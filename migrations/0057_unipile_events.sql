-- What Unipile's webhooks hint at, stored before they are answered and worked on after. They come again, late and in any order: a row is
-- known by its natural key, and another arrival only makes it due again. Of what was written only ids are kept: most of it is an account
-- owner's own business. They are no organization's until the account is found.
-- arrivals: how often it came; what is worked on is settled only if nothing came meanwhile.
-- about: the ids that the hint names.
create table unipile_events (
  key              text not null check (length(key) between 1 and 900),
  kind             text not null check (kind in ('new_relation', 'message')),
  unipile_account  text not null check (length(unipile_account) between 1 and 200),
  about            jsonb not null check (jsonb_typeof(about) = 'object'),
  arrivals         bigint not null default 1 check (arrivals > 0),
  tries            integer not null default 0 check (tries >= 0),
  outcome          text check (length(outcome) between 1 and 50),
  received_at      timestamptz not null,
  due_at           timestamptz,
  primary key (key)
);
create index unipile_events_due on unipile_events (due_at) where due_at is not null;
create index unipile_events_received on unipile_events (received_at);

alter table unipile_events enable row level security;
