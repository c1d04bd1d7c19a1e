-- What happened to a lead, for people: append-only. Ids are UUIDv7, so the table can be cut by month along its key.
create table activities (
  id               uuid not null,
  organization_id  uuid not null references organizations,
  type             text not null check (length(type) between 1 and 100),
  lead_id          uuid,
  campaign_id      uuid,
  execution_id     uuid,
  account_id       uuid,
  user_id          uuid references users,
  data             jsonb not null default '{}' check (jsonb_typeof(data) = 'object'),
  occurred_at      timestamptz not null,
  primary key (organization_id, id),
  foreign key (organization_id, lead_id) references leads on delete set null (lead_id),
  foreign key (organization_id, campaign_id) references campaigns on delete set null (campaign_id),
  foreign key (organization_id, execution_id) references campaign_executions on delete set null (execution_id),
  foreign key (organization_id, account_id) references connected_accounts on delete set null (account_id)
);
create index activities_keyset on activities (organization_id, occurred_at desc, id desc);
create index activities_lead on activities (organization_id, lead_id, occurred_at desc, id desc);
create index activities_campaign on activities (organization_id, campaign_id, occurred_at desc, id desc);
create index activities_execution on activities (organization_id, execution_id) where execution_id is not null;
create index activities_account on activities (organization_id, account_id, occurred_at desc, id desc) where account_id is not null;

-- Only the references may change, and only to nothing, when what they point to is deleted.
create function activities_are_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE'
     and (new.id, new.organization_id, new.type, new.user_id, new.data, new.occurred_at)
         is not distinct from (old.id, old.organization_id, old.type, old.user_id, old.data, old.occurred_at)
     and (new.lead_id is null or new.lead_id = old.lead_id)
     and (new.campaign_id is null or new.campaign_id = old.campaign_id)
     and (new.execution_id is null or new.execution_id = old.execution_id)
     and (new.account_id is null or new.account_id = old.account_id) then
    return new;
  end if;
  raise exception 'activities are append-only' using errcode = 'insufficient_privilege';
end $$;

create trigger activities_append_only before update or delete on activities
  for each row execute function activities_are_append_only();
create trigger activities_no_truncate before truncate on activities
  for each statement execute function activities_are_append_only();

alter table activities enable row level security;
