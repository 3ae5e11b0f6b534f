-- The store's own name. Anchors on the remote have it: a journal that is not here may be in another store.
create table identity (
    id text not null
);
