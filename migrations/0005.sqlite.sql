-- This file is in a repository's git directory, so everything in it belongs to that service, the first.
alter table event rename to event_4;
create table event (
    service bigint not null,
    incident text not null,
    seq bigint not null,
    at bigint not null,
    actor text not null,
    proof text not null,
    fact text not null,
    previous text not null,
    digest text not null,
    primary key (service, incident, seq)
);
insert into event select 1, incident, seq, at, actor, '', fact, previous, digest from event_4;
drop table event_4;

create trigger event_update before update on event
begin
    select raise(abort, 'events are never changed');
end;

create trigger event_delete before delete on event
begin
    select raise(abort, 'events are never removed');
end;

-- `insert or replace` would remove without the trigger above.
create trigger event_replace before insert on event
when exists (
    select 1 from event where service = new.service and incident = new.incident and seq = new.seq
)
begin
    select raise(abort, 'events are never replaced');
end;

alter table incident rename to incident_4;
create table incident (
    service bigint not null,
    key text not null,
    id text not null,
    title text not null,
    severity text not null,
    status text not null,
    step text not null,
    declared bigint not null,
    detected bigint not null,
    updated bigint not null,
    ended bigint,
    kind text not null,
    primary key (service, key)
);
insert into incident
select 1, key, id, title, severity, status, step, declared, detected, updated, ended, kind from incident_4;
drop table incident_4;
create unique index incident_id on incident (service, id);
create index incident_declared on incident (service, declared, key);
create index incident_status on incident (service, status, severity, declared);

alter table release rename to release_4;
create table release (
    service bigint not null,
    incident text not null,
    seq bigint not null,
    environment text not null,
    name text not null,
    commit_id text not null,
    at bigint not null,
    deployer text not null,
    reason text not null,
    verdict text,
    images text not null,
    primary key (service, incident, seq)
);
insert into release
select 1, incident, seq, environment, name, commit_id, at, deployer, reason, verdict, images from release_4;
drop table release_4;
create index release_at on release (service, environment, at);

-- Tokens keep growing, so that an append under an earlier lease is still refused.
alter table lease rename to lease_4;
create table lease (
    service bigint not null,
    name text not null,
    holder text not null,
    token bigint not null,
    expires bigint not null,
    primary key (service, name)
);
insert into lease select 1, name, holder, token, expires from lease_4;
drop table lease_4;

alter table counter rename to counter_4;
create table counter (
    service bigint not null,
    day text not null,
    number bigint not null,
    primary key (service, day)
);
insert into counter select 1, day, number from counter_4;
drop table counter_4;

alter table watch rename to watch_4;
create table watch (
    service bigint not null,
    name text not null,
    state text not null,
    at bigint not null,
    primary key (service, name)
);
insert into watch select 1, name, state, at from watch_4;
drop table watch_4;
