-- Whether mails were read: opens, by a picture in the HTML, and clicks, by links that lead through us. Off unless a campaign says otherwise.

-- A mail's picture, or one of its links, that somebody or something has fetched: one row each, however often. Neither addresses nor programs
-- of readers are kept.
-- link: 0 is the picture; else which of the mail's links, from 1. url: where it leads.
-- people, machines: how often by each. Counted are instants that lie apart, and no more than the bound: a flood on one link is a few writes.
-- fresh_at: fetched then, and not yet judged by whom, because machines are known by what they fetch at the same time.
create table mail_reads (
  organization_id  uuid not null,
  step_id          uuid not null,
  link             smallint not null check (link between 0 and 200),
  campaign_id      uuid not null,
  url              text check (length(url) between 1 and 2000),
  people           integer not null default 0 check (people >= 0),
  people_at        timestamptz,
  machines         integer not null default 0 check (machines >= 0),
  machine_at       timestamptz,
  fresh_at         timestamptz,
  primary key (organization_id, step_id, link),
  foreign key (organization_id, step_id) references execution_steps on delete cascade,
  foreign key (organization_id, campaign_id) references campaigns on delete cascade,
  constraint mail_reads_url check ((link > 0) = (url is not null))
);
create index mail_reads_campaign on mail_reads (organization_id, campaign_id);
-- For the worker that judges, over all organizations.
create index mail_reads_fresh on mail_reads (fresh_at) where fresh_at is not null;

alter table mail_reads enable row level security;

-- What was put into a mail, so that its copy in Sent is the same. Nothing but a mail in which it is looked for has rows above. Last, since whoever
-- sends a mail waits for it.
alter table sent_mails
  add column tracks_opens boolean not null default false,
  add column tracks_clicks boolean not null default false;
