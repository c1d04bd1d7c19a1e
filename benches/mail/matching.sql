-- How an answer finds its mail among five million that were sent, four million of them one organization's. In a database that is migrated, empty and of no
-- other use, as a superuser: psql -d … -f benches/mail/matching.sql. Takes some minutes and 3 GB.
set session_replication_role = replica; -- what the mails belong to need not be there
set synchronous_commit = off;

insert into sent_mails (organization_id, message_id, step_id, execution_id, campaign_id, lead_id, account_id, node_id, recipient, subject, refs,
                        begun_at, copied_at)
select case when n % 10 < 8 then '00000000-0000-0000-0000-0000000000aa'::uuid else md5('o' || n % 50)::uuid end,
       substr(md5('a' || n) || md5('b' || n), 1, 40) || '@sender.example', md5('s' || n)::uuid, md5('e' || n / 3)::uuid,
       md5('c' || n % 200)::uuid, md5('l' || n / 3)::uuid, md5('m' || n % 300)::uuid, 'mail',
       'lead' || n / 3 || '@company' || n % 90000 || '.example', 'Hello', '{}', now() - make_interval(secs => n), now()
from generate_series(1, 5000000) n;

drop index messages_search; -- slow to fill, and of no use here
insert into messages (id, organization_id, conversation_id, lead_id, direction, channel, account_id, provider_key, message_id, text, verdict,
                      sent_at, created_at)
select md5('i' || n)::uuid, '00000000-0000-0000-0000-0000000000aa', md5('v' || n / 2)::uuid, md5('l' || n)::uuid, 'inbound', 'email',
       md5('m' || n % 300)::uuid, 'k' || n, 'r' || n || '@lead.example', 'Yes.', 'reply', now(), now()
from generate_series(1, 300000) n;
analyze sent_mails;
analyze messages;

-- The statements of src/repositories/sent_mails.rs and taken_in.rs, planned as a connection that has them prepared does.
set plan_cache_mode = force_generic_plan;
prepare ours(uuid, text[]) as
  select message_id from sent_mails where organization_id = $1 and message_id = any($2)
  union all select message_id from messages where organization_id = $1 and message_id = any($2);
prepare matching(uuid, text[]) as
  select step_id, execution_id, campaign_id, lead_id, account_id, begun_at from sent_mails where organization_id = $1 and message_id = any($2)
  order by begun_at desc, message_id;
prepare is_there(uuid, text) as
  select exists (select from sent_mails where organization_id = $1 and message_id = $2)
      or exists (select from messages where organization_id = $1 and message_id = $2);
prepare last_mailed(uuid, uuid) as
  select campaign_id, execution_id, step_id from sent_mails where organization_id = $1 and lead_id = $2 order by begun_at desc limit 1;

\set org '\'00000000-0000-0000-0000-0000000000aa\''
\set ids 'array[substr(md5(''a1234562'') || md5(''b1234562''), 1, 40) || ''@sender.example'', ''r77@lead.example'', ''nobody@there.example'']'
explain (analyze, buffers, costs off) execute ours(:org, :ids);
explain (analyze, buffers, costs off) execute matching(:org, :ids);
explain (analyze, buffers, costs off) execute is_there(:org, 'nobody@there.example');
explain (analyze, buffers, costs off) execute last_mailed(:org, md5('l411111')::uuid);
