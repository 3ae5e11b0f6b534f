insert into identity values (lower(hex(randomblob(16))));
