-- 200 LinkedIn accounts of the demo's organization, as if they had been connected through Unipile, and a plan that has room for them.
update organizations set plan = 'enterprise';
insert into connected_accounts (id, organization_id, provider, channel, display_name, status, limits, ramp_up, spacing_seconds, unipile, version,
                                created_at, updated_at)
select gen_random_uuid(), o.id, 'linkedin', 'linkedin', 'Account ' || n, 'connected', '{}', '{}', 60,
       jsonb_build_object('account_id', 'acc' || n, 'wire', 'v1', 'provider_id', 'ACo-acc' || n, 'tier', '{}'::jsonb, 'source_status', 'OK'), 1, now(), now()
from generate_series(1, 200) n, (select id from organizations order by created_at limit 1) o;
insert into account_watches (organization_id, account_id, kind, due_at, read_at)
select a.organization_id, a.id, k.kind, now() + random() * interval '10 minutes', case when k.kind = 'messages' then now() end
from connected_accounts a, (values ('status'), ('relations'), ('messages')) k (kind) where a.unipile is not null;
