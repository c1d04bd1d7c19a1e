-- What may have been done on LinkedIn, written before the first byte of it leaves: by this an attempt whose outcome was lost is looked up, and
-- what must not be done twice, or only so often, is counted.
-- person: LinkedIn's own id of the lead. target: what it was done to, the person or the post. chat_id: the chat that a message went into, if it
-- was known. noted: an invitation with a note that counts, from an account of which only so many a month may have one.
create table linkedin_acts (
  organization_id  uuid not null,
  step_id          uuid not null,
  execution_id     uuid not null,
  lead_id          uuid not null,
  account_id       uuid not null,
  node_id          text not null check (length(node_id) between 1 and 64),
  action           text not null check (length(action) between 1 and 50),
  person           text not null check (length(person) between 1 and 200),
  target           text not null check (length(target) between 1 and 500),
  chat_id          text check (length(chat_id) between 1 and 500),
  noted            boolean not null default false,
  begun_at         timestamptz not null,
  primary key (organization_id, step_id),
  foreign key (organization_id, step_id) references execution_steps on delete cascade,
  foreign key (organization_id, execution_id) references campaign_executions on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);
-- No account likes a post twice, or comments on it twice, whichever campaigns want it.
create unique index linkedin_acts_post_once on linkedin_acts (organization_id, account_id, action, target)
  where action in ('like_post', 'comment_post');
create index linkedin_acts_execution on linkedin_acts (organization_id, execution_id, node_id, begun_at);
create index linkedin_acts_lead on linkedin_acts (organization_id, lead_id);
create index linkedin_acts_account on linkedin_acts (organization_id, account_id, person, action, begun_at);
create index linkedin_acts_noted on linkedin_acts (organization_id, account_id, begun_at) where noted;

alter table linkedin_acts enable row level security;
