create trigger event_update before update on event
begin
    select raise(abort, 'events are never changed');
end;

create trigger event_delete before delete on event
begin
    select raise(abort, 'events are never removed');
end;

-- `insert or replace` would remove without the trigger above.
create trigger event_replace before insert on event
when exists (select 1 from event where incident = new.incident and seq = new.seq)
begin
    select raise(abort, 'events are never replaced');
end;
