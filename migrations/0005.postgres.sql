-- Several repositories may have written here, and no row says which one: the existing rows get service 0,
-- which means none, until `hotfix init --adopt`.
alter table event
    add column service bigint not null default 0,
    add column proof text not null default '',
    drop constraint event_pkey,
    add primary key (service, incident, seq);
alter table event alter column service drop default, alter column proof drop default;

-- An adoption changes the service of an event, and nothing else.
create or replace function event_refuse() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if old.service = 0 and new.service > 0
            and (old.incident, old.seq, old.at, old.actor, old.proof, old.fact, old.previous, old.digest)
                is not distinct from
                (new.incident, new.seq, new.at, new.actor, new.proof, new.fact, new.previous, new.digest)
        then
            return new;
        end if;
    end if;
    raise exception 'events are never changed or removed';
end
$$;

alter table incident
    add column service bigint not null default 0,
    drop constraint incident_pkey,
    add primary key (service, key);
alter table incident alter column service drop default, alter column kind drop default;
drop index incident_id;
drop index incident_declared;
drop index incident_status;
create unique index incident_id on incident (service, id);
create index incident_declared on incident (service, declared, key);
create index incident_status on incident (service, status, severity, declared);

alter table release
    add column service bigint not null default 0,
    drop constraint release_pkey,
    add primary key (service, incident, seq);
alter table release alter column service drop default, alter column images drop default;
drop index release_at;
create index release_at on release (service, environment, at);

-- Nobody holds a lease for an unknown service; an adoption copies the tokens.
alter table lease
    add column service bigint not null default 0,
    drop constraint lease_pkey,
    add primary key (service, name);
alter table lease alter column service drop default;

alter table counter
    add column service bigint not null default 0,
    drop constraint counter_pkey,
    add primary key (service, day);
alter table counter alter column service drop default;

alter table watch
    add column service bigint not null default 0,
    drop constraint watch_pkey,
    add primary key (service, name);
alter table watch alter column service drop default;
