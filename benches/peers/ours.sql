-- Maps the peers' rows (schema peer) into our tables, ids kept. Run once, after `clento migrate`.
\set ON_ERROR_STOP on
set synchronous_commit = off;

-- The bench asks that a token which names a membership nobody has announced be refused: just-in-time members are switched off.
insert into public.organizations (id, clerk_organization_id, name, slug, settings, created_at, updated_at)
select id, clerk_org_id, name, slug, '{"just_in_time_members": false}', created_at, updated_at from peer.organizations;

insert into public.users (id, clerk_user_id, email, first_name, created_at, updated_at)
select id, clerk_user_id, email, full_name, created_at, updated_at from peer.users;

insert into public.organization_members
  (id, organization_id, user_id, clerk_membership_id, clerk_role, deleted_at, created_at, updated_at)
select id, organization_id, user_id, 'orgmem_' || replace(id::text, '-', ''),
       case when status = 'active' then 'org:' || role end,
       case when status = 'active' then null else created_at end, created_at, created_at
from peer.organization_members;

insert into public.lead_lists (id, organization_id, name, source, created_at, updated_at)
select id, organization_id, name, 'manual', created_at, created_at from peer.lead_lists;

insert into public.leads (id, organization_id, first_name, last_name, email, company, title, linkedin_url, phone, location, industry,
                          status, source, lead_list_id, enrolled, created_at, updated_at)
select l.id, l.organization_id, first_name, last_name, email, company, title, linkedin_url, phone, location, industry, status, 'manual',
       lead_list_id, exists (select from peer.campaign_executions e where e.lead_id = l.id), created_at, updated_at
from peer.leads l where source = 'seed';

with started as (
  insert into public.campaigns (id, organization_id, name, status, workflow, schedule, stop_on, revision, started_at, created_at, updated_at)
  select id, organization_id, name, 'running', '{"nodes": [], "edges": []}',
         '{"timezone": "UTC", "use_lead_timezone": false, "days": ["mon", "tue", "wed", "thu", "fri"], "start_time": "09:00", "end_time": "17:30"}',
         '{reply}', 1, created_at, created_at, created_at
  from peer.campaigns
  returning id, organization_id, workflow, created_at)
insert into public.campaign_revisions (organization_id, campaign_id, number, workflow, created_at)
select organization_id, id, 1, workflow, created_at from started;

insert into public.campaign_executions (id, organization_id, campaign_id, lead_id, status, node_id, next_run_at, created_at, updated_at)
select e.id, e.organization_id, e.campaign_id, e.lead_id, 'waiting', 'step', e.next_run_at, l.created_at, l.created_at
from peer.campaign_executions e join peer.leads l on l.id = e.lead_id;

drop schema peer cascade;
alter database ours reset all;
vacuum (analyze, freeze);
