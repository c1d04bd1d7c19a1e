-- Changing a campaign under way: what waits in it is planned anew, some leads at a time, before anything more is claimed.

-- replanning: the last lead that the planning anew has come to, the nil id before the first; none if none is under way.
-- replan_hours: whether its schedule was changed, so that what the hours had put off may come sooner.
alter table campaigns
  add column replanning   uuid,
  add column replan_hours boolean not null default false;
-- For the workers, over all organizations. Built at once: it is empty.
create index campaigns_replanning on campaigns (organization_id, id) where replanning is not null;

-- ready_at: the earliest instant that the workflow allows the step; next_run_at is where the rules have put it. None where it was planned
-- before there was this column.
alter table campaign_executions add column ready_at timestamptz;
