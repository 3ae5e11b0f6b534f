insert into identity values (replace(cast(gen_random_uuid() as text), '-', ''));
