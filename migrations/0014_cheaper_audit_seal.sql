-- The guard of sealed rows compares columns instead of two documents made of the whole row: the same rule for a fraction of the time.
create or replace function audit_logs_are_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.seq is null and new.seq is not null
     and (new.id, new.organization_id, new.occurred_at, new.actor_type, new.actor_id, new.action, new.entity_type, new.entity_id,
          new.before, new.after, new.ip_address, new.user_agent, new.request_id, new.impersonator)
         is not distinct from
         (old.id, old.organization_id, old.occurred_at, old.actor_type, old.actor_id, old.action, old.entity_type, old.entity_id,
          old.before, old.after, old.ip_address, old.user_agent, old.request_id, old.impersonator) then
    return new;
  end if;
  raise exception 'audit logs are append-only' using errcode = 'insufficient_privilege';
end $$;
