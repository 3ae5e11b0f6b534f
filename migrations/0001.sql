create table event (
    incident text not null,
    seq bigint not null,
    at bigint not null,
    actor text not null,
    fact text not null,
    previous text not null,
    digest text not null,
    primary key (incident, seq)
);

-- What lists show, derived from the events in the transaction that appends them.
create table incident (
    key text primary key,
    id text not null,
    title text not null,
    severity text not null,
    status text not null,
    step text not null,
    declared bigint not null,
    detected bigint not null,
    updated bigint not null,
    ended bigint
);

create unique index incident_id on incident (id);

create index incident_declared on incident (declared, key);

create index incident_status on incident (status, severity, declared);

-- What ran in an environment, derived the same way.
create table release (
    incident text not null,
    seq bigint not null,
    environment text not null,
    name text not null,
    commit_id text not null,
    at bigint not null,
    deployer text not null,
    reason text not null,
    verdict text,
    primary key (incident, seq)
);

create index release_at on release (environment, at);

create table lease (
    name text primary key,
    holder text not null,
    token bigint not null,
    expires bigint not null
);

create table counter (
    day text primary key,
    number bigint not null
);
