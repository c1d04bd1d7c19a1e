-- Back to the seeded rows, between rounds (autovacuum is off). The audit log refuses deletion, so its triggers rest meanwhile.
delete from lead_list_members where added_at > '2026-06-01';
delete from leads where created_at > '2026-06-01';
alter table audit_logs disable trigger user;
alter table audit_chain_heads disable trigger user;
truncate audit_logs, audit_chain_heads;
alter table audit_chain_heads enable trigger user;
alter table audit_logs enable trigger user;
vacuum (analyze) leads;
vacuum (analyze) lead_list_members;
checkpoint;
