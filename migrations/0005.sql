-- The owners of the journals: a database may have those of several services. A service is known by its
-- number, so that its name and its repository's address may change.
create table service (
    id bigint primary key,
    name text not null unique
);

-- Where the repository of a service is found, as `git::address` writes it; one may have several.
create table address (
    address text primary key,
    service bigint not null
);
