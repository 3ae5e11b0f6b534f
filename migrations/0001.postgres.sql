create function event_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'events are never changed or removed';
end
$$;

create trigger event_update before update or delete on event
for each row execute function event_refuse();

create trigger event_truncate before truncate on event
for each statement execute function event_refuse();
