-- What a watch knows, so that it goes on after a crash; the newest state only.
create table watch (
    name text primary key,
    state text not null,
    at bigint not null
);
