-- Orders without an incident are listed separately: `incident`, `deploy` or `rollback`.
alter table incident add column kind text not null default 'incident';
