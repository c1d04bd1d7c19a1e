-- Who acted as the user whom a line names: support staff in Clerk's dashboard, or an agent. As Clerk names them, since they are no users
-- of ours. Lines of nobody but the user have none, and their seals stay as they were.
alter table audit_logs add column impersonator text;
-- No line has one yet, so there is nothing to validate.
alter table audit_logs add constraint audit_logs_impersonator_length check (length(impersonator) between 1 and 128) not valid;
