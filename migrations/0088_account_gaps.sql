-- Until when looks at an account go back to where it may have been out unnoticed: after it is taken up again, Unipile fetches what was missed at a
-- pace of its own.
alter table account_watches add column gap_closes_at timestamptz;
