-- An event is removed only where the same one is on the shelf.
drop trigger event_delete;
create trigger event_delete before delete on event
when not exists (
    select 1 from shelved
    where service = old.service and incident = old.incident and seq = old.seq and at = old.at and actor = old.actor
        and proof = old.proof and fact = old.fact and previous = old.previous and digest = old.digest
)
begin
    select raise(abort, 'events are never removed');
end;

create trigger shelved_update before update on shelved
begin
    select raise(abort, 'events are never changed');
end;

create trigger shelved_delete before delete on shelved
begin
    select raise(abort, 'events are never removed');
end;
