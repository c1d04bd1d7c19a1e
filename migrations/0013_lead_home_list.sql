-- The list a lead came in by becomes a column of the lead, and lead_list_members keeps the further lists only. Nearly every lead is on
-- one list: an import then writes one row for a person instead of two with two more indexes, and a page of a list is read from one index
-- of the leads, without a look-up for each row.
--
-- on_more_lists and enrolled say that a second question is worth asking; they are set with the first row that makes them true, by the
-- triggers below, and never wrongly false.
alter table leads
  add column lead_list_id  uuid,
  add column on_more_lists boolean not null default false,
  add column enrolled      boolean not null default false,
  add foreign key (organization_id, lead_list_id) references lead_lists (organization_id, id) on delete set null (lead_list_id);

update leads l set lead_list_id = first.lead_list_id
from (select distinct on (organization_id, lead_id) organization_id, lead_id, lead_list_id from lead_list_members
      order by organization_id, lead_id, lead_list_id) as first
where l.organization_id = first.organization_id and l.id = first.lead_id;

delete from lead_list_members m using leads l
where l.organization_id = m.organization_id and l.id = m.lead_id and l.lead_list_id = m.lead_list_id;

update leads l set on_more_lists = true
where exists (select from lead_list_members m where m.organization_id = l.organization_id and m.lead_id = l.id);

update leads l set enrolled = true
where exists (select from campaign_executions e where e.organization_id = l.organization_id and e.lead_id = l.id);

create index leads_list on leads (organization_id, lead_list_id, created_at desc, id desc) where lead_list_id is not null;

-- Who is on which list, whichever way. With the rights of who asks, so that row-level security holds.
create view lead_list_entries with (security_invoker = true) as
  select organization_id, lead_list_id, id as lead_id, created_at as lead_created_at, created_at as added_at
  from leads where lead_list_id is not null
  union all
  select organization_id, lead_list_id, lead_id, lead_created_at, added_at from lead_list_members;

-- Both lock the leads in the one order that everybody uses before they write.
create function leads_are_on_more_lists() returns trigger language plpgsql as $$
begin
  perform from leads l where (l.organization_id, l.id) in (select organization_id, lead_id from added) and not l.on_more_lists
    order by l.id for no key update;
  update leads l set on_more_lists = true
  where (l.organization_id, l.id) in (select organization_id, lead_id from added) and not l.on_more_lists;
  return null;
end $$;

create function leads_are_enrolled() returns trigger language plpgsql as $$
begin
  perform from leads l where (l.organization_id, l.id) in (select organization_id, lead_id from added) and not l.enrolled
    order by l.id for no key update;
  update leads l set enrolled = true
  where (l.organization_id, l.id) in (select organization_id, lead_id from added) and not l.enrolled;
  return null;
end $$;

create trigger lead_list_members_mark after insert on lead_list_members
  referencing new table as added for each statement execute function leads_are_on_more_lists();
create trigger campaign_executions_mark after insert on campaign_executions
  referencing new table as added for each statement execute function leads_are_enrolled();
