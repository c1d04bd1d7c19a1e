alter table messages validate constraint messages_person_check;
