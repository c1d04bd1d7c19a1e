-- Each step writes its execution twice, itself twice, and an activity: what every one of those writes looks up or keeps sorted is paid for a
-- million times. What is left out here is told by something that stays.

-- campaign_executions_once, by the lead.
drop index campaign_executions_lead;
alter table campaign_executions drop constraint campaign_executions_organization_id_campaign_id_lead_id_key;

-- A step's campaign and lead are those of its execution, which cannot be another organization's and takes its steps along when it goes.
alter table execution_steps
  drop constraint execution_steps_organization_id_campaign_id_fkey,
  drop constraint execution_steps_organization_id_lead_id_fkey;
