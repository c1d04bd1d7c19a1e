-- How many leads of a campaign stand where, and how much they were sent: kept, so that it is told at once however many they are. What changes
-- is appended by the statement that changes it, so that no two writers wait for each other, and summed up by a worker.
create table campaign_progress (
    organization_id uuid not null,
    campaign_id uuid not null,
    status text not null,
    executions bigint not null,
    sent bigint not null,
    primary key (organization_id, campaign_id, status),
    foreign key (organization_id, campaign_id) references campaigns (organization_id, id) on delete cascade
);

alter table campaign_progress enable row level security;

-- Not tied to the campaign: that would lock its row wherever an execution changes. What is left of one that is gone, the worker drops.
create table campaign_progress_changes (
    organization_id uuid not null,
    id bigint generated always as identity,
    campaign_id uuid not null,
    status text not null,
    executions bigint not null,
    sent bigint not null,
    primary key (organization_id, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

create index campaign_progress_changes_campaign on campaign_progress_changes (organization_id, campaign_id) include (status, executions, sent);

alter table campaign_progress_changes enable row level security;

create function note_campaign_progress() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into campaign_progress_changes (organization_id, campaign_id, status, executions, sent)
        select organization_id, campaign_id, status, count(*), sum(sent_count) from new_rows group by organization_id, campaign_id, status;
    elsif tg_op = 'DELETE' then
        insert into campaign_progress_changes (organization_id, campaign_id, status, executions, sent)
        select organization_id, campaign_id, status, -count(*), -sum(sent_count) from old_rows group by organization_id, campaign_id, status;
    else
        insert into campaign_progress_changes (organization_id, campaign_id, status, executions, sent)
        select organization_id, campaign_id, status, sum(executions), sum(sent)
        from (select organization_id, campaign_id, status, -1 as executions, -sent_count as sent from old_rows
              union all
              select organization_id, campaign_id, status, 1, sent_count from new_rows) moved
        group by organization_id, campaign_id, status having sum(executions) <> 0 or sum(sent) <> 0;
    end if;
    return null;
end
$$;

-- Nobody changes executions from here on until this is committed, so that nothing is counted twice or not at all.
create trigger campaign_progress_inserted after insert on campaign_executions
    referencing new table as new_rows for each statement execute function note_campaign_progress();
create trigger campaign_progress_updated after update on campaign_executions
    referencing old table as old_rows new table as new_rows for each statement execute function note_campaign_progress();
create trigger campaign_progress_deleted after delete on campaign_executions
    referencing old table as old_rows for each statement execute function note_campaign_progress();

insert into campaign_progress (organization_id, campaign_id, status, executions, sent)
select organization_id, campaign_id, status, count(*), sum(sent_count) from campaign_executions group by organization_id, campaign_id, status;
