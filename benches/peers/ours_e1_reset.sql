-- :steps executions due now, in random age order, over every organization's leads.
\set ON_ERROR_STOP on
alter table activities disable trigger user;
truncate activities, execution_steps, sandbox_acts, sandbox_happenings, account_usage cascade;
alter table activities enable trigger user;
delete from campaign_executions where created_at > '2026-06-01';
-- A campaign that had nobody left to write to has ended meanwhile. Nobody is enrolled here: that is not what is measured.
update campaigns set status = 'running', ended_at = null, next_begin_at = null;
insert into campaign_executions (id, organization_id, campaign_id, lead_id, status, node_id, action, account_id, linkedin_account_id,
                                 next_run_at, begun_at, created_at, updated_at)
select md5('due-' || n)::uuid, l.organization_id, c.id, l.id, 'waiting', 'step', 'profile_visit', a.id, a.id,
       now() - interval '30 minutes' + (n % 1500) * interval '1 second', now(), now(), now()
from generate_series(1, :steps) i, lateral (select (i * 50)::bigint as n) s
join leads l on l.id = md5('lead-' || s.n)::uuid
join campaigns c on c.id = md5('campaign-' || case when s.n <= 200000 then 1 else 2 + s.n % 99 end || '-2')::uuid
                and c.organization_id = l.organization_id
join connected_accounts a on a.organization_id = l.organization_id;
vacuum (analyze) leads;
vacuum (analyze) campaign_executions;
vacuum (analyze) activities;
vacuum (analyze) execution_steps;
vacuum (analyze) sandbox_acts;
checkpoint;
