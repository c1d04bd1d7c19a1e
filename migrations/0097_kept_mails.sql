-- Mails that were read while a step of their lead was on its way out, whole: they are taken in once that is over, whatever happens to the mailbox
-- meanwhile, and nobody is written to before that. Most of the time there are none.
create table kept_mails (
  organization_id  uuid not null,
  account_id       uuid not null,
  key              text not null check (length(key) between 1 and 400),
  lead_id          uuid not null,
  folder           text not null check (length(folder) between 1 and 1000),
  uid_validity     bigint not null,
  uid              bigint not null,
  raw              bytea not null check (length(raw) <= 1048576),
  received_at      timestamptz not null,
  next_at          timestamptz not null,
  failures         integer not null default 0 check (failures >= 0),
  primary key (organization_id, account_id, key),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade
);

create index kept_mails_lead on kept_mails (organization_id, lead_id);
create index kept_mails_due on kept_mails (next_at);

alter table kept_mails enable row level security;
