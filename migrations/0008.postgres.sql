-- An event is removed only where the same one is on the shelf.
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
    if tg_op = 'DELETE' then
        if exists (
            select 1 from shelved
            where service = old.service and incident = old.incident and seq = old.seq and at = old.at
                and actor = old.actor and proof = old.proof and fact = old.fact and previous = old.previous
                and digest = old.digest
        ) then
            return old;
        end if;
    end if;
    raise exception 'events are never changed or removed';
end
$$;

create function shelved_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'events are never changed or removed';
end
$$;

create trigger shelved_update before update or delete on shelved
for each row execute function shelved_refuse();

create trigger shelved_truncate before truncate on shelved
for each statement execute function shelved_refuse();
