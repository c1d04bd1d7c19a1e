-- Real mailboxes, and what was sent from them.

-- How a mailbox is reached and what its mail looks like, without its secrets, which are in the sealed credentials.
alter table connected_accounts
  add column mailbox jsonb check (jsonb_typeof(mailbox) = 'object'),
  add constraint connected_accounts_mailbox check ((provider in ('gmail', 'outlook', 'mailbox')) = (mailbox is not null)) not valid;
-- A mailbox that is connected twice would be sent from twice as much as it bears, and its answers counted twice.
create unique index connected_accounts_mailbox_once on connected_accounts (organization_id, lower(email)) where mailbox is not null;

-- Every mail that may have left, written before its first byte does. An answer or a bounce names it by its Message-ID, which is the same
-- for every attempt of a step; the row is of the last attempt.
-- refs: what its References header says. copied_at: a copy of it is in the mailbox's Sent folder.
create table sent_mails (
  organization_id  uuid not null,
  message_id       text not null check (length(message_id) between 3 and 255),
  step_id          uuid not null,
  execution_id     uuid not null,
  campaign_id      uuid not null,
  lead_id          uuid not null,
  account_id       uuid not null,
  node_id          text not null check (length(node_id) between 1 and 64),
  recipient        text not null check (length(recipient) between 3 and 320),
  subject          text not null check (length(subject) <= 1000),
  refs             text[] not null default '{}',
  begun_at         timestamptz not null,
  copied_at        timestamptz,
  primary key (organization_id, message_id),
  foreign key (organization_id, step_id) references execution_steps on delete cascade,
  foreign key (organization_id, execution_id) references campaign_executions on delete cascade,
  foreign key (organization_id, campaign_id) references campaigns on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts
);
create index sent_mails_step on sent_mails (organization_id, step_id);
create index sent_mails_execution on sent_mails (organization_id, execution_id, begun_at);
create index sent_mails_campaign on sent_mails (organization_id, campaign_id);
create index sent_mails_lead on sent_mails (organization_id, lead_id, begun_at);
create index sent_mails_account on sent_mails (organization_id, account_id);
-- For the worker that puts copies into Sent, over all organizations.
create index sent_mails_to_copy on sent_mails (begun_at) where copied_at is null;

alter table sent_mails enable row level security;
