-- The campaign engine: what a lead's way needs beside its place, every attempt of every step, and the ledger of what accounts have done.

-- The workflow that executions walk, as it was when they began.
create table campaign_revisions (
  organization_id  uuid not null,
  campaign_id      uuid not null,
  number           integer not null check (number > 0),
  workflow         jsonb not null check (jsonb_typeof(workflow) = 'object'),
  created_by       uuid references users,
  created_at       timestamptz not null,
  primary key (organization_id, campaign_id, number),
  foreign key (organization_id, campaign_id) references campaigns on delete cascade
);

-- enrolled_until: the leads of its lists that were added up to then are enrolled; none as long as the first pass is under way.
-- enrol_began: when the pass under way began.
-- enrol_after: the last lead that the pass under way has come to.
-- next_begin_at: when it starts, and then when pending leads are begun next; none if there is nobody to begin.
alter table campaigns
  add column revision       integer,
  add column started_at     timestamptz,
  add column ended_at       timestamptz,
  add column enrol_began    timestamptz,
  add column enrol_after    uuid,
  add column enrolled_until timestamptz,
  add column next_begin_at  timestamptz,
  add foreign key (organization_id, id, revision) references campaign_revisions (organization_id, campaign_id, number),
  add constraint campaigns_started check ((status in ('draft', 'scheduled')) = (started_at is null)),
  add constraint campaigns_pinned check (started_at is null or revision is not null),
  add constraint campaigns_ended check ((status in ('completed', 'stopped')) = (ended_at is not null));
-- For the workers, over all organizations.
create index campaigns_running on campaigns (organization_id, id) where status = 'running';
create index campaigns_to_begin on campaigns (next_begin_at) where status in ('scheduled', 'running') and next_begin_at is not null;

-- spacing_seconds: the length of a slot; an account does one thing in each. rests_until: the provider wants it left alone until then.
alter table connected_accounts
  add column spacing_seconds integer check (spacing_seconds between 0 and 86400),
  add column last_act_at     timestamptz,
  add column rests_until     timestamptz;
update connected_accounts set spacing_seconds = case channel when 'linkedin' then 60 else 30 end;
alter table connected_accounts alter column spacing_seconds set not null;

-- account_id: who does the step at hand; a waiting row with one is a reservation of that account at next_run_at.
-- awaiting: what the lead's next event is; node_id is then the invitation, and next_run_at how long acceptance is awaited.
-- hold: why it waits for a person or for a change, and for no instant.
-- moves: what moved next_run_at from where it would have been.
alter table campaign_executions
  add column action              text check (length(action) between 1 and 50),
  add column linkedin_account_id uuid,
  add column email_account_id    uuid,
  add column awaiting            text check (awaiting in ('acceptance')),
  add column hold                text check (length(hold) between 1 and 100),
  add column moves               jsonb not null default '[]' check (jsonb_typeof(moves) = 'array'),
  add column begun_at            timestamptz,
  add foreign key (organization_id, linkedin_account_id) references connected_accounts (organization_id, id),
  add foreign key (organization_id, email_account_id) references connected_accounts (organization_id, id),
  drop constraint campaign_executions_waiting,
  add constraint campaign_executions_waiting
    check (status <> 'waiting' or (node_id is not null and (next_run_at is null) = (hold is not null))),
  add constraint campaign_executions_held check (hold is null or status = 'waiting');
-- What is due in one campaign costs what is due, not what waits, nor what waits in a campaign that is paused.
drop index campaign_executions_due;
create index campaign_executions_due on campaign_executions (organization_id, campaign_id, next_run_at, id) where status = 'waiting';
-- An account's reservations. The others are for the day on which an account or a lead is deleted.
create index campaign_executions_reserved on campaign_executions (organization_id, account_id, next_run_at) include (action)
  where account_id is not null and status = 'waiting';
create index campaign_executions_linkedin on campaign_executions (organization_id, linkedin_account_id) where linkedin_account_id is not null;
create index campaign_executions_email on campaign_executions (organization_id, email_account_id) where email_account_id is not null;
drop index campaign_executions_lead;
create index campaign_executions_lead on campaign_executions (organization_id, lead_id);
create index lead_list_members_added on lead_list_members (organization_id, lead_list_id, added_at);
create index campaigns_stopped on campaigns (ended_at) where status = 'stopped';
create index campaign_executions_pending on campaign_executions (organization_id, campaign_id, lead_id) where status = 'pending';
create index campaign_executions_begun on campaign_executions (organization_id, campaign_id, begun_at) where begun_at is not null;

