-- The last pending lead that the beginning under way has come to; none if none is under way, or before the first.
alter table campaigns add column begin_after uuid;
