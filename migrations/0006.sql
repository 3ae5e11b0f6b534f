-- Who holds a lease, in a form that a machine can judge; for which journal; since when.
alter table lease add column process text not null default '';
alter table lease add column incident text not null default '';
alter table lease add column since bigint not null default 0;

-- The commands that change production, so that no clone and no machine starts one over another. A row is
-- `starting` until its process is known, `running` before the command may do anything, then `ended`.
create table running (
    service bigint not null,
    name text not null,
    place text not null,
    incident text not null,
    step text not null,
    token bigint not null,
    state text not null,
    words text not null,
    clone text not null,
    directory text not null,
    process text not null,
    supervisor text not null,
    ended text not null,
    started_at bigint not null,
    seen_at bigint not null,
    ended_at bigint not null,
    primary key (service, name)
);

-- Whoever is right about the leases: two commands never run in one place.
create unique index running_place on running (service, place) where state = 'running';