-- Every attempt of every step that reaches the outside. 'sending' is committed before the first byte leaves; what is not proved unsent is
-- never sent again, which the index below makes unstorable.
create table execution_steps (
  id               uuid not null,
  organization_id  uuid not null,
  campaign_id      uuid not null,
  execution_id     uuid not null,
  lead_id          uuid not null,
  account_id       uuid not null,
  node_id          text not null check (length(node_id) between 1 and 64),
  action           text not null check (length(action) between 1 and 50),
  attempt          integer not null check (attempt > 0),
  state            text not null check (state in ('sending', 'sent', 'not_sent', 'failed', 'needs_review')),
  token            uuid not null,
  deadline         timestamptz not null,
  content          jsonb check (jsonb_typeof(content) = 'object'),
  variant          smallint,
  charged_day      date not null,
  charged_hour     smallint not null check (charged_hour between 0 and 23),
  provider_id      text check (length(provider_id) <= 1000),
  reason           text check (length(reason) between 1 and 100),
  sending_at       timestamptz not null,
  settled_at       timestamptz,
  primary key (organization_id, id),
  unique (organization_id, execution_id, node_id, attempt),
  foreign key (organization_id, campaign_id) references campaigns on delete cascade,
  foreign key (organization_id, execution_id) references campaign_executions on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts,
  constraint execution_steps_settled check ((state = 'sending') = (settled_at is null))
);
create unique index execution_steps_once on execution_steps (organization_id, execution_id, node_id)
  where state in ('sending', 'sent', 'needs_review');
-- For the workers, over all organizations: what was begun and never told how it ended.
create index execution_steps_unsettled on execution_steps (deadline) where state = 'sending';
create index execution_steps_in_flight on execution_steps (organization_id, campaign_id) where state = 'sending';
create index execution_steps_campaign on execution_steps (organization_id, campaign_id, node_id, state, variant);
create index execution_steps_lead on execution_steps (organization_id, lead_id);
create index execution_steps_account on execution_steps (organization_id, account_id);

-- The ledger: how often an account has done what, by the clock of its own zone. Charged with 'sending', given back only for 'not_sent'.
create table account_usage (
  organization_id  uuid not null,
  account_id       uuid not null,
  action           text not null check (length(action) between 1 and 50),
  day              date not null,
  hour             smallint not null check (hour between 0 and 23),
  used             integer not null check (used >= 0),
  primary key (organization_id, account_id, action, day, hour),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);

-- The sandbox, a LinkedIn and a mailbox that do not exist: what it was sent, which is the provider's own truth and not ours, and what its
-- people will do.
create table sandbox_acts (
  id               uuid not null,
  organization_id  uuid not null,
  account_id       uuid not null,
  lead_id          uuid not null,
  natural_key      text not null check (length(natural_key) between 1 and 200),
  action           text not null,
  content          jsonb,
  taken_at         timestamptz not null,
  primary key (organization_id, id),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade
);
create index sandbox_acts_key on sandbox_acts (organization_id, account_id, natural_key);
create index sandbox_acts_lead on sandbox_acts (organization_id, lead_id);

create table sandbox_happenings (
  id               uuid not null,
  organization_id  uuid not null,
  account_id       uuid not null,
  lead_id          uuid not null,
  kind             text not null check (length(kind) between 1 and 50),
  text             text,
  due_at           timestamptz not null,
  primary key (organization_id, id),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade
);
create index sandbox_happenings_due on sandbox_happenings (due_at);
create index sandbox_happenings_next on sandbox_happenings (organization_id, due_at, id);
create index sandbox_happenings_lead on sandbox_happenings (organization_id, lead_id);
create index sandbox_happenings_account on sandbox_happenings (organization_id, account_id);

alter table campaign_revisions enable row level security;
alter table execution_steps enable row level security;
alter table account_usage enable row level security;
alter table sandbox_acts enable row level security;
alter table sandbox_happenings enable row level security;
