-- When an organization's members were last compared with Clerk's, so that a webhook that never came does no lasting harm. Null: never.
alter table organizations add column members_compared_at timestamptz;
create index organizations_to_compare on organizations (members_compared_at nulls first) where deleted_at is null;
