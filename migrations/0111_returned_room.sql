-- Accounts that have been taken up again, or whose limits or hours were changed: leads that had no room with them are to be looked at once more.
-- Noted in the transaction of the change; a worker takes the notes and locks the campaigns, which come before accounts.
create table returned_room (
    organization_id uuid not null,
    account_id uuid not null,
    primary key (organization_id, account_id),
    foreign key (organization_id, account_id) references connected_accounts (organization_id, id) on delete cascade
);

alter table returned_room enable row level security;
