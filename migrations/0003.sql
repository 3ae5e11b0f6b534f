-- What was ordered without an incident is listed apart: `incident`, `deploy` or `rollback`.
alter table incident add column kind text not null default 'incident';
