-- Lines of logs that events name by digest only, so that a journal can be published without them.
create table kept_line (
    service bigint not null,
    digest text not null,
    content text not null,
    primary key (service, digest)
);

-- Events of this store that are not in the journal as another store continued it.
create table shelved (
    service bigint not null,
    incident text not null,
    seq bigint not null,
    at bigint not null,
    actor text not null,
    proof text not null,
    fact text not null,
    previous text not null,
    digest text not null,
    primary key (service, incident, digest)
);
