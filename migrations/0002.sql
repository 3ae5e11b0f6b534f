-- The state of a watch, so that it continues after a crash; only the newest.
create table watch (
    name text primary key,
    state text not null,
    at bigint not null
);
