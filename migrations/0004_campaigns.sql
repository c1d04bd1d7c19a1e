-- Campaigns and each lead's way through one. workflow and schedule are documents of models::workflow, checked before they are stored; only
-- a draft may lack them.
create table campaigns (
  id               uuid not null,
  organization_id  uuid not null references organizations,
  name             text not null check (length(name) between 1 and 200),
  status           text not null default 'draft' check (status in ('draft', 'scheduled', 'running', 'paused', 'completed', 'stopped')),
  workflow         jsonb check (jsonb_typeof(workflow) = 'object'),
  schedule         jsonb check (jsonb_typeof(schedule) = 'object'),
  stop_on          text[] not null check (stop_on <@ array['reply', 'unsubscribe', 'bounce']),
  version          bigint not null default 1 check (version > 0),
  created_by       uuid references users,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (organization_id, id),
  constraint campaigns_complete check (status = 'draft' or num_nonnulls(workflow, schedule) = 2)
);
create index campaigns_keyset on campaigns (organization_id, created_at desc, id desc);

create table campaign_lead_lists (
  organization_id  uuid not null,
  campaign_id      uuid not null,
  lead_list_id     uuid not null,
  position         int not null check (position >= 0),
  primary key (organization_id, campaign_id, lead_list_id),
  foreign key (organization_id, campaign_id) references campaigns on delete cascade,
  foreign key (organization_id, lead_list_id) references lead_lists
);
create index campaign_lead_lists_list on campaign_lead_lists (organization_id, lead_list_id);

create table campaign_accounts (
  organization_id  uuid not null,
  campaign_id      uuid not null,
  account_id       uuid not null,
  position         int not null check (position >= 0),
  primary key (organization_id, campaign_id, account_id),
  foreign key (organization_id, campaign_id) references campaigns on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts
);
create index campaign_accounts_account on campaign_accounts (organization_id, account_id);

create table campaign_executions (
  id               uuid not null,
  organization_id  uuid not null,
  campaign_id      uuid not null,
  lead_id          uuid not null,
  account_id       uuid,
  status           text not null check (status in ('pending', 'waiting', 'running', 'completed', 'replied', 'unsubscribed', 'bounced',
                                                   'failed', 'stopped', 'skipped')),
  status_reason    text check (length(status_reason) <= 1000),
  node_id          text check (length(node_id) between 1 and 64),
  next_run_at      timestamptz,
  sent_count       int not null default 0 check (sent_count >= 0),
  version          bigint not null default 1 check (version > 0),
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (organization_id, id),
  unique (organization_id, campaign_id, lead_id),
  foreign key (organization_id, campaign_id) references campaigns on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts,
  constraint campaign_executions_waiting check (status <> 'waiting' or (node_id is not null and next_run_at is not null)),
  constraint campaign_executions_ended check (status in ('pending', 'waiting', 'running') or next_run_at is null)
);
create index campaign_executions_keyset on campaign_executions (organization_id, campaign_id, created_at desc, id desc);
-- Lists a campaign's executions in one state, and counts them without visiting the table.
create index campaign_executions_progress on campaign_executions (organization_id, campaign_id, status, created_at desc, id desc)
  include (next_run_at, sent_count);
create index campaign_executions_lead on campaign_executions (organization_id, lead_id) where status in ('pending', 'waiting', 'running');
create index campaign_executions_due on campaign_executions (next_run_at) where status = 'waiting';
create index campaign_executions_account on campaign_executions (organization_id, account_id) where account_id is not null;

alter table campaigns enable row level security;
alter table campaign_lead_lists enable row level security;
alter table campaign_accounts enable row level security;
alter table campaign_executions enable row level security;
