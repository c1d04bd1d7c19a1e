-- Reading mailboxes. All instants here are the database's own: mail servers know nothing of the speed at which somebody tries campaigns out.

-- One row for each mailbox: who reads it, and how that goes.
-- worker, next_at: a worker process reads it until next_at, unless it says before then that it goes on; if there is none, somebody may begin
-- from next_at on. reads_from: what had come before is the owner's own and is not looked at. read_at: all that had come until then was taken
-- in. failures, failure: how often in a row it could not be read, and why.
create table mailbox_watches (
  organization_id  uuid not null,
  account_id       uuid not null,
  reads_from       timestamptz not null,
  worker           uuid,
  next_at          timestamptz not null,
  read_at          timestamptz,
  failures         integer not null default 0 check (failures >= 0),
  failure          text check (length(failure) <= 1000),
  primary key (organization_id, account_id),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);
create index mailbox_watches_due on mailbox_watches (next_at);
create index mailbox_watches_worker on mailbox_watches (worker) where worker is not null;

-- How far each folder of a mailbox has been read. What is at or below last_uid was taken in, or is none of ours. server: where and as whom, so
-- that a mailbox that has moved is read anew. stuck_uid, stuck_times: at which mail reading broke off, and how often in a row.
create table mailbox_folders (
  organization_id  uuid not null,
  account_id       uuid not null,
  name             text not null check (length(name) between 1 and 1000),
  server           text not null check (length(server) <= 1000),
  uid_validity     bigint not null,
  last_uid         bigint not null check (last_uid >= 0),
  stuck_uid        bigint,
  stuck_times      integer not null default 0 check (stuck_times >= 0),
  primary key (organization_id, account_id, name),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);

-- Mails that could not be read and were passed over, so that those behind them are read.
create table unreadable_mails (
  organization_id  uuid not null,
  account_id       uuid not null,
  folder           text not null check (length(folder) between 1 and 1000),
  uid_validity     bigint not null,
  uid              bigint not null,
  reason           text not null check (length(reason) <= 1000),
  noted_at         timestamptz not null,
  primary key (organization_id, account_id, folder, uid_validity, uid),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);

alter table mailbox_watches enable row level security;
alter table mailbox_folders enable row level security;
alter table unreadable_mails enable row level security;
