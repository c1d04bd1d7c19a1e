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

-- One account in each organization, that people do nothing for and that never fails, has limits that are never reached and no spacing, and may act at any hour:
-- what is due in E1 is bounded by nothing but the engine.
\ir sandbox_accounts.sql
insert into public.connected_accounts (id, organization_id, provider, channel, display_name, status, limits, spacing_seconds,
                                       credentials, credentials_key, credentials_key_id, created_at, updated_at)
select a.id, o.id, 'sandbox', 'linkedin', 'Bench', 'connected', '{"profile_visit": {"per_day": 1000000}}', 0,
       decode(a.credentials, 'base64'), decode(a.credentials_key, 'base64'), a.credentials_key_id, o.created_at, o.created_at
from sandbox_accounts a join peer.organizations o on o.id = a.organization_id;

with started as (
  insert into public.campaigns (id, organization_id, name, status, workflow, schedule, stop_on, revision, started_at, created_at, updated_at)
  select id, organization_id, name, 'running',
         '{"nodes": [{"id": "step", "type": "profile_visit"}, {"id": "next", "type": "profile_visit"}],
           "edges": [{"source": "step", "target": "next", "delay": {"value": 1, "unit": "days"}}]}',
         '{"timezone": "UTC", "use_lead_timezone": false, "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
           "start_time": "00:00", "end_time": "24:00"}',
         '{}', 1, created_at, created_at, created_at
  from peer.campaigns
  returning id, organization_id, workflow, created_at)
insert into public.campaign_revisions (organization_id, campaign_id, number, workflow, created_at)
select organization_id, id, 1, workflow, created_at from started;

insert into public.campaign_accounts (organization_id, campaign_id, account_id, position)
select c.organization_id, c.id, a.id, 0
from public.campaigns c join public.connected_accounts a on a.organization_id = c.organization_id;

insert into public.campaign_executions (id, organization_id, campaign_id, lead_id, status, node_id, next_run_at, begun_at, created_at, updated_at)
select e.id, e.organization_id, e.campaign_id, e.lead_id, 'waiting', 'step', e.next_run_at, l.created_at, l.created_at, l.created_at
from peer.campaign_executions e join peer.leads l on l.id = e.lead_id where e.next_run_at >= '2036-01-01';

-- E1: what is left to do, and what was done in how many seconds, from the first step's being claimed to the last one's activity.
-- The first is asked four times a second while it is measured, so it goes by the index that claims go by instead of reading all executions.
create view bench_e1_remaining as
select coalesce(sum(due.n), 0) as n
from public.campaigns c
cross join lateral (select count(*) as n from public.campaign_executions e
                    where e.organization_id = c.organization_id and e.campaign_id = c.id and e.status = 'waiting' and e.next_run_at <= now()
                    union all
                    select count(*) from public.campaign_executions e
                    where e.organization_id = c.organization_id and e.campaign_id = c.id and e.status = 'running') due;
create view bench_e1_done as
select count(*) as n,
       extract(epoch from max(occurred_at) - (select min(sending_at) from public.execution_steps)) as seconds
from public.activities where type = 'profile_visited';

drop schema peer cascade;
alter database ours reset all;
vacuum (analyze, freeze);
