-- Conversations: what a lead and we have written to each other, over both channels. A lead has one from when it first writes. What campaigns
-- send is not copied here: it stands in execution_steps, and is read from there.

-- channel, account_id: by which the lead last wrote; an answer goes out by it unless somebody chooses another.
-- last_message_at: the last message of the lead's, or the last that somebody of ours wrote by hand. What campaigns send moves nothing.
-- asks_to_stop: the lead has plainly asked not to be written to any more.
create table conversations (
  id               uuid not null,
  organization_id  uuid not null,
  lead_id          uuid not null,
  channel          text not null check (channel in ('linkedin', 'email')),
  account_id       uuid,
  subject          text check (length(subject) <= 1000),
  preview          text not null check (length(preview) <= 200),
  last_message_at  timestamptz not null,
  last_direction   text not null check (last_direction in ('inbound', 'outbound')),
  unread_count     integer not null default 0 check (unread_count >= 0),
  asks_to_stop     boolean not null default false,
  state            text not null default 'open' check (state in ('open', 'closed')),
  label            text check (length(label) between 1 and 50),
  assignee_id      uuid,
  version          bigint not null default 1 check (version > 0),
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (organization_id, id),
  unique (organization_id, lead_id),
  foreign key (organization_id, lead_id) references leads on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts on delete set null (account_id),
  foreign key (organization_id, assignee_id) references organization_members
);
create index conversations_keyset on conversations (organization_id, last_message_at desc, id desc);
create index conversations_unread on conversations (organization_id, last_message_at desc, id desc) where unread_count > 0;
create index conversations_assignee on conversations (organization_id, assignee_id, last_message_at desc, id desc) where assignee_id is not null;
create index conversations_label on conversations (organization_id, label, last_message_at desc, id desc) where label is not null;
create index conversations_account on conversations (organization_id, account_id) where account_id is not null;

-- What leads wrote, and what we answered by hand. provider_key is by what the account's provider knows a message, so that what comes twice is
-- there once: a Message-ID, a hash of the mail that has none, or an id.
-- verdict: what a message that came in is. state, token, deadline: where one that goes out stands, as in execution_steps.
-- campaign_id, execution_id, step_id: what it answers, if that is known.
create table messages (
  id               uuid not null,
  organization_id  uuid not null,
  conversation_id  uuid not null,
  lead_id          uuid not null,
  direction        text not null check (direction in ('inbound', 'outbound')),
  channel          text not null check (channel in ('linkedin', 'email')),
  account_id       uuid,
  campaign_id      uuid,
  execution_id     uuid,
  step_id          uuid,
  user_id          uuid references users,
  provider_key     text not null check (length(provider_key) between 1 and 500),
  message_id       text check (length(message_id) between 1 and 998),
  answers          text[] not null default '{}' check (cardinality(answers) <= 50),
  sender           text check (length(sender) <= 600),
  subject          text check (length(subject) <= 1000),
  text             text not null check (length(text) <= 100000),
  had_html         boolean not null default false,
  attachments      jsonb not null default '[]' check (jsonb_typeof(attachments) = 'array'),
  verdict          text check (verdict in ('reply', 'auto_reply')),
  asks_to_stop     boolean not null default false,
  away_until       date,
  state            text check (state in ('sending', 'sent', 'failed')),
  reason           text check (length(reason) <= 100),
  token            uuid,
  deadline         timestamptz,
  sent_at          timestamptz not null,
  created_at       timestamptz not null,
  primary key (organization_id, id),
  foreign key (organization_id, conversation_id) references conversations on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts on delete set null (account_id),
  foreign key (organization_id, campaign_id) references campaigns on delete set null (campaign_id),
  foreign key (organization_id, execution_id) references campaign_executions on delete set null (execution_id),
  foreign key (organization_id, step_id) references execution_steps on delete set null (step_id),
  constraint messages_direction check ((direction = 'inbound') = (verdict is not null) and (direction = 'outbound') = (state is not null)),
  constraint messages_sending check ((state is not distinct from 'sending') = (deadline is not null))
);
create unique index messages_once on messages (organization_id, account_id, provider_key);
create index messages_conversation on messages (organization_id, conversation_id, sent_at, id);
create index messages_lead on messages (organization_id, lead_id);
create index messages_account on messages (organization_id, account_id, conversation_id) where account_id is not null;
create index messages_campaign on messages (organization_id, campaign_id, conversation_id) where campaign_id is not null;
create index messages_execution on messages (organization_id, execution_id) where execution_id is not null;
create index messages_step on messages (organization_id, step_id) where step_id is not null;
create index messages_by_id on messages (organization_id, message_id) where message_id is not null;
-- Words of a message, for the search. A text that is longer is found by its beginning.
create index messages_search on messages using gin (organization_id, lower(left(coalesce(subject, '') || ' ' || text, 5000)) gin_trgm_ops);
-- For the workers, over all organizations: what was begun and never told how it ended.
create index messages_unsettled on messages (deadline) where state = 'sending';

alter table conversations enable row level security;
alter table messages enable row level security;
