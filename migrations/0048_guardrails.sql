-- What keeps an organization's name: caps over all its accounts, and the pause over too many bounces or complaints.

-- Mail of a campaign, from an account, came back or was declared to be spam since it was last judged whether that is too much.
create table guard_marks (
  organization_id  uuid not null,
  campaign_id      uuid not null,
  account_id       uuid not null,
  marked_at        timestamptz not null,
  primary key (organization_id, campaign_id, account_id),
  foreign key (organization_id, campaign_id) references campaigns on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);
create index guard_marks_account on guard_marks (organization_id, account_id);
-- For the worker that judges, over all organizations.
create index guard_marks_oldest on guard_marks (marked_at);

alter table guard_marks enable row level security;

-- paused_because: why it was paused if no person did it. judged_from: a person has taken it up again then; what came before does not count.
alter table campaigns
  add column paused_because text,
  add column judged_from timestamptz;
alter table campaigns
  add constraint campaigns_paused_because check (length(paused_because) between 1 and 1000) not valid;
alter table connected_accounts
  add column judged_from timestamptz;

-- Of a message that an organization's caps count: the domain of the address, if it is a mail, and the company's.
alter table execution_steps
  add column capped boolean not null default false,
  add column recipient_domain text,
  add column company_domain text;
